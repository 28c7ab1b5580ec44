"""RP-Initiated Logout 1.0. S51, and "a logout URL with client_id and no hint asks and then returns"."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.logging_out import BYE, is_signed_in, log_out
from tests.provider import Answer, App, Browser, Provider


@pytest.mark.spec("RPI 2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_S51_a_hint_for_this_very_session_signs_out_and_returns(
    provider: Provider, browser: Browser, crm: App, clock: Clock, method: str
) -> None:
    tokens = provider.tokens(crm, browser)
    clock.advance(2000)  # the hint has expired
    answer = log_out(browser, method, id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE, state="a b&c")
    assert answer.status == 303
    assert answer.location.startswith(BYE + "?")
    assert answer.sent == {"state": "a b&c"}
    assert browser.cookie("session") == ""
    assert not is_signed_in(provider, browser, crm)
    assert provider.refresh(crm, tokens["refresh_token"]).error == "invalid_grant"
    assert [event.detail["why"] for event in provider.events("session:ended")] == [f"signed out at {crm.id}"]


def test_S51_the_session_dies_on_the_server_not_only_in_the_browser(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    kept = dict(browser.cookies)
    log_out(browser, id_token_hint=tokens["id_token"])
    browser.cookies = kept
    assert not is_signed_in(provider, browser, crm)


@pytest.mark.spec("RPI 2")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_S51_without_a_hint_the_person_is_asked_and_then_returned(
    provider: Provider, browser: Browser, crm: App, method: str
) -> None:
    provider.sign_in(browser, crm)
    page = log_out(browser, method, client_id=crm.id, post_logout_redirect_uri=BYE, state="s")
    assert page.status == 200
    assert page.dom.find("button", id="confirm")
    assert "CRM" in page.dom.text
    assert is_signed_in(provider, browser, crm)
    done = browser.submit(page, "confirm")
    assert (done.status, done.location) == (303, BYE + "?state=s")
    assert not is_signed_in(provider, browser, crm)


@pytest.mark.parametrize(
    "params", [{}, {"client_id": "unknown"}, {"state": "x"}, {"logout_hint": "ann", "ui_locales": "de"}]
)
def test_S51_without_a_client_the_person_is_asked_and_stays_here(
    provider: Provider, browser: Browser, crm: App, params: dict[str, str]
) -> None:
    provider.sign_in(browser, crm)
    page = log_out(browser, **params)
    assert page.dom.find("button", id="confirm")
    done = browser.submit(page, "confirm")
    assert done.status == 200
    assert "signed out" in done.dom.text
    assert not is_signed_in(provider, browser, crm)


@pytest.mark.spec("RPI 3")
@pytest.mark.parametrize(
    "uri",
    [BYE + "/", BYE + "?x=1", "https://crm.example/cb", "https://evil.example/", "javascript:alert(1)", BYE.upper()],
)
def test_S51_n19_an_unregistered_return_address_is_never_followed_and_no_dead_end(
    provider: Provider, browser: Browser, crm: App, uri: str
) -> None:
    """RPI §3: the provider must not redirect, and may sign out: with the session's own hint at once, else if asked."""
    for params in (
        {"client_id": crm.id},
        {},
        {"client_id": "made up"},
        {"id_token_hint": "undefined", "client_id": crm.id},
    ):
        provider.sign_in(browser, crm)
        page = log_out(browser, post_logout_redirect_uri=uri, state="s", **params)
        assert (page.status, page.location) == (200, "")
        assert told_of(provider, page, crm if params.get("client_id") == crm.id else None)
        assert is_signed_in(provider, browser, crm)
        done = browser.submit(page, "confirm")
        assert (done.status, done.location) == (200, "")
        assert told_of(provider, done, crm if params.get("client_id") == crm.id else None)
        assert "signed out" in done.dom.text
        assert not is_signed_in(provider, browser, crm)
    hint = provider.tokens(crm, browser)["id_token"]
    done = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=uri)
    assert (done.status, done.location) == (200, "")
    assert told_of(provider, done, crm)
    assert not is_signed_in(provider, browser, crm)
    nobody = log_out(browser, client_id=crm.id, post_logout_redirect_uri=uri)
    assert (nobody.status, nobody.location) == (200, "")
    assert told_of(provider, nobody, crm)


def told_of(provider: Provider, page: Answer, app: App | None) -> bool:
    """The page says why there is no way back, and its id leads an admin to the same."""
    (note,) = page.dom.find("div", id="lost")
    found = re.search(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}", page.text)
    assert found, note
    assert f'href="{provider.issuer}/errors/post_logout_redirect_uri"' in page.text or app is None
    assert 'data-copy="lost-details"' in page.text
    assert "copy.js" in page.text
    (event,) = [one for one in provider.events("error:logout_request") if one.error_id == found[0]]
    return ("is not registered for it" in page.dom.text, event.client_id) == (bool(app), app.id if app else None)


def test_n19_a_server_that_proves_itself_signs_out_whatever_address_it_sends(
    provider: Provider, browser: Browser, crm: App
) -> None:
    tokens = provider.tokens(crm, browser)
    sent = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://evil.example/"}
    assert provider.post("oauth/logout", crm, sent).json == {"signed_out": True}
    assert not is_signed_in(provider, browser, crm)


@pytest.mark.spec("RPI 2")
def test_S51_a_hint_of_another_application_is_not_used_and_the_person_is_asked(
    provider: Provider, browser: Browser, crm: App
) -> None:
    bye = "https://other.example/bye"
    other = provider.add_client("Other", post_logout_redirect_uris=[bye])
    hint = provider.tokens(crm, browser)["id_token"]
    page = log_out(browser, id_token_hint=hint, client_id=other.id, post_logout_redirect_uri=bye, state="s")
    assert page.dom.find("button", id="confirm")
    assert is_signed_in(provider, browser, crm)
    assert log_out(browser, id_token_hint=hint, client_id=crm.id, post_logout_redirect_uri=BYE).location == BYE


def bad_hints(provider: Provider, crm: App, browser: Browser) -> dict[str, str]:
    """What applications send that is no hint of theirs; the last ones come near to it."""
    head, payload, signature = provider.tokens(crm, browser)["id_token"].split(".")
    access = provider.tokens(provider.add_client("API", access_token_format="jwt"), browser)["access_token"]
    return {
        "undefined": "undefined", "null": "null", "None": "None", "abc": "abc", "empty": "",
        "object": "[object Object]",
        "dots": "x.y.z", "beyond ASCII": "é", "none": "eyJhbGciOiJub25lIn0.e30.", "cut": f"{head}.{payload}",
        "unsigned": f"{head}.{payload}.", "forged": f"{head}.{payload}.{signature[:-6]}AAAAAA", "access token": access,
        "long": "a" * 6000,
    }  # fmt: skip


@pytest.mark.spec("RPI 4")
def test_n19_a_hint_that_cannot_be_used_leads_to_the_question_and_then_back(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for name, hint in bad_hints(provider, crm, browser).items():
        provider.sign_in(browser, crm)
        page = log_out(browser, id_token_hint=hint, client_id=crm.id, post_logout_redirect_uri=BYE, state="s")
        assert page.status == 200, name
        assert page.dom.find("button", id="confirm"), name
        assert is_signed_in(provider, browser, crm), name
        assert browser.submit(page, "confirm").location == BYE + "?state=s", name
        assert not is_signed_in(provider, browser, crm), name
        # Nobody is signed in any more: nothing to ask.
        again = log_out(browser, id_token_hint=hint, client_id=crm.id, post_logout_redirect_uri=BYE, state="s")
        assert again.location == BYE + "?state=s", name


@pytest.mark.spec("RPI 4")
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_n19_without_a_client_only_the_way_back_is_left_out(
    provider: Provider, browser: Browser, crm: App, method: str
) -> None:
    """Browser applications with an empty storage send both, and no client_id."""
    provider.sign_in(browser, crm)
    page = log_out(browser, method, id_token_hint="undefined", post_logout_redirect_uri=BYE, state="s")
    assert page.dom.find("button", id="confirm")
    done = browser.submit(page, "confirm")
    assert (done.status, done.location) == (200, "")
    assert "signed out" in done.dom.text
    assert not is_signed_in(provider, browser, crm)


def test_n19_an_unusable_hint_opens_no_way_to_an_address_that_is_not_registered(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for hint in ("undefined", "x.y.z"):
        provider.sign_in(browser, crm)
        evil = {"post_logout_redirect_uri": "https://evil.example/"}
        asked = log_out(browser, id_token_hint=hint, client_id=crm.id, **evil)
        assert (asked.status, asked.location) == (200, "")
        done = browser.submit(log_out(browser, id_token_hint=hint, **evil), "confirm")
        assert (done.status, done.location) == (200, "")


def test_n19_a_hint_of_another_issuer_is_not_used(
    provider: Provider, browser: Browser, crm: App, open_provider: Callable[..., Provider]
) -> None:
    foreign = open_provider(server={"issuer": "https://elsewhere.example"})
    foreign.add_person("ann")
    hint = foreign.tokens(foreign.add_client())["id_token"]
    provider.sign_in(browser, crm)
    assert log_out(browser, id_token_hint=hint, client_id=crm.id).dom.find("button", id="confirm")
    assert is_signed_in(provider, browser, crm)


def test_S51_a_hint_for_somebody_else_or_another_session_asks(
    provider: Provider, browser: Browser, crm: App, clock: Clock
) -> None:
    provider.add_person("bob")
    bobs = provider.tokens(crm, login="bob")["id_token"]
    elsewhere = provider.tokens(crm, login="ann")["id_token"]
    provider.sign_in(browser, crm)
    for hint in (bobs, elsewhere):
        page = log_out(browser, id_token_hint=hint, post_logout_redirect_uri=BYE)
        assert page.dom.find("button", id="confirm")
        assert is_signed_in(provider, browser, crm)


def test_S51_signing_out_when_nobody_is_signed_in_returns_too(provider: Provider, browser: Browser, crm: App) -> None:
    assert log_out(browser, client_id=crm.id, post_logout_redirect_uri=BYE).location == BYE
    assert "signed out" in log_out(browser).dom.text


def test_S51_a_cross_site_post_finds_the_session_that_its_cookies_left_at_home(
    provider: Provider, browser: Browser, crm: App
) -> None:
    hint = provider.tokens(crm, browser)["id_token"]
    params = {"id_token_hint": hint, "post_logout_redirect_uri": BYE, "state": "s"}
    # A browser sends no Lax cookie with a form posted by another site.
    answer = browser.open("POST", "oauth/logout", params, cookies=False)
    assert answer.location != BYE + "?state=s"
    done = browser.follow(answer)
    assert done.location == BYE + "?state=s"
    assert not is_signed_in(provider, browser, crm)


def test_S51_repeated_parameters_are_refused(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    pairs = [
        ("client_id", crm.id),
        ("post_logout_redirect_uri", BYE),
        ("post_logout_redirect_uri", "https://evil.example"),
    ]
    assert browser.get("oauth/logout?" + urlencode(pairs)).is_error_page


def test_S61_nobody_can_be_signed_out_by_a_page_of_another_site(
    provider: Provider, browser: Browser, crm: App, ann: Person
) -> None:
    provider.sign_in(browser, crm)
    stranger = provider.browser()
    provider.sign_in(stranger, crm)
    page = log_out(stranger, client_id=crm.id)
    forged = dict(page.form.fields) | {"confirm": "yes"}
    for path in ("oauth/logout", "logout"):
        browser.post(path, forged)  # the attacker's own confirmation, posted from the victim's browser
        browser.post(path, {"confirm": "yes"})
        browser.get(f"{path}?confirm=yes")
        assert is_signed_in(provider, browser, crm), path


def test_a_confirmation_page_that_went_stale_leads_on(provider: Provider, browser: Browser, crm: App) -> None:
    provider.sign_in(browser, crm)
    page = log_out(browser, client_id=crm.id)
    browser.forget("browser")
    stale = browser.submit(page, "confirm")
    assert stale.status == 200
    link = next(a["href"] for a in stale.dom.find("a") if "main" in a.get("class", ""))
    again = browser.get(link)
    assert again.dom.find("button", id="confirm")


def test_the_portals_own_sign_out_asks_and_ends_all(provider: Provider, browser: Browser, crm: App) -> None:
    tokens = provider.tokens(crm, browser)
    page = browser.get("logout")
    assert page.dom.find("button", id="confirm")
    done = browser.submit(page, "confirm")
    assert "CRM" in done.dom.text
    assert provider.userinfo(tokens["access_token"]).status == 401
    sign_in_again = next(
        a["href"] for a in done.dom.find("a") if "Sign in again" in done.text and "main" not in a.get("class", "x")
    )
    assert browser.get(sign_in_again).status in (200, 302, 303)


def test_a_path_in_the_issuer_is_kept_on_every_link(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(server={"issuer": "https://example.org/sso"})
    provider.add_person()
    crm, browser = provider.add_client(), provider.browser()
    provider.sign_in(browser, crm)
    page = log_out(browser, client_id=crm.id)
    assert page.form.action.startswith("/sso/")
    browser.forget("browser")
    stale = browser.submit(page, "confirm")
    links = [a["href"] for a in stale.dom.find("a") if a["href"].startswith(("/", "https://example.org"))]
    assert links
    assert all(link.startswith(("/sso/", "https://example.org/sso")) for link in links)
