"""PostgreSQL under Patroni: two servers, one a synchronous standby, and three of etcd that say who is primary."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psycopg

from tests.backends import ROLE, find_free_port, find_program
from tests.leftovers import watch

REPOSITORY = Path(__file__).parent.parent.parent
PATIENCE = 120.0  # seconds
#: Patroni takes no shorter ttl than 20 s; `primary_start_timeout` 0: who fails is replaced, not waited for.
SETTINGS = {
    "ttl": 20, "loop_wait": 2, "retry_timeout": 3, "primary_start_timeout": 0, "synchronous_mode": True,
    "maximum_lag_on_failover": 1048576,
}  # fmt: skip


def program() -> str | None:
    """Where Patroni is: in an environment of its own, which `make soak` makes."""
    found = REPOSITORY / ".soak" / "bin" / "patroni"
    return str(found) if found.exists() else shutil.which("patroni")


class Member:
    """One machine of the database: Patroni and the PostgreSQL that it runs."""

    def __init__(self, folder: Path, name: str, etcd: list[int], passwords: dict[str, str]) -> None:
        self.folder, self.name = folder / name, name
        self.port, self.api = find_free_port(), find_free_port()
        self.folder.mkdir()
        (self.folder / "patroni.json").write_text(json.dumps(self._settings(etcd, passwords)))
        self._own()
        self.start()

    def _settings(self, etcd: list[int], passwords: dict[str, str]) -> dict[str, Any]:
        # The answers of a test need not outlast the power of its machine.
        fast = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": 100}
        return {
            "scope": "doorward",
            "name": self.name,
            "restapi": {"listen": f"127.0.0.1:{self.api}", "connect_address": f"127.0.0.1:{self.api}"},
            "etcd3": {"hosts": [f"127.0.0.1:{port}" for port in etcd]},
            "bootstrap": {
                "dcs": {**SETTINGS, "postgresql": {"use_pg_rewind": True, "parameters": fast}},
                "initdb": [{"encoding": "UTF8"}, {"locale": "C"}, "data-checksums", "no-sync"],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "data_dir": f"{self.folder}/data",
                "bin_dir": str(Path(find_program("postgres", "postgresql")).resolve().parent),
                "pgpass": f"{self.folder}/pgpass",
                "authentication": {
                    "superuser": {"username": ROLE, "password": passwords["superuser"]},
                    "replication": {"username": "replicator", "password": passwords["replication"]},
                },
                "parameters": {"unix_socket_directories": str(self.folder)},
                "pg_hba": [
                    "host replication replicator 127.0.0.1/32 scram-sha-256",
                    "host all all 127.0.0.1/32 scram-sha-256",
                    "local all all trust",
                ],
            },
        }  # fmt: skip

    def _own(self) -> None:
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            for path in (self.folder, self.folder / "patroni.json"):
                os.chown(path, account.pw_uid, account.pw_gid)

    def start(self) -> None:
        """Start Patroni, which starts the server."""
        found = program()
        assert found is not None
        account: dict[str, Any] = (
            {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
        )
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                [found, str(self.folder / "patroni.json")], stdout=log, stderr=log, cwd="/", start_new_session=True,
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"}, **account,
            )  # fmt: skip
        (self.folder / "pid").write_text(str(self.process.pid))

    def replace(self) -> None:
        """A new machine takes its place: without what the old one had, which may have gone another way."""
        self.kill()
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        self.start()

    def leads(self) -> bool:
        """Whether it says of itself that it takes writes."""
        return self.said().get("role") in ("primary", "master")

    def said(self) -> dict[str, Any]:
        """What Patroni tells of it; {} where it tells nothing."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api}/patroni", timeout=2) as answer:
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            with error:
                return dict(json.load(error))
        except (OSError, ValueError):
            return {}

    def kill_server(self) -> None:
        """kill -9 of PostgreSQL alone, as when the system is out of memory; Patroni sees it."""
        with contextlib.suppress(FileNotFoundError):
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
            for process in (pid, *map(int, children)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)

    def kill(self) -> None:
        """The machine loses its power: both are gone at once."""
        self.process.kill()
        self.process.wait()
        self.kill_server()

    def freeze(self) -> None:
        """All of it stands still: connections are taken, and nothing is answered."""
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        for process in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)

    def _processes(self) -> list[int]:
        found = [self.process.pid]
        with contextlib.suppress(FileNotFoundError):
            pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
            found += [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return found


class Patroni:
    """All of it, on this machine."""

    def __init__(self, run: int) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-patroni-"))
        self.folder.chmod(0o755)
        self.passwords = {"superuser": secrets.token_hex(16), "replication": secrets.token_hex(16)}
        self.etcd = self._etcd(run, 3)
        ports = [port for port, _ in self.etcd]
        self.members = []
        for name in ("one", "two"):
            member = Member(self.folder, name, ports, self.passwords)
            watch(run, member.folder, "pid", "-TERM")
            self.members.append(member)
            self.wait(primaries=1)
        self.wait(primaries=1, standbys=1)

    def _etcd(self, run: int, many: int) -> list[tuple[int, subprocess.Popen[bytes]]]:
        ports = [(find_free_port(), find_free_port()) for _ in range(many)]
        cluster = ",".join(f"e{number}=http://127.0.0.1:{peer}" for number, (_, peer) in enumerate(ports))
        started = []
        for number, (client, peer) in enumerate(ports):
            folder = self.folder / f"etcd{number}"
            folder.mkdir()
            words = {
                "name": f"e{number}", "data-dir": folder / "data", "initial-cluster": cluster,
                "listen-client-urls": f"http://127.0.0.1:{client}", "advertise-client-urls": f"http://127.0.0.1:{client}",
                "listen-peer-urls": f"http://127.0.0.1:{peer}", "initial-advertise-peer-urls": f"http://127.0.0.1:{peer}",
                "heartbeat-interval": 200, "election-timeout": 2000,
            }  # fmt: skip
            flags = [part for name, value in words.items() for part in (f"--{name}", str(value))]
            process = subprocess.Popen(
                [find_program("etcd", "etcd-server"), *flags], stdout=subprocess.DEVNULL,
                stderr=(folder / "log").open("w"), start_new_session=True,
            )  # fmt: skip
            (folder / "pid").write_text(str(process.pid))
            watch(run, folder, "pid", "-KILL")
            started.append((client, process))
        return started

    def wait(self, primaries: int, standbys: int = 0) -> None:
        """Until so many are there, and the standbys have all of it before anybody hears of a commit."""
        deadline = time.monotonic() + PATIENCE
        while not self._is(primaries, standbys):
            assert time.monotonic() < deadline, self.logs()
            time.sleep(0.1)

    def _is(self, primaries: int, standbys: int) -> bool:
        said = [member.said() for member in self.members]
        running = [one for one in said if one.get("state") == "running"]
        sync = [one for one in running if one.get("sync_standby") or one.get("role") == "sync_standby"]
        return (
            len([one for one in running if one["role"] in ("primary", "master")]) == primaries and len(sync) >= standbys
        )

    def primary(self) -> Member:
        """The one that takes writes."""
        return next(one for one in self.members if one.leads())

    def standby(self) -> Member:
        """The one that has each commit before anybody hears of it."""
        leading = self.primary()
        return next(one for one in self.members if one is not leading)

    def url(self, name: str = "postgres") -> str:
        """Of all hosts."""
        hosts = ",".join(f"127.0.0.1:{member.port}" for member in self.members)
        return f"postgresql://{ROLE}:{self.passwords['superuser']}@{hosts}/{name}?target_session_attrs=read-write"

    def create(self) -> str:
        """A database; answers its name."""
        name = f"t{secrets.token_hex(8)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return name

    def logs(self) -> str:
        """The last that each Patroni said."""
        return "\n".join((member.folder / "log").read_text()[-1500:] for member in self.members)

    def close(self) -> None:
        """End all of it."""
        for member in self.members:
            member.thaw()
            member.kill()
        for _, process in self.etcd:
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
