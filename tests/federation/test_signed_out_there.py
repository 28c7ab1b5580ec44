"""I9: whoever signs out at a provider is out here and in every application (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from idp.admin import joining
from idp.admin.actor import of_shell
from idp.errors import Refused
from idp.federation import failures, links
from idp.federation.openid import metadata
from idp.federation.openid.pacing import MOST
from idp.federation.provider import Provider as Upstream
from idp.login import signout
from idp.login.browser import elsewhere, sessions
from tests.backends import Clock
from tests.federation.stand_in import CLIENT, StandIn, another_key, by_public_key, unsigned
from tests.federation.visiting import Office
from tests.login import second_step
from tests.provider import Answer, App, Browser, Provider

EVENT = "http://schemas.openid.net/event/backchannel-logout"
OURS = {"email": "ann@example.com", "email_verified": True}


@dataclass
class There:
    """The provider's server, which tells of ends."""

    office: Office
    company: Upstream
    told: int = 0

    def claims(self, **said: Any) -> dict[str, Any]:
        """A logout token that keeps every rule, but for what is said; None leaves a claim out."""
        self.told += 1
        now = int(self.office.provider.clock())
        claims = {
            "iss": self.office.there.issuer, "aud": CLIENT, "iat": now, "exp": now + 120, "jti": f"end-{self.told}",
            "events": {EVENT: {}}, "sub": "there-1", "sid": "s1", **said,
        }  # fmt: skip
        return {name: value for name, value in claims.items() if value is not None}

    def send(self, token: str, company: Upstream | None = None, browser: Browser | None = None) -> Answer:
        to = (company or self.company).id
        sender = browser or self.office.provider.browser("192.0.2.80")
        return sender.post(f"upstream/logout/{to}", {"logout_token": token})

    def say(self, **said: Any) -> Answer:
        return self.send(self.office.there.sign(self.claims(**said), typ="logout+jwt"))


@pytest.fixture
def they(office: Office) -> There:
    return There(office, office.add(create=True))


def come(they: There, app: App, sid: str | None = "s1", sub: str = "there-1", **claims: Any) -> Browser:
    """Somebody is signed in here by a session there."""
    browser = they.office.provider.browser()
    assert they.office.come(browser, app, they.company, sub, sid=sid, **claims).code
    return browser


def is_in(provider: Provider, browser: Browser, app: App) -> bool:
    return provider.authorize(browser, app, prompt="none").sent.get("error") is None


@pytest.mark.spec("OpenID BCL 2.7")
def test_i9_the_end_of_a_session_there_is_the_end_of_ours_and_of_its_tokens(they: There, crm: App) -> None:
    office = they.office
    browser = office.provider.browser()
    tokens = office.provider.redeem(crm, office.come(browser, crm, they.company, sid="s1").code).json
    other = come(they, crm, "s2")
    answer = they.say()
    assert (answer.status, answer.json, answer.headers["Cache-Control"]) == (200, {}, "no-store")
    assert not is_in(office.provider, browser, crm)
    assert not office.provider.introspect(crm, tokens["access_token"])["active"]
    assert office.provider.refresh(crm, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert is_in(office.provider, other, crm)  # the same account's other session there goes on
    (event,) = office.provider.events("session:ended")
    assert (event.detail["why"], event.detail["provider"]) == ("signed out at Company", "Company")
    assert event.actor == f"provider:{they.company.id}"


def test_i9_every_application_is_told(they: There, office: Office) -> None:
    """As of any other end: the notices are queued for the applications that can be told."""
    crm = office.provider.add_client("CRM", backchannel_logout_uri="https://crm.example/logout")
    browser = office.provider.browser()
    office.provider.redeem(crm, office.come(browser, crm, they.company, sid="s1").code)
    they.say()
    sql, _, told = office.provider.counted(lambda: signout.tell_ended(office.provider.services))
    assert told == 1
    assert any("INSERT INTO jobs" in one for one in sql)


@pytest.mark.spec("OpenID BCL 2.6")
def test_i9_without_a_sid_every_session_of_the_account_ends_and_nobody_elses(they: There, crm: App) -> None:
    one, two, other = come(they, crm, "s1"), come(they, crm, None), come(they, crm, "s3", "there-2")
    assert they.say(sid=None).status == 200
    assert [is_in(they.office.provider, browser, crm) for browser in (one, two, other)] == [False, False, True]


def test_i9_a_sid_of_another_account_ends_nothing(they: There, crm: App) -> None:
    browser = come(they, crm, "s1")
    assert they.say(sub="there-2").status == 200
    assert they.say(sid="s9").status == 200
    assert is_in(they.office.provider, browser, crm)
    assert they.say(sub=None).status == 200  # a sid alone is enough
    assert not is_in(they.office.provider, browser, crm)


def test_i9_a_session_that_was_never_named_ends_with_any_of_its_person(they: There, crm: App, clock: Clock) -> None:
    """An ID token without `sid`, and a logout token with both: nobody can tell which it was, so it is that one, too."""
    unnamed, other, somebody = come(they, crm, None), come(they, crm, "s2"), come(they, crm, None, "there-2")
    assert they.say(sid="s1", sub=None).status == 200
    assert is_in(they.office.provider, unnamed, crm)
    assert they.say(sid="s1").status == 200
    assert [is_in(they.office.provider, one, crm) for one in (unnamed, other, somebody)] == [False, True, True]
    browser = they.office.provider.browser()
    late = they.office.come(browser, crm, they.company, sid=None)  # it was said before that
    assert "signed out where you came from" in late.dom.text
    clock.now += 2
    assert is_in(they.office.provider, come(they, crm, None), crm)


@pytest.mark.spec("OpenID BCL 2.6")
@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"iss": "https://evil.example"}, "upstream_issuer"),
        ({"aud": "somebody-else"}, "upstream_audience"),
        ({"aud": [CLIENT, "somebody-else"]}, "upstream_audience"),
        ({"iat": 1, "exp": 2}, "upstream_clock"),
        ({"iat": 10**11, "exp": 10**11 + 60}, "upstream_clock"),
        ({"exp": None}, "upstream_clock"),
        ({"exp": 10**11}, "upstream_clock"),
        ({"sub": None, "sid": None}, "upstream_logout"),
        ({"sub": 7}, "upstream_logout"),
        ({"sid": "s" * 501}, "upstream_logout"),
        ({"events": None}, "upstream_clock"),
        ({"events": {}}, "upstream_logout"),
        ({"events": {EVENT: True}}, "upstream_logout"),
        ({"events": [EVENT]}, "upstream_logout"),
        ({"nonce": "n"}, "upstream_logout"),
        ({"jti": 7}, "upstream_logout"),
    ],
    ids=[
        "iss", "aud", "aud-of-two", "expired", "of-the-future", "no-exp", "exp-far", "neither",
        "sub-no-text", "sid-long", "no-events", "no-event", "event-no-object", "events-a-list", "nonce", "jti-no-text",
    ],
)  # fmt: skip
def test_i9_a_token_that_breaks_a_rule_ends_nothing(
    they: There, crm: App, said: Mapping[str, Any], kind: str
) -> None:  # fmt: skip
    browser = come(they, crm)
    answer = they.say(**said)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert they.office.provider.events(f"error:{kind}") or kind == "upstream_clock"
    assert is_in(they.office.provider, browser, crm)


def test_i9_tokens_of_another_form_or_key_end_nothing(they: There, crm: App) -> None:
    browser, there = come(they, crm), they.office.there
    id_token = there.sign({**they.claims(events=None, jti=None), "nonce": "n"})
    for token in (
        unsigned(they.claims()), by_public_key(there, they.claims()), there.sign(they.claims(), another_key()),
        there.sign(they.claims(), typ="at+jwt"), there.sign(they.claims(), typ="id_token+jwt"), id_token, "x", "",
    ):  # fmt: skip
        assert they.send(token).status == 400
    assert is_in(they.office.provider, browser, crm)
    assert they.office.provider.browser().get(f"upstream/logout/{they.company.id}").status == 405
    assert they.send(there.sign(they.claims()), Upstream(id="nobody", name="N")).status == 404


def test_i9_another_providers_token_is_none_of_this_one(they: There, crm: App) -> None:
    """The same issuer and subject at a provider that was made again: its sessions are its own."""
    browser = come(they, crm)
    again = they.office.add("Once more", create=True)
    assert they.send(they.office.there.sign(they.claims(), typ="logout+jwt"), again).status == 200
    assert is_in(they.office.provider, browser, crm)


def test_i9_a_token_is_taken_once_over_all_processes(they: There, crm: App, clock: Clock) -> None:
    token = they.office.there.sign(they.claims(sid=None), typ="logout+jwt")
    assert they.send(token).status == 200
    clock.now += 2
    browser = come(they, crm)  # signed in anew a moment later
    another = they.office.provider.another()
    assert they.send(token, browser=another.browser()).status == 400
    assert they.send(token).status == 400
    assert is_in(they.office.provider, browser, crm)


def test_i9_what_ends_there_on_the_way_here_opens_nothing(they: There, crm: App, clock: Clock) -> None:
    """At the second step the session there ends: there is nothing of ours to end yet, and there never will be."""
    office = they.office
    phone = second_step.enrol(office.provider, clock, email_verified=True)
    office.change(they.company, join=True, domains=["example.com"])
    browser = office.provider.browser()
    page = office.come(browser, crm, they.company, sid="s1", **OURS)
    assert second_step.is_second_step(page)
    assert they.say().status == 200
    answer = browser.submit(page, code=phone.code)
    assert "signed out where you came from" in answer.dom.text
    assert not is_in(office.provider, browser, crm)
    (started,) = office.provider.events("session:started")
    assert not sessions.open_of(office.provider.services, str(started.person_id))


def test_i9_signed_in_anew_there_is_signed_in_here(they: There, crm: App, clock: Clock) -> None:
    """A note of an end concerns what began before it."""
    they.say(sid=None)
    clock.now += 2
    assert is_in(they.office.provider, come(they, crm), crm)


def test_i9_who_proved_it_here_is_not_signed_out_from_there(they: There, crm: App) -> None:
    office = they.office
    office.provider.add_person("bob")
    browser = office.provider.browser()
    office.provider.sign_in(browser, crm, login="bob")
    assert they.say(sub="bob", sid=None).status == 200
    assert is_in(office.provider, browser, crm)


def test_i9_a_flood_of_made_up_tokens_writes_little_and_hinders_no_true_one_from_elsewhere(
    they: There, crm: App
) -> None:  # fmt: skip
    browser, stranger = come(they, crm), they.office.provider.browser("198.51.100.7")
    answers = [they.send("made.up.token", browser=stranger).status for _ in range(MOST + 3)]
    assert answers == [400] * MOST + [429] * 3
    assert they.send("made.up.token").status == 400
    for _ in range(MOST):
        they.send("made.up.token")
    assert they.send("made.up.token").status == 429  # from the provider's own network, too
    assert they.say().status == 200
    assert not is_in(they.office.provider, browser, crm)


def test_i10_a_provider_that_hangs_is_asked_once_by_those_who_wait(
    they: There, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    services, company, asked = they.office.provider.services, they.company, []
    found, kept = metadata.read(services, company), services.part(metadata.Kept)
    down = failures.down(company, "it hangs")

    def fails(*_: object) -> object:
        asked.append(1)
        raise down

    class AfterAnother:
        """The lock, once whoever had it has waited in vain."""

        def __enter__(self) -> None:
            kept.failures[key] = (1, down)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(metadata, "_fetch", fails)
    monkeypatch.setattr(metadata, "_fetch_keys", fails)
    clock.now += metadata.FRESH
    assert [metadata.read(services, company) for _ in range(3)] == [found] * 3
    assert len(asked) == 1
    key = f"{company.id} {company.issuer} {company.client_id} {found.jwks_uri}"
    kept.keys.clear()
    monkeypatch.setitem(kept.reading, key, AfterAnother())  # type: ignore[arg-type]
    with pytest.raises(Refused):
        metadata.read_keys(services, company, found)
    assert len(asked) == 1


def test_i9_what_a_session_began_by_goes_with_its_person(they: There, crm: App) -> None:
    come(they, crm)
    services = they.office.provider.services
    (started,) = they.office.provider.events("session:started")
    (kept,) = elsewhere.of_session(services.db, str(started.session_id))
    assert (kept.subject, kept.sid) == ("there-1", "s1")
    assert "ey" not in kept.id_token[:2]  # sealed
    services.directory.remove(str(started.person_id), record=lambda *_: None)
    assert elsewhere.of_session(services.db, str(started.session_id)) == ()


@pytest.mark.slow
def test_i9_on_postgresql_the_end_there_is_the_end_here(
    open_provider: Callable[..., Provider], there: StandIn, postgresql_url: str
) -> None:  # fmt: skip
    """And two persons that are one are joined there, too: the accounts elsewhere of both are one's."""
    grown = open_provider(storage={"database_url": postgresql_url}, outbound={"allow": [there.origin]})
    office = Office(grown, there)
    they, crm = There(office, office.add(create=True)), grown.add_client("CRM")
    one, two = come(they, crm, "s1"), come(they, crm, "s2", "there-2", preferred_username="second")
    assert they.say().status == 200
    assert [is_in(grown, one, crm), is_in(grown, two, crm)] == [False, True]
    assert they.say(sid=None, sub="there-2").status == 200
    assert not is_in(grown, two, crm)
    services, ids = grown.services, {str(event.person_id) for event in grown.events("session:started")}
    kept, gone = (services.directory.get(id) for id in sorted(ids))
    joining.join(services, of_shell("cli:test"), kept, gone)
    assert len(links.of_person(services.db, kept.id)) == 2
