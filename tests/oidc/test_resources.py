"""Where access tokens are shown: userinfo, whoami, introspection, revocation. S16, S32, S33, S47, X14, RFC 6750."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import App, Provider, basic, bearer

# -- userinfo ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 5.3.1")
def test_S47_userinfo_by_get_and_post_in_header_or_form(provider: Provider, crm: App, ann: Person) -> None:
    token, browser = provider.tokens(crm)["access_token"], provider.browser()
    for answer in (
        browser.get("oauth/userinfo", headers=bearer(token)),
        browser.get("oauth/userinfo", headers={"Authorization": "bearer " + token}),
        browser.post("oauth/userinfo", headers=bearer(token)),
        browser.post("oauth/userinfo", {"access_token": token}),
    ):
        assert answer.status == 200
        assert answer.json["sub"] == ann.id
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.spec("OIDC-Core 5.4")
@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", set()),
        ("openid profile", {"name", "preferred_username", "given_name", "zoneinfo", "updated_at"}),
        ("openid email", {"email", "email_verified"}),
        ("openid phone", {"phone_number"}),
        ("openid address", {"address"}),
        ("openid groups", {"groups"}),
        ("openid roles", {"roles"}),
    ],
)
def test_S47_scopes_give_their_claims_and_no_others(provider: Provider, scope: str, names: set[str]) -> None:
    claims = {
        "given_name": "Ann",
        "zoneinfo": "Europe/Paris",
        "phone_number": "+1",
        "address": {"country": "FR"},
        "shoe": "42",
    }
    person = provider.add_person(claims=claims, groups=("sales",), roles=("auditor",), email_verified=True)
    body = provider.userinfo(provider.tokens(provider.add_client(), scope=scope)["access_token"]).json
    assert set(body) == {"sub", *names}
    assert body["sub"] == person.id
    assert body.get("email_verified", True) is True


@pytest.mark.spec("RFC6750 3")
@pytest.mark.parametrize("path", ["oauth/userinfo", "oauth/whoami"])
def test_S47_refusals_at_resources_are_those_of_RFC_6750(provider: Provider, crm: App, path: str) -> None:
    browser, token = provider.browser(), provider.tokens(crm, scope="profile")["access_token"]
    bare = browser.get(path)
    led = f'resource_metadata="https://login.example/.well-known/oauth-protected-resource/{path}"'  # RFC 9728 §5.1
    # §3.1: no error code
    assert (bare.status, bare.headers["WWW-Authenticate"]) == (401, f'Bearer realm="doorward", {led}')
    for junk in ("x", "dwa_x.y", "dwa_\x7f.y", "a.b.c", "..", token + "x", token[:-1], "x" * 20_000):
        answer = browser.get(path, headers=bearer(junk))
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert len(junk) < 5 or junk not in answer.text
    for other in ("Basic " + token, "Bearer", "Bearer ", token, "DPoP " + token):
        assert browser.get(path, headers={"Authorization": other}).status == 401
    assert browser.get(f"{path}?access_token={token}").status == 401  # §2.3 is not taken


def test_S47_insufficient_scope_and_two_tokens(provider: Provider, crm: App) -> None:
    browser, token = provider.browser(), provider.tokens(crm, scope="profile")["access_token"]
    narrow = browser.get("oauth/userinfo", headers=bearer(token))
    assert narrow.status == 403
    assert 'error="insufficient_scope"' in narrow.headers["WWW-Authenticate"]
    assert 'scope="openid"' in narrow.headers["WWW-Authenticate"]
    twice = browser.post("oauth/userinfo", {"access_token": token}, headers=bearer(token))
    assert (twice.status, twice.error) == (400, "invalid_request")
    assert browser.post("oauth/userinfo", [("access_token", token)] * 2).status == 400


@pytest.mark.spec("OIDC-Core 5.3.2")
@pytest.mark.parametrize("alg", ["RS256", "ES256"])
def test_S47_userinfo_is_signed_where_registered(provider: Provider, ann: Person, alg: str) -> None:
    app = provider.add_client("App", userinfo_signed_response_alg=alg)
    answer = provider.userinfo(provider.tokens(app)["access_token"])
    assert answer.headers["Content-Type"] == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    claims = verified(provider, answer.text, audience=app.id)
    assert claims["sub"] == ann.id
    assert claims["iss"] == provider.issuer
    assert claims["email"] == "ann@example.com"
    assert provider.userinfo(answer.text).status == 401  # and it is no access token


def test_whoami_tells_what_a_token_stands_for(provider: Provider, crm: App, ann: Person) -> None:
    body = provider.whoami(provider.tokens(crm)["access_token"]).json
    assert body["sub"] == ann.id
    assert body["client_id"] == crm.id
    assert body["scope"] == "openid profile email"
    assert body["aud"] == [provider.issuer]


def test_people_are_described_as_they_are_now(provider: Provider, crm: App, ann: Person) -> None:
    token = provider.tokens(crm, scope="openid profile groups")["access_token"]
    provider.services.directory.update(ann.id, name="Ann Married")
    provider.services.directory.set_groups(ann.id, ["support"])
    body = provider.userinfo(token).json
    assert (body["name"], body["groups"]) == ("Ann Married", ["support"])


# -- introspection -----------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7662 2.2")
def test_S33_an_active_token_is_described(provider: Provider, crm: App, ann: Person, clock: Clock) -> None:
    tokens = provider.tokens(crm)
    told = provider.introspect(crm, tokens["access_token"])
    assert told["active"] is True
    assert told["token_type"] == "Bearer"
    assert told["exp"] == int(clock.now) + 600 or told["exp"] == int(clock.now + 600)
    assert (told["sub"], told["client_id"], told["iss"]) == (ann.id, crm.id, provider.issuer)
    refresh = provider.introspect(crm, tokens["refresh_token"])
    assert (refresh["active"], refresh["sub"]) == (True, ann.id)


@pytest.mark.spec("RFC7662 2.1")
@pytest.mark.spec("RFC7662 2.2")
@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S33_who_may_see_a_token(provider: Provider, ann: Person, format_: str) -> None:
    api = "https://api.example/"
    app = provider.add_client("App", access_token_format=format_, resources=[api])
    server = provider.add_client("Api", "machine", scope="x", resources=[api], introspection="audience")
    other = provider.add_client(
        "Other", "machine", scope="x", resources=["https://other.example/"], introspection="audience"
    )
    own = provider.add_client("Own", "machine", scope="x", resources=[api])  # may ask for them, not look at others'
    auditor = provider.add_client("Auditor", "machine", scope="x", introspection="all")
    aimed, plain = provider.tokens(app, resource=api), provider.tokens(app)
    assert provider.introspect(server, aimed["access_token"])["active"]
    assert provider.introspect(server, plain["access_token"]) == {"active": False}
    assert provider.introspect(auditor, plain["access_token"])["active"]
    for caller in (server, other, auditor):
        assert provider.introspect(caller, aimed["refresh_token"]) == {"active": False}
    for caller in (other, own):
        assert provider.introspect(caller, aimed["access_token"]) == {"active": False}
    for nobody in ({}, basic(app.id, "wrong")):
        assert provider.post("oauth/introspect", None, {"token": aimed["access_token"]}, **nobody).status == 401


@pytest.mark.spec("RFC7662 2.2")
def test_S33_what_is_not_active_says_nothing_else(provider: Provider, crm: App, clock: Clock) -> None:
    tokens = provider.tokens(crm)
    clock.advance(601)
    rotated = tokens["refresh_token"]
    provider.refresh(crm, rotated)
    for token in (
        tokens["access_token"],
        rotated,
        tokens["id_token"],
        "x",
        "dwa_a.b",
        "dwr_a.b",
        "a.b.c",
        "\x00",
        "dwa_\x00.x",
        "é",
    ):
        assert provider.introspect(crm, token) == {"active": False}
    missing = provider.post("oauth/introspect", crm, {})
    assert (missing.status, missing.error) == (400, "invalid_request")
    answer = provider.post("oauth/introspect", crm, {"token": "x", "token_type_hint": "nonsense"})
    assert answer.headers["Cache-Control"] == "no-store"


# -- revocation --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7009 2.1")
@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S32_revoking_a_refresh_token_ends_its_access_tokens(provider: Provider, ann: Person, format_: str) -> None:
    app = provider.add_client("App", access_token_format=format_)
    first = provider.tokens(app)
    second = provider.refresh(app, first["refresh_token"]).json
    answer = provider.revoke(app, second["refresh_token"])
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (200, b"", "no-store")
    for tokens in (first, second):
        assert provider.userinfo(tokens["access_token"]).status == 401
        assert provider.refresh(app, tokens["refresh_token"]).error == "invalid_grant"
    assert [event.detail["why"] for event in provider.events("tokens:revoked")] == ["the application revoked it"]


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S32_revoking_an_access_token_leaves_the_rest(provider: Provider, ann: Person, format_: str) -> None:
    app = provider.add_client("App", access_token_format=format_)
    tokens = provider.tokens(app)
    assert provider.revoke(app, tokens["access_token"]).status == 200
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.introspect(app, tokens["access_token"]) == {"active": False}
    assert provider.another().userinfo(tokens["access_token"]).status == 401
    renewed = provider.refresh(app, tokens["refresh_token"])
    assert provider.userinfo(renewed.json["access_token"]).status == 200
    machine = provider.add_client("Batch", "machine", scope="x", access_token_format=format_)
    token = provider.client_credentials(machine).json["access_token"]
    provider.revoke(machine, token)
    assert provider.whoami(token).status == 401


@pytest.mark.spec("RFC7009 2.2")
def test_S32_unknown_and_dead_tokens_are_200(provider: Provider, crm: App) -> None:
    tokens = provider.tokens(crm)
    provider.revoke(crm, tokens["refresh_token"])
    for token in (*tokens.values(), "x", "dwr_x.y", "a.b.c", "\x00", "dwr_\x00.x"):
        answer = provider.post("oauth/revoke", crm, {"token": token, "token_type_hint": "nonsense"})
        assert answer.status == 200, token
    assert provider.revoke(crm, "").error == "invalid_request"


@pytest.mark.spec("RFC7009 2.1")
@pytest.mark.parametrize("format_", ["opaque", "jwt"])
def test_S32_a_token_is_revoked_only_by_its_own_client(provider: Provider, ann: Person, format_: str) -> None:
    app = provider.add_client("App", access_token_format=format_)
    others = (provider.add_client("Other"), provider.add_client("Spa", "spa"))
    tokens = provider.tokens(app)
    for other in others:
        for name in ("access_token", "refresh_token"):
            answer = provider.revoke(other, tokens[name])
            assert answer.status == 400
    assert provider.userinfo(tokens["access_token"]).status == 200
    assert provider.refresh(app, tokens["refresh_token"]).status == 200


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_S32_X14_a_store_that_fails_is_503_and_the_token_is_still_listed(
    provider: Provider, ann: Person, format_: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = provider.add_client("App", access_token_format=format_)
    tokens = provider.tokens(app)
    provider.client_credentials(app)  # its secret's last use is noted already
    path = str(provider.services.db.url).removeprefix("sqlite:///")
    held = sqlite3.connect(path, isolation_level=None)
    provider.services.db._connection().execute("PRAGMA busy_timeout=20")
    held.execute("BEGIN IMMEDIATE")  # somebody holds the file's write lock and does not let go
    try:
        answer = provider.revoke(app, tokens[kind])
        assert answer.status == 503
        assert answer.error == "temporarily_unavailable"
        assert answer.headers["Retry-After"]
    finally:
        held.execute("ROLLBACK")
        held.close()
    assert provider.introspect(app, tokens[kind])["active"]
    assert provider.revoke(app, tokens[kind]).status == 200
    assert provider.introspect(app, tokens[kind]) == {"active": False}


def test_X14_no_endpoint_takes_a_broken_store_for_a_no_or_a_yes(provider: Provider, crm: App) -> None:
    browser = provider.browser()
    tokens, code = provider.tokens(crm, browser), provider.sign_in(browser, crm).code
    db = provider.services.db
    db.close()
    path = str(db.url).removeprefix("sqlite:///")
    broken: Any = sqlite3.connect(path)
    broken.execute("ALTER TABLE families RENAME TO families_gone")
    broken.execute("ALTER TABLE sessions RENAME TO sessions_gone")
    broken.commit()
    broken.close()
    assert provider.userinfo(tokens["access_token"]).status == 503
    assert provider.post("oauth/introspect", crm, {"token": tokens["access_token"]}).status == 503
    assert provider.refresh(crm, tokens["refresh_token"]).status == 503
    assert provider.redeem(crm, code).status == 503
    assert provider.revoke(crm, tokens["refresh_token"]).status == 503
    page = provider.authorize(browser, crm)
    assert page.status == 503
    assert page.headers["Retry-After"]
    assert page.is_error_page
    assert not page.location
