"""Several machines behind HAProxy, without sticky sessions: each one a `doorward serve` on the same stores."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.backends import find_free_port, find_program, watch
from tests.server import Server, to_toml

#: As deploy/proxies/haproxy.cfg has it behind TLS; each request goes to the next machine.
PROXY = """
global
    maxconn 500
defaults
    mode http
    timeout connect 1s
    timeout client 30s
    timeout server 30s
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
    default-server check inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
backend alive
    balance roundrobin
    option httpchk GET /healthz
    default-server check inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
{servers}
"""


class Beside(Server):
    """One more machine: another port and folder, the same settings, stores and master key; other code, if told so."""

    def __init__(self, run: int, first: Server, sections: Mapping[str, Any], code: Path | None = None) -> None:
        self.folder, self._code = Path(tempfile.mkdtemp(prefix="doorward-server-")), code
        self.port, self.workers = find_free_port(), first.workers
        self.file, self._pid_file = self.folder / "doorward.toml", self.folder / "pid"
        self.file.write_text(to_toml(self._sections(sections)))
        shutil.copytree(first.folder / "var", self.folder / "var", ignore=shutil.ignore_patterns("*.db*"))
        self.process = None
        watch(run, self.folder, "pid", "-KILL")

    def _environment(self) -> dict[str, str]:
        found = super()._environment()
        return {**found, "PYTHONPATH": str(self._code)} if self._code else found

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "idp", "--config", str(self.file), *arguments]

    def close(self) -> None:
        """End its processes and remove its files."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class House:
    """`first` is the machine by which the test looks into the stores; `machines` has it, too."""

    def __init__(self, run: int, machines: int, *, workers: int = 1, **sections: Mapping[str, Any]) -> None:
        self._run, self.port = run, find_free_port()
        address = {"issuer": f"http://127.0.0.1:{self.port}"}
        self.sections = {**sections, "server": {**sections.get("server", {}), **address}}
        self.first = Server(run, workers=workers, **self.sections)
        self.machines: list[Server] = [self.first]
        for _ in range(machines - 1):
            self.add()
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-proxy-"))
        watch(run, self.folder, "pid", "-KILL")
        self.balance(self.machines)

    def add(self, code: Path | None = None) -> Server:
        """Start one more machine; `code`: a checkout of another release."""
        machine = Beside(self._run, self.first, self.sections, code)
        self.machines.append(machine)
        machine.start()
        return machine

    def balance(self, machines: list[Server]) -> None:
        """Start HAProxy before them."""
        servers = "\n".join(f"    server m{one.port} 127.0.0.1:{one.port}" for one in machines)
        (self.folder / "haproxy.cfg").write_text(PROXY.format(port=self.port, servers=servers))
        self.proxy = subprocess.Popen(
            [find_program("haproxy", "haproxy"), "-f", str(self.folder / "haproxy.cfg")],
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("w"), start_new_session=True,
        )  # fmt: skip
        (self.folder / "pid").write_text(str(self.proxy.pid))
        self.wait()

    def wait(self) -> None:
        """Until a machine takes requests through the balancer."""
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(Exception):
            return self.first.browser().get("readyz").status == 200
        return False

    def close(self) -> None:
        """End all of it."""
        self.proxy.kill()
        self.proxy.wait()
        for machine in reversed(self.machines):
            machine.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def several_machines(run: int, machines: int, **options: Any) -> Iterator[House]:
    """A house that ends with the block."""
    house = House(run, machines, **options)
    try:
        yield house
    finally:
        house.close()
