"""Anybody who knows a client id sends requests in its name: the application's own are there all the same. R3, S18."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.admin.actor import Actor, of_shell
from idp.admin.checking import keeping, report, running
from idp.admin.checking.check import Check
from idp.admin.checking.report import Report
from idp.admin.checking.step import Step
from idp.answers.finding import Finding
from tests.admin.checking.conftest import Watched
from tests.admin.checking.relying import SERVER, Application
from tests.backends import Clock
from tests.provider import HOME, App, Provider

MANY = 500  # requests
Flood = Callable[[int], None]


@pytest.fixture
def app(provider: Provider) -> App:
    provider.add_person("ann")
    return provider.add_client("CRM")


def from_one_address(provider: Provider, app: App) -> Flood:
    """Each request is another one, and all come from one machine."""
    stranger, said = provider.browser("198.51.100.66"), iter(range(100_000))

    def flood(many: int) -> None:
        for _ in range(many):
            provider.authorize(stranger, app, redirect_uri=f"https://crm.example/{next(said)}")

    return flood


def from_as_many_addresses(provider: Provider, app: App) -> Flood:
    """A machine for each, and each of another kind: those that say nothing of whose they are, as well."""
    said = iter(range(100_000))

    def flood(many: int) -> None:
        for _ in range(many):
            number = next(said)
            stranger = provider.browser(f"198.18.{number // 250}.{number % 250 + 1}")
            if number % 3 == 0:
                stranger.get("oauth/jwks")
            elif number % 3 == 1:
                stranger.post("oauth/token", [("client_id", app.id), ("grant_type", f"g{number}")])
            else:
                provider.authorize(stranger, app, scope=f"openid s{number}")

    return flood


def admin_at(app: App, address: str) -> Actor:
    from idp.accounts.roles import RoleGrant

    return Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", (app.id,)),), address=address)


def found(provider: Provider, app: App) -> Report:
    made = report.of(provider.services, app.client)
    assert made is not None
    return made


@pytest.mark.parametrize("flooding", [from_one_address, from_as_many_addresses])
def test_R3_500_hostile_requests_before_between_and_after_push_no_step_of_a_true_sign_in_out(
    provider: Provider, app: App, flooding: Callable[[Provider, App], Flood]
) -> None:
    flood = flooding(provider, app)
    running.start(provider.services, admin_at(app, HOME), app.client)
    client = Application(provider, app)
    flood(MANY)
    code = client.sign_in()["code"]
    flood(MANY)
    token = client.redeem(code)
    client.http.get(f"{provider.issuer}/oauth/jwks", withhold_token=True)
    client.http.get(f"{provider.issuer}/oauth/userinfo")
    flood(MANY)
    assert "access_token" in token
    told = found(provider, app)
    true = [one for one in told.steps if one.near]
    assert [one.kind for one in true] == ["authorize", "answer", "token", "jwks", "userinfo"]
    assert {one.outcome for one in true} == {"ok"}
    assert {one.kind: one.state for one in told.milestones if one.kind not in ("discovery", "logout")} == dict.fromkeys(
        ("authorize", "answered", "token", "jwks", "userinfo"), "ok"
    )
    assert told.is_full
    assert len(told.steps) <= keeping.MOST
    assert len(_kept(provider)) < 3 * keeping.MOST + 60  # nor is there a trace of each who found no place


def test_R3_what_is_wrong_with_the_application_stands_before_what_strangers_sent(provider: Provider, app: App) -> None:
    flood = from_one_address(provider, app)
    running.start(provider.services, admin_at(app, HOME), app.client)
    flood(100)
    Application(provider, app, redirect_uri="https://crm.example/cb/").run()
    flood(100)
    told = found(provider, app)
    assert told.findings[0].got == "https://crm.example/cb/"
    assert {one.kind: one.state for one in told.milestones}["authorize"] == "wrong"


def test_R3_a_stranger_mends_nothing(provider: Provider, app: App) -> None:
    running.start(provider.services, admin_at(app, HOME), app.client)
    Application(provider, app, redirect_uri="https://crm.example/cb/").run()
    provider.authorize(provider.browser("198.51.100.66"), app)
    told = found(provider, app)
    assert [one.code for one in told.findings] == ["redirect_uri"]
    assert told.mended == ()


def test_R3_a_server_that_has_not_proved_itself_yet_has_its_mistakes_told_beside_a_flood(
    provider: Provider, app: App, watched: Watched
) -> None:
    look = watched(app.client)  # from a shell: nobody is near
    flood = from_one_address(provider, app)
    flood(100)
    assert Application(provider, app, secret="another").run()["error"] == "invalid_client"
    assert "secret_wrong" in [one.code for one in look().findings]


def test_R3_strangers_who_fill_one_minute_do_not_fill_the_next(provider: Provider, app: App, clock: Clock) -> None:
    check = running.start(provider.services, of_shell("cli:test"), app.client)
    for number in range(MANY):
        keeping.keep(provider.services, check, step(clock, f"hostile {number}"), f"192.0.2.{number % 250}")
    clock.advance(60)
    keeping.keep(provider.services, check, step(clock, "true"), "203.0.113.9")
    assert [one.facts["n"] for one in keeping.steps(provider.services, check)][-1] == "true"
    assert len(keeping.steps(provider.services, check)) == keeping.FAR.places + 1


def test_S18_an_address_of_ipv6_is_one_sender_whatever_its_second_half_is(
    provider: Provider, app: App, clock: Clock
) -> None:
    check = running.start(provider.services, of_shell("cli:test"), app.client)
    for number in range(MANY):
        keeping.keep(provider.services, check, step(clock, f"hostile {number}"), f"2001:db8::{number:x}")
    assert len(keeping.steps(provider.services, check)) == keeping.FAR.of_one


def test_R3_what_comes_again_is_counted_and_memory_is_bounded_for_whoever_is_near(
    provider: Provider, app: App, clock: Clock
) -> None:
    check = running.start(provider.services, admin_at(app, HOME), app.client)
    for number in range(MANY):
        keeping.keep(provider.services, check, step(clock, f"n{number}"), HOME)
    for _ in range(3):
        keeping.keep(provider.services, check, step(clock, "n0"), HOME)
    kept = keeping.steps(provider.services, check)
    assert len(kept) == keeping.NEAR.of_one
    assert kept[0].times == 4
    assert keeping.is_full(provider.services, check)


def test_R3_whoever_looks_at_the_check_and_may_change_the_application_is_near_and_an_auditor_is_not(
    provider: Provider, app: App, clock: Clock
) -> None:
    from idp.accounts.roles import RoleGrant

    check = running.start(provider.services, of_shell("cli:test"), app.client)
    auditor = Actor(kind="person", id="u2", name="person:u2", grants=(RoleGrant("auditor"),), address="192.0.2.8")
    running.look_on(provider.services, auditor, app.id)
    running.look_on(provider.services, admin_at(app, "192.0.2.9"), app.id)
    running.look_on(provider.services, admin_at(app, "192.0.2.9"), "unknown")
    for address in ("192.0.2.8", "192.0.2.9"):
        keeping.keep(provider.services, check, step(clock, address), address)
    assert {one.facts["n"]: one.near for one in keeping.steps(provider.services, check)} == {
        "192.0.2.8": False, "192.0.2.9": True,
    }  # fmt: skip


@pytest.mark.parametrize("how", ["a code that is none", "a token that is none", "a revocation"])
def test_S18_the_id_of_an_application_without_a_secret_brings_nobody_near(provider: Provider, how: str) -> None:
    app = provider.add_client("Phone", "native", redirect_uris=["https://phone.example/cb"])
    check = running.start(provider.services, of_shell("cli:test"), app.client)
    stranger = provider.browser(SERVER)
    about = [("client_id", app.id), ("token", "none"), ("code", "none"), ("code_verifier", "v" * 50)]
    if how == "a revocation":
        stranger.post("oauth/revoke", about)
    elif how == "a token that is none":
        stranger.get("oauth/userinfo", headers={"Authorization": "Bearer none"})
    else:
        about += [("grant_type", "authorization_code"), ("redirect_uri", app.redirect_uri)]
        stranger.post("oauth/token", about)
    assert not [one for one in keeping.steps(provider.services, check) if one.near]


def step(clock: Clock, name: str) -> Step:
    return Step("authorize", "ok", clock(), {"n": name}, (Finding("x", "application", "x", "x"),))


def _kept(provider: Provider) -> list[object]:
    from sqlalchemy import select

    from idp.state.sql import state

    return [one for one in provider.services.db.all(select(state)) if one.key.startswith("check-")]


def test_R3_a_check_keeps_its_places_when_it_is_ended_early(provider: Provider, app: App, clock: Clock) -> None:
    check: Check = running.start(provider.services, of_shell("cli:test"), app.client)
    clock.advance(400)
    keeping.keep(provider.services, check, step(clock, "late"), "192.0.2.4")
    ended = running.stop(provider.services, of_shell("cli:test"), app.client)
    assert ended is not None
    assert [one.facts["n"] for one in keeping.steps(provider.services, ended)] == ["late"]
