"""`doorward serve`: one line when it is ready, workers that are replaced, and an end that loses nothing."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backends import find_free_port
from tests.cli.conftest import CHEAP, COMMAND, PASSWORD, Folder

pytestmark = pytest.mark.slow
PATIENCE = 20.0


class Serving:
    """A running `doorward serve`."""

    def __init__(self, site: Folder, *words: str, port: int = 0, env: dict[str, str] | None = None) -> None:
        self.port = port or find_free_port()
        self.process = subprocess.Popen(
            [COMMAND, "serve", "--port", str(self.port), *words], cwd=site.path, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.PIPE, env=site.environment(**(env or {})), start_new_session=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline()

    def get(self, path: str) -> tuple[int, str]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def workers(self) -> list[int]:
        """The ids of the worker processes."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Ask it to end; answers the exit code and what was on standard error."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@contextlib.contextmanager
def serving(site: Folder, *words: str, **options: Any) -> Iterator[Serving]:
    """A server that ends with the block, whatever happens in it."""
    server = Serving(site, *words, **options)
    try:
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.process.pid, signal.SIGKILL)
        server.process.communicate()


def is_ready(server: Serving) -> bool:
    """Whether it answers; not while the kernel still has connections for a worker that was just killed."""
    try:
        return server.get("/readyz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def eventually(check: Any, *, within: float = PATIENCE) -> None:
    """Wait until `check()` holds."""
    until = time.monotonic() + within
    while not check():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_it_says_one_line_when_people_can_connect_and_ends_with_zero(site: Folder) -> None:
    with serving(site) as server:
        url = f"http://127.0.0.1:{server.port}"
        assert server.line == f"Doorward listens on {url} (issuer {url})\n"
        assert server.get("/readyz") == (200, '{"status":"ready"}')
        begun = time.monotonic()
        code, errors = server.end()
        assert code == 0, errors
        assert time.monotonic() - begun < 5
        assert "Traceback" not in errors


def test_the_issuer_follows_the_port_unless_it_is_set(site: Folder) -> None:
    with serving(site) as server:
        issuer = json.loads(server.get("/.well-known/openid-configuration")[1])["issuer"]
        assert issuer == f"http://127.0.0.1:{server.port}"
    with serving(site, env={"DOORWARD_ISSUER": "http://localhost:8000"}) as server:
        issuer = json.loads(server.get("/.well-known/openid-configuration")[1])["issuer"]
        assert issuer == "http://localhost:8000"


def test_a_second_start_loses_nothing(site: Folder) -> None:
    add = ("user", "add", "--username", "kim", "--password-stdin", "--json")
    with serving(site) as server:
        kim = site.run(*add, input=PASSWORD).json
        first = server.get("/oauth/jwks")
        assert server.end()[0] == 0
    with serving(site) as server:
        assert server.get("/oauth/jwks") == first
        assert site.run("user", "show", "kim", "--json").json["id"] == kim["id"]


def test_requests_in_progress_are_finished(site: Folder) -> None:
    with serving(site) as server, socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as slow:
        slow.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n")
        slow.sendall(b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=")
        assert server.get("/readyz")[0] == 200  # a later connection was taken, so this one was, too
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        slow.sendall(b"bc")
        assert slow.recv(4096).startswith(b"HTTP/1.1 40")
        assert server.process.wait(PATIENCE) == 0


def test_E1_a_refused_redirect_uri_is_explained_under_its_id(site: Folder) -> None:
    crm = site.run("client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example/cb", "--json").json
    with serving(site) as server:
        query = f"client_id={crm['client_id']}&response_type=code&redirect_uri=https://crm.example/CB"
        status, page = server.get(f"/oauth/authorize?{query}")
    assert status == 400
    error_id = re.findall(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", page)[0]
    told = site.run("audit", "show", error_id.lower(), "--json").json
    assert (told["error_id"], told["side"], told["application"]) == (error_id, "application", "CRM")
    assert "https://crm.example/CB" in told["what"] + told["fix"]
    said = site.spawn("audit", "show", error_id).out
    assert "the application is wrong" in said
    assert "CRM" in said
    assert "nothing is recorded under E-AAAAA-AAAAA" in site.refusal("audit", "show", "E-AAAAA-AAAAA", code=1)


def test_the_audit_log_is_followed_as_it_grows(site: Folder) -> None:
    words = [COMMAND, "audit", "tail", "-n", "1", "--follow", "--json"]
    follower = subprocess.Popen(words, cwd=site.path, stdout=subprocess.PIPE, text=True, env=site.environment())
    giving_up = threading.Timer(PATIENCE, follower.kill)
    giving_up.start()
    try:
        assert follower.stdout is not None
        json.loads(follower.stdout.readline())
        site.run("user", "unlock", "owner")
        assert json.loads(follower.stdout.readline())["action"] == "person:unlocked"
        follower.send_signal(signal.SIGINT)
        assert follower.wait(PATIENCE) == 0
    finally:
        giving_up.cancel()
        follower.kill()
        follower.communicate()


def test_a_worker_that_is_killed_is_replaced(site: Folder) -> None:
    with serving(site, "--workers", "2") as server:
        eventually(lambda: len(server.workers()) == 2)
        before = set(server.workers())
        time.sleep(1.5)  # until the second one serves, too
        killed = before.pop()
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: len(set(server.workers()) - {killed}) == 2)
        assert set(server.workers()) & before
        eventually(lambda: is_ready(server))
        code, errors = server.end()
        assert code == 0
        assert "a worker ended unexpectedly (signal SIGKILL); starting another one" in errors


def test_workers_do_not_outlive_a_supervisor_that_is_killed(site: Folder) -> None:
    with serving(site) as server:
        (worker,) = server.workers()
        server.process.kill()
        eventually(lambda: not Path(f"/proc/{worker}").exists() or "Z" in Path(f"/proc/{worker}/stat").read_text())
        with serving(site, port=server.port) as again:
            assert again.get("/readyz")[0] == 200


def test_H3_a_worker_that_stands_still_is_replaced(site: Folder) -> None:
    """As one does whose process was stopped, or waits in the kernel for a disk: half of all connections go there."""
    with serving(site, "--workers", "2") as server:
        eventually(lambda: len(server.workers()) == 2 and is_ready(server))
        first, other = server.workers()
        os.kill(first, signal.SIGSTOP)
        eventually(lambda: first not in server.workers() and len(server.workers()) == 2, within=60)
        assert other in server.workers()
        eventually(lambda: is_ready(server))
        code, errors = server.end()
        assert code == 0
        assert "has stood still" in errors


def test_a_port_that_another_program_has_is_not_shared(site: Folder) -> None:
    with serving(site) as server:
        said = site.refusal("serve", "--port", str(server.port), code=1)
        assert f"cannot listen on 127.0.0.1 port {server.port}: another program has it" in said


def test_it_does_not_start_with_what_cannot_work(site: Folder) -> None:
    assert "option --port: server.port = 70000" in site.refusal("serve", "--port", "70000")
    wrong = {"DOORWARD_MASTER_KEY": "A" * 43}
    assert "the master key is not the one" in site.refusal("serve", "--port", str(find_free_port()), code=1, env=wrong)


def test_an_older_embedded_database_is_migrated_at_the_start(prepared: Folder, tmp_path: Path) -> None:
    empty = Folder(tmp_path / "older")
    empty.data.mkdir(mode=0o700)
    shutil.copy(prepared.data / "master.key", empty.data)
    (empty.data / "doorward.db").touch()
    assert "run `doorward init` first" in empty.refusal("serve", "--port", str(find_free_port()), code=1)


def test_secrets_of_the_environment_do_not_reach_requests(site: Folder) -> None:
    """WSGI hands a process's environment to every request, and HTTP_X of it would pass for a header."""
    key = (site.data / "master.key").read_text().strip()
    with serving(site, env={"DOORWARD_MASTER_KEY": key, "HTTP_X_FORWARDED_FOR": "198.51.100.1"}) as server:
        assert server.get("/readyz")[0] == 200
        assert server.get("/oauth/authorize?client_id=nobody")[0] == 400
    # Not simply the last one: a process that has just begun notes its version when it comes to it.
    [event] = [
        one for one in site.run("audit", "tail", "-n", "5", "--json").json["events"]
        if one["action"] == "error:unknown_client"
    ]  # fmt: skip
    assert event["address"] == "127.0.0.1"


def test_doctor_finds_the_running_server_and_compares_its_issuer(site: Folder) -> None:
    port = find_free_port()
    (site.path / "doorward.toml").write_text(f"{CHEAP}[server]\nport = {port}\n")
    try:
        with serving(site, port=port) as server:
            assert f"✓ server: answers at http://127.0.0.1:{server.port}" in site.run("doctor").out
            other = site.run("doctor", env={"DOORWARD_ISSUER": f"http://localhost:{port}"})
            assert other.code == 1
            assert f"calls itself http://127.0.0.1:{port}" in other.out
    finally:
        (site.path / "doorward.toml").write_text(CHEAP)


def test_the_wsgi_entry_serves_under_any_server(site: Folder) -> None:
    program = (
        "from werkzeug.test import Client\nfrom idp.wsgi import application\n"
        "print(Client(application).get('/readyz').text)\nimport os; os._exit(0)"
    )
    python = str(COMMAND.parent / "python")
    said = subprocess.run(
        [python, "-u", "-c", program], cwd=site.path, env=site.environment(), capture_output=True, text=True, check=True
    )
    assert said.stdout == '{"status":"ready"}\n'
