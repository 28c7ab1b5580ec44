"""J2: the browser's own dialog signs somebody in to an application (FedCM); its requests, as Chromium sends them.

tests/browser/test_fedcm.py has Chromium itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from tests.backends import Clock
from tests.login.browser.test_accounts import pick
from tests.oidc.verifying import verified
from tests.provider import VERIFIER, Answer, App, Browser, Provider, challenge_of, new_key, public_jwk

ORIGIN = "https://crm.example"
DIALOG = {"Sec-Fetch-Dest": "webidentity", "Sec-Fetch-Site": "cross-site"}
MARK = "__Host-doorward_fedcm"
PATHS = ("config", "accounts", "client", "assertion", "disconnect")
Open = Callable[..., Provider]


@dataclass(frozen=True)
class Site:
    """A provider, an application of FedCM, somebody, and the browser in which they are signed in."""

    provider: Provider
    app: App
    person: Person
    browser: Browser

    def get(self, path: str, **headers: str) -> Answer:
        """A request of the browser itself: of the cookies it brings the one alone that is SameSite=None."""
        own = {"Cookie": f"{MARK}={self.browser.cookies[MARK]}"} if MARK in self.browser.cookies else {}
        return self.provider.browser().get(path, headers={**DIALOG, **own, **headers})

    def post(self, path: str, data: dict[str, str], **headers: str) -> Answer:
        own = {"Cookie": f"{MARK}={self.browser.cookies[MARK]}"} if MARK in self.browser.cookies else {}
        return self.provider.browser().post(path, data, headers={**DIALOG, "Origin": ORIGIN, **own, **headers})

    def ask(self, headers: dict[str, str] | None = None, **form: str | None) -> Answer:
        """The ID token, by the browser's request for one."""
        data = {
            "client_id": self.app.id, "account_id": self.person.id, "disclosure_text_shown": "false",
            "is_auto_selected": "false", "fields": "name,email,picture", "params": '{"nonce":"n-1"}', **form,
        }  # fmt: skip
        return self.post("oauth/fedcm/assertion", {n: v for n, v in data.items() if v is not None}, **headers or {})

    def disconnect(self, hint: str | None = None) -> Answer:
        named = {"account_hint": self.person.id if hint is None else hint}
        return self.post("oauth/fedcm/disconnect", {"client_id": self.app.id, **named})


@pytest.fixture
def site(open_provider: Open) -> Site:
    provider = open_provider(oauth={"fedcm": True}, factors={"personal": "never"})
    person = provider.add_person("ann")
    app = provider.add_client("CRM", redirect_uris=[f"{ORIGIN}/cb"], fedcm=True, policy_uri=f"{ORIGIN}/privacy")
    browser = provider.browser()
    browser.log_in(browser.get("sessions"))
    return Site(provider, app, person, browser)


def code_of(answer: Answer) -> str:
    return str(answer.json["error"]["code"])


@pytest.mark.spec("FedCM 3.1")
@pytest.mark.spec("FedCM 3.2")
def test_J2_a_browser_finds_every_address(site: Site) -> None:
    known = site.provider.browser().get("/.well-known/web-identity").json
    [address] = known["provider_urls"]
    told = site.provider.browser().get(address).json
    assert {told["accounts_endpoint"], told["id_assertion_endpoint"], told["disconnect_endpoint"]} == {
        f"{site.provider.issuer}/oauth/fedcm/{name}" for name in ("accounts", "assertion", "disconnect")
    }
    assert site.provider.browser().get(told["login_url"]).is_login_page
    about = site.provider.browser().get(f"{told['client_metadata_endpoint']}?client_id={site.app.id}").json
    assert about == {"privacy_policy_url": f"{ORIGIN}/privacy"}
    assert known["accounts_endpoint"] == told["accounts_endpoint"]


@pytest.mark.spec("FedCM 3.3")
def test_J2_the_dialog_learns_who_is_signed_in_and_to_what_they_agreed(site: Site) -> None:
    [account] = site.get("oauth/fedcm/accounts").json["accounts"]
    assert (account["id"], account["email"], account["approved_clients"]) == (site.person.id, "ann@example.com", [])
    page = site.provider.authorize(site.browser, site.app, prompt="consent")
    site.browser.submit(page, "allow")
    [account] = site.get("oauth/fedcm/accounts").json["accounts"]
    assert account["approved_clients"] == [site.app.id]
    assert "Access-Control-Allow-Origin" not in site.get("oauth/fedcm/accounts").headers


@pytest.mark.spec("FedCM 3.5")
@pytest.mark.spec("OIDC-Core 3.2.2.1")
def test_J2_the_page_of_a_registered_origin_gets_an_ID_token(site: Site, clock: Clock) -> None:
    clock.advance(60)
    answer = site.ask()
    assert answer.status == 200, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.headers["Access-Control-Allow-Credentials"] == "true"
    assert answer.headers["Cache-Control"] == "no-store"
    claims = verified(site.provider, answer.json["token"], audience=site.app.id)
    assert (claims["sub"], claims["nonce"], claims["email"]) == (site.person.id, "n-1", "ann@example.com")
    assert "name" in claims
    assert set(answer.json) == {"token"}  # no access token comes with it
    less = verified(site.provider, site.ask(fields=None).json["token"], audience=site.app.id)
    assert not {"name", "email"} & set(less)
    site.provider.services.uses.flush()
    [event, *_] = site.provider.events("app:opened")
    assert (event.person_id, event.client_id) == (site.person.id, site.app.id)
    signed_out = site.browser.submit(site.browser.get("logout"), "confirm")
    assert signed_out.headers["Set-Login"] == "logged-out"
    assert MARK not in site.browser.cookies


@pytest.mark.spec("RFC7636 4.6")
def test_J2_a_page_with_a_server_gets_a_code_that_its_server_alone_redeems(site: Site) -> None:
    params = {"nonce": "n-1", "code_challenge": challenge_of(), "code_challenge_method": "S256"}
    answer = site.ask(params=json.dumps(params))
    code = answer.json["token"]
    redeem = site.provider.post
    form = {"grant_type": "authorization_code", "code": code}
    assert redeem("oauth/token", site.app, {**form, "code_verifier": "x" * 43}).error == "invalid_grant"
    told = redeem("oauth/token", site.app, {**form, "code_verifier": VERIFIER})
    assert told.status == 200, told.text
    assert site.provider.userinfo(told.json["access_token"]).json["email"] == "ann@example.com"
    assert verified(site.provider, told.json["id_token"], audience=site.app.id)["nonce"] == "n-1"
    assert redeem("oauth/token", site.app, {**form, "code_verifier": VERIFIER}).error == "invalid_grant"
    assert site.provider.userinfo(told.json["access_token"]).status == 401
    for wrong in ({"code_challenge_method": "plain"}, {"code_challenge": "x"}, {"code_challenge": 1}):
        assert site.ask(params=json.dumps(params | wrong)).status == 400, wrong


def test_J2_nothing_is_told_to_a_page_or_a_stranger(site: Site) -> None:
    other = site.provider.add_client("Wiki", redirect_uris=["https://wiki.example/cb"])
    for answer, status in (
        (site.get("oauth/fedcm/accounts", **{"Sec-Fetch-Dest": "empty"}), 400),
        (site.ask({"Sec-Fetch-Dest": "empty"}), 400),
        (site.ask({"Origin": "https://evil.example"}), 403),
        (site.ask({"Origin": f"{ORIGIN}.evil.example"}), 403),
        (site.ask({"Origin": "null"}), 403),
        (site.ask(client_id=other.id), 403),
        (site.ask(client_id="c_unknown"), 403),
        (site.ask(client_id=None), 403),
    ):
        assert answer.status == status, answer.text
        assert not any(name.lower().startswith("access-control") for name, _ in answer.headers)
    for form in ({"account_id": "somebody"}, {"account_id": None}):
        assert site.ask(**form).status == 403
    for form in ({"params": None}, {"params": "{"}, {"params": "[1]"}, {"params": '{"nonce":1}'},
                 {"params": '{"nonce":"' + "x" * 256 + '"}'}, {"params": "[" * 3000}):  # fmt: skip
        assert site.ask(**form).status == 400, form
    assert site.ask(params=None, nonce="n-2").status == 200  # as browsers sent it before


@pytest.mark.parametrize("what", ["nobody", "forged", "another session", "session cookie"])
def test_J2_the_cookie_is_a_mark_of_one_session_and_no_session(site: Site, what: str) -> None:
    own = site.browser.cookies[MARK]
    session = site.browser.cookies["__Host-doorward_session"]
    session_id = own.partition(".")[0]
    other = site.provider.browser()
    other.log_in(other.get("sessions"))
    values = {
        "nobody": "", "forged": f"{session_id}.{'A' * 43}", "session cookie": session,
        "another session": f"{session_id}.{other.cookies[MARK].partition('.')[2]}",
    }  # fmt: skip
    site.browser.cookies[MARK] = values[what]
    assert site.get("oauth/fedcm/accounts").status == 401
    assert code_of(site.ask()) == "login_required"
    assert site.ask().headers["Set-Login"] == "logged-out"
    stranger = site.provider.browser()
    assert stranger.get("sessions", headers={"Cookie": f"__Host-doorward_session={own}"}).is_login_page


def test_J2_the_cookie_goes_with_the_proof_that_it_was_made_for(site: Site, clock: Clock) -> None:
    line = next(one for one in site.browser.set_cookies if one.startswith(MARK))
    assert "; HttpOnly" in line
    assert "SameSite=None" in line
    assert "; Secure" in line
    before = site.browser.cookies[MARK]
    clock.advance(2)
    page = site.provider.authorize(site.browser, site.app, prompt="login")
    site.browser.log_in(page)
    assert site.browser.cookies[MARK] != before
    assert site.ask().status == 200
    site.browser.cookies[MARK] = before
    assert code_of(site.ask()) == "login_required"


@pytest.mark.parametrize("what", ["person", "access", "session", "app", "switch", "rule", "consent", "old"])
def test_J2_X23_it_asks_what_the_authorization_endpoint_asks(site: Site, clock: Clock, what: str) -> None:
    services, registry = site.provider.services, site.provider.services.registry
    assert site.ask().status == 200
    clock.advance(1)
    kept = dict(site.browser.cookies)
    if what == "person":
        services.directory.disable(site.person.id)
    elif what == "access":
        registry.change_access(site.app.id, lambda _: Access.only(groups=["board"]))
    elif what == "session":
        site.browser.submit(site.browser.get("logout"), "confirm")
        site.browser.cookies.update(kept)
    elif what == "app":
        registry.disable(site.app.id)
    elif what == "switch":
        registry.update(site.app.id, {"fedcm": False})
    elif what == "rule":
        site.provider.add_rule(need="second", why="Not by a password alone.", apps=[site.app.id])
    elif what == "consent":
        registry.update(site.app.id, {"consent": "explicit"})
    else:
        registry.update(site.app.id, {"default_max_age": 60})
        clock.advance(120)
    expected = {
        "person": "login_required", "access": "access_denied", "session": "login_required",
        "app": "unauthorized_client", "switch": "unauthorized_client", "consent": "consent_required",
        "old": "login_required", "rule": "login_required",
    }  # fmt: skip
    answer = site.ask()
    assert answer.status in (401, 403)
    assert code_of(answer) == expected[what]


def test_J2_a_consent_is_remembered_as_any_other_and_disconnect_takes_it_back(site: Site) -> None:
    site.provider.services.registry.update(site.app.id, {"consent": "explicit"})
    assert code_of(site.ask(disclosure_text_shown="true")) == "consent_required"
    site.browser.submit(site.provider.authorize(site.browser, site.app, scope="openid profile email"), "allow")
    assert site.ask().status == 200
    answer = site.disconnect()
    assert (answer.status, answer.json) == (200, {"account_id": site.person.id})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert code_of(site.ask()) == "consent_required"
    assert site.provider.events("consent:revoked")


def test_J2_it_is_off_by_default(provider: Provider, ann: Person, browser: Browser) -> None:
    provider.add_client("CRM", redirect_uris=[f"{ORIGIN}/cb"], fedcm=True)
    browser.log_in(browser.get("sessions"))
    assert MARK not in browser.cookies
    assert not any("Set-Login" in answer.headers for answer in browser.answers)
    for path in ("/.well-known/web-identity", *(f"oauth/fedcm/{name}" for name in PATHS), "fedcm"):
        method = "POST" if path.endswith(("assertion", "disconnect")) else "GET"
        assert browser.open(method, path, headers=DIALOG, data={} if method == "POST" else None).status == 404, path
    with pytest.raises(InvalidMetadata, match="fedcm"):
        provider.add_client("App", "native", redirect_uris=["com.example.app:/cb"], fedcm=True)


def test_J2_the_window_of_the_dialog_signs_in_and_sets_the_cookie_of_a_session_from_before(site: Site) -> None:
    del site.browser.cookies[MARK]
    page = site.browser.get("fedcm")
    assert page.status == 200
    assert page.headers["Set-Login"] == "logged-in"
    assert "fedcm.js" in page.text
    assert site.ask().status == 200


@pytest.mark.parametrize("key", ["require_pushed_authorization_requests", "require_signed_request_object"])
def test_X23_J2_who_must_push_or_sign_its_requests_has_no_dialog(site: Site, key: str) -> None:
    signs = {"request_object_signing_alg": "ES256", "jwks": {"keys": [public_jwk(new_key())]}}
    with pytest.raises(InvalidMetadata, match="fedcm"):
        site.provider.services.registry.update(site.app.id, {key: True, **(signs if "signed" in key else {})})


def test_X23_J2_where_everybody_must_push_the_dialog_signs_nobody_in(open_provider: Open) -> None:
    oauth = {"fedcm": True, "require_pushed_authorization_requests": True}
    provider = open_provider(oauth=oauth, factors={"personal": "never"})
    person = provider.add_person("ann")
    app = provider.add_client("CRM", redirect_uris=[f"{ORIGIN}/cb"], fedcm=True)
    browser = provider.browser()
    browser.log_in(browser.get("sessions"))
    answer = Site(provider, app, person, browser).ask()
    assert (answer.status, code_of(answer)) == (403, "unauthorized_client")


def test_J2_what_a_page_makes_the_browser_ask_keeps_no_session_alive(site: Site, clock: Clock) -> None:
    idle = site.provider.services.settings.session.idle_minutes * 60
    clock.advance(idle - 100)
    assert site.get("oauth/fedcm/accounts").status == 200
    clock.advance(200)
    assert site.get("oauth/fedcm/accounts").status == 401


def test_J2_who_is_signed_in_by_the_dialog_has_used_the_session(site: Site, clock: Clock) -> None:
    idle = site.provider.services.settings.session.idle_minutes * 60
    clock.advance(idle - 100)
    assert site.ask().status == 200
    clock.advance(200)
    assert site.get("oauth/fedcm/accounts").status == 200


# -- several people in one browser -------------------------------------------------------------------------------------


@pytest.fixture
def two(site: Site) -> tuple[Site, Person]:
    """Ann, and then Bob beside her, who is at the front."""
    bob = site.provider.add_person("bob")
    site.browser.log_in(site.browser.submit(site.browser.get("accounts"), "other"), "bob")
    return site, bob


@pytest.mark.spec("FedCM 3.3")
@pytest.mark.spec("FedCM 3.5")
def test_J2_A9_the_dialog_shows_every_account_of_the_browser_and_signs_in_the_chosen_one(
    two: tuple[Site, Person],
) -> None:
    site, bob = two
    shown = [one["id"] for one in site.get("oauth/fedcm/accounts").json["accounts"]]
    assert shown == [bob.id, site.person.id]
    for person in (bob, site.person):
        claims = verified(site.provider, site.ask(account_id=person.id).json["token"], audience=site.app.id)
        assert claims["sub"] == person.id
    stranger = site.provider.add_person("eve")
    assert code_of(site.ask(account_id=stranger.id)) == "access_denied"


@pytest.mark.spec("FedCM 3.6")
def test_J2_disconnect_is_of_the_account_that_it_names(two: tuple[Site, Person]) -> None:
    site, bob = two
    assert site.disconnect().json == {"account_id": site.person.id}
    for hint in ("nobody", ""):
        assert code_of(site.disconnect(hint)) == "access_denied"
    for hint in (bob.id, "bob", "BOB@example.com"):
        assert site.disconnect(hint).json == {"account_id": bob.id}


@pytest.mark.spec("FedCM 3.6")
def test_J2_disconnect_takes_back_the_consent_of_nobody_else(two: tuple[Site, Person]) -> None:
    """An application of a sector of its own knows people by names that are in no list of accounts."""
    site, bob = two
    app = site.provider.add_client("HR", redirect_uris=[f"{ORIGIN}/cb"], fedcm=True, subject_type="pairwise")
    hr = replace(site, app=app)
    for name in ("ann", "bob"):
        site.browser.follow(site.browser.submit(site.browser.get("accounts"), pick(site.browser, name)))
        site.browser.submit(site.provider.authorize(site.browser, app, prompt="consent"), "allow")
    sub = verified(site.provider, hr.ask(account_id=site.person.id).json["token"], audience=app.id)["sub"]
    assert sub != site.person.id
    assert hr.disconnect("nobody").status == 403
    assert hr.disconnect(sub).json == {"account_id": site.person.id}  # bob is at the front
    assert _agreed(hr) == {site.person.id: False, bob.id: True}


def _agreed(site: Site) -> dict[str, bool]:
    shown = site.get("oauth/fedcm/accounts").json["accounts"]
    return {one["id"]: site.app.id in one["approved_clients"] for one in shown}


def test_J2_A9_who_has_ended_or_was_proven_anew_elsewhere_is_not_shown(two: tuple[Site, Person], clock: Clock) -> None:
    site, bob = two
    services = site.provider.services
    services.directory.disable(site.person.id)
    assert [one["id"] for one in site.get("oauth/fedcm/accounts").json["accounts"]] == [bob.id]
    services.directory.enable(site.person.id)
    assert [one["id"] for one in site.get("oauth/fedcm/accounts").json["accounts"]] == [bob.id]  # it had ended
    site.browser.submit(site.browser.get("logout"), "confirm")
    assert MARK not in site.browser.cookies
    assert site.get("oauth/fedcm/accounts").headers["Set-Login"] == "logged-out"


def test_J2_A9_the_one_that_comes_to_the_front_is_shown_first(two: tuple[Site, Person], clock: Clock) -> None:
    site, bob = two
    site.browser.follow(site.browser.submit(site.browser.get("accounts"), pick(site.browser, "ann")))
    assert [one["id"] for one in site.get("oauth/fedcm/accounts").json["accounts"]] == [site.person.id, bob.id]


def test_J2_a_request_that_is_under_way_when_the_secret_is_turned_is_the_same_sessions(
    site: Site, clock: Clock
) -> None:
    """Else the browser is told that nobody is signed in, after it was told otherwise."""
    before, secret = site.browser.cookies[MARK], site.browser.cookies["__Host-doorward_session"]
    clock.advance(site.provider.services.settings.session.turn_minutes * 60 + 1)
    for _ in range(2):
        site.browser.get("sessions")
    assert site.browser.cookies["__Host-doorward_session"] != secret
    assert site.browser.cookies[MARK] == before  # what was on its way, and what comes after
    assert site.ask().status == 200
