"""Introspection as a JWT (RFC 9701): for who asks for it by the Accept header. S33."""

from __future__ import annotations

from typing import Any

import jwt as pyjwt
import pytest

from idp.accounts.person import Person
from tests.oidc.test_encryption import P256, opened, published, signed
from tests.provider import Answer, App, Provider

JWT = "application/token-introspection+jwt"


def asked(provider: Provider, app: App, token: str, accept: str = JWT) -> Answer:
    return provider.post("oauth/introspect", app, {"token": token}, Accept=accept)


@pytest.mark.spec("RFC 9701 5")
@pytest.mark.parametrize("alg", [None, "ES256", "PS256", "EdDSA"])
def test_S33_the_answer_is_a_jwt_for_the_caller_alone(provider: Provider, ann: Person, alg: str | None) -> None:
    app = provider.add_client("API", **({"introspection_signed_response_alg": alg} if alg else {}))
    token = provider.tokens(app)["access_token"]
    answer = asked(provider, app, token)
    assert (answer.status, answer.headers["Content-Type"]) == (200, JWT)
    assert answer.headers["Cache-Control"] == "no-store"
    claims = signed(provider, answer.text, alg or "RS256")
    assert pyjwt.get_unverified_header(answer.text)["typ"] == "token-introspection+jwt"
    told = provider.introspect(app, token)
    assert claims == {
        "iss": provider.issuer, "aud": app.id, "iat": int(provider.clock()), "token_introspection": told,
    }  # fmt: skip
    assert told["active"] is True
    # RFC 9701 §8.1: it passes for no token itself.
    assert provider.userinfo(answer.text).status == 401
    assert provider.introspect(app, answer.text) == {"active": False}
    hinted = provider.authorize(provider.browser(), app, prompt="none", id_token_hint=answer.text)
    assert hinted.error == "login_required"
    document = provider.browser().get(".well-known/openid-configuration").json
    assert (alg or "RS256") in document["introspection_signing_alg_values_supported"]


def told(provider: Provider, answer: Answer) -> Any:
    return signed(provider, answer.text)["token_introspection"]


@pytest.mark.spec("RFC 9701 4")
def test_S33_of_what_is_not_live_or_not_the_callers_it_says_no_more(provider: Provider, ann: Person) -> None:
    app, other = provider.add_client("API"), provider.add_client("Other")
    tokens = provider.tokens(app)
    assert told(provider, asked(provider, other, tokens["access_token"])) == {"active": False}
    assert told(provider, asked(provider, app, "made up")) == {"active": False}
    assert told(provider, asked(provider, app, tokens["refresh_token"]))["token_type"] == "refresh_token"
    provider.revoke(app, tokens["access_token"])
    assert told(provider, asked(provider, app, tokens["access_token"])) == {"active": False}


def test_S33_a_caller_that_is_not_proven_is_told_as_ever(provider: Provider) -> None:
    answer = provider.post("oauth/introspect", None, {"token": "x", "client_id": "c"}, Accept=JWT)
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "is_jwt"),
    [
        (JWT, True), (f"application/json;q=0.1, {JWT.upper()} ; q=0.9", True), (f"{JWT};q=1.0", True),
        ("*/*", False), ("application/*", False), ("application/json", False), (f"{JWT};q=0", False),
        (f"application/json, {JWT};q=0.1", False), (f"{JWT}, application/json", True), (f"{JWT};q=x", True),
        (f"{JWT};q=0.00", False), ("application/jwt", False), (JWT + "x", False),
    ],
)  # fmt: skip
def test_S33_json_is_for_everybody_who_does_not_name_the_jwt(
    provider: Provider, ann: Person, accept: str, is_jwt: bool
) -> None:
    app = provider.add_client("API")
    answer = asked(provider, app, "x", accept)
    assert answer.headers["Content-Type"] == (JWT if is_jwt else "application/json")


@pytest.mark.spec("RFC 9701 6")
def test_S33_it_is_encrypted_for_who_registered_so(provider: Provider, ann: Person) -> None:
    app = provider.add_client(
        "API", jwks=published(P256), introspection_encrypted_response_alg="ECDH-ES+A128KW",
        introspection_encrypted_response_enc="A128GCM",
    )  # fmt: skip
    token = provider.tokens(app)["access_token"]
    text = opened(asked(provider, app, token).text, P256, "ECDH-ES+A128KW", "A128GCM")
    assert signed(provider, text)["token_introspection"]["sub"] == ann.id
    assert provider.introspect(app, token)["sub"] == ann.id
