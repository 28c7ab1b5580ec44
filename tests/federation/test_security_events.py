"""Y4: what a provider tells by security events ends here (Shared Signals 1.0, CAEP, RISC; pushed by RFC 8935)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from idp.admin import people
from idp.cli.installation import shell
from idp.db import Unavailable
from idp.federation import ending, links
from idp.federation.openid.pacing import MOST
from idp.federation.openid.security_event import ACCOUNT_DISABLED, ACCOUNT_ENABLED, MAX_AGE, SESSION_REVOKED
from idp.federation.provider import Provider as Upstream
from idp.login.browser import elsewhere
from tests.backends import Clock
from tests.federation.stand_in import CLIENT, another_key, by_public_key, unsigned
from tests.federation.visiting import Office
from tests.provider import Answer, App, Browser

VERIFICATION = "https://schemas.openid.net/secevent/ssf/event-type/verification"
SET = {"Content-Type": "application/secevent+jwt"}


@dataclass
class Transmitter:
    """The provider's server, which pushes events."""

    office: Office
    company: Upstream
    told: int = 0

    def account(self, sub: str = "there-1") -> dict[str, Any]:
        return {"format": "iss_sub", "iss": self.office.there.issuer, "sub": sub}

    def claims(self, event: str = SESSION_REVOKED, **said: Any) -> dict[str, Any]:
        """A token that keeps every rule, but for what is said; None leaves a claim out."""
        self.told += 1
        now = int(self.office.provider.clock())
        claims = {
            "iss": self.office.there.issuer, "aud": CLIENT, "iat": now, "jti": f"event-{self.told}",
            "events": {event: {"event_timestamp": now}}, "sub_id": self.account(), **said,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def push(self, token: str, company: Upstream | None = None, kind: str = SET["Content-Type"]) -> Answer:
        sender = self.office.provider.browser("192.0.2.80")
        to = (company or self.company).id
        return sender.post(f"upstream/events/{to}", token.encode(), headers={"Content-Type": kind})

    def say(self, event: str = SESSION_REVOKED, **said: Any) -> Answer:
        return self.push(self.office.there.sign(self.claims(event, **said), typ="secevent+jwt"))

    def come(self, app: App, sid: str | None = "s1", sub: str = "there-1") -> Browser:
        browser = self.office.provider.browser()
        assert self.office.come(browser, app, self.company, sub, sid=sid).code
        return browser

    def are_in(self, app: App, *browsers: Browser) -> list[bool]:
        asked = [self.office.provider.authorize(browser, app, prompt="none") for browser in browsers]
        return [one.sent.get("error") is None for one in asked]


@pytest.fixture
def they(office: Office) -> Transmitter:
    return Transmitter(office, office.add(create=True))


@pytest.mark.spec("RFC8935 2.2", "CAEP 3.1")
def test_y4_a_session_that_is_revoked_there_ends_here(they: Transmitter, crm: App) -> None:
    one, two, other = they.come(crm, "s1"), they.come(crm, "s2"), they.come(crm, "s3", "there-2")
    session = {"format": "opaque", "id": "s1"}
    answer = they.say(sub_id={"format": "complex", "user": they.account(), "session": session})
    assert (answer.status, answer.body) == (202, b"")
    assert they.are_in(crm, one, two, other) == [False, True, True]
    assert they.say().status == 202  # the account alone
    assert they.are_in(crm, two, other) == [False, True]
    assert they.say(sub_id={"format": "opaque", "id": "s3"}).status == 202
    assert they.are_in(crm, other) == [False]
    events = they.office.provider.events("session:ended")
    assert {event.actor for event in events} == {f"provider:{they.company.id}"}


@pytest.mark.spec("RISC 2.3")
def test_y4_an_account_that_is_disabled_there_is_out_here(they: Transmitter, crm: App) -> None:
    one, two, other = they.come(crm, "s1"), they.come(crm, None), they.come(crm, "s3", "there-2")
    session = {"format": "opaque", "id": "s1"}
    said = {"format": "complex", "user": they.account(), "session": session}
    assert they.say(ACCOUNT_DISABLED, sub_id=said).status == 202
    assert they.are_in(crm, one, two, other) == [False, False, True]


def test_y4_as_drafts_had_it_the_subject_stands_in_the_event(they: Transmitter, crm: App) -> None:
    browser = they.come(crm)
    assert they.say(sub_id=None, events={SESSION_REVOKED: {"subject": they.account()}}).status == 202
    assert they.are_in(crm, browser) == [False]


@pytest.mark.spec("SSF 1.0 8.1.4")
@pytest.mark.parametrize("event", [VERIFICATION, "https://schemas.example/of-tomorrow"])
def test_y4_other_events_are_taken_and_end_nothing(they: Transmitter, crm: App, event: str) -> None:
    browser = they.come(crm)
    assert they.say(event, sub_id={"format": "opaque", "id": "stream"}).status == 202
    assert they.are_in(crm, browser) == [True]


@pytest.mark.spec("RFC8935 2.4", "SSF 1.0 4.1")
@pytest.mark.parametrize(
    ("said", "err"),
    [
        ({"iss": "https://evil.example"}, "invalid_issuer"),
        ({"aud": "somebody-else"}, "invalid_audience"),
        ({"aud": [CLIENT, "somebody-else"]}, "invalid_audience"),
        ({"iat": 10**11}, "invalid_request"),
        ({"iat": None}, "invalid_request"),
        ({"jti": None}, "invalid_request"),
        ({"events": None}, "invalid_request"),
        ({"events": {}}, "invalid_request"),
        ({"events": {SESSION_REVOKED: {}, ACCOUNT_DISABLED: {}}}, "invalid_request"),
        ({"sub_id": None}, "invalid_request"),
        ({"sub_id": "there-1"}, "invalid_request"),
        ({"sub_id": {"format": "email", "email": "ann@example.com"}}, "invalid_request"),
        ({"sub_id": {"format": "iss_sub", "iss": "https://evil.example", "sub": "there-1"}}, "invalid_request"),
        ({"sub_id": {"format": "opaque", "id": 7}}, "invalid_request"),
        ({"sub_id": {"format": "opaque", "id": "s" * 501}}, "invalid_request"),
    ],
    ids=[
        "iss", "aud", "aud-of-two", "of-the-future", "no-iat", "no-jti", "no-events", "no-event", "two-events",
        "nobody", "a-text", "by-mail", "another-issuers", "id-no-text", "id-long",
    ],
)  # fmt: skip
def test_y4_an_event_that_breaks_a_rule_ends_nothing(
    they: Transmitter, crm: App, said: Mapping[str, Any], err: str
) -> None:
    browser = they.come(crm)
    answer = they.say(**said)
    assert (answer.status, answer.json["err"]) == (400, err)
    assert answer.json["description"]
    assert they.are_in(crm, browser) == [True]


def test_y4_tokens_of_another_form_or_key_end_nothing(they: Transmitter, crm: App) -> None:
    browser, there = they.come(crm), they.office.there
    for token in (
        unsigned(they.claims()), by_public_key(there, they.claims()), there.sign(they.claims(), another_key()),
        there.sign(they.claims()), there.sign(they.claims(), typ="logout+jwt"), "x", "", "é",
    ):  # fmt: skip
        assert they.push(token).status == 400
    good = there.sign(they.claims(), typ="secevent+jwt")
    assert they.push(good, kind="application/x-www-form-urlencoded").status == 400
    assert they.push(good, Upstream(id="nobody", name="N")).status == 404
    assert they.push(good, they.office.add("Once more", create=True)).status == 202  # none of its own
    assert they.are_in(crm, browser) == [True]


def test_y4_one_that_comes_again_ends_nothing_more(they: Transmitter, crm: App, clock: Clock) -> None:
    token = they.office.there.sign(they.claims(), typ="secevent+jwt")
    assert they.push(token).status == 202
    clock.now += 2
    browser = they.come(crm, "s9")
    assert they.push(token).status == 202
    another = they.office.provider.another().browser()
    assert another.post(f"upstream/events/{they.company.id}", token.encode(), headers=SET).status == 202
    assert they.are_in(crm, browser) == [True]
    clock.now += MAX_AGE
    assert they.push(token).status == 400


def test_y4_many_that_cannot_be_believed_are_not_looked_at(they: Transmitter, crm: App) -> None:
    browser = they.come(crm)
    for _ in range(MOST):
        assert they.push("x").status == 400
    assert they.push("x").status == 429
    assert they.push("x", they.office.add("Another", create=True)).status == 400  # each provider for itself
    # What the provider has signed is never held up, whoever else is in its network.
    assert they.say().status == 202
    assert they.are_in(crm, browser) == [False]


@pytest.mark.spec("RISC 2.3")
def test_y4_whoever_has_no_other_way_in_is_turned_off_and_on_again(they: Transmitter, crm: App, clock: Clock) -> None:
    browser = they.come(crm)
    services = they.office.provider.services
    tokens = they.office.provider.tokens(crm, browser, scope="openid offline_access")
    (person,) = [link.person_id for link in links.at(services.db, they.company.id)]
    clock.now += 120
    assert they.say(ACCOUNT_DISABLED).status == 202
    assert not services.directory.get(person).enabled
    assert they.office.provider.refresh(crm, tokens["refresh_token"]).status == 400
    clock.now += 60
    assert they.say(ACCOUNT_ENABLED).status == 202
    assert services.directory.get(person).enabled
    assert they.say(ACCOUNT_DISABLED, iat=int(clock()) - 30).status == 202  # it comes late
    assert services.directory.get(person).enabled
    services.directory.disable(person)
    assert they.say(ACCOUNT_ENABLED).status == 202  # not what an admin turned off
    assert not services.directory.get(person).enabled


def test_y4_whoever_has_another_way_in_is_not_the_providers_to_turn_off(they: Transmitter, crm: App) -> None:
    they.come(crm)
    services = they.office.provider.services
    (person,) = [link.person_id for link in links.at(services.db, they.company.id)]
    people.set_password(services, shell(), services.directory.get(person), "another long password 77")
    browser = they.come(crm)
    assert they.say(ACCOUNT_DISABLED).status == 202
    assert they.are_in(crm, browser) == [False]
    assert services.directory.get(person).enabled


def test_y4_the_same_event_at_once_is_said_again_later(
    they: Transmitter, crm: App, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """The second is not told that it is done while the first may fail yet."""
    browser, token = they.come(crm), they.office.there.sign(they.claims(), typ="secevent+jwt")
    seen: list[int] = []

    def fails(*_: object) -> int:
        seen.append(they.push(token).status)
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(ending, "over", fails)
        assert they.push(token).status == 503
    assert seen == [503]
    assert they.push(token).status == 202
    assert they.are_in(crm, browser) == [False]


@pytest.mark.spec("CAEP 3.1")
@pytest.mark.parametrize("part", ["device", "session"])
def test_y4_what_is_about_a_device_or_another_name_does_not_end_all(they: Transmitter, crm: App, part: str) -> None:
    browser = they.come(crm)
    other = {"format": "iss_sub", "iss": they.office.there.issuer, "sub": "laptop"}
    said = {"format": "complex", "user": they.account(), part: other}
    assert they.say(sub_id=said).status == 400
    assert they.are_in(crm, browser) == [True]


def test_y4_an_event_that_comes_late_ends_what_had_begun_and_nothing_newer(
    they: Transmitter, crm: App, clock: Clock
) -> None:  # fmt: skip
    """The way here was down for an hour; whoever signed in there anew meanwhile is in."""
    before = they.come(crm, "s1")
    said_at = int(clock())
    clock.now += 3600
    after = they.come(crm, "s2")
    assert they.say(iat=said_at).status == 202
    assert they.are_in(crm, before, after) == [False, True]
    named = {"format": "opaque", "id": "s2"}
    assert they.say(iat=said_at, sub_id=named).status == 202  # one that is named has ended, whenever that was
    assert they.are_in(crm, after) == [False]


def test_y4_an_older_end_takes_no_newer_ones_place(they: Transmitter, crm: App, clock: Clock) -> None:
    """A sign-in on its way that began between the two is over."""
    services, said_at = they.office.provider.services, int(clock())
    assert they.say(iat=said_at).status == 202
    assert they.say(iat=said_at - 60).status == 202
    assert elsewhere.is_over(services, elsewhere.Began(they.company.id, "there-1", "s1", said_at - 30.0))
