"""People and applications that go on while something is killed, and what each answer was.

They do what real ones do: a page that says "in a moment" is tried again, and so is a request without an answer. What
was refused is counted; what may never happen (a code that works twice, a token that was answered for and is not there,
one that lives after its end) is kept, in words.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.provider import Answer, App, Provider
from tests.server import NoAnswer

AGAIN = 0.1  # seconds until a refused request is sent again
LONGEST = 90.0  # seconds after which nobody tries any more


@dataclass
class Told:
    """What somebody was answered: this has to hold when all is over."""

    sub: str
    session: Any  # the browser
    tokens: dict[str, Any]
    code: str
    lives: bool
    signed_out: bool


@dataclass
class Crowd:
    """A few people at once on one application. `wrong`: what must be empty; `refused`: when, seconds, by step."""

    server: Provider
    app: App
    people: list[tuple[str, str]]
    told: list[Told] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    refused: list[tuple[float, str]] = field(default_factory=list)
    lasted: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Each person in a thread."""
        self._threads = [threading.Thread(target=self._person, args=one, daemon=True) for one in self.people]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Everybody ends the journey that they are on."""
        self.ended.set()
        for thread in self._threads:
            thread.join(LONGEST)
        assert not any(thread.is_alive() for thread in self._threads), self.summary()

    def wait_for(self, many: int) -> None:
        """Until so many more journeys have ended well."""
        wanted, deadline = self.lasted["journey"] + many, time.monotonic() + LONGEST
        while self.lasted["journey"] < wanted:
            assert time.monotonic() < deadline, self.summary()
            assert not self.wrong, self.wrong[:5]
            time.sleep(0.02)

    def window(self) -> float:
        """Seconds from the first refusal to the last."""
        times = [at for at, _ in self.refused]
        return max(times) - min(times) if times else 0.0

    def summary(self) -> str:
        """For a table."""
        steps = dict(Counter(step for _, step in self.refused))
        return (
            f"journeys {self.lasted['journey']}, requests {self.lasted['request']}, "
            f"refused {len(self.refused)} {steps} "
            f"within {self.window():.1f} s, slowest answer {self.slowest:.1f} s, wrong {len(self.wrong)}"
        )

    # -- one person ---------------------------------------------------------------------------------------------------

    def _person(self, name: str, sub: str) -> None:
        number = 0
        while not self.ended.is_set():
            try:
                self._journey(name, sub, number % 3)
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}"[:300])
                return
            number += 1
            self.ended.wait(0.4)  # the machine has other things to do

    def _journey(self, name: str, sub: str, end: int) -> None:
        browser = self.server.browser()
        browser.keeps_answers = False  # type: ignore[attr-defined]
        code = self._signed_in(browser, name)
        answer = self._ask("redeem", lambda: self.server.redeem(self.app, code), 200, 400)
        if answer.status == 400:  # the code was lost, or used by a request whose answer was: sign in once more
            self._doubt("redeem", answer)
            return
        tokens = answer.json
        if self._ask("userinfo", lambda: self.server.userinfo(tokens["access_token"]), 200).json["sub"] != sub:
            self.wrong.append("userinfo named somebody else")
        tokens = self._ask("refresh", lambda: self.server.refresh(self.app, tokens["refresh_token"]), 200).json
        silent = self._ask("silent", lambda: self.server.authorize(browser, self.app, prompt="none"), 302, 303)
        if not silent.code:
            self.wrong.append(f"a session that was answered for is gone: {silent.error}")
        if end == 1:
            self._ask("revoke", lambda: self.server.revoke(self.app, tokens["refresh_token"]), 200)
        elif end == 2:
            self._ask(
                "sign_out", lambda: browser.get(f"oauth/logout?id_token_hint={tokens['id_token']}"), 200, 302, 303
            )
        self.told.append(Told(sub, browser, tokens, code, end == 0, end == 2))
        self.lasted["journey"] += 1

    def _signed_in(self, browser: Any, name: str) -> str:
        while True:
            page = self._ask("page", lambda: self.server.authorize(browser, self.app), 200, 302, 303)
            # Somebody whose answer was lost may be signed in by now.
            answer = page if page.is_redirect else self._once("password", partial(browser.log_in, page, name))
            if answer is not None and answer.is_redirect and answer.code:
                return str(answer.code)
            if answer is not None and answer.status not in (200, 400):
                self.wrong.append(f"password: {answer.status} {answer.text[:200]}")

    def _doubt(self, step: str, answer: Answer) -> None:
        if answer.error != "invalid_grant":
            self.wrong.append(f"{step}: {answer.status} {answer.text[:200]}")
        elif not self.refused:
            self.wrong.append(f"{step}: refused while nothing was broken: {answer.text[:200]}")
        self.lasted[f"{step} in doubt"] += 1

    def _ask(self, step: str, ask: Callable[[], Answer], *expected: int) -> Answer:
        """Ask until there is an answer."""
        deadline = time.monotonic() + LONGEST
        while True:
            answer = self._once(step, ask)
            if answer is None:
                assert time.monotonic() < deadline, f"{step}: no answer for {LONGEST} s"
                continue
            if answer.is_redirect and "error=temporarily_unavailable" in answer.location:  # of prompt=none
                self._refuse(step)
            elif answer.status in expected:
                return answer
            else:
                raise AssertionError(f"{step}: {answer.status} {answer.location[:200]} {answer.text[:200]}")

    def _once(self, step: str, ask: Callable[[], Answer]) -> Answer | None:
        begun = time.monotonic()
        self.lasted["request"] += 1
        try:
            answer = ask()
        except NoAnswer:
            answer = None
        self.slowest = max(self.slowest, time.monotonic() - begun)
        if answer is not None and answer.status not in (502, 503, 504):
            return answer
        # What is the balancer's own has another name, and nobody's advice.
        if answer is not None and answer.headers.get("Server") == "granian" and not answer.headers.get("Retry-After"):
            self.wrong.append(f"{step}: 503 without Retry-After")
        self._refuse(step)
        return None

    def _refuse(self, step: str) -> None:
        self.refused.append((time.monotonic(), step))
        time.sleep(AGAIN)


def check(crowd: Crowd) -> None:
    """Everything that was answered holds: what lives lives, what ended has ended, no code works once more."""
    server, app = crowd.server, crowd.app
    for told in crowd.told:
        active = server.introspect(app, told.tokens["access_token"])["active"]
        if active is not told.lives:
            crowd.wrong.append(f"a token is {'dead' if told.lives else 'alive'} that was answered for otherwise")
        refreshed = server.refresh(app, told.tokens["refresh_token"])
        if (refreshed.status == 200) is not told.lives:
            crowd.wrong.append(f"a refresh token: {refreshed.status} {refreshed.text[:100]}")
        if server.redeem(app, told.code).error != "invalid_grant":
            crowd.wrong.append("a code worked twice")
    assert not crowd.wrong, crowd.wrong[:5]
    assert crowd.told
