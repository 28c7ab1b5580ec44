"""Where an answer may go: nowhere but to a byte-equal registered URI. S1–S3, S8, S12, S21, S24, X1–X3, X15, X18."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients.errors import InvalidMetadata
from tests.provider import App, Browser, Provider

URI = "https://crm.example/cb"
#: Each looks like URI to somebody: a prefix matcher, a decoder, a lower-caser, a browser, a proxy, a regex.
NEAR_MISSES = (
    "https://crm.example.evil.example/cb", "https://crm.example@evil.example/cb",
    "https://evil.example/https://crm.example/cb",
    "https://evil.example#https://crm.example/cb", "https://evil.example?https://crm.example/cb",
    "https://evil.example\\@crm.example/cb",
    "https://crm.example\\.evil.example/cb", "https://crm.example/cb/../evil", "https://crm.example/cb/..",
    "https://crm.example/cb/%2e%2e/evil",
    "https://crm.example/cb%252f..%252fevil", "https://crm.example/cb..;/evil", "https://crm.example/cb;jsessionid=1",
    "https://crm.example/./cb",
    "https://crm.example//cb", "https://crm.example/cb\t", "https://crm.example/cb\n",
    "https://crm.example/cb%0d%0aLocation:x", " https://crm.example/cb",
    "https://crm.example/cb ", "https://crm.example/\x00cb", "https://crm.example/cb\x00.evil.example",
    "HTTPS://crm.example/cb", "https://CRM.example/cb",
    "https://crm.example/CB", "https://crm.example/cb/", "https://crm.example/cb?", "https://crm.example/cb?a=b",
    "https://crm.example/cb#", "https://crm.example/cb#a",
    "https://crm.example:443/cb", "https://crm.example:8443/cb", "https://crm.example./cb",
    "https://ann@crm.example/cb", "https://ann:pw@crm.example/cb",
    "https://crm.еxample/cb", "https://ⓒrm.example/cb", "https://xn--crm-example/cb", "http://crm.example/cb",
    "//crm.example/cb", "/cb", "crm.example/cb", "https:crm.example/cb",
    "https:///crm.example/cb", "https://crmxexample/cb", "https://*.example/cb", "https://sub.crm.example/cb",
    "https://crm.example/%63b",
    "javascript:alert(1)//https://crm.example/cb", "data:text/html,https://crm.example/cb", "vbscript:x", "",
)  # fmt: skip


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM", redirect_uris=[URI])


@pytest.mark.spec("RFC9700 4.1.3")
def test_S1_X15_X18_a_redirect_uri_that_is_not_byte_equal_is_shown_and_never_followed(
    provider: Provider, browser: Browser, crm: App
) -> None:
    for uri in NEAR_MISSES:
        answer = provider.authorize(browser, crm, redirect_uri=uri)
        assert (answer.status, answer.location) == (400, ""), uri
        assert answer.is_error_page, uri
    assert provider.authorize(browser, crm, redirect_uri=URI).is_login_page


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_X18_accepted_means_byte_equal_to_a_registered_uri(
    provider: Provider, browser: Browser, data: st.DataObject
) -> None:
    crm = _remembered(provider)
    characters = st.sampled_from([*"/?#@:;.%\\ *cb", "%2f", "..", "crm", "example", "evil", "\t", "é"])
    at = data.draw(st.integers(0, len(URI)))
    to = data.draw(st.integers(at, min(len(URI), at + 3)))
    uri = URI[:at] + "".join(data.draw(st.lists(characters, max_size=3))) + URI[to:]
    answer = provider.authorize(browser, crm, redirect_uri=uri, response_type="nonsense")
    assert answer.is_redirect == (uri == URI)
    assert answer.is_error_page == (uri != URI)


_apps: dict[int, App] = {}


def _remembered(provider: Provider) -> App:
    if id(provider) not in _apps:
        _apps.clear()
        _apps[id(provider)] = provider.add_client("CRM", redirect_uris=[URI])
    return _apps[id(provider)]


@pytest.mark.spec("RFC8252 7.3")
@pytest.mark.parametrize(
    ("uri", "accepted"),
    [
        ("http://127.0.0.1:51004/cb", True),
        ("http://127.0.0.1/cb", True),
        ("http://[::1]:9/cb", True),
        ("http://localhost:51004/cb", False),
        ("http://127.0.0.1:51004/CB", False),
        ("http://127.0.0.1:51004/cb?x=1", False),
        ("http://127.0.0.1:99999/cb", False),
        ("http://127.0.0.1:051/cb", False),
        ("http://127.0.0.1:80@evil.example/cb", False),
        ("http://127.0.0.1.evil.example:80/cb", False),
        ("http://127.0.0.2:80/cb", False),
        ("https://127.0.0.1:51004/cb", False),
        ("http://127.1:80/cb", False),
        ("http://[::ffff:127.0.0.1]:80/cb", False),
    ],
)
def test_S1_X15_only_the_port_of_a_loopback_address_may_vary_for_native_apps(
    provider: Provider, browser: Browser, uri: str, accepted: bool
) -> None:
    app = provider.add_client("Tool", "native", redirect_uris=["http://127.0.0.1/cb", "http://[::1]/cb"])
    answer = provider.authorize(browser, app, redirect_uri=uri)
    assert answer.is_login_page is accepted
    assert answer.is_error_page is not accepted


def test_S1_the_loopback_port_does_not_vary_for_web_apps(open_provider: Any, clock: Any) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    app = provider.add_client("Dev", redirect_uris=["http://127.0.0.1:5000/cb"])
    assert provider.authorize(provider.browser(), app).is_login_page
    assert provider.authorize(provider.browser(), app, redirect_uri="http://127.0.0.1:5001/cb").is_error_page


#: What makes each class of error, apart from the destination.
BROKEN: dict[str, dict[str, Any]] = {
    "unsupported_response_type": {"response_type": "nonsense"},
    "no_response_type": {"response_type": None},
    "implicit_token": {"response_type": "token"},
    "implicit_id_token": {"response_type": "id_token", "response_mode": "fragment"},
    "implicit_both": {"response_type": "id_token token"},
    "hybrid": {"response_type": "code id_token"},
    "hybrid_all": {"response_type": "code id_token token"},
    "invalid_scope": {"scope": "nothing-of-mine"},
    "hybrid_invalid_scope": {"response_type": "code id_token", "scope": "nothing-of-mine"},
    "implicit_invalid_scope": {"response_type": "token", "scope": "nothing-of-mine"},
    "no_pkce": {"code_challenge": None, "code_challenge_method": None},
    "plain_pkce": {"code_challenge_method": "plain"},
    "bad_prompt": {"prompt": "none login"},
    "silent": {"prompt": "none"},
    "request_object": {"request": "eyJhbGciOiJub25lIn0.e30."},
    "request_uri": {"request_uri": "https://evil.example/object"},
    "registration": {"registration": "{}"},
    "bad_response_mode": {"response_mode": "web_message"},
    "form_post": {"response_mode": "form_post", "prompt": "none"},
    "repeated": {"scope": ["openid", "email"]},
    "bad_max_age": {"max_age": "soon"},
    "bad_claims": {"claims": "{"},
    "bad_hint": {"id_token_hint": "x.y.z", "prompt": "none"},
    "foreign_resource": {"resource": "https://evil.example/api"},
    "nothing_wrong": {},
}


@pytest.mark.spec("RFC6749 3.1.2.4")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "destination",
    [
        {"redirect_uri": "https://evil.example/cb"},
        {"redirect_uri": None},
        {"redirect_uri": ""},
        {"client_id": "cunknown0000000000000000"},
        {"client_id": None},
        {"redirect_uri": [URI, "https://evil.example/cb"]},
        {"redirect_uri": ["https://evil.example/cb", URI]},
        {"redirect_uri": "javascript:alert(document.domain)"},
    ],
    ids=["foreign", "missing", "empty", "unknown-client", "no-client", "twice", "twice-turned", "javascript"],
)
def test_S2_X1_X2_no_error_of_any_kind_leads_to_an_address_that_is_not_the_clients(
    provider: Provider, browser: Browser, crm: App, destination: dict[str, Any], method: str
) -> None:
    for kind, broken in BROKEN.items():
        answer = provider.authorize(browser, crm, method=method, **{**broken, **destination})
        if method == "POST":  # a cross-site POST comes back as a GET to ourselves first
            assert urlsplit(answer.location).netloc == "login.example", kind
            answer = browser.follow(answer)
        assert (answer.status, answer.location) == (400, ""), kind
        assert answer.is_error_page, kind
        assert not [a for tag, a in answer.dom.elements if tag in ("a", "form", "meta") and "evil" in str(a)], kind


@pytest.mark.spec("RFC6749 4.1.2.1")
@pytest.mark.spec("RFC9207 2")
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("unsupported_response_type", "unsupported_response_type"),
        ("no_response_type", "invalid_request"),
        ("implicit_token", "unsupported_response_type"),
        ("implicit_both", "unsupported_response_type"),
        ("hybrid", "unsupported_response_type"),
        ("hybrid_all", "unsupported_response_type"),
        ("invalid_scope", "invalid_scope"),
        ("no_pkce", "invalid_request"),
        ("plain_pkce", "invalid_request"),
        ("bad_prompt", "invalid_request"),
        ("silent", "login_required"),
        ("request_object", "invalid_request_object"),
        ("request_uri", "invalid_request_uri"),
        ("registration", "registration_not_supported"),
        ("bad_response_mode", "invalid_request"),
        ("form_post", "login_required"),
        ("repeated", "invalid_request"),
        ("bad_max_age", "invalid_request"),
        ("bad_claims", "invalid_request"),
        ("bad_hint", "login_required"),
        ("foreign_resource", "invalid_target"),
    ],
)
def test_E2_S24_every_other_error_goes_to_the_application_with_iss_and_state(
    provider: Provider, browser: Browser, crm: App, kind: str, error: str
) -> None:
    state = "a b+c&d=é/%41 ~"
    answer = provider.authorize(browser, crm, state=state, **BROKEN[kind])
    mark = "#" if "token" in (BROKEN[kind].get("response_type") or "") else "?"
    assert answer.location.startswith(URI + mark) or answer.form.action == URI
    assert answer.sent["error"] == error
    assert answer.sent["iss"] == provider.issuer
    assert answer.sent["state"] == state
    assert answer.sent["error_description"]
    assert "code" not in answer.sent


def test_S2_a_canary_request_uri_is_never_fetched(provider: Provider, browser: Browser, crm: App) -> None:
    fetched: list[str] = []
    object.__setattr__(provider.services.outbound, "_resolver", lambda host, port: fetched.append(host) or [])
    provider.authorize(browser, crm, request_uri="https://canary.example/object")
    provider.authorize(browser, crm, request_uri="http://127.0.0.1:1/object")
    assert fetched == []


@pytest.mark.spec("OIDC-Core 3.1.2.1")
@pytest.mark.parametrize("profile", ["web", "spa", "native", "legacy"])
@pytest.mark.parametrize(
    "uri",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "https://crm.example/cb#here",
    "https://crm.example/cb#",
     "file:///etc/passwd", "blob:https://crm.example/1", "https://*.crm.example/cb", "http://crm.example/cb",
     "https://u@crm.example/"],
)  # fmt: skip
def test_S3_S49_dangerous_redirect_uris_are_refused_at_registration(provider: Provider, profile: str, uri: str) -> None:
    with pytest.raises(InvalidMetadata) as refused:
        provider.add_client("Bad", profile, redirect_uris=[uri])
    assert refused.value.code == "invalid_redirect_uri"


@pytest.mark.parametrize("uri", ["https://localhost/cb", "http://localhost:3000/cb", "http://127.0.0.1/cb"])
def test_S49_web_clients_may_not_return_to_the_persons_own_machine(provider: Provider, uri: str) -> None:
    with pytest.raises(InvalidMetadata):
        provider.add_client("Web", "web", redirect_uris=[uri])
    with pytest.raises(InvalidMetadata):
        provider.add_client("App", "native", redirect_uris=["myapp:/cb"])  # no dot in the scheme
    assert provider.add_client("App", "native", redirect_uris=["com.example.app:/cb"]).id


@pytest.mark.parametrize("uri", ["javascript:alert(1)", "data:text/html,x", "com.example.tool:/cb"])
def test_S3_X7_form_post_is_never_rendered_towards_an_address_that_may_run_script(
    provider: Provider, browser: Browser, uri: str
) -> None:
    from dataclasses import replace

    from idp.wire import AutoPost

    tool = provider.add_client("Tool", "native", redirect_uris=["com.example.tool:/cb"])
    answer = provider.authorize(browser, tool, response_mode="form_post", prompt="none")
    assert not answer.dom.find("form", id="auto-post")
    # The renderer refuses by itself, whatever let the address come so far.
    bridge = provider.app.wsgi_app._bridge
    post = replace(AutoPost(action="https://x.example", fields=(("code", "c"),)), action=uri)
    from idp.wire import Request

    _, _, body = bridge.finish(Request({"REQUEST_METHOD": "GET"}), post)
    assert b"<form" not in body
    assert uri.encode() not in body


@pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
@pytest.mark.parametrize("silent", [True, False])
@pytest.mark.spec("RFC9207 2")
def test_S24_S21_iss_and_the_byte_exact_state_stand_in_every_response_mode(
    provider: Provider, browser: Browser, crm: App, mode: str, silent: bool
) -> None:
    provider.add_person()
    state = "x" * 6 + "%00 é ü+/=?&#'\"<>" if not silent else "s"
    overrides = {"prompt": "none"} if silent else {}
    answer = provider.sign_in(browser, crm, response_mode=mode, state=state, **overrides)
    assert answer.sent["iss"] == provider.issuer
    assert answer.sent["state"] == state
    assert ("error" in answer.sent) is silent
    assert ("code" in answer.sent) is not silent
    if mode == "form_post":
        assert (answer.status, answer.form.action, answer.form.method) == (200, URI, "POST")
    else:
        assert answer.location.startswith(URI + ("?" if mode == "query" else "#"))


def test_S21_no_state_is_made_up(provider: Provider, browser: Browser, crm: App) -> None:
    assert "state" not in provider.authorize(browser, crm, state=None, prompt="none").sent


@pytest.mark.spec("RFC6749 4.1.2.1")
@pytest.mark.parametrize("junk", ['"', "\\", "\n", "é", "\u202e", "<script>"])
def test_S21_error_descriptions_stay_within_the_characters_of_the_standard(
    provider: Provider, browser: Browser, crm: App, junk: str
) -> None:
    for overrides in (
        {"prompt": f"x{junk}"},
        {junk: ["1", "2"]},
        {"id_token_hint": junk, "prompt": "none"},
        {"max_age": junk},
    ):
        text = provider.authorize(browser, crm, **overrides).sent["error_description"]
        assert all(c in "\x20\x21" or "\x23" <= c <= "\x5b" or "\x5d" <= c <= "\x7e" for c in text), text
    token = provider.post("oauth/token", crm, [("grant_type", junk), (junk, "1"), (junk, "2")])
    assert all("\x20" <= c <= "\x7e" and c not in '"\\' for c in token.json["error_description"])


@pytest.mark.spec("RFC9700 4.12")
def test_S12_after_a_post_the_browser_is_sent_on_with_303(provider: Provider, browser: Browser, crm: App) -> None:
    provider.add_person()
    posted = provider.authorize(browser, crm, method="POST")
    assert posted.status == 303
    page = browser.follow(posted)
    done = browser.log_in(page)
    assert done.status == 303
    assert done.location.startswith(URI)
    again = provider.authorize(browser, crm, method="POST")  # now with a session
    assert (again.status, "code" in again.sent) == (303, True)
    other = provider.browser()
    assert other.submit(provider.authorize(other, crm), "cancel").status == 303
    assert all(a.status not in (307, 308) for a in browser.answers + other.answers)


@pytest.mark.spec("RFC9700 2.1.2")
def test_S8_implicit_and_password_grants_are_not_there(provider: Provider, crm: App) -> None:
    for grant in ("password", "implicit"):
        for profile in ("web", "legacy"):
            with pytest.raises(InvalidMetadata):
                provider.add_client("Old", profile, grant_types=[grant])
    answer = provider.post("oauth/token", crm, {"grant_type": "password", "username": "ann", "password": "x"})
    assert (answer.status, answer.error) == (400, "unsupported_grant_type")


def test_X3_openid_is_never_taken_from_the_raw_request(provider: Provider, browser: Browser) -> None:
    provider.add_person()
    plain = provider.add_client("API", scope="files.read profile")
    answer = provider.sign_in(browser, plain, scope="openid files.read")
    tokens = provider.redeem(plain, answer.code).json
    assert tokens["scope"] == "files.read"
    assert "id_token" not in tokens
    assert (
        provider.authorize(browser, plain, scope="openid", response_type="id_token").error
        == "unsupported_response_type"
    )
    assert provider.authorize(browser, plain, scope="openid").error == "invalid_scope"
    assert provider.userinfo(tokens["access_token"]).status == 403


def test_S2_a_disabled_client_is_a_page_not_a_redirect(provider: Provider, browser: Browser, crm: App) -> None:
    provider.services.registry.disable(crm.id)
    answer = provider.authorize(browser, crm)
    assert answer.is_error_page
    assert not answer.location


def test_E1_a_refused_redirect_uri_is_explained_to_admins_under_its_id(
    provider: Provider, browser: Browser, crm: App
) -> None:
    from idp.audit import explain

    answer = provider.authorize(browser, crm, redirect_uri="https://crm.example/callback")
    (event,) = explain(provider.services.db, answer.error_id)
    assert event.client_id == crm.id
    assert event.detail["side"] == "application"
    assert "https://crm.example/callback" in event.detail["what"]
    assert URI in event.detail["what"] + event.detail["fix"]
    # What is registered is told to admins, not to whoever makes up a request.
    assert URI not in answer.text


def test_S20_a_secret_in_the_url_is_no_authentication(provider: Provider, crm: App) -> None:
    body = {"grant_type": "client_credentials", "client_id": crm.id}
    url = f"oauth/token?client_id={crm.id}&client_secret={quote(crm.secret or '')}"
    assert provider.post(url, None, body).error == "invalid_client"
