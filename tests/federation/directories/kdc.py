"""A realm of its own: Debian's krb5-kdc in a folder of the test, on a free port of the loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.backends import find_free_port

REALM = "CORP.EXAMPLE"
SERVICE = "HTTP/localhost"
_PATH = "/usr/sbin:/usr/bin:/usr/local/sbin"
TOOLS = {name: shutil.which(name, path=_PATH) for name in ("kdb5_util", "kadmin.local", "krb5kdc", "kinit")}

LIBRARY = """
[libdefaults]
default_realm = {realm}
dns_lookup_kdc = false
dns_lookup_realm = false
dns_canonicalize_hostname = false
rdns = false
allow_rc4 = true
permitted_enctypes = {kinds} rc4-hmac
[realms]
{realm} = {{
    kdc = 127.0.0.1:{port}
}}
"""
SERVER = """
[kdcdefaults]
kdc_listen = 127.0.0.1:{port}
kdc_tcp_listen = 127.0.0.1:{port}
[realms]
{realm} = {{
    database_name = {folder}/principal
    key_stash_file = {folder}/stash
    supported_enctypes = aes256-cts-hmac-sha1-96:normal
}}
"""
AES = "aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96"


def needed() -> None:
    """Skip where there is none; `make test` installs it."""
    missing = [name for name, path in TOOLS.items() if path is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not there: apt-get install krb5-kdc krb5-admin-server krb5-user")
    pytest.importorskip("gssapi", reason="apt-get install libkrb5-dev; pip install gssapi krb5")


class Kdc:
    """One realm with its people. `library`: the file that clients of it are told by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "kdc"
        self.folder.mkdir()
        port = find_free_port()
        self.library, server = self.folder / "krb5.conf", self.folder / "kdc.conf"
        self.library.write_text(LIBRARY.format(realm=REALM, port=port, kinds=AES))
        server.write_text(SERVER.format(realm=REALM, port=port, folder=self.folder))
        self.environ = {**os.environ, "KRB5_CONFIG": str(self.library), "KRB5_KDC_PROFILE": str(server)}
        self._run("kdb5_util", "create", "-s", "-P", "master-of-the-test", "-r", REALM)
        self._process = subprocess.Popen(
            [str(TOOLS["krb5kdc"]), "-n"], env=self.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._wait(port)

    def add(self, name: str, password: str = "") -> None:
        """Somebody, or a service with keys that nobody knows."""
        self.admin(f"addprinc -pw {password} {name}" if password else f"addprinc -randkey {name}")

    def admin(self, *commands: str) -> None:
        """What the realm's admin types."""
        self._run("kadmin.local", typed="\n".join(commands) + "\n")

    def keytab(self, name: str = "http.keytab", *services: str, kinds: str = "") -> Path:
        """New keys of services, one version on, added to a file."""
        file = self.folder / name
        chosen = f"-e {kinds} " if kinds else ""
        self.admin(*(f"ktadd -k {file} {chosen}{service}" for service in services or (SERVICE,)))
        file.chmod(0o600)
        return file

    def sign_in(self, name: str, password: str) -> Path:
        """A ticket of somebody, as their computer gets it in the morning; answers the file it is kept in."""
        cache = self.folder / f"cache-{name.replace('/', '-')}"
        self._run("kinit", "-c", f"FILE:{cache}", name, typed=password + "\n")
        return cache

    def _run(self, tool: str, *words: str, typed: str = "") -> None:
        command = [str(TOOLS[tool]), *words]
        subprocess.run(command, input=typed.encode(), env=self.environ, check=True, capture_output=True, timeout=60)

    def _wait(self, port: int) -> None:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        raise TimeoutError("krb5kdc did not begin")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
