"""No token outlives what it stands on: its grant, its row, its scopes, its session. S9, S33, S46, S58, S59."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.oidc import ledger
from idp.oidc.ledger.store import families
from tests.backends import Clock
from tests.provider import App, Browser, Provider

FORMATS = pytest.mark.parametrize("format_", ["opaque", "jwt"])
API, REPORTS = "https://api.example/", "https://reports.example/"


def is_live(provider: Provider, app: App, token: str) -> bool:
    """Whether any place takes the token for a live one; all must agree."""
    active = bool(provider.introspect(app, token)["active"])
    assert (provider.whoami(token).status == 200) is active
    return active


def short_client(provider: Provider, format_: str, absolute: int) -> App:
    """Its grants end long before its access tokens would by themselves."""
    return provider.add_client(
        "Short",
        access_token_format=format_,
        access_token_lifetime=86400,
        refresh_token_absolute=absolute,
        refresh_token_idle=absolute,
    )


# -- the absolute end ------------------------------------------------------------------------------------------------


@FORMATS
@pytest.mark.parametrize("times", [0, 1, 2], ids=["redeemed", "refreshed", "refreshed again within the grace"])
@pytest.mark.spec("RFC9700 4.14.2")
def test_S9_an_access_token_ends_with_its_grant_at_the_latest(
    provider: Provider, ann: Person, clock: Clock, format_: str, times: int
) -> None:
    app = short_client(provider, format_, 300)
    end = clock() + 300
    answer = provider.tokens(app)
    held = answer["refresh_token"]
    for _ in range(times):
        clock.advance(10)
        answer = provider.refresh(app, held).json
    token = answer["access_token"]
    assert answer["expires_in"] <= end - clock()
    assert provider.introspect(app, token)["exp"] <= end
    clock.advance(end - clock() - 2)
    assert is_live(provider, app, token)
    clock.advance(3)
    assert not is_live(provider, app, token)


@FORMATS
def test_S58_a_persons_token_is_never_a_clients_own_once_its_grant_is_swept(
    provider: Provider, browser: Browser, crm: App, ann: Person, format_: str
) -> None:
    app = provider.add_client("Tool", access_token_format=format_)
    token = provider.tokens(app, browser)["access_token"]
    browser.submit(browser.get("logout"), "confirm")
    assert not is_live(provider, app, token)
    assert provider.services.db.run(families.delete()) == 1  # as the sweep does, later
    assert not is_live(provider, app, token)
    assert provider.userinfo(token).status == 401


@FORMATS
def test_S58_sweeping_at_any_time_brings_no_token_back(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, format_: str
) -> None:
    app = short_client(provider, format_, 60)
    token = provider.tokens(app, browser)["access_token"]
    for _ in range(30):
        clock.advance(400)
        ledger.sweep(provider.services)
        assert not is_live(provider, app, token)


# -- a code used twice -----------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC6749 4.1.2")
@pytest.mark.parametrize("later", [1, 61])
def test_S6_a_second_use_revokes_what_the_first_gave_also_when_the_session_has_ended(
    provider: Provider, browser: Browser, ann: Person, clock: Clock, later: float
) -> None:
    sync = provider.add_client("Sync", scope="openid offline_access")
    scope = "openid offline_access"
    code = provider.sign_in(browser, sync, scope=scope).code
    tokens = provider.redeem(sync, code).json
    browser.submit(browser.get("logout"), "confirm")
    assert is_live(provider, sync, tokens["access_token"])  # offline: it outlives the session
    clock.advance(later)
    assert provider.redeem(sync, code).error == "invalid_grant"
    assert not is_live(provider, sync, tokens["access_token"])
    assert provider.refresh(sync, tokens["refresh_token"]).error == "invalid_grant"
    assert len(provider.events("tokens:revoked")) == 1


# -- what an admin takes away ----------------------------------------------------------------------------------------


@FORMATS
def test_S59_a_scope_taken_from_an_application_is_gone_from_its_live_tokens_at_once(
    provider: Provider, ann: Person, format_: str
) -> None:
    app = provider.add_client("Tool", access_token_format=format_)
    tokens = provider.tokens(app, scope="openid email groups")
    seen_elsewhere = provider.another()
    assert set(seen_elsewhere.userinfo(tokens["access_token"]).json) == {"sub", "email", "email_verified", "groups"}
    provider.services.registry.update(app.id, {"scope": "openid email"})
    for process in (provider, seen_elsewhere):
        assert set(process.userinfo(tokens["access_token"]).json) == {"sub", "email", "email_verified"}
        assert process.introspect(app, tokens["access_token"])["scope"] == "openid email"
        assert process.introspect(app, tokens["refresh_token"])["scope"] == "openid email"
    refreshed = provider.refresh(app, tokens["refresh_token"]).json
    assert refreshed["scope"] == "openid email"
    assert provider.refresh(app, refreshed["refresh_token"], scope="openid groups").error == "invalid_scope"


@FORMATS
def test_S59_openid_taken_away_ends_userinfo(provider: Provider, ann: Person, format_: str) -> None:
    app = provider.add_client("Tool", access_token_format=format_, scope="openid reports")
    token = provider.tokens(app, scope="openid reports")["access_token"]
    provider.services.registry.update(app.id, {"scope": "reports"})
    assert provider.userinfo(token).status == 403


@FORMATS
def test_S59_a_resource_taken_from_an_application_is_gone_from_its_live_tokens_at_once(
    provider: Provider, ann: Person, format_: str
) -> None:
    app = provider.add_client("Tool", access_token_format=format_, resources=[API, REPORTS])
    server = provider.add_client("Reports", "machine", scope="x", resources=[REPORTS], introspection="audience")
    tokens = provider.tokens(app, resource=[API, REPORTS])
    assert provider.introspect(server, tokens["access_token"])["active"]
    provider.services.registry.update(app.id, {"resources": [API]})
    assert provider.introspect(server, tokens["access_token"]) == {"active": False}
    assert provider.introspect(app, tokens["access_token"])["aud"] == [API, provider.issuer]
    refreshed = provider.refresh(app, tokens["refresh_token"]).json["access_token"]
    assert provider.introspect(app, refreshed)["aud"] == [API, provider.issuer]


@FORMATS
def test_S59_a_token_whose_every_resource_was_taken_away_is_meant_for_nobody(
    provider: Provider, ann: Person, format_: str
) -> None:
    app = provider.add_client("Tool", access_token_format=format_, scope="x", resources=[API])
    auditor = provider.add_client("Auditor", "machine", scope="x", introspection="all")
    token = provider.tokens(app, scope="x", resource=API)["access_token"]
    assert provider.introspect(auditor, token)["aud"] == [API]
    provider.services.registry.update(app.id, {"resources": []})
    assert provider.introspect(auditor, token) == {"active": False}
    assert provider.whoami(token).status == 401  # least of all for us, who were never named
    assert provider.revoke(app, token).status == 200
    provider.services.registry.update(app.id, {"resources": [API]})
    assert provider.introspect(auditor, token) == {"active": False}


def test_S46_offline_access_taken_away_binds_the_tokens_to_the_session_again(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    sync = provider.add_client("Sync", scope="openid offline_access")
    tokens = provider.tokens(sync, browser, scope="openid offline_access")
    browser.submit(browser.get("logout"), "confirm")
    assert provider.introspect(sync, tokens["refresh_token"])["active"]
    provider.services.registry.update(sync.id, {"scope": "openid"})
    assert not is_live(provider, sync, tokens["access_token"])
    assert provider.refresh(sync, tokens["refresh_token"]).error == "invalid_grant"


# -- the grace -------------------------------------------------------------------------------------------------------


@FORMATS
def test_S9_within_the_grace_a_wider_question_gets_the_first_answer(
    provider: Provider, ann: Person, clock: Clock, format_: str
) -> None:
    app = provider.add_client("Tool", access_token_format=format_, resources=[API, REPORTS])
    held = provider.tokens(app, scope="openid email groups", resource=[API, REPORTS])["refresh_token"]
    first = provider.refresh(app, held, scope="openid email", resource=API).json
    clock.advance(5)
    again = provider.refresh(app, held).json
    assert (first["scope"], again["scope"]) == ("openid email", "openid email")
    assert again["refresh_token"] == first["refresh_token"]
    described = [provider.introspect(app, answer["access_token"]) for answer in (first, again)]
    for name in ("scope", "aud", "jti", "exp", "iat"):
        assert described[0][name] == described[1][name]
    assert described[1]["aud"] == [API, provider.issuer]
    assert "groups" not in provider.userinfo(again["access_token"]).json


# -- who is asked ----------------------------------------------------------------------------------------------------


def test_S33_introspection_is_told_apart_by_what_is_registered(provider: Provider, ann: Person) -> None:
    app = provider.add_client("App", resources=[API])
    token = provider.tokens(app, resource=API)["access_token"]
    seen: dict[str, Any] = {}
    for value in (None, "own", "audience", "all"):
        said = {"introspection": value} if value else {}
        caller = provider.add_client(f"Caller {value}", "machine", scope="x", resources=[API], **said)
        seen[str(value)] = provider.introspect(caller, token)["active"]
    assert seen == {"None": False, "own": False, "audience": True, "all": True}
    # Everybody's tokens are meant for the issuer, too: naming it as one's resource opens nothing.
    spy = provider.add_client("Spy", "machine", scope="x", resources=[provider.issuer], introspection="audience")
    assert provider.introspect(spy, token) == {"active": False}
    assert json.loads(provider.post("oauth/introspect", spy, {"token": token}).body) == {"active": False}
