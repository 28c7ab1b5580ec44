"""D2: people sign in while it is moved: each is let in or told to wait, and what was answered for is there."""

from __future__ import annotations

import threading
import time
from collections import Counter

import pytest

from tests.provider import App
from tests.server import Server, running, to_toml

#: Seconds after which what does not come is taken as never coming; nothing is expected to take that long.
GIVE_UP = 120.0


class Crowd:
    """Signs people in and redeems their codes, one after the other, until it is told to stop."""

    def __init__(self, server: Server, app: App) -> None:
        self.server, self.app = server, app
        self.seen: Counter[str] = Counter()
        self.tokens: list[str] = []
        self._news = threading.Condition()
        self._failed: list[BaseException] = []
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(2)]
        for thread in self._threads:
            thread.start()

    def wait_until_seen(self, what: str, times: int) -> None:
        """However long it takes; a failure of somebody's in it is raised here."""
        with self._news:
            assert self._news.wait_for(lambda: self._failed or self.seen[what] >= times, GIVE_UP), self.seen
        if self._failed:
            raise self._failed[0]

    def stop(self) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _see(self, what: str) -> None:
        with self._news:
            self.seen[what] += 1
            self._news.notify_all()

    def _run(self) -> None:
        try:
            self._sign_in_again_and_again()
        except BaseException as error:
            with self._news:
                self._failed.append(error)
                self._news.notify_all()

    def _sign_in_again_and_again(self) -> None:
        browser = self.server.browser()
        while not self._enough.is_set():
            answer = self.server.authorize(browser, self.app)
            if answer.status == 200 and answer.is_login_page:
                answer = browser.log_in(answer)
            if answer.is_redirect and "code=" in answer.location:
                code = answer.code
                answer = self.server.redeem(self.app, code)
                if answer.status == 503:
                    self._told_to_wait(answer)
                    continue
                assert answer.status == 200, answer.text
                self.tokens.append(answer.json["access_token"])
                self._see("signed in")
            else:
                self._told_to_wait(answer)

    def _told_to_wait(self, answer: object) -> None:
        status, headers = answer.status, answer.headers  # type: ignore[attr-defined]
        assert status == 503, answer
        assert int(headers["Retry-After"]) >= 5
        self._see("told to wait")
        self._enough.wait(0.05)  # nobody is as fast as that


def look_until(text: str, server: Server) -> None:
    """Ask for a page until it says so."""
    until = time.monotonic() + GIVE_UP
    while text not in server.browser().get("help").text:
        assert time.monotonic() < until, text


@pytest.mark.slow
def test_d2_a_busy_installation_moves_to_postgresql(run_pid: int, postgresql_url: str) -> None:
    with running(run_pid, workers=2) as server:
        server.add_person()
        app = server.add_client()
        keeper = server.browser()
        assert server.sign_in(keeper, app).code
        crowd = Crowd(server, app)
        try:
            crowd.wait_until_seen("signed in", 3)
            done = server.cli("move", "--to", postgresql_url, "--in", "4")
            assert done.returncode == 0, done.stderr
            crowd.wait_until_seen("told to wait", 1)
        finally:
            crowd.stop()
        assert "database_url" in done.stdout
        before = len(crowd.tokens)
        assert server.authorize(keeper, app).status == 503  # until somebody has pointed the servers at the new place
        look_until("We are moving", server)  # each worker reads the mark in its own time, not as it is written
        server.stop()
        refused = server.cli("serve")
        assert refused.returncode == 2
        assert "moved to postgresql:" in refused.stderr
        server.let_go()
        server.file.write_text(to_toml(server._sections({"storage": {
            "data_dir": str(server.folder / "var"), "database_url": postgresql_url}})))  # fmt: skip
        server.start()
        assert server.authorize(keeper, app).code
        for token in crowd.tokens[:1] + crowd.tokens[-before // 2 :]:
            answer = server.browser().open(
                "GET", "oauth/userinfo", None, {"Authorization": f"Bearer {token}"}, cookies=False
            )
            assert answer.status == 200
