"""DPoP: a stolen token is worth nothing (RFC 9449). S26, S27, S53."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from hashlib import sha256
from time import process_time
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from clients.errors import InvalidMetadata
from clients.registry import Draft
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.test_pushed_requests import come, done, push, reference
from tests.oidc.verifying import verified
from tests.provider import VERIFIER, Answer, App, Browser, Provider, assertion_form, new_key, public_jwk

Key = ECKey | RSAKey | OKPKey


def proof(
    provider: Provider, key: Key, path: str = "oauth/token", method: str = "POST", *, token: str = "",
    head: dict[str, Any] | None = None, **over: Any,
) -> str:  # fmt: skip
    """A proof by the key for a request; what is None is left out."""
    claims = {
        "jti": secrets.token_urlsafe(12), "htm": method, "htu": f"{provider.issuer}/{path}",
        "iat": int(provider.clock()),
    }  # fmt: skip
    if token:
        claims["ath"] = urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
    alg = {"EC": "ES256", "RSA": "PS256", "OKP": "EdDSA"}[key.key_type]
    header = {
        "typ": "dpop+jwt",
        "alg": alg,
        "jwk": {k: v for k, v in public_jwk(key).items() if k != "kid"},
        **(head or {}),
    }
    payload = json_of({name: value for name, value in {**claims, **over}.items() if value is not None})
    return jws.serialize_compact({k: v for k, v in header.items() if v is not None}, payload, key, algorithms=[alg])


def json_of(claims: dict[str, Any]) -> bytes:
    return json.dumps(claims).encode()


@pytest.fixture
def key() -> ECKey:
    return new_key()


@pytest.fixture
def spa(provider: Provider, ann: Person) -> App:
    return provider.add_client("Board", "spa", scope="openid profile offline_access", consent="explicit")


def bound(provider: Provider, app: App, key: Key, **over: Any) -> dict[str, Any]:
    """Sign in and redeem with a proof."""
    answer = provider.sign_in(provider.browser(), app, **over)
    redeemed = redeem(provider, app, answer.code, DPoP=proof(provider, key))
    assert redeemed.status == 200, redeemed.text
    return dict(redeemed.json)


def redeem(provider: Provider, app: App, code: str, **headers: str) -> Answer:
    data = {
        "grant_type": "authorization_code", "code": code, "code_verifier": VERIFIER, "redirect_uri": app.redirect_uri,
    }  # fmt: skip
    return provider.post("oauth/token", app, data, **headers)


def refresh(provider: Provider, app: App, token: str, **headers: str) -> Answer:
    return provider.post("oauth/token", app, {"grant_type": "refresh_token", "refresh_token": token}, **headers)


def show(
    provider: Provider, token: str, key: Key, path: str = "oauth/userinfo", scheme: str = "DPoP", **over: Any
) -> Answer:
    browser = provider.browser()
    sent = {"Authorization": f"{scheme} {token}", "DPoP": proof(provider, key, path, "GET", token=token, **over)}
    return browser.open("GET", path, None, sent, cookies=False)


@pytest.mark.spec("RFC 9449 5")
@pytest.mark.parametrize("make", [new_key, lambda: RSAKey.generate_key(2048), lambda: OKPKey.generate_key("Ed25519")])
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_S27_a_token_is_bound_to_the_key_whose_proof_came(
    provider: Provider, ann: Person, form: str, make: Callable[[], Key]
) -> None:
    app, key = provider.add_client("App", access_token_format=form), make()
    told = bound(provider, app, key)
    assert told["token_type"] == "DPoP"
    token = told["access_token"]
    assert show(provider, token, key).json["sub"]
    seen = provider.introspect(app, token)
    assert (seen["token_type"], seen["cnf"]) == ("DPoP", {"jkt": key.thumbprint()})
    assert show(provider, token, key, "oauth/whoami").json["token_type"] == "DPoP"


@pytest.mark.spec("RFC 9449 7.2")
@pytest.mark.parametrize("form", ["opaque", "jwt"])
def test_S27_a_bound_token_is_nothing_without_its_key_and_an_unbound_one_no_DPoP_token(
    provider: Provider, ann: Person, key: ECKey, form: str
) -> None:
    app = provider.add_client("App", access_token_format=form)
    token = bound(provider, app, key)["access_token"]
    for answer in (
        provider.userinfo(token),
        show(provider, token, key, scheme="Bearer"),
        show(provider, token, new_key()),
        provider.userinfo("x", Authorization=f"DPoP {token}"),
    ):
        assert (answer.status, answer.error) == (401, "invalid_token")
        assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
        assert 'algs="' in answer.headers["WWW-Authenticate"]
    plain = provider.tokens(app)["access_token"]
    assert show(provider, plain, key).status == 401
    assert provider.userinfo(plain).status == 200


#: RFC 9449 §4.3: what each check finds, and a word of what is told.
BROKEN: dict[str, tuple[Callable[[Provider, ECKey], str], str]] = {
    "1 two headers": (lambda p, k: f"{proof(p, k)}, {proof(p, k)}", "more than one"),
    "2 no JWT": (lambda p, k: "x.y", "header"),
    "3 no jti": (lambda p, k: proof(p, k, jti=None), "jti is missing"),
    "3 no htm": (lambda p, k: proof(p, k, htm=None), "htm is missing"),
    "3 no htu": (lambda p, k: proof(p, k, htu=None), "htu is missing"),
    "3 no iat": (lambda p, k: proof(p, k, iat=None), "iat is missing"),
    "4 another typ": (lambda p, k: proof(p, k, head={"typ": "JWT"}), "typ must be dpop+jwt"),
    "4 no typ": (lambda p, k: proof(p, k, head={"typ": None}), "typ must be dpop+jwt"),
    "6 another key's signature": (lambda p, k: proof(p, k, head={"jwk": public_jwk(new_key())}), "does not verify"),
    "7 a private key": (lambda p, k: proof(p, k, head={"jwk": k.as_dict(private=True)}), "private"),
    "7 no key": (lambda p, k: proof(p, k, head={"jwk": None}), "jwk is missing"),
    "8 another method": (lambda p, k: proof(p, k, method="GET"), "htm must be POST"),
    "9 another address": (lambda p, k: proof(p, k, path="oauth/userinfo"), "htu must be"),
    "9 another host": (lambda p, k: proof(p, k, htu="https://evil.example/oauth/token"), "htu must be"),
    "9 no address": (lambda p, k: proof(p, k, htu="http://[x"), "htu"),
    "11 too old": (lambda p, k: proof(p, k, iat=int(p.clock()) - 62), "seconds in the past; compare"),
    "11 ahead": (lambda p, k: proof(p, k, iat=int(p.clock()) + 15), "seconds in the future; compare"),
    "11 no time": (lambda p, k: proof(p, k, iat="now"), "iat is not a number"),
    "11 more than a time": (lambda p, k: proof(p, k, iat=10**400), "plain JSON"),
    "jti half a character": (lambda p, k: proof(p, k, jti="\ud800"), "plain JSON"),
    "jti too long": (lambda p, k: proof(p, k, jti="x" * 300), "jti must be"),
}


@pytest.mark.spec("RFC 9449 4.3")
@pytest.mark.parametrize("name", BROKEN)
def test_S26_a_proof_that_is_not_for_this_request_is_refused_and_its_code_still_good(
    provider: Provider, browser: Browser, crm: App, key: ECKey, name: str
) -> None:
    broken, told = BROKEN[name]
    code = provider.sign_in(browser, crm).code
    answer = redeem(provider, crm, code, DPoP=broken(provider, key))
    assert (answer.status, answer.error) == (400, "invalid_dpop_proof")
    assert told in answer.json["error_description"]
    assert provider.events()[-1].client_id == crm.id
    assert redeem(provider, crm, code, DPoP=proof(provider, key)).status == 200


@pytest.mark.spec("RFC 9449 4.3")
def test_S26_secrets_and_none_prove_nothing(provider: Provider, browser: Browser, crm: App) -> None:
    code = provider.sign_in(browser, crm).code
    shared = OctKey.generate_key(256)
    signed = jws.serialize_compact(
        {"typ": "dpop+jwt", "alg": "HS256", "jwk": shared.as_dict()}, b"{}", shared, algorithms=["HS256"]
    )
    none = urlsafe_b64encode(b'{"typ":"dpop+jwt","alg":"none","jwk":{}}').rstrip(b"=").decode() + ".e30."
    for text in (signed, none):
        assert redeem(provider, crm, code, DPoP=text).error == "invalid_dpop_proof"


@pytest.mark.spec("RFC 9449 4.3")
def test_S26_at_a_resource_the_hash_of_the_token_must_fit_and_case_and_query_do_not_count(
    provider: Provider, crm: App, key: ECKey
) -> None:
    token, other = bound(provider, crm, key)["access_token"], bound(provider, crm, key)["access_token"]
    browser = provider.browser()
    for text in (
        proof(provider, key, "oauth/userinfo", "GET", token=other),
        proof(provider, key, "oauth/userinfo", "GET"),
    ):
        answer = browser.open(
            "GET", "oauth/userinfo", None, {"Authorization": f"DPoP {token}", "DPoP": text}, cookies=False
        )
        assert (answer.status, answer.error) == (401, "invalid_dpop_proof")
        assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]
    for htu in (f"{provider.issuer}/oauth/userinfo?x=1#y", "HTTPS://LOGIN.example:443/oauth/userinfo"):
        assert show(provider, token, key, htu=htu).status == 200


@pytest.mark.spec("RFC 9449 11.1")
def test_S26_a_proof_is_taken_once(provider: Provider, browser: Browser, crm: App, key: ECKey, clock: Clock) -> None:
    once = proof(provider, key)
    assert redeem(provider, crm, provider.sign_in(browser, crm).code, DPoP=once).status == 200
    answer = redeem(provider, crm, provider.sign_in(browser, crm).code, DPoP=once)
    assert answer.error == "invalid_dpop_proof"
    assert "used before" in answer.json["error_description"]
    clock.advance(71)  # forgotten by then, and too old
    assert redeem(provider, crm, provider.sign_in(browser, crm).code, DPoP=once).error == "invalid_dpop_proof"


@pytest.mark.spec("RFC 9449 5")
def test_S27_a_refresh_token_of_an_app_without_a_secret_is_bound_and_not_rotated(
    provider: Provider, spa: App, key: ECKey
) -> None:
    told = bound(provider, spa, key)
    token = told["refresh_token"]
    for headers in ({}, {"DPoP": proof(provider, new_key())}):
        answer = refresh(provider, spa, token, **headers)
        assert (answer.status, answer.error) == (400, "invalid_grant")
    first, second = (refresh(provider, spa, token, DPoP=proof(provider, key)).json for _ in range(2))
    assert first["refresh_token"] == second["refresh_token"] == token
    assert (first["token_type"], second["token_type"]) == ("DPoP", "DPoP")
    assert show(provider, second["access_token"], key).status == 200


@pytest.mark.spec("RFC 9449 5")
def test_S27_one_with_a_secret_may_change_its_key(provider: Provider, crm: App, key: ECKey) -> None:
    told, other = bound(provider, crm, key, prompt="consent", scope="openid offline_access"), new_key()
    answer = refresh(provider, crm, told["refresh_token"], DPoP=proof(provider, other)).json
    assert show(provider, answer["access_token"], other).status == 200
    assert show(provider, answer["access_token"], key).status == 401
    plain = refresh(provider, crm, answer["refresh_token"]).json
    assert plain["token_type"] == "Bearer"


def test_S27_a_program_s_token_is_bound_as_well(provider: Provider, key: ECKey) -> None:
    robot = provider.add_client("Robot", "machine", scope="read")
    for form in ("opaque", "jwt"):
        provider.services.registry.update(robot.id, {"access_token_format": form})
        answer = provider.post(
            "oauth/token", robot, {"grant_type": "client_credentials"}, DPoP=proof(provider, key)
        ).json
        assert answer["token_type"] == "DPoP"
        assert provider.introspect(robot, answer["access_token"])["cnf"] == {"jkt": key.thumbprint()}
        assert provider.whoami(answer["access_token"]).status == 401
        assert show(provider, answer["access_token"], key, "oauth/whoami").status == 200


def test_S27_a_client_whose_tokens_are_always_bound_gets_none_without(provider: Provider, ann: Person) -> None:
    app = provider.add_client("Bank", dpop_bound_access_tokens=True)
    answer = redeem(provider, app, provider.sign_in(provider.browser(), app).code)
    assert answer.error == "invalid_dpop_proof"
    assert f"doorward client set {app.id}" in provider.events()[-1].detail["fix"]


@pytest.mark.spec("RFC 9449 10")
def test_S27_a_code_that_was_asked_for_with_a_key_needs_it(provider: Provider, crm: App, key: ECKey) -> None:
    for proofs, good in (
        ({}, False),
        ({"DPoP": proof(provider, new_key())}, False),
        ({"DPoP": proof(provider, key)}, True),
    ):
        code = provider.sign_in(provider.browser(), crm, dpop_jkt=key.thumbprint()).code
        answer = redeem(provider, crm, code, **proofs)
        assert answer.error == ("" if good else "invalid_grant")
    answer = provider.authorize(provider.browser(), crm, dpop_jkt="short")
    assert answer.error == "invalid_request"


@pytest.mark.spec("RFC 9449 10.1")
def test_S27_so_does_one_that_was_pushed_with_a_proof(provider: Provider, crm: App, key: ECKey) -> None:
    def pushed(**over: Any) -> Answer:
        pairs = provider.request(crm, **over)
        return provider.post("oauth/par", crm, pairs, DPoP=proof(provider, key, "oauth/par"))

    assert pushed(dpop_jkt=new_key().thumbprint()).error == "invalid_dpop_proof"
    for with_key in (False, True):
        browser = provider.browser()
        answer = done(browser, come(provider, browser, crm, pushed().json["request_uri"]))
        headers = {"DPoP": proof(provider, key)} if with_key else {}
        assert redeem(provider, crm, answer.code, **headers).error == ("" if with_key else "invalid_grant")


@pytest.mark.spec("RFC 9449 8")
def test_S27_nonces_of_ours_are_asked_for_where_the_settings_say_so(
    open_provider: Callable[..., Provider], key: ECKey, clock: Clock
) -> None:
    provider = open_provider(oauth={"dpop_nonces": True})
    provider.add_person("ann")
    app = provider.add_client("App", access_token_lifetime=3600)
    code = provider.sign_in(provider.browser(), app).code
    answer = redeem(provider, app, code, DPoP=proof(provider, key, iat=1))
    assert (answer.status, answer.error) == (400, "use_dpop_nonce")
    nonce = answer.headers["DPoP-Nonce"]
    answer = redeem(provider, app, code, DPoP=proof(provider, key, nonce=nonce, iat=1))  # its clock does not matter
    assert answer.status == 200
    assert answer.headers["DPoP-Nonce"]
    token = answer.json["access_token"]
    answer = show(provider, token, key)
    assert (answer.status, answer.error) == (401, "use_dpop_nonce")
    assert show(provider, token, key, nonce=answer.headers["DPoP-Nonce"]).status == 200
    clock.advance(301)
    assert show(provider, token, key, nonce=nonce).status == 200  # the one before
    clock.advance(300)
    assert provider.introspect(app, token)["active"]
    assert show(provider, token, key, nonce=nonce).error == "use_dpop_nonce"
    assert show(provider, token, key, nonce="made up").error == "use_dpop_nonce"


@pytest.mark.parametrize("form", [{"grant_type": "refresh_token", "refresh_token": "x"},
                                  {"grant_type": "authorization_code", "code": "x"}])  # fmt: skip
def test_N5_whoever_proves_nothing_but_a_key_of_their_own_leaves_no_row(
    provider: Provider, spa: App, crm: App, key: ECKey, form: dict[str, str]
) -> None:
    """An application without a secret is anybody: its proof counts once something was given for it (§11.1)."""
    for _ in range(3):
        once = proof(provider, key)
        assert provider.post("oauth/token", spa, form, DPoP=once).status == 400
        assert provider.counted(lambda: provider.post("oauth/token", spa, form, DPoP=once))[1].count("take") >= 1  # noqa: B023
    good = proof(provider, key)
    assert provider.post("oauth/token", spa, form, DPoP=good).error == "invalid_grant"
    code = provider.sign_in(provider.browser(), spa).code
    assert redeem(provider, spa, code, DPoP=good).status == 200  # it was taken for nothing yet
    assert redeem(provider, spa, code, DPoP=good).error == "invalid_dpop_proof"  # and now it was
    other = proof(provider, key)  # of an application with a secret, which is known
    assert provider.post("oauth/token", crm, form, DPoP=other).status == 400
    assert provider.post("oauth/token", crm, form, DPoP=other).error == "invalid_dpop_proof"


@pytest.mark.parametrize("htu", ["https://" + "a\u0301\u0316" * 30_000, "https://[" + "1" * 60_000, "x" * 70_000])
def test_S26_an_address_of_any_length_costs_what_a_short_one_does(
    provider: Provider, spa: App, key: ECKey, htu: str
) -> None:
    started = process_time()
    answer = provider.post("oauth/token", spa, {"grant_type": "authorization_code", "code": "x"},
                           DPoP=proof(provider, key, htu=htu))  # fmt: skip
    assert answer.error == "invalid_dpop_proof"
    assert process_time() - started < 1.5


def test_a_proof_costs_one_write_and_no_statement_more(
    provider: Provider, browser: Browser, crm: App, key: ECKey
) -> None:
    codes = [provider.sign_in(browser, crm).code for _ in range(3)]
    redeem(provider, crm, codes[0])
    plain = provider.counted(lambda: redeem(provider, crm, codes[1]))
    told = provider.counted(lambda: redeem(provider, crm, codes[2], DPoP=proof(provider, key)))
    assert sorted(told[1]) == sorted([*plain[1], "add"])
    token = told[2].json["access_token"]
    assert provider.counted(lambda: show(provider, token, key))[1] == ["add"]


# -- FAPI 2.0 ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def bank(provider: Provider) -> App:
    return provider.add_client("Bank", "fapi2", key=new_key())


@pytest.mark.spec("FAPI 2.0 SP 5.3.2")
def test_S53_a_fapi2_client_pushes_proves_and_gets_bound_tokens(provider: Provider, bank: App, ann: Person) -> None:
    key, browser = new_key(), provider.browser()
    answer = done(browser, come(provider, browser, bank, reference(provider, bank)))
    assert answer.sent["iss"] == provider.issuer
    told = redeem(provider, bank, answer.code, DPoP=proof(provider, key)).json
    assert told["token_type"] == "DPoP"
    assert show(provider, told["access_token"], key).json["sub"]
    again = refresh(provider, bank, told["refresh_token"], DPoP=proof(provider, key)).json
    assert again["refresh_token"] == told["refresh_token"]  # §5.3.2.1: no rotation


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"post_logout_redirect_uris": ["https://bank.example/out"]},
        {"backchannel_logout_uri": "https://bank.example/b"},
    ],
)
def test_S53_a_fapi2_client_is_told_of_the_session_where_it_has_a_sign_out(
    provider: Provider, ann: Person, fields: dict[str, object]
) -> None:
    bank, browser = provider.add_client("Bank", "fapi2", key=new_key(), **fields), provider.browser()
    code = done(browser, come(provider, browser, bank, reference(provider, bank))).code
    told = redeem(provider, bank, code, DPoP=proof(provider, new_key())).json
    assert ("sid" in verified(provider, told["id_token"], audience=bank.id)) == bool(fields)


@pytest.mark.spec("FAPI 2.0 SP 5.3.2")
def test_S53_and_everything_less_is_refused(provider: Provider, bank: App, ann: Person) -> None:
    browser = provider.browser()
    assert provider.authorize(browser, bank).error == "invalid_request"  # not pushed
    assert push(provider, bank, code_challenge_method="plain").error == "invalid_request"
    assert push(provider, bank, code_challenge=None, code_challenge_method=None).error == "invalid_request"
    code = done(browser, come(provider, browser, bank, reference(provider, bank))).code
    assert redeem(provider, bank, code).error == "invalid_dpop_proof"
    rsa = RSAKey.generate_key(2048)
    weak = proof(provider, rsa, head={"alg": "PS256"})
    assert redeem(provider, bank, code, DPoP=weak).status == 200


@pytest.mark.spec("FAPI 2.0 SP 5.4.1")
def test_S53_RS256_proves_no_fapi2_client(provider: Provider) -> None:
    rsa = RSAKey.generate_key(2048, {"kid": "r"})
    metadata = {
        "redirect_uris": ["https://bank.example/cb"], "jwks": {"keys": [public_jwk(rsa)]},
        "token_endpoint_auth_method": "private_key_jwt",
    }  # fmt: skip
    client = provider.services.registry.register(Draft(name="Bank", profile="fapi2", metadata=metadata)).client
    app = App(client, None, None)
    for alg, good in (("RS256", False), ("PS256", True)):
        now = int(provider.clock())
        claims = {"iss": app.id, "sub": app.id, "aud": provider.issuer, "exp": now + 60, "jti": alg}
        assertion = jwt.encode({"alg": alg, "kid": "r"}, claims, rsa, algorithms=[alg])
        answer = provider.post("oauth/par", None, [*provider.request(app), *assertion_form(assertion).items()])
        assert (answer.status == 201) is good, answer.text


# -- what an attacker found --------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC 9449 5")
def test_S27_the_first_proof_binds_a_refresh_token_that_was_given_without(
    provider: Provider, spa: App, key: ECKey
) -> None:
    told = redeem(provider, spa, provider.sign_in(provider.browser(), spa).code).json
    assert told["token_type"] == "Bearer"
    bound_now = refresh(provider, spa, told["refresh_token"], DPoP=proof(provider, key)).json
    assert bound_now["token_type"] == "DPoP"
    for headers in ({}, {"DPoP": proof(provider, new_key())}):
        assert refresh(provider, spa, bound_now["refresh_token"], **headers).error == "invalid_grant"
    assert refresh(provider, spa, bound_now["refresh_token"], DPoP=proof(provider, key)).status == 200


@pytest.mark.spec("RFC 9449 5")
@pytest.mark.parametrize("form", ["opaque", "jwt"])
@pytest.mark.parametrize("first", [True, False])
def test_S27_an_answer_is_repeated_for_the_key_of_the_first_time_alone(
    provider: Provider, ann: Person, key: ECKey, form: str, first: bool
) -> None:
    app = provider.add_client("App", access_token_format=form)
    token = provider.tokens(app, prompt="consent", scope="openid offline_access")["refresh_token"]

    def once(with_key: bool) -> Answer:
        return refresh(provider, app, token, **({"DPoP": proof(provider, key)} if with_key else {}))

    answer = once(first)
    assert answer.status == 200
    assert once(not first).error == "invalid_grant"
    assert once(first).json["access_token"] == answer.json["access_token"] or form == "jwt"


@pytest.mark.spec("FAPI 2.0 SP 5.4.1")
def test_S53_RS256_has_no_place_at_a_fapi2_client(provider: Provider, bank: App, ann: Person) -> None:
    assert bank.client.oidc.authorization_signed_response_alg == "PS256"
    for field in ("authorization_signed_response_alg", "request_object_signing_alg", "userinfo_signed_response_alg"):
        with pytest.raises(InvalidMetadata, match="profile fapi2"):
            provider.services.registry.update(bank.id, {field: "RS256"})


def test_S27_the_api_asks_for_a_proof_as_other_resources_do(open_provider: Callable[..., Provider], key: ECKey) -> None:
    provider = open_provider(oauth={"dpop_nonces": True})
    provider.add_person("ann")
    app = provider.add_client("App", access_token_lifetime=3600)
    code = provider.sign_in(provider.browser(), app).code
    nonce = redeem(provider, app, code, DPoP=proof(provider, key)).headers["DPoP-Nonce"]
    token = redeem(provider, app, code, DPoP=proof(provider, key, nonce=nonce)).json["access_token"]
    answer = show(provider, token, key, "api/v1/applications")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("DPoP ")
    assert answer.headers["DPoP-Nonce"]


def test_Q1_a_bound_token_shown_as_Bearer_is_explained_as_it_is(provider: Provider, crm: App, key: ECKey) -> None:
    provider.userinfo(bound(provider, crm, key)["access_token"])
    (found,) = provider.events()[-1].detail["findings"]
    assert (found["code"], found["side"], found["field"], found["got"]) == (
        "dpop_token", "application", "DPoP", "no proof",
    )  # fmt: skip


def test_Q1_what_a_proof_has_wrong_is_told_with_what_came(
    provider: Provider, browser: Browser, crm: App, key: ECKey
) -> None:
    redeem(provider, crm, provider.sign_in(browser, crm).code, DPoP=proof(provider, key, path="token"))
    (found,) = [one for one in provider.events()[-1].detail["findings"] if one["weight"] == "wrong"]
    assert (found["code"], found["got"]) == ("dpop_proof", f"htu {provider.issuer}/token")
    assert f"htu must be {provider.issuer}/oauth/token".lower() in found["fix"].lower()


def test_a_reason_that_no_header_can_hold_breaks_no_answer(provider: Provider, crm: App, key: ECKey) -> None:
    token = bound(provider, crm, key)["access_token"]
    answer = show(provider, token, key, head={"jwk": {"kty": "日"}})
    assert answer.error == "invalid_dpop_proof"
    answer.headers["WWW-Authenticate"].encode("latin-1")
