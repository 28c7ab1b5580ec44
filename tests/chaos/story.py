"""What somebody does, over and over, and what was answered to it: nothing of that may be lost when all is killed.

A request whose answer never came leaves what it was about in doubt; nothing is claimed of that.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.provider import App, Browser
from tests.server import NoAnswer, Server


@dataclass
class Story:
    """One sign-in and what followed. None: in doubt."""

    name: str
    sub: str
    browser: Browser
    session_id: str = ""
    signed_in: bool | None = False
    codes: list[str] = field(default_factory=list)  # redeemed ones
    tokens: dict[str, Any] = field(default_factory=dict)  # the latest
    alive: bool | None = None  # whether the tokens work
    agreed: bool = False  # to the application that asks
    revoked: str = ""  # a family


@dataclass
class Teller:
    """One thread: people of its own, one story after the other, until the server is gone."""

    server: Server
    app: App
    asking: App  # wants the person's consent
    people: list[tuple[str, str]]
    stories: list[Story] = field(default_factory=list)
    doubts: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Until an answer does not come."""
        number, ends = 0, (self.stay, self.revoke, self.sign_out)
        while True:
            story = Story(*self.people[number % len(self.people)], self.server.browser())
            story.browser.keeps_answers = False  # type: ignore[attr-defined]
            self.stories.append(story)
            for step in (self.sign_in, self.redeem, self.refresh, self.agree, self.refresh, ends[number % 3]):
                try:
                    step(story)
                except NoAnswer:
                    self.doubts[step.__name__] += 1
                    return
            number += 1

    def sign_in(self, story: Story) -> None:
        page = self.server.authorize(story.browser, self.app)
        code = story.browser.log_in(page, story.name).code
        story.session_id = story.browser.cookie("session").partition(".")[0]
        story.signed_in = True
        story.codes = [code]

    def redeem(self, story: Story) -> None:
        (code,) = story.codes
        story.codes = []
        answer = self.server.redeem(self.app, code)
        assert answer.status == 200, answer.text
        story.codes, story.tokens, story.alive = [code], answer.json, True

    def refresh(self, story: Story) -> None:
        # In doubt the old one is either the current one still, or in its grace.
        answer = self.server.refresh(self.app, story.tokens["refresh_token"])
        assert answer.status == 200, answer.text
        story.tokens = answer.json

    def agree(self, story: Story) -> None:
        answer = self.server.authorize(story.browser, self.asking)
        if answer.is_consent_page:
            answer = story.browser.submit(answer, "allow")
            story.agreed = True
        assert answer.code

    def revoke(self, story: Story) -> None:
        story.alive = None
        assert self.server.revoke(self.app, story.tokens["refresh_token"]).status == 200
        story.alive, story.revoked = False, story.tokens["refresh_token"].removeprefix("dwr_").partition(".")[0]

    def sign_out(self, story: Story) -> None:
        story.signed_in = story.alive = None
        answer = story.browser.get(f"oauth/logout?id_token_hint={story.tokens['id_token']}")
        assert "signed out" in answer.text.lower()
        story.signed_in = story.alive = False

    def stay(self, story: Story) -> None:
        """The next one."""


def check(server: Server, app: App, asking: App, story: Story) -> None:
    """Everything that was answered still stands, as people and applications see it."""
    if story.alive is not None:
        assert server.introspect(app, story.tokens["access_token"])["active"] is story.alive
        refreshed = server.refresh(app, story.tokens["refresh_token"])
        assert (refreshed.status, refreshed.error) == ((200, "") if story.alive else (400, "invalid_grant"))
    if story.signed_in is not None and story.session_id:
        silent = server.authorize(story.browser, app, prompt="none")
        assert silent.error == ("" if story.signed_in else "login_required")
        if story.signed_in:
            token = server.redeem(app, silent.code).json["access_token"]
            assert server.userinfo(token).json["sub"] == story.sub
    if story.agreed and story.signed_in:
        assert server.authorize(story.browser, asking, prompt="none").code
    for code in story.codes if story.alive is not None else ():
        assert server.redeem(app, code).error == "invalid_grant"  # used up, and its second use ends the family
        assert server.introspect(app, story.tokens["access_token"]) == {"active": False}


def expected_events(story: Story) -> set[tuple[str, str]]:
    """What the audit log must say: the action, and the session, family or person that it is about."""
    found = set()
    if story.session_id:
        found.add(("session:started", story.session_id))
    if story.agreed:
        found.add(("consent:granted", story.sub))
    if story.revoked:
        found.add(("tokens:revoked", story.revoked))
    if story.signed_in is False and story.session_id:
        found.add(("session:ended", story.session_id))
    return found
