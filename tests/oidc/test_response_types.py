"""The implicit and the hybrid flow, and `none`: for applications registered for them by name (S8, S43, X2, X3)."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from clients.offered import RESPONSE_TYPES, find_response_type
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import VERIFIER, Answer, App, Browser, Provider, new_key

FRONT = [row.name for row in RESPONSE_TYPES.values() if row.front]
HYBRID = [name for name in FRONT if "code" in name]
DISCOVERY = ".well-known/openid-configuration"


def old(provider: Provider, *types: str, profile: str = "web", **metadata: Any) -> App:
    """An application that is registered for these."""
    return provider.add_client("Old", profile, response_types=list(types), **metadata)


def fragment(answer: Answer) -> dict[str, str]:
    """What stands behind the '#', where nothing stands before it."""
    parts = urlsplit(answer.location)
    assert not parts.query, answer.location
    return dict(parse_qsl(parts.fragment))


def half(value: str) -> str:
    """The left half of SHA-256, as RS256 and ES256 have it (Core §3.3.2.11)."""
    return urlsafe_b64encode(sha256(value.encode()).digest()[:16]).rstrip(b"=").decode()


@pytest.mark.spec("OIDC-Core 3.2.2.5, 3.3.2.5")
@pytest.mark.parametrize("kind", FRONT)
def test_S8_S43_each_type_brings_what_its_name_says(provider: Provider, ann: Person, kind: str) -> None:
    app = old(provider, kind)
    sent = fragment(provider.sign_in(provider.browser(), app, response_type=kind))
    assert (sent["state"], sent["iss"]) == ("st 8", provider.issuer)
    words = kind.split()
    assert ("code" in sent, "access_token" in sent, "id_token" in sent) == (
        "code" in words, "token" in words, "id_token" in words,
    )  # fmt: skip
    assert "refresh_token" not in sent
    if "token" in words:
        assert (sent["token_type"], int(sent["expires_in"]) <= 300) == ("Bearer", True)
        assert provider.userinfo(sent["access_token"]).json["sub"] == ann.id
    if "id_token" in words:
        claims = verified(provider, sent["id_token"], audience=app.id)
        assert (claims["nonce"], claims["sub"]) == ("n-1", ann.id)
        assert claims.get("at_hash") == (half(sent["access_token"]) if "token" in words else None)
        assert claims.get("c_hash") == (half(sent["code"]) if "code" in words else None)
        assert claims.get("s_hash") == (half("st 8") if "code" in words else None)
        # Core §5.4: only where no access token follows are the claims of the scopes in the ID token.
        assert claims.get("email") == ("ann@example.com" if kind == "id_token" else None)
    if "code" in words:
        tokens = provider.redeem(app, sent["code"]).json
        assert tokens["refresh_token"]
        assert verified(provider, tokens["id_token"], audience=app.id)["sub"] == ann.id


def test_none_brings_nothing_and_tells_that_it_went_well(provider: Provider, browser: Browser, ann: Person) -> None:
    app = old(provider, "code", "none")
    answer = provider.sign_in(browser, app, response_type="none")
    assert dict(parse_qsl(urlsplit(answer.location).query)) == {"state": "st 8", "iss": provider.issuer}
    assert provider.authorize(provider.browser(), app, response_type="none", prompt="none").error == "login_required"


@pytest.mark.parametrize("kind", FRONT)
@pytest.mark.parametrize("mode", ["form_post", "fragment.jwt", "jwt"])
def test_each_comes_by_the_mode_that_is_asked_for(provider: Provider, ann: Person, kind: str, mode: str) -> None:
    app = old(provider, kind)
    answer = provider.sign_in(provider.browser(), app, response_type=kind, response_mode=mode)
    if mode != "form_post":
        assert fragment(answer).keys() == {"response"}
    else:
        assert answer.dom.find("form", id="auto-post")
    assert {"code", "access_token", "id_token"} & set(answer.sent)


@pytest.mark.spec("Multiple Response Types 3; JARM 2.3.1")
@pytest.mark.parametrize("mode", ["query", "query.jwt"])
@pytest.mark.parametrize("kind", ["id_token", "token", "code id_token token"])
def test_X2_no_token_ever_stands_in_a_query(
    provider: Provider, browser: Browser, ann: Person, kind: str, mode: str
) -> None:
    answer = provider.sign_in(browser, old(provider, kind), response_type=kind, response_mode=mode)
    assert (answer.error, urlsplit(answer.location).query) == ("invalid_request", "")


@pytest.mark.parametrize("kind", FRONT)
def test_X2_X3_an_error_comes_where_the_tokens_would(provider: Provider, browser: Browser, kind: str) -> None:
    app = old(provider, kind, scope="openid files.read")
    for asked, error in (
        ({"prompt": "none"}, "login_required"), ({"scope": "nothing-of-mine"}, "invalid_scope"),
        ({"max_age": "soon"}, "invalid_request"),
    ):  # fmt: skip
        sent = fragment(provider.authorize(browser, app, response_type=kind, **asked))
        assert (sent["error"], sent["state"]) == (error, "st 8")
    foreign = provider.authorize(browser, app, response_type=kind, redirect_uri="https://evil.example/cb", scope="x")
    assert not foreign.is_redirect


@pytest.mark.spec("OIDC-Core 3.2.2.1, 3.3.2.11")
@pytest.mark.parametrize("kind", FRONT)
def test_S43_a_nonce_is_asked_for_where_an_id_token_comes_this_way(
    provider: Provider, browser: Browser, ann: Person, kind: str
) -> None:
    answer = provider.sign_in(browser, old(provider, kind), response_type=kind, nonce=None)
    assert answer.error == ("invalid_request" if "id_token" in kind else "")
    assert ("nonce" in answer.sent.get("error_description", "")) is ("id_token" in kind)


def test_X3_no_id_token_without_openid_whatever_the_request_says(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = old(provider, "id_token", "code id_token", scope="profile email")
    for kind in ("id_token", "code id_token"):
        assert provider.sign_in(browser, app, response_type=kind, scope="openid profile").error == "invalid_scope"


@pytest.mark.parametrize("kind", HYBRID)
def test_pkce_is_demanded_where_a_code_comes_and_only_there(
    provider: Provider, browser: Browser, ann: Person, kind: str
) -> None:
    app = old(provider, kind, "id_token")
    without: dict[str, Any] = {"code_challenge": None, "code_challenge_method": None}
    assert provider.authorize(browser, app, response_type=kind, **without).error == "invalid_request"
    assert "id_token" in provider.sign_in(browser, app, response_type="id_token", **without).sent
    lenient = provider.add_client("Lenient", "legacy", response_types=[kind])
    assert "code" in provider.sign_in(browser, lenient, response_type=kind, **without).sent
    assert provider.redeem(app, provider.sign_in(browser, app, response_type=kind).code, code_verifier="w" * 50).error


@pytest.mark.spec("Multiple Response Types 2")
def test_the_order_of_the_words_does_not_matter(provider: Provider, browser: Browser, ann: Person) -> None:
    app = old(provider, "code id_token token")
    assert {"code", "id_token", "access_token"} <= set(
        provider.sign_in(browser, app, response_type="token code id_token").sent
    )
    for text in ("code code", "code  id_token", "", " code", "CODE"):
        assert find_response_type(text) is None


def test_S8_what_nobody_is_registered_for_is_neither_there_nor_advertised(
    provider: Provider, browser: Browser, crm: App
) -> None:
    assert browser.get(DISCOVERY).json["response_types_supported"] == ["code"]
    assert provider.authorize(browser, crm, response_type="id_token").error == "unsupported_response_type"
    app = old(provider, "id_token", "code id_token")
    document = browser.get(DISCOVERY).json
    assert document["response_types_supported"] == ["code", "id_token", "code id_token"]
    assert "implicit" in document["grant_types_supported"]
    refused = provider.authorize(browser, crm, response_type="id_token")
    assert refused.error == "unauthorized_client"
    assert fragment(refused)["state"] == "st 8"
    provider.services.registry.disable(app.id)
    assert browser.get(DISCOVERY).json["response_types_supported"] == ["code"]


def test_a_token_of_the_browser_is_no_grant_of_the_token_endpoint(provider: Provider) -> None:
    app = old(provider, "token")
    assert provider.post("oauth/token", app, {"grant_type": "implicit"}).error == "unsupported_grant_type"


@pytest.mark.spec("RFC7591 2.1")
@pytest.mark.parametrize(
    ("profile", "said", "field"),
    [
        ("fapi2", {"response_types": ["code id_token"]}, "response_types"),
        ("native", {"response_types": ["code token"]}, "response_types"),
        ("machine", {"response_types": ["token"]}, "grant_types"),
        ("web", {"grant_types": ["implicit"]}, "response_types"),
        ("web", {"grant_types": ["authorization_code"], "response_types": ["code", "id_token"]}, "grant_types"),
        ("web", {"response_types": ["id_token"], "grant_types": ["authorization_code", "implicit"]}, "response_types"),
        ("web", {"response_types": ["token"], "redirect_uris": []}, "redirect_uris"),
        ("web", {"response_types": ["code token"], "dpop_bound_access_tokens": True}, "response_types"),
        ("web", {"response_types": ["token"], "tls_client_certificate_bound_access_tokens": True}, "response_types"),
        ("web", {"response_types": ["id_token"], "response_modes": ["query"]}, "response_modes"),
        (
            "web", {"response_types": ["id_token"], "id_token_signed_response_alg": "none"},
            "id_token_signed_response_alg",
        ),
    ],
)  # fmt: skip
def test_S8_S35_what_does_not_go_together_is_not_registered(
    provider: Provider, profile: str, said: dict[str, Any], field: str
) -> None:
    key = new_key() if profile == "fapi2" else None
    with pytest.raises(InvalidMetadata) as caught:
        provider.add_client("Wrong", profile, key=key, **said)
    assert field in {problem.field for problem in caught.value.problems}


@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_R7_what_ends_a_session_or_an_application_ends_these_tokens_too(
    provider: Provider, clock: Clock, ann: Person, form: str
) -> None:
    app = old(provider, "id_token token", access_token_format=form, introspection="all")
    browser = provider.browser()
    first = fragment(provider.sign_in(browser, app, response_type="id_token token"))["access_token"]
    assert provider.introspect(app, first)["active"]
    answer = browser.get("logout")
    browser.submit(answer)
    assert provider.introspect(app, first) == {"active": False}
    second = fragment(provider.sign_in(browser, app, response_type="id_token token"))["access_token"]
    assert provider.introspect(app, second)["active"]
    provider.services.directory.disable(ann.id)
    assert provider.introspect(app, second) == {"active": False}
    clock.advance(301)
    assert provider.userinfo(second).status == 401


@pytest.mark.parametrize("kind", ["id_token", "token", "code id_token"])
def test_X23_the_same_policy_as_for_a_code(provider: Provider, clock: Clock, ann: Person, kind: str) -> None:
    nobody = provider.add_client("Closed", response_types=[kind], access=Access(everyone=False))
    browser = provider.browser()
    answer = provider.sign_in(browser, nobody, response_type=kind)
    assert not {"code", "access_token", "id_token"} & set(answer.sent)
    asks = provider.add_client("Asks", response_types=[kind], consent="explicit")
    assert provider.authorize(browser, asks, response_type=kind).is_consent_page
    assert fragment(provider.authorize(browser, asks, response_type=kind, prompt="none"))["error"] == "consent_required"
    clock.advance(5)
    aged = provider.authorize(browser, old(provider, kind), response_type=kind, prompt="none", max_age="1")
    assert fragment(aged)["error"] == "login_required"


@pytest.mark.spec("OIDC-Core 11")
def test_offline_access_is_for_codes_alone(provider: Provider, ann: Person) -> None:
    app = old(provider, "id_token token", "code token", scope="openid offline_access", consent="explicit")
    for kind in ("id_token token", "code token"):
        sent = fragment(provider.sign_in(provider.browser(), app, response_type=kind, scope="openid offline_access"))
        assert sent["scope"] == "openid"
    assert provider.redeem(app, sent["code"]).json["scope"] == "openid offline_access"


def test_S52_an_application_that_was_only_told_by_the_browser_is_told_of_the_sign_out(
    provider: Provider, ann: Person
) -> None:
    app = old(provider, "id_token", backchannel_logout_uri="https://old.example/logout")
    browser = provider.browser()
    provider.sign_in(browser, app, response_type="id_token")
    page = browser.submit(browser.get("logout"))
    assert "Old" in page.dom.text


def test_S6_the_tokens_beside_a_code_do_not_make_it_work_twice(provider: Provider, ann: Person) -> None:
    app = old(provider, "code token")
    sent = fragment(provider.sign_in(provider.browser(), app, response_type="code token"))
    assert provider.redeem(app, sent["code"]).status == 200
    again = provider.redeem(app, sent["code"], code_verifier=VERIFIER)
    assert again.error == "invalid_grant"


@pytest.mark.spec("RFC 6749 4.1.2")
@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_S6_a_second_use_of_the_code_ends_the_token_that_came_with_it(
    provider: Provider, clock: Clock, ann: Person, form: str, late: bool
) -> None:
    """`late`: the code is not in State any more."""
    app = old(provider, "code token", access_token_format=form)
    sent = fragment(provider.sign_in(provider.browser(), app, response_type="code token"))
    other = fragment(provider.sign_in(provider.browser(), app, response_type="code token"))
    tokens = provider.redeem(app, sent["code"]).json
    assert provider.userinfo(sent["access_token"]).status == provider.userinfo(tokens["access_token"]).status == 200
    clock.advance(70 if late else 1)
    assert provider.redeem(app, sent["code"]).error == "invalid_grant"
    assert provider.userinfo(tokens["access_token"]).status == 401
    assert provider.userinfo(sent["access_token"]).status == 401
    assert not provider.introspect(app, sent["access_token"])["active"]
    assert provider.userinfo(other["access_token"]).status == 200
