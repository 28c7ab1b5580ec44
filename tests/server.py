"""The provider as people run it: `doorward init` and `doorward serve` in a folder, and browsers that reach it by HTTP.

The test process is one more process of the provider on the same stores: it registers people and applications and
reads what was recorded; everything that people and applications do goes over the wire.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urljoin, urlsplit

from werkzeug.datastructures import Headers

from idp.config import load
from tests.backends import find_free_port
from tests.leftovers import watch
from tests.provider import CHEAP, HOME, Answer, Browser, Provider

Result = TypeVar("Result")
REPOSITORY = Path(__file__).parent.parent
PATIENCE = 30.0  # seconds for a server to start, to end, or to answer


class NoAnswer(Exception):
    """The connection broke before an answer was complete: what was asked for may have happened, or not."""


class HttpBrowser(Browser):
    """The same browser, over HTTP. Each request has a connection of its own, so that all workers get their share."""

    def __init__(self, issuer: str, address: str = HOME) -> None:
        super().__init__(None, issuer, address)
        self.keeps_answers = True

    def open(
        self,
        method: str,
        url: str,
        data: Sequence[tuple[str, str]] | Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        cookies: bool = True,
        host: str | None = None,
        environ: Mapping[str, Any] | None = None,
    ) -> Answer:
        """One request. Errors: `NoAnswer`."""
        target = urlsplit(urljoin(self.issuer + "/", url))
        body = data if isinstance(data, bytes) or data is None else _encoded(data)
        sent = {**self.headers, "X-Forwarded-For": self.address, "Connection": "close", **(headers or {})}
        if body is not None and "Content-Type" not in sent:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if cookies and self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in list(self.cookies.items()))
        status, answered, content = exchange(target.netloc, method, _path(target), body, sent)
        answer = Answer(status, answered, content, target.geturl())
        for line in answered.getlist("Set-Cookie"):
            self._keep(line)
        if self.keeps_answers:
            self.answers.append(answer)
        return answer

    def copy(self) -> HttpBrowser:
        """Another tab: the cookies as they are now, and what it gets stays its own."""
        tab = HttpBrowser(self.issuer, self.address)
        tab.cookies = dict(self.cookies)
        return tab


def _encoded(data: Sequence[tuple[str, str]] | Mapping[str, str]) -> bytes:
    return urlencode(list(data.items() if isinstance(data, Mapping) else data)).encode()


def _path(target: Any) -> str:
    return str(target.path or "/") + (f"?{target.query}" if target.query else "")


def exchange(
    netloc: str, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
) -> tuple[int, Headers, bytes]:
    """One HTTP exchange on a connection of its own; in a race it is sent when all racers are connected."""
    connection = http.client.HTTPConnection(netloc, timeout=PATIENCE)
    try:
        connection.connect()
        gate, _turn.gate = getattr(_turn, "gate", None), None
        if gate is not None:
            gate.wait(PATIENCE)
        connection.request(method, path, body, dict(headers))
        response = connection.getresponse()
        return response.status, Headers(response.getheaders()), response.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(f"{method} {path.partition('?')[0]}: {error!r}") from error
    finally:
        connection.close()


_turn = threading.local()


def race(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Call all at once, each in a thread: their first requests leave together. Answers in the order of the calls."""
    gate = threading.Barrier(len(calls))
    results: list[Any] = [None] * len(calls)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        _turn.gate = gate
        try:
            results[number] = calls[number]()
        except BaseException as error:
            failures.append(error)
            gate.abort()

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results


class Server(Provider):
    """An installation with its settings file, and the processes of `doorward serve`."""

    def __init__(self, run: int, *, workers: int = 1, **sections: Mapping[str, Any]) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="doorward-server-"))
        self.port, self.workers = find_free_port(), workers
        self.file, self._pid_file = self.folder / "doorward.toml", self.folder / "pid"
        self.file.write_text(to_toml(self._sections(sections)))
        self.process: subprocess.Popen[str] | None = None
        watch(run, self.folder, "pid", "-KILL")
        self.first = self.cli_json("init", "--json")
        self.start()
        super().__init__(load(self.file, {}), time.time)

    def _sections(self, sections: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        ours: dict[str, dict[str, Any]] = {
            "server": {
                "issuer": f"http://127.0.0.1:{self.port}",
                "port": self.port,
                "workers": self.workers,
                "trusted_proxies": ["127.0.0.0/8"],  # so that browsers here may have addresses
            },
            "storage": {"data_dir": str(self.folder / "var")},
            "passwords": {**CHEAP, "queue": 64},
            "log": {"level": "warning", "format": "json"},
            "audit": {"errors_per_minute": 100_000},
        }
        for name, values in sections.items():
            ours[name] = {**ours.get(name, {}), **values}
        return ours

    # -- processes ----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start `doorward serve` and wait until every worker listens."""
        assert self.process is None
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(
                self._command("serve"), stdout=subprocess.PIPE, stderr=log, text=True, env=self._environment(),
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        self._pid_file.write_text(str(self.process.pid))
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert "listens on" in line, self.log
        deadline = time.monotonic() + PATIENCE
        while self.listening() < self.workers:
            assert time.monotonic() < deadline, self.log
            assert self.process.poll() is None, self.log
            time.sleep(0.05)

    def listening(self) -> int:
        """How many sockets listen on our port: one per worker."""
        wanted = f":{self.port:04X}"
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        return sum(row[1].endswith(wanted) and row[3] == "0A" for row in rows)

    def kill(self) -> None:
        """kill -9 to all of its processes at once, as when the machine loses power to them."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end, as systemd does."""
        self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        group, process = self.process.pid, self.process
        if number == signal.SIGTERM:
            process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
        while _lives(group):
            time.sleep(0.01)
        self._pid_file.unlink(missing_ok=True)
        self.process = None

    def let_go(self) -> None:
        """Close what this test process has open of the stores (this thread's), so that a kill leaves them to nobody."""
        self.services.state.close()
        self.services.db.close()

    def close(self) -> None:
        super().close()
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> str:
        """What the processes wrote to stderr."""
        return (self.folder / "log").read_text()

    # -- the command --------------------------------------------------------------------------------------------------

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "idp", "--config", str(self.file), *arguments]

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        return {**kept, "PYTHONPATH": str(REPOSITORY)}

    def cli(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run `doorward` beside the server, as an admin does."""
        return subprocess.run(
            self._command(*arguments), input=input, capture_output=True, text=True, timeout=PATIENCE * 2,
            env=self._environment(), cwd=self.folder, check=False,
        )  # fmt: skip

    def cli_json(self, *arguments: str, input: str | None = None) -> Any:
        """The one JSON object that a command with `--json` prints."""
        done = self.cli(*arguments, input=input)
        assert done.returncode == 0, (arguments, done.stderr)
        return json.loads(done.stdout)

    # -- who asks -----------------------------------------------------------------------------------------------------

    def browser(self, address: str = HOME) -> HttpBrowser:
        """Somebody's browser, without any cookie."""
        return HttpBrowser(self.issuer, address)

    def later(self, seconds: float) -> Provider:
        """One more process on the same stores, whose clock is ahead."""
        other = Provider(self.settings, lambda: time.time() + seconds)
        self._others.append(other)
        return other


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def to_toml(sections: Mapping[str, Mapping[str, Any]]) -> str:
    """A settings file."""
    lines = []
    for name, values in sections.items():
        lines += [f"[{name}]", *(f"{key} = {_value(value)}" for key, value in values.items())]
    return "\n".join(lines) + "\n"


def _value(value: Any) -> str:
    """Texts and numbers are written alike in JSON and TOML; tables within are not."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(one)}" for key, one in value.items()) + "}"
    return "[" + ", ".join(map(_value, value)) + "]" if isinstance(value, list) else json.dumps(value)


@contextlib.contextmanager
def running(run: int, **options: Any) -> Iterator[Server]:
    """A server that ends with the block."""
    server = Server(run, **options)
    try:
        yield server
    finally:
        server.close()


def unique(name: str) -> str:
    """A name that no other test on the same server has."""
    return f"{name}-{secrets.token_hex(4)}"
