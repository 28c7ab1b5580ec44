"""A sign-in that is only thought of comes out as the real one does (B2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clients.access import Access
from idp.admin.actor import Actor, NotAllowed
from idp.admin.rules.simulating import BadAddress, Simulated, Situation, simulate
from tests.admin.rules.conftest import As
from tests.backends import Clock
from tests.login.second_step import enrol, is_second_step
from tests.provider import App, Provider

OFFICE, SHOP = "192.0.2.10", "198.51.100.7"
DAY = 86400.0


@pytest.fixture
def plain(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(factors={"personal": "never"})


def situation(provider: Provider, name: str = "ann", app: App | None = None, **about: Any) -> Situation:
    person = provider.services.directory.find_by_login(name)
    assert person is not None
    given: dict[str, Any] = {"address": OFFICE, "is_known_device": True, "at": provider.services.clock(), **about}
    return Situation(person=person, client=app.client if app else None, **given)


def look(provider: Provider, shell: Actor, *names: Any, **about: Any) -> Simulated:
    return simulate(provider.services, shell, situation(provider, *names, **about))


def kinds(found: Simulated) -> list[str]:
    return [step.kind for step in found.steps]


def test_B2_each_rule_says_whether_it_holds_and_else_which_condition_does_not(plain: Provider, shell: Actor) -> None:
    plain.add_person("ann", groups=["sales"])
    app = plain.add_client()
    for said in (
        {"groups": ["board"]}, {"roles": ["owner"]}, {"apps": ["c0"]}, {"networks": ["198.51.100.0/24"]},
        {"outside": ["192.0.2.0/24"]}, {"device": "unknown"}, {"starts": "2099-01-01"}, {"groups": ["Sales"]},
    ):  # fmt: skip
        plain.add_rule(**said)
    found = look(plain, shell, "ann", app)
    assert [one.why_not for one in found.verdicts] == [
        "groups", "roles", "apps", "networks", "outside", "device", "starts", "",
    ]  # fmt: skip
    assert [one.decides for one in found.verdicts] == [""] * 7 + ["level"]


def test_B2_a_rule_that_is_off_is_named_so_and_fixed_ones_come_first(
    open_provider: Callable[..., Provider], shell: Actor
) -> None:
    from idp.admin.rules import changing

    provider = open_provider(factors={"rules": [{"need": "second", "groups": ["board"]}]})
    provider.add_person()
    changing.add(provider.services, shell, {"name": "Later"}, enabled=False)
    found = look(provider, shell)
    assert next((one.rule.id[:5], one.rule.fixed, one.why_not) for one in found.verdicts) == ("file-", True, "groups")
    assert found.verdicts[1].why_not == "off"


def test_B2_who_has_a_factor_shows_it_and_who_has_none_sets_one_up(plain: Provider, shell: Actor, clock: Clock) -> None:
    enrol(plain, clock)
    plain.add_person("bob")
    plain.add_rule(device="unknown", grace_days=3)
    ann = look(plain, shell, "ann", is_known_device=False)
    assert (kinds(ann), ann.steps[1].kinds[:1], ann.outcome) == (["first", "prove"], ("totp",), "in")
    assert kinds(look(plain, shell, "ann")) == ["first"]
    bob = look(plain, shell, "bob", is_known_device=False)
    assert (kinds(bob), bob.outcome) == (["first", "enrol"], "in")
    assert bob.steps[1].until > clock()
    late = look(plain, shell, "bob", is_known_device=False, at=clock() + 4 * DAY)
    assert (kinds(late), late.steps[1].until) == (["first", "enrol"], 0.0)


def test_B2_factors_may_be_supposed(plain: Provider, shell: Actor) -> None:
    plain.add_person("ann")
    plain.add_rule(need="phishing-resistant")
    assert kinds(look(plain, shell, "ann", has=())) == ["first", "enrol"]
    assert kinds(look(plain, shell, "ann", has=("totp",))) == ["first", "prove", "enrol"]
    assert kinds(look(plain, shell, "ann", has=("webauthn",))) == ["first", "prove"]
    assert kinds(look(plain, shell, "ann", first="passkey")) == ["first"]


def test_B2_denied_by_a_rule_by_the_application_or_since_the_account_is_off(plain: Provider, shell: Actor) -> None:
    ann = plain.add_person("ann")
    closed = plain.add_client("Closed", access=Access.only(groups=["board"]))
    plain.add_rule(need="deny", outside=["192.0.2.0/24"], why="Only from the office.")
    away = look(plain, shell, "ann", address=SHOP)
    assert (away.outcome, away.reason, away.verdicts[0].decides) == ("denied", "Only from the office.", "level")
    assert look(plain, shell, "ann").outcome == "in"
    assert look(plain, shell, "ann", closed).outcome == "no_access"
    plain.services.directory.disable(ann.id)
    assert look(plain, shell, "ann").outcome == "off"


def test_R4_an_older_sign_in_is_made_anew_and_consent_is_asked_for(plain: Provider, shell: Actor) -> None:
    plain.add_person("ann")
    app = plain.add_client(consent="explicit")
    plain.add_rule(need="none", max_age_minutes=30, apps=[app.id])
    young = look(plain, shell, "ann", app, signed_in_for=600.0)
    assert kinds(young) == ["session", "consent"]
    old = look(plain, shell, "ann", app, signed_in_for=3600.0)
    assert (kinds(old), old.verdicts[0].decides) == (["session", "again", "consent"], "age")


def test_B2_what_somebody_set_up_themselves_is_asked_for_by_no_rule(
    provider: Provider, shell: Actor, clock: Clock
) -> None:
    enrol(provider, clock)
    found = look(provider, shell, "ann")
    assert (kinds(found), found.own) == (["first", "prove"], True)


@pytest.mark.parametrize("address", [OFFICE, SHOP])
@pytest.mark.parametrize("rule", [
    {"need": "second", "networks": ["198.51.100.0/24"]}, {"need": "deny", "outside": ["192.0.2.0/24"]},
    {"need": "second", "device": "unknown"}, {"need": "second", "groups": ["board"]},
])  # fmt: skip
def test_B2_what_is_thought_of_is_what_happens(
    plain: Provider, shell: Actor, clock: Clock, rule: dict[str, Any], address: str
) -> None:
    enrol(plain, clock)
    app = plain.add_client()
    plain.add_rule(**rule)
    found = look(plain, shell, "ann", app, address=address, is_known_device=False)
    browser = plain.browser(address)
    answer = browser.log_in(plain.authorize(browser, app))
    assert (found.outcome == "denied") == (answer.status == 403)
    assert ("prove" in kinds(found)) == is_second_step(answer)
    assert (kinds(found) == ["first"] and found.outcome == "in") == answer.is_redirect


def test_S59_nobody_thinks_of_what_they_may_not_read(plain: Provider, acting: As) -> None:
    plain.add_person("ann")
    wanted = situation(plain, "ann")
    assert simulate(plain.services, acting("eve", "auditor"), wanted).outcome == "in"
    for role in ("app_admin", "help_desk"):
        with pytest.raises(NotAllowed):
            simulate(plain.services, acting("bob", role), wanted)


def test_B5_an_address_that_is_none_is_said_so(plain: Provider, shell: Actor) -> None:
    plain.add_person("ann")
    with pytest.raises(BadAddress):
        simulate(plain.services, shell, replace(situation(plain), address="the office"))
