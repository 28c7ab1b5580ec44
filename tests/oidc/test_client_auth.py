"""Which client is asking: S18, S20, S31, X7, X12, X13, RFC 6749 §2.3, RFC 7523, RFC 10070."""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from idp.accounts.person import Person
from idp.ids import new_secret
from idp.oidc.client_auth import client_keys
from tests.backends import Clock
from tests.provider import App, Provider, assertion_form, basic, new_key, public_jwk

CLIENT_CREDENTIALS = {"grant_type": "client_credentials"}


@pytest.fixture
def machine(provider: Provider) -> App:
    """A program with a secret."""
    return provider.add_client("Batch", "machine", scope="jobs.run")


@pytest.fixture
def signer(provider: Provider) -> App:
    """A program that proves itself by a key."""
    return provider.add_client("Robot", "machine", scope="jobs.run", key=new_key())


def by_assertion(provider: Provider, assertion: str, path: str = "oauth/token", **more: str) -> Any:
    """A request that is authenticated by this assertion alone."""
    return provider.post(path, None, {**CLIENT_CREDENTIALS, "token": "x", **assertion_form(assertion), **more})


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC6749 2.3.1")
def test_S20_basic_and_post_both_work_for_a_client_with_a_secret(provider: Provider, machine: App) -> None:
    secret = machine.secret or ""
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(machine.id, secret)).status == 200
    form = {**CLIENT_CREDENTIALS, "client_id": machine.id, "client_secret": secret}
    assert provider.post("oauth/token", None, form).status == 200


@pytest.mark.spec("RFC6749 2.3.1")
def test_S20_basic_credentials_are_form_urldecoded(provider: Provider, machine: App) -> None:
    from base64 import b64encode

    encoded = (
        "".join(f"%{ord(c):02X}" for c in machine.id) + ":" + "".join(f"%{ord(c):02x}" for c in machine.secret or "")
    )
    header = {"Authorization": "Basic " + b64encode(encoded.encode()).decode()}
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **header).status == 200


@pytest.mark.spec("RFC6749 5.2")
@pytest.mark.parametrize("path", ["oauth/token", "oauth/introspect", "oauth/revoke"])
def test_S20_a_failed_basic_authentication_is_401_with_a_challenge(provider: Provider, machine: App, path: str) -> None:
    data = {**CLIENT_CREDENTIALS, "token": "x"}
    secret = machine.secret or ""
    for user, password in (
        (machine.id, "wrong"),
        (machine.id, ""),
        ("nobody", secret),
        ("", secret),
        (machine.id, secret + " "),
    ):
        answer = provider.post(path, None, data, **basic(user, password))
        assert (answer.status, answer.error) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.headers["Cache-Control"] == "no-store"
    for junk in ("Basic", "Basic !!!", "Basic =", "Basic /w==", "Basic Og==", "Basic " + "A" * 5000, "basic eA=="):
        assert provider.post(path, None, data, Authorization=junk).status == 401
    posted = provider.post(path, None, {**data, "client_id": machine.id, "client_secret": "wrong"})
    assert (posted.status, posted.error) == (401, "invalid_client")
    assert "WWW-Authenticate" not in posted.headers
    assert provider.post(path, None, data).status == 401


@pytest.mark.spec("RFC6749 2.3")
def test_S20_never_two_methods_in_one_request(provider: Provider, machine: App, signer: App) -> None:
    secret = machine.secret or ""
    both = {**CLIENT_CREDENTIALS, "client_id": machine.id, "client_secret": secret}
    assert provider.post("oauth/token", None, both, **basic(machine.id, secret)).error == "invalid_request"
    key = assertion_form(provider.assertion(signer))
    assert (
        provider.post("oauth/token", None, {**CLIENT_CREDENTIALS, **key}, **basic(machine.id, secret)).error
        == "invalid_request"
    )
    assert provider.post("oauth/token", None, {**both, **key}).error == "invalid_request"
    other = provider.post(
        "oauth/token", None, {**CLIENT_CREDENTIALS, "client_id": "another"}, **basic(machine.id, secret)
    )
    assert (other.status, other.error) == (401, "invalid_client")


@pytest.mark.parametrize("path", ["oauth/token", "oauth/introspect", "oauth/revoke"])
@pytest.mark.parametrize("grant", ["authorization_code", "refresh_token", "client_credentials"])
def test_S20_X7_a_confidential_client_is_never_accepted_by_its_id_alone(
    provider: Provider, machine: App, signer: App, ann: Person, path: str, grant: str
) -> None:
    web = provider.add_client("CRM")
    code, token = provider.sign_in(provider.browser(), web).code, provider.tokens(web)["refresh_token"]
    for app in (machine, signer, web):
        answer = provider.post(
            path, None, {"grant_type": grant, "client_id": app.id, "token": token, "code": code, "refresh_token": token}
        )
        assert (answer.status, answer.error) == (401, "invalid_client")


def test_S20_each_client_only_by_its_own_method(provider: Provider, machine: App, signer: App, ann: Person) -> None:
    spa = provider.add_client("Spa", "spa")
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(signer.id, "x")).status == 401
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(spa.id, "")).status == 401
    forged = provider.assertion(App(machine.client, None), key=new_key())
    assert by_assertion(provider, forged).status == 401
    assert provider.post("oauth/introspect", spa, {"token": "x"}).status == 401  # nothing to prove itself with


def test_S20_a_disabled_client_and_an_ended_secret_open_nothing(provider: Provider, machine: App, clock: Clock) -> None:
    old, registry = machine.secret or "", provider.services.registry
    new = registry.add_secret(machine.id, keep_old_for=60)
    for secret in (old, new):
        assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(machine.id, secret)).status == 200
    clock.advance(61)
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(machine.id, old)).status == 401
    registry.disable(machine.id)
    assert provider.post("oauth/token", None, CLIENT_CREDENTIALS, **basic(machine.id, new)).status == 401


def test_S18_generated_secrets_have_256_bits_and_are_not_stored(provider: Provider, machine: App) -> None:
    assert len(machine.secret or "") >= 43
    assert machine.secret not in repr(provider.services.registry.get(machine.id))
    assert machine.secret != provider.services.registry.add_secret(machine.id, keep_old_for=60)


@pytest.mark.spec("RFC6749 3.2")
@pytest.mark.parametrize("path", ["oauth/token", "oauth/introspect", "oauth/revoke"])
def test_S11_repeated_parameters_are_refused_and_unknown_ones_ignored(
    provider: Provider, machine: App, path: str
) -> None:
    pairs = [("grant_type", "client_credentials"), ("token", "x")]
    assert provider.post(path, machine, [*pairs, ("whatever", "1")]).status == 200
    for again in [*pairs, ("scope", "jobs.run"), ("client_id", machine.id)]:
        answer = provider.post(path, machine, [*pairs, again, again])
        assert (answer.status, answer.error) == (400, "invalid_request"), again


def test_the_token_endpoint_takes_forms_by_post_only(provider: Provider, machine: App) -> None:
    browser = provider.browser()
    got = browser.get("oauth/token?grant_type=client_credentials", headers=basic(machine.id, machine.secret or ""))
    assert (got.status, got.headers["Allow"]) == (405, "POST")
    body = json.dumps({**CLIENT_CREDENTIALS, "client_id": machine.id, "client_secret": machine.secret}).encode()
    sent = browser.open("POST", "oauth/token", body, {"Content-Type": "application/json"})
    assert (sent.status, sent.error) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:device_code"}, "unauthorized_client"),
        ({"grant_type": "authorization_code"}, "unauthorized_client"),
        ({"grant_type": "refresh_token"}, "unauthorized_client"),
    ],
)
def test_grant_types_that_are_missing_unknown_or_not_registered(
    provider: Provider, machine: App, data: dict[str, str], error: str
) -> None:
    answer = provider.post("oauth/token", machine, {"code": "x", "refresh_token": "y", **data})
    assert (answer.status, answer.error) == (400, error)
    assert answer.json["error_description"]


# -- private_key_jwt ---------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7523 2.2")
@pytest.mark.parametrize("path", ["oauth/token", "oauth/introspect", "oauth/revoke"])
def test_S31_private_key_jwt_works_at_every_endpoint(provider: Provider, signer: App, path: str) -> None:
    assert by_assertion(provider, provider.assertion(signer), path).status == 200
    named = by_assertion(provider, provider.assertion(signer), path, client_id=signer.id)
    assert named.status == 200
    assert by_assertion(provider, provider.assertion(signer), path, client_id="other").status == 401


@pytest.mark.spec("RFC10070 audience")
@pytest.mark.parametrize(
    "audience",
    ["/oauth/token", "/oauth/introspect", "/", "/.well-known/openid-configuration", None, [], 0, True, {},
     ["https://login.example"], ["https://login.example", "https://evil.example"], "https://evil.example",
     "https://login.example/", "HTTPS://login.example", "https://login.example ", ""],
)  # fmt: skip
def test_S31_X12_the_audience_is_the_issuer_and_nothing_else(provider: Provider, signer: App, audience: Any) -> None:
    value = provider.issuer + audience if isinstance(audience, str) and audience.startswith("/") else audience
    for path in ("oauth/token", "oauth/introspect", "oauth/revoke"):
        answer = by_assertion(provider, provider.assertion(signer, aud=value), path)
        assert (answer.status, answer.error) == (401, "invalid_client")


def test_S31_a_legacy_switch_takes_the_endpoints_address_too(provider: Provider) -> None:
    app = provider.add_client("Old", "machine", scope="a", key=new_key(), client_assertion_audience="legacy")
    for audience in (provider.issuer, provider.issuer + "/oauth/token", [provider.issuer]):
        for typ in ("JWT", None, "client-authentication+jwt"):
            made = provider.assertion(app, {"typ": typ}, aud=audience)
            assert by_assertion(provider, made).status == 200
    for audience in ([provider.issuer, "https://evil.example"], "https://evil.example/oauth/token", None):
        assert by_assertion(provider, provider.assertion(app, aud=audience)).status == 401


def typed(provider: Provider, app: App, **header: Any) -> str:
    """An assertion with exactly this header beside `alg`: a JWT library adds a `typ` by itself."""
    from joserfc import jws

    now = int(provider.clock())
    claims = {"iss": app.id, "sub": app.id, "aud": provider.issuer, "iat": now, "exp": now + 60, "jti": new_secret()}
    assert app.key is not None
    return jws.serialize_compact({"alg": "ES256", **header}, json.dumps(claims).encode(), app.key)


@pytest.mark.spec("RFC10070 typ")
@pytest.mark.parametrize("path", ["oauth/token", "oauth/introspect", "oauth/revoke"])
@pytest.mark.parametrize("switch", ["issuer", "legacy"])
def test_n14_S31_a_type_that_is_missing_or_only_says_jwt_is_taken(provider: Provider, path: str, switch: str) -> None:
    """openid-client sends none, Authlib sends JWT; the audience's switch has nothing to do with it."""
    app = provider.add_client("Robot", "machine", scope="a", key=new_key(), client_assertion_audience=switch)
    for header in ({}, {"typ": "JWT"}, {"typ": "jwt"}, {"typ": "client-authentication+jwt"},
                   {"typ": "application/client-authentication+jwt"}, {"typ": "JWT", "kid": app.key.kid}):  # fmt: skip
        assert by_assertion(provider, typed(provider, app, **header), path).status == 200, header


@pytest.mark.parametrize("switch", ["issuer", "legacy"])
@pytest.mark.parametrize(
    "typ",
    ["at+jwt", "application/at+jwt", "logout+jwt", "dpop+jwt", "oauth-authz-req+jwt", "secevent+jwt", "id_token",
     "client-authentication", "client-authentication+jwt ", "token-introspection+jwt", "none", "", None, 1, ["JWT"]],
)  # fmt: skip
def test_n14_S31_S40_a_jwt_of_another_kind_is_refused(provider: Provider, typ: Any, switch: str) -> None:
    app = provider.add_client("Robot", "machine", scope="a", key=new_key(), client_assertion_audience=switch)
    answer = by_assertion(provider, raw(provider, app, typ))
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert "typ" in answer.json["error_description"]


def raw(provider: Provider, app: App, typ: Any) -> str:
    """The same with a header that no library would write."""
    from joserfc.jws import JWSRegistry

    _, payload, _ = typed(provider, app).split(".")
    head = base64.urlsafe_b64encode(json.dumps({"alg": "ES256", "typ": typ}).encode()).rstrip(b"=")
    message = head + b"." + payload.encode()
    signature = JWSRegistry(algorithms=["ES256"]).get_alg("ES256").sign(message, app.key)
    return (message + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


def test_n14_an_audience_that_the_switch_would_take_names_it_and_nothing_else_does(provider: Provider) -> None:
    app = provider.add_client("Robot", "machine", scope="a", key=new_key())
    token_endpoint = provider.issuer + "/oauth/token"
    for audience, named in (
        (token_endpoint, True), ([token_endpoint], True), ([provider.issuer, token_endpoint], True),
        ([provider.issuer], True), ("https://evil.example", False), ([provider.issuer, "https://evil.example"], False),
        ([], False), (None, False),
    ):  # fmt: skip
        told = by_assertion(provider, provider.assertion(app, aud=audience)).json["error_description"]
        assert f"aud must be the string {provider.issuer}" in told
        assert ("client_assertion_audience=legacy" in told) is named, audience
    # A stranger, who has not the client's key, hears of no setting.
    foreign = provider.assertion(app, key=new_key(), aud=token_endpoint)
    assert "legacy" not in by_assertion(provider, foreign).json["error_description"]


def test_n14_the_legacy_switch_takes_lists_of_our_own_addresses_alone(provider: Provider) -> None:
    app = provider.add_client("Old", "machine", scope="a", key=new_key(), client_assertion_audience="legacy")
    both = [provider.issuer, provider.issuer + "/oauth/token"]
    assert by_assertion(provider, provider.assertion(app, aud=both)).status == 200
    for audience in ([*both, "https://evil.example"], [*both, 1], [both], []):
        assert by_assertion(provider, provider.assertion(app, aud=audience)).status == 401


@pytest.mark.spec("RFC7523 3")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"sub": "other"}, {"sub": None}, {"jti": None}, {"jti": ""},
        {"jti": 5},
        {"jti": "x" * 300}, {"jti": "a\u0000b"}, {"jti": "\ud800"}, {"exp": None}, {"exp": "soon"}, {"exp": True},
        {"exp": 1e400},
        {"exp": 0}, {"exp": 4102444800}, {"iat": 4102444800}, {"nbf": 4102444800}, {"sub": ["x"]}, {"iss": ["x"]},
    ],
    ids=str,
)  # fmt: skip
def test_S31_S60_claims_that_are_missing_or_wrong_are_refused(
    provider: Provider, signer: App, claims: dict[str, Any]
) -> None:
    from joserfc import jws

    now = int(provider.clock())
    values = {
        "iss": signer.id,
        "sub": signer.id,
        "aud": provider.issuer,
        "iat": now,
        "exp": now + 60,
        "jti": "j",
        **claims,
    }
    payload = json.dumps({k: v for k, v in values.items() if v is not None}).encode()
    assert signer.key is not None
    made = jws.serialize_compact({"alg": "ES256", "typ": "client-authentication+jwt"}, payload, signer.key)
    answer = by_assertion(provider, made)
    assert (answer.status, answer.error) == (401, "invalid_client")


def test_S31_expiry_holds_to_the_second(provider: Provider, signer: App, clock: Clock) -> None:
    early, late = provider.assertion(signer), provider.assertion(signer)
    clock.advance(59)
    assert by_assertion(provider, early).status == 200
    clock.advance(1.5)
    assert by_assertion(provider, late).status == 401


def test_X13_an_assertion_is_used_once_also_at_another_endpoint(provider: Provider, signer: App) -> None:
    made = provider.assertion(signer)
    assert by_assertion(provider, made).status == 200
    for path in ("oauth/token", "oauth/introspect", "oauth/revoke"):
        assert by_assertion(provider, made, path).error == "invalid_client"


def test_X13_a_replay_is_refused_by_a_second_worker_and_after_a_restart(
    provider: Provider, signer: App, clock: Clock
) -> None:
    made, unused = provider.assertion(signer), provider.assertion(signer)
    assert by_assertion(provider, made).status == 200
    second = provider.another()
    assert by_assertion(second, made).status == 401
    assert by_assertion(second, unused).status == 200
    second.close()
    clock.advance(50)
    provider.services.state.sweep()
    assert by_assertion(provider.another(), made).status == 401


def test_X13_a_change_elsewhere_makes_no_replay_of_an_honest_assertion(
    provider: Provider, signer: App, clock: Clock
) -> None:
    """The hop is run again on a fresh view of the registry; the assertion was accepted in this very request."""
    assert by_assertion(provider, provider.assertion(signer)).status == 200
    provider.another().add_client("Newcomer")
    made = provider.assertion(signer)
    assert by_assertion(provider, made).status == 200
    assert by_assertion(provider, made).status == 401


def test_X13_two_clients_may_choose_the_same_jti(provider: Provider, signer: App) -> None:
    other = provider.add_client("Other", "machine", scope="a", key=new_key())
    assert by_assertion(provider, provider.assertion(signer, jti="same")).status == 200
    assert by_assertion(provider, provider.assertion(other, jti="same")).status == 200


def test_S31_a_key_of_one_client_speaks_for_no_other(provider: Provider, signer: App) -> None:
    other = provider.add_client("Other", "machine", scope="a", key=new_key())
    for made in (
        provider.assertion(signer, key=other.key),
        provider.assertion(other, key=signer.key),
        provider.assertion(signer, iss=other.id),
        provider.assertion(signer, sub=other.id),
    ):
        assert by_assertion(provider, made).status == 401


@pytest.mark.spec("RFC7523 2.2")
def test_client_assertion_type_must_be_named(provider: Provider, signer: App) -> None:
    for kind in ("", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"):
        data = {**CLIENT_CREDENTIALS, "client_assertion": provider.assertion(signer), "client_assertion_type": kind}
        assert provider.post("oauth/token", None, data).error == "invalid_request"
    only_type = {
        **CLIENT_CREDENTIALS,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    }
    assert provider.post("oauth/token", None, only_type).status == 401


@pytest.mark.parametrize(
    ("alg", "make"),
    [
        ("RS256", lambda: RSAKey.generate_key(2048, {"kid": "r"})), ("PS256", lambda: RSAKey.generate_key(2048,
        {"kid": "r"})),
        ("ES256", lambda: ECKey.generate_key("P-256", {"kid": "e"})), ("ES384", lambda: ECKey.generate_key("P-384",
        {"kid": "e"})),
        ("EdDSA", lambda: OKPKey.generate_key("Ed25519", {"kid": "o"})),
    ],
)  # fmt: skip
def test_private_key_jwt_in_the_advertised_algorithms(provider: Provider, alg: str, make: Callable[[], Any]) -> None:
    from joserfc import jwt

    key = make()
    app = provider.add_client("Robot", "machine", scope="a", key=key)
    now = int(provider.clock())
    claims = {"iss": app.id, "sub": app.id, "aud": provider.issuer, "exp": now + 60, "jti": alg}
    made = jwt.encode({"alg": alg, "typ": "client-authentication+jwt"}, claims, key, algorithms=[alg])
    assert by_assertion(provider, made).status == 200


def test_S40_the_registered_algorithm_is_the_only_one(provider: Provider) -> None:
    app = provider.add_client("Robot", "machine", scope="a", key=new_key(), token_endpoint_auth_signing_alg="PS256")
    assert by_assertion(provider, provider.assertion(app)).status == 401


# -- jwks_uri ----------------------------------------------------------------------------------------------------------


class KeyServer:
    """The application's own server, which publishes its keys."""

    def __init__(self) -> None:
        self.keys: list[Any] = []
        self.asked = 0
        self.status, self.seconds = 200, 0.0  # what it answers, and how long that takes
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                time.sleep(outer.seconds)
                body = json.dumps({"keys": outer.keys}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: Any) -> None:
                """Quiet."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    yield server
    server.close()


def test_jwks_uri_keys_are_fetched_kept_and_renewed_when_they_roll(
    open_provider: Callable[..., Provider], key_server: KeyServer, clock: Clock
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [key_server.origin]})
    first, second = new_key("first"), new_key("second")
    key_server.keys = [public_jwk(first)]
    app = provider.add_client("Robot", "machine", scope="a", key=first, jwks_uri=key_server.origin + "/jwks")

    def proves(key: ECKey) -> bool:
        kid = str(key.kid)
        return bool(by_assertion(provider, provider.assertion(app, {"kid": kid}, key=key)).status == 200)

    assert proves(first)
    assert proves(first)
    assert key_server.asked == 1
    key_server.keys = [public_jwk(second)]
    clock.advance(31)
    assert proves(second)  # an unknown kid is a reason to look again
    assert not proves(first)
    for _ in range(5):
        assert not proves(new_key("made-up"))
    assert key_server.asked <= 3  # but not for every made-up one


def test_S42_a_jwks_uri_that_the_guard_does_not_let_out_is_not_fetched(
    open_provider: Callable[..., Provider], key_server: KeyServer
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"})
    key = new_key()
    key_server.keys = [public_jwk(key)]
    app = provider.add_client("Robot", "machine", scope="a", key=key, jwks_uri=key_server.origin + "/jwks")
    answer = by_assertion(provider, provider.assertion(app))
    assert (answer.status, answer.error) == (401, "invalid_client")
    assert key_server.asked == 0
    assert key_server.origin not in answer.text


def test_a_key_server_that_is_down_is_asked_once_in_thirty_seconds_however_many_assertions_come(
    open_provider: Callable[..., Provider], key_server: KeyServer, clock: Clock
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [key_server.origin]})
    key = new_key()
    app = provider.add_client("Robot", "machine", scope="a", key=key, jwks_uri=key_server.origin + "/jwks")
    key_server.status = 500
    key_server.keys = ["nothing of use"]
    for _ in range(10):
        assert by_assertion(provider, provider.assertion(app)).status == 401
        clock.advance(2)
    assert key_server.asked == 1
    clock.advance(30)
    assert by_assertion(provider, provider.assertion(app)).status == 401
    assert key_server.asked == 2
    key_server.keys, key_server.status = [public_jwk(key)], 200
    clock.advance(30)
    assert by_assertion(provider, provider.assertion(app)).status == 200


@pytest.mark.parametrize("status", [404, 500, 203])
def test_a_key_set_in_an_error_page_is_no_key_set(
    open_provider: Callable[..., Provider], key_server: KeyServer, status: int
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [key_server.origin]})
    key = new_key()
    key_server.keys, key_server.status = [public_jwk(key)], status
    app = provider.add_client("Robot", "machine", scope="a", key=key, jwks_uri=key_server.origin + "/jwks")
    assert by_assertion(provider, provider.assertion(app)).status == 401


def test_while_one_request_waits_for_a_key_server_the_others_do_not(
    open_provider: Callable[..., Provider], key_server: KeyServer
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [key_server.origin]})
    app = provider.add_client("Robot", "machine", scope="a", key=new_key(), jwks_uri=key_server.origin + "/jwks")
    key_server.status, key_server.seconds = 500, 1.0
    waiting = threading.Thread(target=lambda: by_assertion(provider, provider.assertion(app)))
    waiting.start()
    while not key_server.asked:
        time.sleep(0.01)
    for _ in range(5):
        assert by_assertion(provider, provider.assertion(app)).status == 401
    assert waiting.is_alive()  # it still waits; nobody else had to
    waiting.join()
    assert key_server.asked == 1


# -- keys in the registration ------------------------------------------------------------------------------------------


def test_S31_a_key_that_was_replaced_in_the_registration_is_refused_at_once_everywhere(
    provider: Provider, signer: App, clock: Clock
) -> None:
    old, new, elsewhere = signer.key, new_key("k2"), provider.another()
    for process in (provider, elsewhere):
        assert by_assertion(process, provider.assertion(signer)).status == 200
    clock.advance(1)
    provider.services.registry.update(signer.id, {"jwks": {"keys": [public_jwk(new)]}})
    for process in (provider, elsewhere):
        assert by_assertion(process, provider.assertion(signer, key=old)).status == 401
        assert by_assertion(process, provider.assertion(signer, {"kid": "k2"}, key=new)).status == 200


def test_S31_keys_looked_up_for_a_client_as_it_was_are_never_those_of_the_client_as_it_is(
    provider: Provider, signer: App, clock: Clock
) -> None:
    """A thread that still holds the client of a moment ago leaves nothing behind for the next one."""
    before, new = provider.services.registry.get(signer.id), new_key("k2")
    clock.advance(1)
    now = provider.services.registry.update(signer.id, {"jwks": {"keys": [public_jwk(new)]}})
    assert [key.kid for key in client_keys(provider.services, before)] == ["k1"]
    assert [key.kid for key in client_keys(provider.services, now)] == ["k2"]


def test_S31_a_key_that_was_replaced_under_the_same_kid_is_refused_at_once(
    provider: Provider, signer: App, clock: Clock
) -> None:
    old, new = signer.key, new_key(str(signer.key.kid) if signer.key else "")
    assert by_assertion(provider, provider.assertion(signer)).status == 200
    clock.advance(1)
    provider.services.registry.update(signer.id, {"jwks": {"keys": [public_jwk(new)]}})
    assert by_assertion(provider, provider.assertion(signer, key=old)).status == 401
    assert by_assertion(provider, provider.assertion(signer, key=new)).status == 200


@pytest.mark.parametrize("issuer", ["https://login.example", "https://example.com/sso"])
def test_S31_the_legacy_audience_is_an_endpoints_full_address_also_under_a_path(
    open_provider: Callable[..., Provider], issuer: str
) -> None:
    provider = open_provider(server={"issuer": issuer})
    app = provider.add_client("Old", "machine", scope="a", key=new_key(), client_assertion_audience="legacy")
    for endpoint in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):
        for audience in (issuer, issuer + endpoint, issuer + "/oauth/token"):
            answer = by_assertion(provider, provider.assertion(app, aud=audience), endpoint[1:])
            assert answer.status == 200, (endpoint, audience)
    host = issuer.removesuffix("/sso")
    for audience in (issuer + "/sso/oauth/token", host + "/oauth/token/", host + "/other/oauth/token", "/oauth/token"):
        assert by_assertion(provider, provider.assertion(app, aud=audience)).status == 401


def test_X13_an_assertion_is_honest_however_often_the_registry_changes_in_between(
    provider: Provider, clock: Clock
) -> None:
    app = provider.add_client("Web", key=new_key(), grant_types=["authorization_code", "refresh_token"])
    provider.add_person()
    elsewhere = provider.another()
    code = provider.sign_in(provider.browser(), app).code
    elsewhere.add_client("Newcomer")
    tokens = provider.redeem(app, code)
    assert tokens.status == 200
    elsewhere.add_client("Another")
    assert provider.refresh(app, tokens.json["refresh_token"]).status == 200
    elsewhere.add_client("A third")
    assert provider.introspect(app, tokens.json["access_token"])["active"]


def test_s18_a_secret_without_its_scheme_is_in_no_record_and_no_answer(provider: Provider) -> None:
    app = provider.add_client("CRM")
    answer = provider.post("oauth/token", None, {"grant_type": "client_credentials"}, Authorization="s3cr3t-hunter2")
    assert answer.status == 401
    provider.services.faults.flush(whole=True)
    assert "s3cr3t" not in answer.text + str([event.detail for event in provider.events()])
    assert app.id
