"""What is encrypted for a client (Core §10.2, JARM §3), and by a client for us (RFC 9101 §6.1). S40, S43, S47."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey

from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.test_jarm import response
from tests.oidc.test_request_objects import Texts, made, texts
from tests.provider import VERIFIER, App, Browser, Provider, bearer, new_key, public_jwk

__all__ = ["texts"]
RSA = RSAKey.generate_key(2048, {"kid": "r"})
P256, P521 = ECKey.generate_key("P-256", {"kid": "e"}), ECKey.generate_key("P-521", {"kid": "f"})
X25519 = OKPKey.generate_key("X25519", {"kid": "x"})
ENCS = ("A128CBC-HS256", "A128GCM", "A256GCM")
WAYS: list[tuple[str, Key]] = [
    ("RSA-OAEP-256", RSA), ("ECDH-ES", P256), ("ECDH-ES+A128KW", X25519), ("ECDH-ES+A256KW", P521),
]  # fmt: skip


def published(*keys: Any, **about: Any) -> dict[str, Any]:
    return {"keys": [{**public_jwk(key), **about} for key in keys]}


def opened(text: str, key: Key, alg: str, enc: str = "A128CBC-HS256", cty: str | None = "JWT") -> str:
    """As the client's library does it."""
    found = jwe.decrypt_compact(text, key, algorithms=[alg, enc])
    assert {name: found.protected.get(name) for name in ("alg", "enc", "kid", "cty")} == {
        "alg": alg, "enc": enc, "kid": key.kid, "cty": cty,
    }  # fmt: skip
    return str((found.plaintext or b"").decode())


def signed(provider: Provider, text: str, alg: str = "RS256") -> dict[str, Any]:
    keys = KeySet.import_key_set(provider.browser().get("oauth/jwks").json)
    return dict(jwt.decode(text, keys, algorithms=[alg]).claims)


@pytest.mark.spec("OIDC-Core 10.2")
@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize(("alg", "key"), WAYS, ids=[alg for alg, _ in WAYS])
def test_S43_an_id_token_is_signed_and_then_encrypted_as_registered(
    provider: Provider, browser: Browser, ann: Person, alg: str, key: Key, enc: str
) -> None:
    app = provider.add_client(
        "Bank", jwks=published(key, use="enc"), id_token_encrypted_response_alg=alg, id_token_encrypted_response_enc=enc
    )
    tokens = provider.tokens(app, browser)
    claims = signed(provider, opened(tokens["id_token"], key, alg, enc))
    assert (claims["sub"], claims["aud"], claims["nonce"]) == (ann.id, app.id, "n-1")
    renewed = provider.refresh(app, tokens["refresh_token"]).json
    assert signed(provider, opened(renewed["id_token"], key, alg, enc))["sub"] == ann.id
    document = browser.get(".well-known/openid-configuration").json
    for what in ("id_token", "userinfo", "authorization", "introspection"):
        assert alg in document[f"{what}_encryption_alg_values_supported"]
        assert enc in document[f"{what}_encryption_enc_values_supported"]


@pytest.mark.spec("OIDC-Core 5.3.2")
@pytest.mark.parametrize("alg", [None, "ES256"])
def test_S47_userinfo_is_encrypted_signed_or_not(provider: Provider, ann: Person, alg: str | None) -> None:
    app = provider.add_client(
        "Bank", jwks=published(RSA), userinfo_encrypted_response_alg="RSA-OAEP-256",
        userinfo_encrypted_response_enc="A256GCM", **({"userinfo_signed_response_alg": alg} if alg else {}),
    )  # fmt: skip
    answer = provider.userinfo(provider.tokens(app)["access_token"])
    assert answer.headers["Content-Type"] == "application/jwt"
    assert answer.headers["Cache-Control"] == "no-store"
    text = opened(answer.text, RSA, "RSA-OAEP-256", "A256GCM", cty="JWT" if alg else None)
    body = signed(provider, text, alg) if alg else json.loads(text)
    assert (body["sub"], body["email"]) == (ann.id, "ann@example.com")


@pytest.mark.spec("JARM 2.2")
@pytest.mark.parametrize("prompt", [None, "none"])
def test_an_answer_as_a_jwt_is_encrypted_an_error_too(
    provider: Provider, browser: Browser, ann: Person, prompt: str | None
) -> None:
    app = provider.add_client(
        "Bank", jwks=published(P256), authorization_encrypted_response_alg="ECDH-ES", response_modes=["query.jwt"]
    )
    asked = urlencode(provider.request(app, response_mode="query.jwt", prompt=prompt))
    answer = browser.get("oauth/authorize?" + asked)
    if prompt is None:
        answer = browser.log_in(answer)
    claims = signed(provider, opened(response(answer, "query"), P256, "ECDH-ES"))
    assert (claims["aud"], claims["state"]) == (app.id, "st 8")
    assert (claims.get("error"), "code" in claims) == (("login_required", False) if prompt else (None, True))


@pytest.mark.spec("BCL 2.6")
def test_S52_a_logout_token_is_encrypted_where_id_tokens_are(provider: Provider, ann: Person) -> None:
    from idp.oidc.backchannel import logout_token

    app = provider.add_client("Bank", jwks=published(RSA), id_token_encrypted_response_alg="RSA-OAEP-256")
    token = logout_token(provider.services, app.client, ann.id, "s1")
    assert signed(provider, opened(token, RSA, "RSA-OAEP-256"))["sid"] == "s1"


def test_an_access_token_is_for_the_resource_and_stays_readable(provider: Provider, ann: Person) -> None:
    app = provider.add_client(
        "Bank", jwks=published(RSA), id_token_encrypted_response_alg="RSA-OAEP-256", access_token_format="jwt"
    )
    assert signed(provider, provider.tokens(app)["access_token"])["client_id"] == app.id


# -- which key ---------------------------------------------------------------------------------------------------------

SMALL = {**public_jwk(RSA), "n": "w" * 171}
CHOICES: list[tuple[str, list[dict[str, Any]], str | None]] = [
    ("for signatures", [{**public_jwk(RSA), "use": "sig"}], None),
    ("of another kind", [public_jwk(P256)], None),
    ("of another alg", [{**public_jwk(RSA), "alg": "RSA-OAEP"}], None),
    ("of an alg of signatures", [{**public_jwk(RSA), "alg": "RS256"}], None),
    ("for other operations", [{**public_jwk(RSA), "key_ops": ["verify"]}], None),
    ("that says nothing", [public_jwk(RSA)], "r"),
    ("that says all", [{**public_jwk(RSA), "use": "enc", "alg": "RSA-OAEP-256", "key_ops": ["wrapKey"]}], "r"),
    ("that is meant, after one that says nothing",
     [{**public_jwk(RSA), "kid": "other"}, {**public_jwk(RSA), "use": "enc"}], "r"),
    ("of this alg, after one of none",
     [{**public_jwk(RSA), "kid": "other", "use": "enc"}, {**public_jwk(RSA), "alg": "RSA-OAEP-256", "use": "enc"}],
     "r"),
    ("beside others", [{**public_jwk(P256), "use": "enc"}, {**public_jwk(P521), "use": "sig"}, public_jwk(RSA)], "r"),
]  # fmt: skip


@pytest.mark.parametrize(("keys", "kid"), [row[1:] for row in CHOICES], ids=[row[0] for row in CHOICES])
def test_the_key_is_chosen_by_use_alg_and_kind_and_none_is_told_at_registration(
    provider: Provider, ann: Person, keys: list[dict[str, Any]], kid: str | None
) -> None:
    metadata = {"jwks": {"keys": keys}, "id_token_encrypted_response_alg": "RSA-OAEP-256"}
    if kid is None:
        with pytest.raises(InvalidMetadata, match=r"id_token_encrypted_response_alg: none .* takes an RSA key"):
            provider.add_client("Bank", **metadata)
        return
    token = provider.tokens(provider.add_client("Bank", **metadata))["id_token"]
    found = jwe.decrypt_compact(token, RSA, algorithms=["RSA-OAEP-256", ENCS[0]])
    assert found.plaintext
    assert found.protected["kid"] == kid


@pytest.mark.spec("OIDC-Registration 2")
@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ({"id_token_encrypted_response_alg": "RSA-OAEP-256"}, "jwks"),
        ({"id_token_encrypted_response_enc": "A128GCM", "jwks": published(RSA)}, "id_token_encrypted_response_enc"),
        ({"request_object_encryption_enc": "A128GCM"}, "request_object_encryption_enc"),
        ({"userinfo_encrypted_response_alg": "RSA1_5", "jwks": published(RSA)}, "userinfo_encrypted_response_alg"),
        ({"userinfo_encrypted_response_alg": "RSA-OAEP", "jwks": published(RSA)}, "userinfo_encrypted_response_alg"),
        ({"userinfo_encrypted_response_alg": "dir", "jwks": published(RSA)}, "userinfo_encrypted_response_alg"),
        ({"userinfo_encrypted_response_alg": "PBES2-HS256+A128KW", "jwks": published(RSA)}, "userinfo_encrypted"),
        ({"request_object_encryption_alg": "RSA-OAEP-256"}, "request_object_encryption_alg"),
    ],
)
def test_S40_what_cannot_be_is_not_registered(provider: Provider, metadata: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidMetadata, match=field):
        provider.add_client("Bank", **metadata)


@pytest.fixture
def outside(open_provider: Callable[..., Provider], texts: Texts) -> Provider:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [texts.origin]})
    provider.add_person("ann")
    return provider


def test_keys_are_read_from_their_address_and_what_is_missing_is_told_before_a_code_is_used_up(
    outside: Provider, browser: Browser, texts: Texts, clock: Clock
) -> None:
    texts.text = json.dumps(published(P256, use="sig"))
    metadata = {"jwks_uri": texts.origin + "/jwks", "id_token_encrypted_response_alg": "ECDH-ES"}
    with pytest.raises(InvalidMetadata, match="id_token_encrypted_response_alg"):
        outside.add_client("Bank", **metadata)
    texts.text = json.dumps(published(P256, use="enc"))
    app, browser = outside.add_client("Bank", **metadata), outside.browser()
    code = outside.sign_in(browser, app).code
    asked = texts.asked
    answer = outside.redeem(app, code)
    assert answer.status == 200, answer.text
    assert opened(answer.json["id_token"], P256, "ECDH-ES")
    assert texts.asked == asked  # once for many
    code = outside.authorize(browser, app).code
    clock.advance(5)
    texts.text, later = json.dumps(published(P521, use="sig")), outside.another()
    refused = later.redeem(app, code)
    assert (refused.status, refused.error) == (400, "invalid_request")
    assert "ECDH-ES" in refused.json["error_description"]
    early = later.authorize(later.browser(), app)  # and before anybody types a password
    assert early.error == "invalid_request"
    texts.text = json.dumps(published(P521, use="enc"))
    clock.advance(31)
    assert opened(later.redeem(app, code).json["id_token"], P521, "ECDH-ES")


def test_an_answer_that_cannot_be_encrypted_is_not_sent_in_clear(
    outside: Provider, browser: Browser, texts: Texts
) -> None:
    texts.text = json.dumps(published(RSA))
    app = outside.add_client(
        "Bank", jwks_uri=texts.origin + "/jwks", authorization_encrypted_response_alg="RSA-OAEP-256"
    )
    texts.text = json.dumps({"keys": []})
    for prompt in (None, "none"):
        page = outside.authorize(outside.browser(), app, response_mode="jwt", prompt=prompt)
        assert page.is_error_page
        assert "RSA-OAEP-256" in page.dom.text


def test_S43_what_is_not_asked_for_costs_nothing(provider: Provider, browser: Browser, ann: Person) -> None:
    counts = []
    for metadata in ({}, {"jwks": published(RSA), "id_token_encrypted_response_alg": "RSA-OAEP-256"}):
        app = provider.add_client("App", **metadata)
        assert provider.tokens(app, browser)  # its keys are imported at its first one
        code = provider.sign_in(browser, app).code
        sql, verbs, answer = provider.counted(lambda app=app, code=code: provider.redeem(app, code))  # type: ignore[misc]
        assert answer.status == 200
        counts.append((len(sql), verbs))
    assert counts[0] == counts[1]


# -- for us ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def private(open_provider: Callable[..., Provider]) -> Provider:
    """A provider that takes encrypted request objects."""
    provider = open_provider(oauth={"encrypted_requests": True})
    provider.add_person("ann")
    return provider


def our_key(provider: Provider) -> ECKey:
    (found,) = (key for key in provider.browser().get("oauth/jwks").json["keys"] if key["use"] == "enc")
    assert "d" not in found
    return ECKey.import_key(found)


def enveloped(text: str, key: ECKey, alg: str = "ECDH-ES", enc: str = "A256GCM", **head: Any) -> str:
    header = {"alg": alg, "enc": enc, "kid": key.kid, "cty": "JWT", **head}
    return jwe.encrypt_compact(header, text, key, algorithms=[alg, enc, "DEF"])


def asks(provider: Provider, app: App, text: str) -> Any:
    return provider.browser().get("oauth/authorize?" + urlencode({"client_id": app.id, "request": text}))


@pytest.mark.spec("RFC 9101 6.1")
@pytest.mark.parametrize("enc", ENCS)
@pytest.mark.parametrize("alg", ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"])
def test_S30_a_request_may_be_encrypted_for_us(private: Provider, alg: str, enc: str) -> None:
    app = private.add_client("Bank", key=new_key())
    text = enveloped(made(private, app), our_key(private), alg, enc)
    assert asks(private, app, text).is_login_page
    pushed = private.post("oauth/par", app, {"request": text})
    assert pushed.status == 201, pushed.text
    document = private.browser().get(".well-known/openid-configuration").json
    assert alg in document["request_object_encryption_alg_values_supported"]
    assert enc in document["request_object_encryption_enc_values_supported"]


def test_S40_it_is_off_unless_it_is_switched_on(provider: Provider, private: Provider, ann: Person) -> None:
    app, key = provider.add_client("Bank", key=new_key()), our_key(private)
    document = provider.browser().get(".well-known/openid-configuration").json
    assert not [name for name in document if name.startswith("request_object_encryption")]
    assert {key["use"] for key in provider.browser().get("oauth/jwks").json["keys"]} == {"sig"}
    answer = provider.post("oauth/par", app, {"request": enveloped(made(provider, app), key)})
    assert answer.error == "invalid_request_object"
    assert "oauth.encrypted_requests" in answer.json["error_description"]


def bad(provider: Provider, app: App, name: str) -> str:
    key, inside = our_key(provider), made(provider, app)
    whole = enveloped(inside, key)
    if name == "zip":
        return enveloped(inside, key, zip="DEF")
    if name == "a bomb":
        return enveloped("a" * 3_000_000, key, zip="DEF")
    if name == "another key":
        return enveloped(inside, ECKey.generate_key("P-256", {"kid": "k"}))
    if name == "another key by our kid":
        return enveloped(inside, ECKey.generate_key("P-256", {"kid": key.kid}))
    if name == "twice":
        return enveloped(whole, key)
    if name == "not signed inside":
        return enveloped(json.dumps({"client_id": app.id, "redirect_uri": app.redirect_uri}), key)
    if name == "signed by another":
        return enveloped(made(provider, App(app.client, None, new_key())), key)
    if name == "A192GCM":
        return enveloped(inside, key, enc="A192GCM")
    if name == "a password":
        from joserfc.jwk import OctKey

        header = {"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 1_000_000, "kid": key.kid}
        password = OctKey.import_key("secret" * 9)
        return jwe.encrypt_compact(
            {**header, "p2c": 1000}, inside, password, algorithms=["PBES2-HS256+A128KW", "A256GCM"]
        )
    if name == "cut":
        return whole[:-9]
    if name == "changed":
        return whole.replace(whole.split(".")[3][:4], "AAAA", 1)
    return "a.b.c.d.e" if name == "nothing" else "." * 4


@pytest.mark.spec("RFC 8725 3.6")
@pytest.mark.parametrize(
    "name",
    [
        "zip", "a bomb", "another key", "another key by our kid", "twice", "not signed inside", "signed by another",
        "A192GCM", "a password", "cut", "changed", "nothing", "dots",
    ],
)  # fmt: skip
def test_S40_X10_an_envelope_that_is_not_right_is_refused_and_says_why(private: Provider, name: str) -> None:
    app = private.add_client("Bank", key=new_key())
    answer = private.post("oauth/par", app, {"request": bad(private, app, name)})
    assert (answer.status, answer.error) in ((400, "invalid_request_object"), (413, "invalid_request")), answer.text


def test_S40_only_the_registered_algorithm_is_taken(private: Provider) -> None:
    app = private.add_client(
        "Bank", key=new_key(), request_object_encryption_alg="ECDH-ES+A256KW", request_object_encryption_enc="A256GCM"
    )
    key = our_key(private)

    def error(*how: str) -> str:
        return private.post("oauth/par", app, {"request": enveloped(made(private, app), key, *how)}).error

    assert error("ECDH-ES+A256KW", "A256GCM") == ""
    assert error("ECDH-ES", "A256GCM") == error("ECDH-ES+A256KW", "A128GCM") == "invalid_request_object"


def test_S50_our_key_rolls_as_the_others_and_the_last_one_is_still_taken(private: Provider, clock: Clock) -> None:
    app, first = private.add_client("Bank", key=new_key()), our_key(private)
    etag = private.browser().get("oauth/jwks").headers["ETag"]
    assert our_key(private.another()).kid == first.kid
    clock.advance(private.settings.keys.rotate_days * 86_400)
    second = our_key(private)
    assert second.kid != first.kid
    assert private.browser().get("oauth/jwks").headers["ETag"] != etag
    for key in (first, second):
        assert asks(private, app, enveloped(made(private, app), key)).is_login_page
    clock.advance(private.settings.keys.rotate_days * 86_400)
    told = private.post("oauth/par", app, {"request": enveloped(made(private, app), first)})
    assert "jwks_uri" in told.json["error_description"]
    assert private.post("oauth/par", app, {"request": enveloped(made(private, app), second)}).status == 201


# -- unsigned ----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("OIDC-Core 2")
def test_S43_an_unsigned_id_token_is_for_who_asked_for_it_by_name(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    import jwt as pyjwt

    app = provider.add_client("Old", id_token_signed_response_alg="none", access_token_format="jwt")
    tokens = provider.tokens(app, browser)
    head, payload, signature = tokens["id_token"].split(".")
    assert signature == ""
    assert payload
    assert pyjwt.get_unverified_header(tokens["id_token"]) == {"alg": "none", "typ": "JWT"}
    claims = pyjwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["sub"], claims["aud"]) == (ann.id, app.id)
    assert "at_hash" not in claims
    assert signed(provider, tokens["access_token"])["sub"] == ann.id  # that is for others
    # It proves nothing to us, who cannot tell who wrote it.
    assert provider.authorize(browser, app, prompt="none", id_token_hint=tokens["id_token"]).error == "login_required"
    assert provider.userinfo(tokens["id_token"]).status == 401
    with pytest.raises(InvalidMetadata, match="id_token_signed_response_alg"):
        provider.add_client("Bad", response_types=["code id_token"], id_token_signed_response_alg="none")
    assert browser.open("GET", "oauth/userinfo", None, bearer(head + "." + payload + "."), cookies=False).status == 401


def test_S43_an_unsigned_one_may_be_encrypted(provider: Provider, ann: Person) -> None:
    app = provider.add_client(
        "Old", id_token_signed_response_alg="none", jwks=published(RSA), id_token_encrypted_response_alg="RSA-OAEP-256"
    )
    code = provider.sign_in(provider.browser(), app).code
    answer = provider.redeem(app, code, code_verifier=VERIFIER)
    assert opened(answer.json["id_token"], RSA, "RSA-OAEP-256").endswith(".")
