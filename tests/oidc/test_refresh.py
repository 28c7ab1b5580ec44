"""Refresh tokens: rotation, grace, reuse, limits, and what ends them. S9, S10, S19, S23, S38, S46, X20, X29."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jwt
import pytest

from clients.access import Access
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.consents import take_consent_back
from tests.provider import App, Browser, Provider

OFFLINE = "openid profile offline_access"


@pytest.mark.spec("RFC6749 6")
def test_a_refresh_gives_new_tokens_and_the_old_access_token_goes_on(
    provider: Provider, crm: App, clock: Clock
) -> None:
    first = provider.tokens(crm)
    clock.advance(30)
    answer = provider.refresh(crm, first["refresh_token"])
    assert answer.status == 200
    assert set(answer.json) == set(first)
    assert answer.json["scope"] == first["scope"]
    assert answer.json["refresh_token"] != first["refresh_token"]
    assert answer.json["access_token"] != first["access_token"]
    for tokens in (first, answer.json):
        assert provider.userinfo(tokens["access_token"]).status == 200


@pytest.mark.spec("OIDC-Core 12.2")
def test_S46_a_refreshed_id_token_keeps_who_and_when_and_has_no_nonce(
    provider: Provider, crm: App, clock: Clock
) -> None:
    first = provider.tokens(crm)
    clock.advance(300)
    second = provider.refresh(crm, first["refresh_token"]).json
    before, after = (_read(t["id_token"]) for t in (first, second))
    for claim in ("iss", "sub", "aud", "auth_time", "azp", "sid", "acr", "amr"):
        assert before[claim] == after[claim], claim
    assert before["nonce"] == "n-1"
    assert "nonce" not in after
    assert after["iat"] == before["iat"] + 300


def _read(token: str) -> dict[str, Any]:
    return dict(jwt.decode(token, options={"verify_signature": False}))


# -- rotation ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC9700 4.14.2")
def test_S9_within_the_grace_the_same_answer_comes_again(provider: Provider, crm: App, clock: Clock) -> None:
    first = provider.tokens(crm)
    clock.advance(100)
    second = provider.refresh(crm, first["refresh_token"]).json
    clock.advance(20)
    again = provider.refresh(crm, first["refresh_token"]).json
    for name in ("refresh_token", "access_token", "scope"):
        assert again[name] == second[name]
    assert again["expires_in"] == second["expires_in"] - 20
    assert provider.refresh(crm, second["refresh_token"]).status == 200
    assert provider.events("tokens:revoked") == []


@pytest.mark.spec("RFC9700 4.14.2")
def test_S9_past_the_grace_reuse_revokes_the_family_and_is_recorded(provider: Provider, crm: App, clock: Clock) -> None:
    first = provider.tokens(crm)
    clock.advance(100)
    second = provider.refresh(crm, first["refresh_token"]).json
    clock.advance(20.5)
    assert provider.refresh(crm, first["refresh_token"]).error == "invalid_grant"
    assert provider.refresh(crm, second["refresh_token"]).error == "invalid_grant"
    for tokens in (first, second):
        assert provider.userinfo(tokens["access_token"]).status == 401
    (event,) = provider.events("tokens:revoked")
    assert event.client_id == crm.id
    assert "again" in event.detail["why"]


def test_S9_an_ancestor_of_any_age_is_recognised_even_within_the_grace(
    provider: Provider, crm: App, clock: Clock
) -> None:
    first = latest = provider.tokens(crm)
    for _ in range(3):
        latest = provider.refresh(crm, latest["refresh_token"]).json
    assert provider.refresh(crm, first["refresh_token"]).error == "invalid_grant"
    assert provider.refresh(crm, latest["refresh_token"]).error == "invalid_grant"


def test_S9_a_made_up_token_of_a_family_revokes_nothing(provider: Provider, crm: App) -> None:
    token = provider.tokens(crm)["refresh_token"]
    head, _, secret = token.partition(".")
    for made_up in (
        f"{head}.{'A' * len(secret)}",
        head,
        f"{head}.",
        token + "A",
        token.upper(),
        "dwr_x.y",
        "x" * 5000,
        "dwr_a\x00.b",
    ):
        assert provider.refresh(crm, made_up).error == "invalid_grant", made_up
    assert provider.refresh(crm, token).status == 200


def test_X20_two_refreshes_one_after_the_other_give_one_family_with_one_successor(provider: Provider, crm: App) -> None:
    token = provider.tokens(crm)["refresh_token"]
    workers = [provider, provider.another()]
    answers = [workers[i % 2].refresh(crm, token).json for i in range(6)]
    assert len({answer["refresh_token"] for answer in answers}) == 1
    assert len({answer["access_token"] for answer in answers}) == 1


def test_the_grace_may_be_switched_off(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(tokens={"refresh_grace": 0})
    provider.add_person()
    crm = provider.add_client()
    token = provider.tokens(crm)["refresh_token"]
    provider.clock.advance(0.5)  # type: ignore[attr-defined]
    second = provider.refresh(crm, token).json["refresh_token"]
    provider.clock.advance(0.5)  # type: ignore[attr-defined]
    assert provider.refresh(crm, token).error == "invalid_grant"
    assert provider.refresh(crm, second).error == "invalid_grant"


def test_a_confidential_client_may_go_without_rotation(provider: Provider, ann: Person, clock: Clock) -> None:
    app = provider.add_client("Fixed", refresh_token_rotation=False)
    token = provider.tokens(app)["refresh_token"]
    for _ in range(3):
        clock.advance(60)
        assert provider.refresh(app, token).json["refresh_token"] == token


# -- limits ------------------------------------------------------------------------------------------------------------


def test_S9_S23_the_absolute_end_is_not_moved_by_rotation(provider: Provider, ann: Person, clock: Clock) -> None:
    app = provider.add_client("Spa", "spa", scope=OFFLINE, refresh_token_absolute=3600)
    token = provider.tokens(app, scope=OFFLINE)["refresh_token"]
    for _ in range(3):
        clock.advance(1199)
        answer = provider.refresh(app, token)
        assert answer.status == 200
        token = answer.json["refresh_token"]
    clock.advance(4)
    assert provider.refresh(app, token).error == "invalid_grant"


def test_S9_an_unused_refresh_token_ends(provider: Provider, ann: Person, clock: Clock) -> None:
    app = provider.add_client("Idle", scope=OFFLINE, refresh_token_idle=600)
    token = provider.tokens(app, scope=OFFLINE)["refresh_token"]
    for _ in range(3):
        clock.advance(599)
        token = provider.refresh(app, token).json["refresh_token"]
    clock.advance(600)
    assert provider.refresh(app, token).error == "invalid_grant"


@pytest.mark.spec("RFC10017 refresh tokens")
def test_S23_browser_apps_have_no_refresh_token_for_longer_than_a_day(
    provider: Provider, ann: Person, clock: Clock
) -> None:
    from clients.errors import InvalidMetadata

    with pytest.raises(InvalidMetadata):
        provider.add_client("Spa", "spa", refresh_token_absolute=86_401)
    with pytest.raises(InvalidMetadata):
        provider.add_client("Spa", "spa", refresh_token_rotation=False)
    app = provider.add_client("Spa", "spa")
    tokens = provider.tokens(app, scope=OFFLINE)
    assert "offline_access" not in tokens["scope"].split()
    token = tokens["refresh_token"]
    for _ in range(8):
        clock.advance(10_000)
        answer = provider.refresh(app, token)
        token = answer.json.get("refresh_token", token)
    clock.advance(10_000)
    assert provider.refresh(app, token).error == "invalid_grant"


# -- scope and resource ------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC6749 6")
def test_S10_S19_a_refresh_narrows_and_never_widens(provider: Provider, crm: App, clock: Clock) -> None:
    token = provider.tokens(crm, scope="openid profile")["refresh_token"]
    narrow = provider.refresh(crm, token, scope="profile").json
    assert narrow["scope"] == "profile"
    assert "id_token" not in narrow
    assert provider.userinfo(narrow["access_token"]).status == 403
    wider = provider.refresh(crm, narrow["refresh_token"], scope="openid profile email")
    assert (wider.status, wider.error) == (400, "invalid_scope")
    full = provider.refresh(crm, narrow["refresh_token"]).json  # §6: the grant itself was not narrowed
    assert full["scope"] == "openid profile"


@pytest.mark.spec("RFC8707 2.2")
def test_S38_a_refresh_narrows_resources_and_never_widens_them(provider: Provider, ann: Person) -> None:
    first, second = "https://a.example/api", "https://b.example/api"
    app = provider.add_client("App", resources=[first, second, "https://c.example/api"])
    tokens = provider.tokens(app, scope="openid", resource=[first, second])
    assert provider.introspect(app, tokens["access_token"])["aud"] == [first, second, provider.issuer]
    narrow = provider.refresh(app, tokens["refresh_token"], resource=second).json
    assert provider.introspect(app, narrow["access_token"])["aud"] == [second, provider.issuer]
    wider = provider.refresh(app, narrow["refresh_token"], resource="https://c.example/api")
    assert (wider.status, wider.error) == (400, "invalid_target")


def test_X28_a_refresh_token_is_of_no_use_to_another_client(provider: Provider, crm: App) -> None:
    thief = provider.add_client("Thief")
    public = provider.add_client("Spa", "spa")
    token = provider.tokens(crm)["refresh_token"]
    for app in (thief, public):
        assert provider.refresh(app, token).error == "invalid_grant"
    assert provider.refresh(crm, token).status == 200


# -- what ends it ------------------------------------------------------------------------------------------------------


def test_offline_access_survives_the_sign_out_and_other_tokens_die_with_the_session(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    crm = provider.add_client("CRM", scope=OFFLINE)
    bound = provider.tokens(crm, browser, scope="openid profile")
    offline = provider.tokens(crm, browser, scope=OFFLINE)
    assert "offline_access" in offline["scope"].split()
    browser.submit(browser.get("logout"), "confirm")
    assert provider.refresh(crm, bound["refresh_token"]).error == "invalid_grant"
    assert provider.userinfo(bound["access_token"]).status == 401
    assert provider.introspect(crm, bound["access_token"]) == {"active": False}
    again = provider.refresh(crm, offline["refresh_token"])
    assert again.status == 200
    assert provider.userinfo(again.json["access_token"]).status == 200


def test_session_bound_tokens_end_with_the_sessions_absolute_end(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    token = provider.tokens(crm, browser, scope="openid")["refresh_token"]
    clock.advance(provider.settings.session.absolute_hours * 3600 + 1)
    assert provider.refresh(crm, token).error == "invalid_grant"


def _disable_person(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    provider.services.directory.disable(person.id)


def _disable_client(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    provider.services.registry.disable(app.id)


def _remove_client(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    provider.services.registry.remove(app.id)


def _take_consent_back(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    take_consent_back(provider, browser, app)


def _withdraw_access(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    provider.services.registry.update(app.id, {}, access=Access.only(groups=["marketing"]))


def _leave_group(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    provider.services.directory.set_groups(person.id, ["marketing"])


def _sign_out(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    browser.submit(browser.get("logout"), "confirm")


def _new_password(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    from idp.accounts.set_password import set_password

    services = provider.services
    assert not set_password(
        services.directory, services.passwords, services.password_policy, person.id, "a quite different phrase"
    )


def _revoke(provider: Provider, browser: Browser, app: App, person: Person) -> None:
    assert provider.revoke(app, provider.held["refresh_token"]).status == 200  # type: ignore[attr-defined]


ENDINGS: dict[str, Callable[[Provider, Browser, App, Person], None]] = {
    "account disabled": _disable_person,
    "client disabled": _disable_client,
    "client removed": _remove_client,
    "consent taken back": _take_consent_back,
    "access rule withdrawn": _withdraw_access,
    "group left": _leave_group,
    "signed out": _sign_out,
    "password changed": _new_password,
    "refresh token revoked": _revoke,
}


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "by-another-process"])
@pytest.mark.parametrize("format_", ["opaque", "jwt"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_S10_X29_revocation_is_immediate_on_every_path(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, ending: str, format_: str, elsewhere: bool
) -> None:
    app = provider.add_client(
        "Tool", consent="explicit", access_token_format=format_, access=Access.only(groups=["sales", "support"])
    )
    watcher = provider.add_client("Watcher", introspection="all")
    # With offline_access only what is meant to end offline tokens can; without it the session's end does.
    scope = "openid profile" if ending == "signed out" else OFFLINE
    held = provider.tokens(app, browser, scope=scope)
    served = provider.another() if elsewhere else provider
    served.held = held  # type: ignore[attr-defined]
    # The process that answers has seen all of it a moment ago.
    assert provider.userinfo(held["access_token"]).status == 200
    assert provider.refresh(app, held["refresh_token"]).status == 200
    waiting = provider.sign_in(browser, app, scope=scope).code
    clock.advance(1.0)
    if elsewhere:
        outside = Browser(served.app, served.issuer)
        outside.cookies = browser.cookies
        ENDINGS[ending](served, outside, app, ann)
    else:
        ENDINGS[ending](served, browser, app, ann)
    assert provider.userinfo(held["access_token"]).status == 401
    assert provider.whoami(held["access_token"]).status == 401
    assert provider.introspect(watcher, held["access_token"]) == {"active": False}
    assert "access_token" not in provider.refresh(app, held["refresh_token"]).json
    if ending != "refresh token revoked":  # that one ends what it belongs to, not another sign-in
        assert "access_token" not in provider.redeem(app, waiting).json
    if ending in ("account disabled", "client disabled", "client removed", "signed out", "password changed"):
        silent = provider.authorize(browser, app, prompt="none", scope=scope)
        assert "code" not in silent.sent


@pytest.mark.parametrize("ending", ["account disabled", "client disabled"])
def test_X29_what_was_ended_stays_ended_when_the_account_or_client_comes_back(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, ending: str
) -> None:
    app = provider.add_client("Tool", consent="explicit")
    held = provider.tokens(app, browser, scope=OFFLINE)
    clock.advance(2)
    ENDINGS[ending](provider, browser, app, ann)
    clock.advance(2)
    provider.services.directory.enable(ann.id)
    provider.services.registry.enable(app.id)
    assert provider.refresh(app, held["refresh_token"]).error == "invalid_grant"
    assert provider.userinfo(held["access_token"]).status == 401
    assert provider.tokens(app, provider.browser(), scope=OFFLINE)["access_token"]
