"""Real servers for the test run: PostgreSQL and Redis, on free ports of this machine, started when first asked for.

Nothing has to be stopped: `tests.leftovers` stops each server, and removes its files, as soon as the process it serves
(the test run, say) is gone, however that ended.
"""

from __future__ import annotations

import contextlib
import fcntl
import glob
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from sqlalchemy import MetaData, NullPool, create_engine

from tests.leftovers import watch

ROLE = "doorward"
_started: list[subprocess.Popen[bytes]] = []  # kept, or Python warns of children that it forgets


class Clock:
    """A clock that stands until told to go on. Starts at the real time, in seconds since the epoch."""

    def __init__(self, now: float | None = None) -> None:
        self.now = time.time() if now is None else now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`."""
        self.now += seconds


def create_tables(url: str, *metadatas: MetaData) -> None:
    """Make a room's tables in an empty database."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
    for metadata in metadatas:
        metadata.create_all(engine)


def find_program(name: str, package: str) -> str:
    """Where a server program is. Errors: `RuntimeError` naming the Debian package that has it."""
    path = os.environ.get("PATH", "") + ":/usr/sbin"  # of Debian, where nobody but root looks
    found = shutil.which(name, path=path) or next(
        iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None
    )
    if found is None:
        raise RuntimeError(f"these tests need {name}: install the Debian package {package} (apt-get install {package})")
    return found


def find_free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PostgreSQL:
    """One cluster with the superuser `doorward`."""

    folder: str
    port: int
    password: str

    def url(self, database: str = "postgres") -> str:
        """The URL of one of its databases."""
        return f"postgresql://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def create(self, template: str = "template1") -> str:
        """Make a database and answer its name."""
        name = f"t{secrets.token_hex(8)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())

    def start(self, **settings: str) -> None:
        """Start the server and wait until it answers. `settings` of PostgreSQL win over those that suit tests."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": self.folder,
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "32MB",
            "max_connections": 200,
            **settings,
        }
        flags = [part for key, value in options.items() for part in ("-c", f"{key}={value}")]
        with Path(self.folder, "log").open("ab") as log:
            program = find_program("postgres", "postgresql")
            server = subprocess.Popen(
                [program, "-D", f"{self.folder}/data", *flags],
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,
                **_as_server_user(),  # type: ignore[call-overload]
            )
        _started.append(server)
        deadline = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline or server.poll() is not None:
                    raise RuntimeError(Path(self.folder, "log").read_text()) from None
                time.sleep(0.05)
            else:
                return

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes: SIGSTOP, and they take connections and answer nothing."""
        pid = Path(self.folder, "data", "postmaster.pid").read_text().split()[0]
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in (pid, *children):
            os.kill(int(process), number)

    def standby(self, run: int) -> PostgreSQL:
        """A copy of it that follows what is written here, and takes no writes until it is promoted."""
        folder = Path(tempfile.mkdtemp(prefix="doorward-pg-"))
        if os.getuid() == 0:
            os.chown(folder, pwd.getpwnam("postgres").pw_uid, pwd.getpwnam("postgres").pw_gid)
        subprocess.run(
            [find_program("pg_basebackup", "postgresql"), "-d", self.url(), "-D", f"{folder}/data", "-R", "--no-sync",
             "-c", "fast"],
            check=True, cwd="/", **_as_server_user(),  # type: ignore[call-overload]
        )  # fmt: skip
        copy = PostgreSQL(str(folder), find_free_port(), self.password)
        watch(run, folder, "data/postmaster.pid", "-QUIT")
        copy.start()
        return copy

    def wait_for_standby(self) -> None:
        """From now on no commit is answered that a standby does not have."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SET synchronous_commit = local")
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            connection.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + 30
            while connection.execute(
                "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
            ).fetchone() != (1,):
                assert time.monotonic() < deadline
                time.sleep(0.02)

    def is_standby(self) -> bool:
        """Whether it follows another one."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            return connection.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)

    def promote(self) -> None:
        """Make a standby the primary."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def stop(self) -> None:
        """Stop the server at once, as a crash would; the files stay."""
        with contextlib.suppress(FileNotFoundError):
            pid = int(Path(self.folder, "data", "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _as_server_user() -> dict[str, object]:
    """PostgreSQL refuses to run as root, so root runs it as Debian's `postgres`."""
    if os.getuid() != 0:
        return {}
    return {"user": "postgres", "group": "postgres", "extra_groups": []}


_INITDB = ("--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")


def start_postgresql(run: int, **settings: str) -> PostgreSQL:
    """A new cluster that lives as long as the process `run`."""
    initdb = find_program("initdb", "postgresql")
    folder = Path(tempfile.mkdtemp(prefix="doorward-pg-"))  # short: a unix socket's path has 107 bytes
    password = secrets.token_hex(16)
    (folder / "password").write_text(password)
    if os.getuid() == 0:
        account = pwd.getpwnam("postgres")
        for path in (folder, folder / "password"):
            os.chown(path, account.pw_uid, account.pw_gid)
    subprocess.run(
        [initdb, "-D", f"{folder}/data", "-U", ROLE, f"--pwfile={folder}/password", "--auth=password", *_INITDB],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **_as_server_user(),  # type: ignore[call-overload]
    )
    cluster = PostgreSQL(str(folder), find_free_port(), password)
    watch(run, folder, "data/postmaster.pid", "-QUIT")
    cluster.start(**settings)
    return cluster


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that excludes the other processes of the test run."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def share_postgresql(folder: Path, run: int) -> PostgreSQL:
    """The test run's one cluster: the first process that asks starts it, the others read where it is."""
    note = folder / "postgresql.json"
    with locked(folder / "postgresql.lock"):
        if note.exists():
            return PostgreSQL(**json.loads(note.read_text()))
        cluster = start_postgresql(run)
        note.write_text(json.dumps(asdict(cluster)))
        return cluster


# -- Redis -----------------------------------------------------------------------------------------------------------


class Redis:
    """One redis-server that keeps nothing on disk; a server per test process is cheap (2 MB, 50 ms)."""

    def __init__(self, run: int) -> None:
        self.program = find_program("redis-server", "redis-server")
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-redis-"))
        self.port = find_free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.socket_url = f"unix://{self.folder}/redis.sock?db=0"
        watch(run, self.folder, "pid", "-KILL")
        self.start()

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        self.server = subprocess.Popen(
            [self.program, "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True
        )
        assert self.server.stdin is not None
        with self.server.stdin as settings:
            settings.write(
                f'port {self.port}\nbind 127.0.0.1\nsave ""\nappendonly no\n'
                f"dir {self.folder}\nunixsocket {self.folder}/redis.sock\n".encode()
            )
        (self.folder / "pid").write_text(str(self.server.pid))
        _started.append(self.server)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if time.monotonic() > deadline or self.server.poll() is not None:
                    raise RuntimeError("redis-server did not start") from None
                time.sleep(0.02)
            else:
                return

    def flush(self) -> None:
        """Forget everything."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as connection:
            connection.sendall(b"FLUSHALL\r\n")
            if not connection.recv(64).startswith(b"+OK"):
                raise RuntimeError("redis-server refused to flush")

    def freeze(self) -> None:
        """Let it accept connections and answer nothing, as an overloaded one does."""
        self.server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Undo `freeze`."""
        self.server.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kill it."""
        self.server.kill()
        self.server.wait()
        (self.folder / "pid").unlink()
