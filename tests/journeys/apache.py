"""Debian's Apache as an ordinary process, for applications that are one of its modules."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.apps.wiki.door import make_key
from tests.backends import find_program
from tests.leftovers import watch

MODULES = "/usr/lib/apache2/modules"
CONFIG = """
ServerRoot {folder}
ServerName 127.0.0.1
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
ErrorLog {folder}/log
Mutex file:{folder} default
User www-data
Group www-data
StartServers 2
{modules}
TypesConfig /etc/mime.types
DocumentRoot {folder}/pages
<Directory {folder}/pages>
  Options +Includes
  SetOutputFilter INCLUDES
  AddDefaultCharset UTF-8
  DirectoryIndex index.html
</Directory>
{more}
"""
_USUAL = "mpm_prefork authn_core authz_core authz_user alias dir mime include"


@contextmanager
def made_folder(run: int) -> Iterator[Path]:
    """Everything of one application, with a key pair (`key.pem`, `certificate.pem`); gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="doorward-apache-"))
    folder.chmod(0o755)  # Apache's workers are another user
    (folder / "pages").mkdir()
    pem = folder / "both.pem"
    make_key(pem)
    key, mark, certificate = pem.read_text().partition("-----BEGIN CERTIFICATE-----")
    (folder / "key.pem").write_text(key)
    (folder / "certificate.pem").write_text(mark + certificate)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(run: int, folder: Path, port: int, module: str, config: str) -> Iterator[None]:
    """An Apache on this port with one more module (`auth_mellon`, `shib`) and its part of the settings."""
    program = find_program("apache2", "apache2")
    names = {name: f"mod_{name}" for name in _USUAL.split()} | {module.removeprefix("mod_"): f"mod_{module}"}
    modules = "\n".join(f"LoadModule {_symbol(name)} {MODULES}/{file}.so" for name, file in names.items())
    (folder / "apache.conf").write_text(CONFIG.format(folder=folder, port=port, modules=modules, more=config))
    # A session of its own: at its end Apache signals all of its process group.
    with started([program, "-f", str(folder / "apache.conf"), "-DFOREGROUND"]) as process:
        watch(run, folder, "apache.pid", "-TERM")
        wait_for(process, lambda: _listens(port), folder / "log")
        yield


def _symbol(name: str) -> str:
    return "mod_shib" if name == "shib" else f"{name}_module"


@contextmanager
def started(command: list[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is asked to end with the block."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env=environment or None,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def wait_for(process: subprocess.Popen[str], is_ready: object, log: Path) -> None:
    """Until it serves. Errors: `AssertionError` with what it said."""
    assert callable(is_ready)
    deadline = time.monotonic() + 30
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = process.stdout.read() if process.stdout and process.poll() is not None else ""
            raise AssertionError(said + (log.read_text() if log.exists() else ""))
        time.sleep(0.05)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
