"""An error is delivered as the request asked: each kind in each mode, with state and issuer. N23."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from idp.accounts.person import Person
from tests.provider import Answer, App, Browser, Provider

KINDS: dict[str, dict[str, Any]] = {
    "invalid_request_object": {"request": "eyJhbGciOiJub25lIn0.e30."},
    "invalid_request_uri": {"request_uri": "https://crm.example/r"},
    "registration_not_supported": {"registration": "{}"},
    "unsupported_response_type": {"response_type": "nonsense"},
    "invalid_scope": {"scope": "made-up"},
    "invalid_target": {"resource": "https://api.example"},
    "login_required": {"prompt": "none"},
    "unmet_authentication_requirements": {"claims": '{"id_token":{"acr":{"essential":true,"value":"x"}}}'},
    "invalid_request": {"prompt": "made-up"},
}
MODES = ["query", "fragment", "form_post"]


def told(answer: Answer) -> tuple[str, dict[str, str]]:
    """How an answer came, and what it says."""
    if answer.status == 200:
        return "form_post", answer.sent
    parts = urlsplit(answer.location)
    assert not (parts.query and parts.fragment)
    return ("fragment" if parts.fragment else "query"), answer.sent


def unsigned(**claims: Any) -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part(claims)}."


@pytest.mark.spec("Multiple Response Types 2.1")
@pytest.mark.parametrize("mode", [None, *MODES])
@pytest.mark.parametrize("error", KINDS)
def test_n23_every_error_comes_in_the_mode_that_was_asked_for(
    provider: Provider, browser: Browser, crm: App, error: str, mode: str | None
) -> None:
    way, sent = told(provider.authorize(browser, crm, response_mode=mode, **KINDS[error]))
    assert way == (mode or "query")
    assert (sent["error"], sent["state"], sent["iss"]) == (error, "st 8", provider.issuer)


@pytest.mark.spec("Multiple Response Types 3")
@pytest.mark.parametrize("kind", ["token", "id_token", "id_token token", "token id_token", "code token",
                                  "code id_token", "code id_token token"])  # fmt: skip
@pytest.mark.parametrize(
    ("mode", "expected"),
    [(None, "fragment"), ("fragment", "fragment"), ("form_post", "form_post"), ("query", "fragment"),
     ("web_message", "fragment"), ("jwt", "fragment"), ("query.jwt", "fragment"), ("fragment.jwt", "fragment"),
     ("form_post.jwt", "form_post")],
)  # fmt: skip
def test_n23_where_a_token_would_come_the_fragment_is_the_default_and_the_query_never(
    provider: Provider, browser: Browser, crm: App, kind: str, mode: str | None, expected: str
) -> None:
    answer = provider.authorize(browser, crm, response_type=kind, response_mode=mode)
    way, sent = told(answer)
    assert (way, sent["state"]) == (expected, "st 8")
    assert sent["error"] in ("unsupported_response_type", "unauthorized_client")


@pytest.mark.parametrize(
    ("mode", "expected"), [("web_message", "query"), ("JWT", "query"), ("fragment.jws", "query"), ("QUERY", "query")]
)
def test_n23_a_mode_that_does_not_exist_falls_back_to_what_is_nearest(
    provider: Provider, browser: Browser, crm: App, mode: str, expected: str
) -> None:
    way, sent = told(provider.authorize(browser, crm, response_mode=mode))
    assert (way, sent["error"]) == (expected, "invalid_request")


@pytest.mark.spec("OIDC-Core 6.1")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("signed", [False, True])
def test_n23_what_stands_only_in_a_request_object_says_how_its_refusal_comes(
    provider: Provider, browser: Browser, crm: App, mode: str, signed: bool
) -> None:
    claims = {"response_mode": mode, "state": "inside", "redirect_uri": crm.redirect_uri, "response_type": "code"}
    text = unsigned(**claims) + ("c2lnbmVk" if signed else "")
    for outside in ({}, {"state": "outside", "response_mode": "query"}):
        given = {"state": None, "response_mode": None, "redirect_uri": None, "response_type": None, **outside}
        way, sent = told(provider.authorize(browser, crm, request=text, **given))
        assert (way, sent["error"], sent["state"]) == (mode, "invalid_request_object", "inside")


def test_n23_the_default_of_a_response_type_inside_holds_too(provider: Provider, browser: Browser, crm: App) -> None:
    answer = provider.authorize(browser, crm, request=unsigned(response_type="id_token"), response_type=None)
    assert told(answer)[0] == "fragment"


@pytest.mark.parametrize(
    "text",
    ["", "x", "a.b", "a.b.c.d.e", unsigned(state=5, response_mode=["query"]), unsigned(state="\ud800"),
     "a." + "[" * 9000, unsigned(x="y" * 40_000)[:31_000], "é.é.é"],
)  # fmt: skip
def test_n23_S2_a_request_object_that_cannot_be_read_changes_nothing(
    provider: Provider, browser: Browser, crm: App, text: str
) -> None:
    answer = provider.authorize(browser, crm, request=text, method="GET" if len(text) < 7000 else "POST")
    answer = browser.submit(answer) if answer.status == 200 and answer.dom.find("form", id="auto-post") else answer
    if text:
        assert told(answer)[0] == "query"
        assert (answer.error, answer.sent["state"]) == ("invalid_request_object", "st 8")


@pytest.mark.spec("RFC6749 4.1.2.1")
def test_n23_S2_X1_a_request_object_leads_nowhere_that_is_not_registered(
    provider: Provider, browser: Browser, crm: App
) -> None:
    evil = unsigned(redirect_uri="https://evil.example/", response_mode="form_post")
    assert provider.authorize(browser, crm, request=evil, redirect_uri=None).is_error_page
    other = provider.add_client("Other")
    elsewhere = unsigned(redirect_uri=other.redirect_uri)
    assert provider.authorize(browser, crm, request=elsewhere, redirect_uri=None).is_error_page
    assert (
        provider.authorize(browser, crm, request=evil).dom.find("form", id="auto-post")[0]["action"] == crm.redirect_uri
    )


# -- what the sentence says ------------------------------------------------------------------------------------------


def test_n23_a_mode_that_is_not_registered_is_told_with_those_that_are(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = provider.add_client("Form", response_modes=["form_post"])
    for mode in (None, "query", "fragment"):
        sentence = told(provider.authorize(browser, app, response_mode=mode))[1]["error_description"]
        assert "it has form_post" in sentence
        assert (mode or "without response_mode") in sentence


@pytest.mark.spec("RFC6749 3.3")
@pytest.mark.parametrize(
    "scope", ["openid,profile", "openid,email profile", "openid;email", "openid|email", "a.read,b"]
)
def test_n40_a_list_that_is_not_parted_by_spaces_is_told_so(
    provider: Provider, browser: Browser, ann: Person, scope: str
) -> None:
    app = provider.add_client("App", scope="openid profile email a.read b")
    answer = provider.authorize(browser, app, scope=scope)
    assert answer.error == "invalid_scope"
    assert "parted by spaces" in answer.sent["error_description"]


@pytest.mark.spec("RFC6749 3.3")
@pytest.mark.parametrize(
    ("scope", "wrong"),
    [
        ("openid, profile, email", "openid, is"),
        ("openid profile,", "profile, is"),
        ("openid%20profile%20email", "openid%20profile%20email is"),
        ("openid%2520profile%2520email", "openid%2520profile%2520email is"),
        ('["openid","profile","email"]', "['openid','profile','email'] is"),
        ('["openid", "profile", "email"]', "['openid', is"),
        ('"openid profile email"', "'openid is"),
        ("'openid' 'profile' 'email'", "'openid' is"),
        ("(openid profile email)", "(openid is"),
        ("OpenID Profile email", "OpenID is"),
        ("openid profile EMAIL", "EMAIL is"),
        ("openid+profile+email", "openid+profile+email is"),
        ("openid; profile; email", "openid; is"),
        ("openid\uff0cprofile email", "openid'profile is"),
    ],
)
def test_n40_a_scope_that_would_be_lost_is_named_with_what_to_write(
    provider: Provider, browser: Browser, ann: Person, scope: str, wrong: str
) -> None:
    answer = provider.authorize(browser, provider.add_client("App"), scope=scope)
    assert answer.error == "invalid_scope"
    sentence = answer.sent["error_description"]
    assert sentence.startswith(wrong)
    assert "write scope=openid profile" in sentence


def test_n40_names_of_an_organisation_keep_their_letters_and_what_is_unknown_is_left_out(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = provider.add_client("App", scope="openid email Files.Read https://api.example/x")
    for scope, given in (
        ("openid Files.Read https://api.example/x", "openid Files.Read https://api.example/x"),
        ("openid files.write urn:x:y email , made-up", "openid email"),
    ):
        assert provider.tokens(app, scope=scope)["scope"] == given
    wrong = provider.authorize(browser, app, scope="openid files.read").sent["error_description"]
    assert wrong.startswith("files.read is not a scope; write scope=openid Files.Read,")


def test_n40_also_at_the_token_endpoint_and_a_name_with_a_comma_is_a_name(provider: Provider, ann: Person) -> None:
    machine = provider.add_client("Batch", "machine", scope="a b c,d")
    assert provider.client_credentials(machine, scope="c,d").json["scope"] == "c,d"
    refused = provider.client_credentials(machine, scope="a,b")
    assert (refused.error, "parted by spaces" in refused.json["error_description"]) == ("invalid_scope", True)
    app = provider.add_client("App")
    tokens = provider.tokens(app)
    refreshed = provider.refresh(app, tokens["refresh_token"], scope="openid,profile")
    assert (refreshed.error, "parted by spaces" in refreshed.json["error_description"]) == ("invalid_scope", True)
    unknown = provider.client_credentials(machine, scope="x,y z")
    assert "x,y z" in unknown.json["error_description"]


def test_n25_a_missing_challenge_names_the_profile_that_does_without(
    provider: Provider, browser: Browser, crm: App
) -> None:
    """Superset's documented set-up has no PKCE."""
    without = {"code_challenge": None, "code_challenge_method": None}
    assert "profile=legacy" in provider.authorize(browser, crm, **without).sent["error_description"]
    spa = provider.add_client("Spa", "spa")
    assert "legacy" not in provider.authorize(browser, spa, **without).sent["error_description"]
