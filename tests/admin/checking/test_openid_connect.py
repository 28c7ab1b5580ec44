"""Live check: applications by Authlib's client that have one thing wrong each, and what is said of it. R3."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from clients.access import Access
from tests.admin.checking.conftest import Watched
from tests.admin.checking.relying import SERVER, VERIFIER, Application
from tests.backends import Clock
from tests.provider import App, Provider, assertion_form, new_key

CB = "https://crm.example/cb"


@dataclass(frozen=True)
class Broken:
    """One mistake: how the application is set up, and what must be named. `got`: stands in the value that came."""

    code: str
    side: str
    field_: str
    got: str = ""
    fix: str = ""
    profile: str = "web"
    registered: dict[str, Any] = field(default_factory=dict)
    setup: dict[str, Any] = field(default_factory=dict)
    access: Access | None = None


def _with_secret(change: Callable[[str], str]) -> dict[str, Any]:
    return {"secret": change}


BROKEN = {
    "a slash more at its end": Broken(
        "redirect_uri", "application", "redirect_uri", f"{CB}/", "slash", setup={"redirect_uri": f"{CB}/"}),
    "a slash less": Broken(
        "redirect_uri", "application", "redirect_uri", CB, "slash", registered={"redirect_uris": [f"{CB}/"]},
        setup={"redirect_uri": CB}),
    "http behind a proxy": Broken(
        "redirect_uri", "application", "redirect_uri", "http://", "X-Forwarded-Proto",
        setup={"redirect_uri": "http://crm.example/cb"}),
    "the host of the test system": Broken(
        "redirect_uri", "application", "redirect_uri", "staging", "the host is staging.crm.example",
        setup={"redirect_uri": "https://staging.crm.example/cb"}),
    "a port": Broken(
        "redirect_uri", "application", "redirect_uri", ":8443", "the port is 8443",
        setup={"redirect_uri": "https://crm.example:8443/cb"}),
    "upper case": Broken(
        "redirect_uri", "application", "redirect_uri", "/CB", "upper and lower case",
        setup={"redirect_uri": "https://crm.example/CB"}),
    "encoded once too often": Broken(
        "redirect_uri", "application", "redirect_uri", "%3A", "percent-encoded once too often",
        setup={"redirect_uri": "https%3A%2F%2Fcrm.example%2Fcb"}),
    "a no-break space": Broken(
        "redirect_uri", "application", "redirect_uri", "\u00a0", "U+00A0",
        setup={"redirect_uri": f"{CB}\u00a0"}),
    "a letter of another script": Broken(
        "redirect_uri", "application", "redirect_uri", "\u0441", "CYRILLIC SMALL LETTER ES",
        setup={"redirect_uri": "https://crm.example/\u0441b"}),
    "another path": Broken(
        "redirect_uri", "application", "redirect_uri", "/callback", "the path is /callback",
        setup={"redirect_uri": "https://crm.example/callback"}),
    "no redirect URI": Broken(
        "redirect_uri_missing", "application", "redirect_uri", setup={"authorize": {"redirect_uri": None}}),
    "a client id with a letter less": Broken(
        "client_id", "application", "client_id", "", "missing", setup={"client_id": "-1"}),
    "the implicit flow": Broken(
        "response_type", "application", "response_type", "id_token token", "authorization code",
        setup={"authorize": {"response_type": "id_token token"}}),
    "a response mode that is not registered": Broken(
        "response_mode", "application", "response_mode", "fragment", registered={"response_modes": ["query"]},
        setup={"authorize": {"response_mode": "fragment"}}),
    "no openid": Broken(
        "scope_openid", "application", "scope", "profile", "userinfo", setup={"scope": "profile email"}),
    "a scope that it may not have": Broken(
        "scope_not_allowed", "doorward", "scope", "groups", "groups is left out",
        registered={"scope": "openid profile email"}, setup={"scope": "openid profile email groups"}),
    "scopes with commas": Broken(
        "scope", "application", "scope", "openid,profile", "parted by spaces", setup={"scope": "openid,profile"}),
    "no PKCE": Broken(
        "pkce_missing", "application", "code_challenge", fix="S256", setup={"pkce": False}),
    "plain PKCE": Broken(
        "pkce_method", "application", "code_challenge_method", "plain",
        setup={"authorize": {"code_challenge_method": "plain", "code_challenge": VERIFIER}}),
    "prompt=none without a sign-in": Broken(
        "prompt_none", "application", "prompt", "none", setup={"authorize": {"prompt": "none"}}),
    "a prompt that nobody knows": Broken(
        "prompt", "application", "prompt", "always", setup={"authorize": {"prompt": "always"}}),
    "a person who may not": Broken(
        "no_access", "nobody", "access", fix="may open it", access=Access.only(groups=["Board"])),
    "another verifier": Broken(
        "pkce_verifier", "application", "code_verifier", "52 characters",
        setup={"token": {"code_verifier": "another-verifier-than-the-one-the-challenge-was-made"}}),
    "another redirect URI at the token endpoint": Broken(
        "token_redirect_uri", "application", "redirect_uri (token request)", "https://crm.example/other",
        "two settings",
        setup={"token": {"redirect_uri": "https://crm.example/other"}}),
    "a secret in the form where a key is registered": Broken(
        "client_auth_method", "application", "token_endpoint_auth_method", "client_secret_post", "private_key_jwt",
        registered={"key": True}, setup={"method": "client_secret_post", "secret": "something"}),
    "a secret with a line break": Broken(
        "secret_form", "application", "client_secret", "line break", setup=_with_secret(lambda s: s + "\n")),
    "a secret in quotes": Broken(
        "secret_form", "application", "client_secret", "quotes", setup=_with_secret(lambda s: f'"{s}"')),
    "a secret with its name before it": Broken(
        "secret_form", "application", "client_secret", "client_secret=",
        setup=_with_secret(lambda s: f"OIDC_CLIENT_SECRET={s}")),
    "a secret in base64": Broken(
        "secret_form", "application", "client_secret", "base64",
        setup=_with_secret(lambda s: b64encode(s.encode()).decode())),
    "another secret": Broken(
        "secret_wrong", "application", "client_secret", "another", setup=_with_secret(lambda s: "not-it")),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_R3_what_is_wrong_with_the_application_is_named_with_side_field_and_fix(
    provider: Provider, watched: Watched, broken: Broken
) -> None:
    app = _registered(provider, broken)
    look = watched(app.client)
    _application(provider, app, broken).run()
    found = {one.code: one for one in look().findings}
    assert broken.code in found, (found, look().steps)
    one = found[broken.code]
    assert (one.side, one.field) == (broken.side, broken.field_)
    assert broken.got in one.got
    assert broken.fix.lower() in one.fix.lower()
    assert one.fix
    # One mistake is one finding; what is only worth a note may stand beside it.
    assert [other.code for other in found.values() if other.weight == "wrong"] in ([broken.code], [])


def _registered(provider: Provider, broken: Broken) -> App:
    provider.add_person("ann")
    more = dict(broken.registered)
    key = new_key() if more.pop("key", False) else None
    return provider.add_client(
        "CRM", broken.profile, key=key, **({"access": broken.access} if broken.access else {}), **more
    )


def _application(provider: Provider, app: App, broken: Broken) -> Application:
    setup = dict(broken.setup)
    if callable(setup.get("secret")):
        setup["secret"] = setup["secret"](app.secret)
    if setup.get("client_id") == "-1":
        setup["client_id"] = app.id[:-1]
    return Application(provider, app, **setup)


def test_R3_of_an_application_that_does_all_right_nothing_wrong_is_said(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    look = watched(app.client)
    client = Application(provider, app)
    client.http.get(f"{provider.issuer}/.well-known/openid-configuration", withhold_token=True)
    assert "access_token" in client.run()
    report = look()
    assert not report.findings
    states = {one.kind: one.state for one in report.milestones}
    assert states == {
        "discovery": "ok", "authorize": "ok", "answered": "ok", "token": "ok", "jwks": "ok", "userinfo": "ok",
        "logout": "missing",
    }  # fmt: skip


def test_R3_keys_that_somebody_else_fetched_are_guessed_to_be_its(provider: Provider, watched: Watched) -> None:
    app = provider.add_client("CRM")
    look = watched(app.client)
    provider.browser("192.0.2.99").get("oauth/jwks")
    assert {one.kind: one.state for one in look().milestones}["jwks"] == "guessed"


def test_R3_a_code_that_nobody_redeems_has_its_causes_named(provider: Provider, watched: Watched, clock: Clock) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    look = watched(app.client)
    Application(provider, app).sign_in()
    assert not look().findings
    clock.advance(30)
    (found,) = look().findings
    assert (found.code, found.side) == ("code_not_redeemed", "application")
    for cause in ("token endpoint", "certificate", "cookie"):
        assert cause in found.fix


def test_R3_a_finding_is_mended_once_a_later_request_does_without_it(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    look = watched(app.client)
    Application(provider, app, redirect_uri=f"{CB}/").run()
    assert [one.code for one in look().findings] == ["redirect_uri"]
    Application(provider, app).run()
    assert not [one for one in look().findings if one.weight == "wrong"]
    assert [one.code for one in look().mended] == ["redirect_uri"]


def test_R3_a_secret_whose_overlap_ended_is_told_from_a_wrong_one(
    provider: Provider, watched: Watched, clock: Clock
) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    provider.services.registry.add_secret(app.id, 60)
    clock.advance(3600)
    look = watched(app.client)
    Application(provider, app).run()
    (found,) = look().findings
    assert found.code == "secret_ended"
    assert "which ended 20" in found.got
    assert "was never used" in found.fix


@pytest.mark.parametrize(
    ("claims", "header", "code", "got"),
    [
        ({"iat": 400, "exp": 460}, {}, "clock", "6 minutes 39 seconds ahead|6 minutes 40 seconds ahead"),
        ({"iat": -400, "exp": -340}, {}, "clock", "5 minutes 40 seconds ago|5 minutes 41 seconds ago"),
        ({"aud": "https://login.example/oauth/token"}, {}, "assertion_audience", "/oauth/token"),
        ({"sub": None}, {}, "unreadable", ""),
        ({}, {"kid": "an-old-one"}, "assertion_kid", "an-old-one"),
    ],
    ids=["a clock ahead", "a clock behind", "the endpoint as audience", "no subject", "a key that is not registered"],
)
def test_R3_a_client_assertion_is_told_by_clock_audience_and_key(
    provider: Provider, watched: Watched, claims: dict[str, Any], header: dict[str, Any], code: str, got: str
) -> None:
    app = provider.add_client("CRM", key=new_key())
    look = watched(app.client)
    now = int(provider.clock())
    claims = {name: now + value if name in ("iat", "exp") else value for name, value in claims.items()}
    form = {"grant_type": "authorization_code", "code": "x", "client_id": app.id}
    sent = {**form, **assertion_form(provider.assertion(app, header, **claims))}
    answer = provider.browser(SERVER).post("oauth/token", sent)
    assert answer.error == "invalid_client"
    found = {one.code: one for one in look().findings}
    if code == "unreadable":
        assert found, look().steps
        return
    assert any(one in found[code].got for one in got.split("|"))
    assert found[code].side == "application"


def test_R3_code_in_a_browser_at_an_origin_that_is_not_registered_is_named(
    provider: Provider, watched: Watched
) -> None:
    app = provider.add_client("Board", "spa", redirect_uris=["https://board.example/cb"],
                              allowed_origins=["https://board.example"])  # fmt: skip
    look = watched(app.client)
    headers = {"Origin": "https://board.example:3000", "Access-Control-Request-Method": "POST"}
    provider.browser().open("OPTIONS", "oauth/token", headers=headers)
    (found,) = look().findings
    assert (found.code, found.field, found.got) == ("origin", "allowed_origins", "https://board.example:3000")
    assert "3000" in found.fix


def test_R3_the_client_id_of_another_application_is_told_as_one(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann")
    app, test = provider.add_client("CRM"), provider.add_client("CRM test", redirect_uris=["https://test.example/cb"])
    look = watched(app.client)
    Application(provider, app, client_id=test.id).run()
    found = {one.code: one for one in look().findings}
    assert "another application" in found["client_id"].fix


def test_R3_claims_that_the_product_reads_and_does_not_get_are_named(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann", name="Ann Bell")
    app = provider.add_client("Our EspoCRM", "legacy", redirect_uris=["https://crm.example/oauth-callback.php"],
                              scope="openid profile email", id_token_claims=True)  # fmt: skip
    look = watched(app.client)
    Application(provider, app, pkce=False).run()
    missing = {one.expected: one for one in look().findings if one.code == "claim_missing"}
    assert missing["groups"].side == "doorward"
    assert "scope groups" in missing["groups"].fix
    assert missing["given_name"].side == "person"
    assert "preferred_username" not in missing


@pytest.mark.parametrize(
    ("uri", "code"),
    [("https://crm.example/bye/", "post_logout_redirect_uri"), ("https://crm.example/bye", "logout_hint")],
)
def test_R3_a_sign_out_that_cannot_lead_back_is_named(
    provider: Provider, watched: Watched, uri: str, code: str
) -> None:
    app = provider.add_client("CRM", post_logout_redirect_uris=["https://crm.example/bye"])
    look = watched(app.client)
    provider.browser().get(f"oauth/logout?client_id={app.id}&post_logout_redirect_uri={uri}")
    assert code in {one.code for one in look().findings}


def test_R3_nothing_that_opens_something_is_kept_and_nobody_s_name(provider: Provider, watched: Watched) -> None:
    provider.add_person("ann", name="Ann Bell")
    app = provider.add_client("CRM", access=Access.only(groups=["Board"]))
    open_app = provider.add_client("Desk")
    look, other = watched(app.client), watched(open_app.client)
    Application(provider, app, authorize={"login_hint": "ann@example.com", "state": "a-state-of-ours"}).run()
    Application(provider, open_app, secret="a-wrong-secret-of-the-application").run()
    client = Application(provider, open_app)
    brought = client.sign_in()
    token = client.redeem(brought["code"])
    client.redeem(brought["code"])
    client.http.get(f"{provider.issuer}/oauth/userinfo")
    kept = json.dumps([look().to_json(), other().to_json()], ensure_ascii=False)
    secrets = [token["access_token"], token["id_token"], brought["code"], open_app.secret, VERIFIER, "a-wrong-secret"]
    for told in (*secrets, "a-state-of-ours", "Ann Bell", "ann@example.com", "correct horse"):
        assert str(told) not in kept, told
    assert "code_used" in kept


def test_R3_a_check_ends_by_itself_and_what_it_found_goes_a_day_later(
    provider: Provider, watched: Watched, clock: Clock
) -> None:
    from idp.admin.checking import report as reports

    app = provider.add_client("CRM")
    look = watched(app.client)
    clock.advance(15 * 60 + 1)
    provider.authorize(provider.browser(), app, redirect_uri="https://crm.example/late")
    assert not look().steps
    assert not look().is_running
    clock.advance(86_400)
    assert reports.of(provider.services, app.client) is None


def test_R3_every_process_sees_that_a_check_began_and_ended(provider: Provider, watched: Watched, clock: Clock) -> None:
    app = provider.add_client("CRM")
    other = provider.another()
    other.authorize(other.browser(), app)  # it has read the registry before
    look = watched(app.client)
    clock.advance(6)
    other.authorize(other.browser(), app, redirect_uri="https://crm.example/2")
    assert [one.got for one in look().findings] == ["https://crm.example/2"]
    clock.advance(6)
    other.browser().get("oauth/jwks")
    assert {one.kind: one.state for one in look().milestones}["jwks"] == "guessed"


def test_R3_a_hot_path_pays_nothing_while_no_check_runs(provider: Provider) -> None:
    provider.add_person("ann")
    app = provider.add_client("CRM")
    browser = provider.browser()
    code = provider.sign_in(browser, app).code
    sql, verbs, _ = provider.counted(lambda: provider.authorize(browser, app))
    assert (len(sql), verbs) == (2, ["put"])  # the session, and the code that is put
    sql, verbs, answer = provider.counted(lambda: provider.redeem(app, code))
    assert answer.status == 200
    assert verbs == ["get"]
    assert not [text for text in sql if "watched" in text]


def test_R3_a_path_that_asks_the_store_for_nothing_still_does(provider: Provider) -> None:
    provider.add_client("CRM")
    browser = provider.browser()
    for path in ("oauth/jwks", ".well-known/openid-configuration"):
        browser.get(path)
        assert provider.counted(lambda path=path: browser.get(path))[:2] == ([], [])


def test_C2_only_who_may_change_the_application_begins_and_ends_a_check(provider: Provider) -> None:
    from idp.accounts.roles import RoleGrant
    from idp.admin.actor import Actor, NotAllowed
    from idp.admin.checking import links, running

    app, other = provider.add_client("CRM"), provider.add_client("Pay")
    own = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("app_admin", (app.id,)),))
    auditor = Actor(kind="person", id="u2", name="person:u2", grants=(RoleGrant("auditor"),))
    running.start(provider.services, own, app.client)
    for actor, client in ((own, other.client), (auditor, app.client)):
        for verb in (running.start, running.stop, links.share, links.withdraw):
            with pytest.raises(NotAllowed):
                verb(provider.services, actor, client)  # type: ignore[operator]
    assert {one.detail["client_id"] for one in provider.events("client:check_started")} == {app.id}
