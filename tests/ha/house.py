"""Several machines behind HAProxy, without sticky sessions: each one a `doorward serve` on the same stores."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.backends import find_free_port, find_program
from tests.leftovers import watch
from tests.server import PATIENCE, REPOSITORY, HttpBrowser, NoAnswer, Server, to_toml

#: As deploy/proxies/haproxy.cfg has it behind TLS; each request goes to the next machine.
PROXY = """
global
    maxconn 500
    stats socket {folder}/admin level admin
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 10s
    timeout check 1s
    retries 2
    option redispatch 1
frontend login
    bind 127.0.0.1:{port}
    acl ready nbsrv(ready) gt 0
    use_backend ready if ready
    default_backend alive
backend ready
    balance roundrobin
    option httpchk GET /readyz
    default-server check inter 500ms fall 2 rise 1
{servers}
backend alive
    balance roundrobin
    option httpchk GET /healthz
    default-server check inter 500ms fall 2 rise 1
{servers}
"""


class Machine(Server):
    """One machine that is started when told to, of whichever release; `var`: of one whose master key it has."""

    def __init__(
        self, run: int, sections: Mapping[str, Any], *, var: Path | None = None, workers: int = 1,
        code: Path = REPOSITORY,
    ) -> None:  # fmt: skip
        self.folder, self.code = Path(tempfile.mkdtemp(prefix="doorward-server-")), code
        self.port, self.workers = find_free_port(), workers
        self.file, self._pid_file = self.folder / "doorward.toml", self.folder / "pid"
        self.file.write_text(to_toml(self._sections(sections)))
        if var is not None:
            shutil.copytree(var, self.folder / "var", ignore=shutil.ignore_patterns("*.db*"))
        self.process = None
        watch(run, self.folder, "pid", "-KILL")

    def environment(self) -> dict[str, str]:
        """In which its release runs."""
        return {**super()._environment(), "PYTHONPATH": str(self.code)}

    def _environment(self) -> dict[str, str]:
        return self.environment()

    def close(self) -> None:
        """End its processes and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Balancer:
    """HAProxy before some machines."""

    def __init__(self, run: int) -> None:
        self.port, self.folder = find_free_port(), Path(tempfile.mkdtemp(prefix="doorward-proxy-"))
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        watch(run, self.folder, "pid", "-KILL")

    def start(self, machines: Sequence[Server]) -> None:
        """Start it, and wait until a machine takes requests through it."""
        servers = "\n".join(f"    server m{one.port} 127.0.0.1:{one.port}" for one in machines)
        (self.folder / "haproxy.cfg").write_text(PROXY.format(port=self.port, servers=servers, folder=self.folder))
        self._process = subprocess.Popen(
            [find_program("haproxy", "haproxy"), "-f", str(self.folder / "haproxy.cfg")],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"), start_new_session=True,
        )  # fmt: skip
        (self.folder / "pid").write_text(str(self._process.pid))
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def drain(self, machine: Server) -> None:
        """Send it nothing more, and wait until it has answered everything."""
        self._said(f"set server ready/m{machine.port} state drain; set server alive/m{machine.port} state drain")
        deadline = time.monotonic() + PATIENCE
        while any(int(line.split()[6]) for line in self._uses(machine)):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def back(self, machine: Server) -> None:
        """Send it requests again."""
        self._said(f"set server ready/m{machine.port} state ready; set server alive/m{machine.port} state ready")

    def _uses(self, machine: Server) -> list[str]:
        """The balancer's lines of it: name, ids, address, port, -, purge delay, connections in use …"""
        return [line for line in self._said("show servers conn").splitlines() if f"/m{machine.port} " in line]

    def _said(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(PATIENCE)
            link.connect(str(self.folder / "admin"))
            link.sendall(command.encode() + b"\n")
            return b"".join(iter(lambda: link.recv(65536), b"")).decode()

    def _answers(self) -> bool:
        with contextlib.suppress(NoAnswer):
            return HttpBrowser(self.url).get("readyz").status == 200
        return False

    def close(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class House:
    """`first` is the machine by which the test looks into the stores; `machines` has it, too."""

    def __init__(self, run: int, machines: int, *, workers: int = 1, **sections: Mapping[str, Any]) -> None:
        self.balancer = Balancer(run)
        sections = {**sections, "server": {**sections.get("server", {}), "issuer": self.balancer.url}}
        self.first = Server(run, workers=workers, **sections)
        others = [Machine(run, sections, var=self.first.folder / "var", workers=workers) for _ in range(machines - 1)]
        self.machines: list[Server] = [self.first, *others]
        for machine in others:
            machine.start()
        self.balancer.start(self.machines)

    def close(self) -> None:
        """End all of it."""
        self.balancer.close()
        for machine in reversed(self.machines):
            machine.close()


@contextlib.contextmanager
def several_machines(run: int, machines: int, **options: Any) -> Iterator[House]:
    """A house that ends with the block."""
    house = House(run, machines, **options)
    try:
        yield house
    finally:
        house.close()
