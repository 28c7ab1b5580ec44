"""Signed authorization requests (RFC 9101, Core §6): by value and by reference. S30."""

from __future__ import annotations

import json
import threading
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from clients.errors import InvalidMetadata
from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.test_pushed_requests import come, done, push
from tests.provider import Answer, App, Browser, Provider, new_key, public_jwk

TYP = "oauth-authz-req+jwt"


def made(
    provider: Provider, app: App, key: ECKey | None = None, head: dict[str, Any] | None = None, **over: Any
) -> str:
    """The authorization request as a JWT of the application; what is None is left out."""
    now = int(provider.clock())
    claims = {**dict(provider.request(app)), "iss": app.id, "aud": provider.issuer, "exp": now + 60, "nbf": now, **over}
    header = {"alg": "ES256", "typ": TYP, **(head or {})}
    signer = key or app.key
    assert signer is not None
    payload = json.dumps({name: value for name, value in claims.items() if value is not None})
    return jws.serialize_compact(header, payload.encode(), signer, algorithms=["ES256"])


def ask(browser: Browser, app: App, **query: str) -> Answer:
    return browser.get("oauth/authorize?" + urlencode({"client_id": app.id, **query}))


@pytest.fixture
def bank(provider: Provider) -> App:
    return provider.add_client("Bank", key=new_key())


@pytest.mark.spec("RFC 9101 5")
@pytest.mark.parametrize("typ", [TYP, "JWT", f"application/{TYP}"])
def test_a_signed_request_signs_somebody_in(
    provider: Provider, browser: Browser, bank: App, ann: Person, typ: str
) -> None:
    text = made(provider, bank, head={"typ": typ}, max_age=600, claims={"id_token": {"email": None}})
    answer = done(browser, ask(browser, bank, request=text, scope="openid groups", state="outside"))
    assert answer.sent["state"] == "st 8"  # RFC 9101 §6.3: what stands outside counts for nothing
    told = provider.redeem(bank, answer.code).json
    assert told["scope"] == "openid profile email"


@pytest.mark.spec("RFC 9101 6.2")
@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"iss": "somebody"}, "iss must be the client_id"),
        ({"aud": "https://other.example"}, "aud must be"),
        ({"aud": ["https://other.example"]}, "aud must be"),
        ({"exp": 1}, "expired"),
        ({"nbf": 9_999_999_999}, "nbf lies in the future"),
        ({"client_id": "c" + "a" * 24}, "client_id inside"),
        ({"sub": True}, "sub must not be the client_id"),
        ({"request": "x"}, "request must not stand inside"),
        ({"request_uri": "https://x.example"}, "request_uri must not stand inside"),
    ],
)
def test_a_request_object_that_is_not_the_clients_own_for_us_is_refused(
    provider: Provider, browser: Browser, bank: App, over: dict[str, Any], told: str
) -> None:
    over = {name: bank.id if value is True else value for name, value in over.items()}
    answer = ask(browser, bank, request=made(provider, bank, **over))
    assert (answer.error, answer.sent["state"]) == ("invalid_request_object", "st 8")
    assert told in answer.sent["error_description"]
    assert answer.location.startswith(bank.redirect_uri)


@pytest.mark.spec("RFC 8725 3.2")
def test_S30_another_key_another_algorithm_another_type_and_none_are_refused(
    provider: Provider, browser: Browser, bank: App
) -> None:
    pinned = provider.add_client("Pinned", key=new_key(), request_object_signing_alg="PS256")
    unsigned = made(provider, bank).split(".")
    none = ".".join((urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode(), unsigned[1], ""))
    cases = [
        (bank, made(provider, bank, key=new_key())), (bank, none), (pinned, made(provider, pinned)),
        (bank, made(provider, bank, head={"typ": "client-authentication+jwt"})),
        (bank, made(provider, bank, head={"typ": "at+jwt"})), (bank, provider.assertion(bank)),
        (bank, "e30.e30."), (bank, "x"),
    ]  # fmt: skip
    for app, text in cases:
        answer = ask(browser, app, request=text, redirect_uri=app.redirect_uri, response_type="code")
        assert answer.error == "invalid_request_object", text


def test_what_a_request_object_says_obeys_every_rule(provider: Provider, browser: Browser, bank: App) -> None:
    for over, error in (
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"resource": ["https://a.example", "https://b.example"]}, "invalid_target"),
    ):
        assert ask(browser, bank, request=made(provider, bank, **over)).error == error
    evil = made(provider, bank, redirect_uri="https://evil.example/cb")
    assert ask(browser, bank, request=evil).is_error_page


@pytest.mark.spec("RFC 9101 10.5")
def test_a_client_that_must_sign_is_not_heard_otherwise_nor_may_it_push_unsigned(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    app = provider.add_client("Strict", key=new_key(), require_signed_request_object=True)
    answer = provider.authorize(browser, app)
    assert answer.error == "invalid_request"
    assert "sign" in answer.sent["error_description"]
    assert push(provider, app).error == "invalid_request"
    pushed = provider.post("oauth/par", app, [("request", made(provider, app))])
    assert pushed.status == 201, pushed.text
    assert done(browser, come(provider, browser, app, pushed.json["request_uri"])).code
    assert ask(browser, app, request=made(provider, app)).code


def test_a_client_without_keys_is_told_so(provider: Provider, browser: Browser, crm: App, bank: App) -> None:
    answer = ask(browser, crm, request=made(provider, crm, key=bank.key))
    assert answer.error == "invalid_request_object"
    assert "keys" in answer.sent["error_description"]


# -- by reference ------------------------------------------------------------------------------------------------------


class Texts:
    """The application's own server, with its request objects."""

    def __init__(self) -> None:
        self.text, self.status, self.asked = "", 200, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked += 1
                body = outer.text.encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", f"application/{TYP}")
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
def texts() -> Iterator[Texts]:
    server = Texts()
    yield server
    server.close()


@pytest.fixture
def outside(open_provider: Callable[..., Provider], texts: Texts) -> Provider:
    """A provider that may call the application's server."""
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [texts.origin]})
    provider.add_person("ann")
    return provider


@pytest.mark.spec("RFC 9101 5.2")
def test_a_request_behind_an_address_is_fetched_once_for_many(outside: Provider, texts: Texts, clock: Clock) -> None:
    uri = texts.origin + "/request"
    app = outside.add_client("Bank", key=new_key(), request_uris=[uri])
    texts.text = made(outside, app, exp=None)
    for _ in range(3):
        browser = outside.browser()
        assert done(browser, ask(browser, app, request_uri=uri)).code
    assert texts.asked == 1
    clock.advance(61)
    assert ask(outside.browser(), app, request_uri=uri).is_login_page
    assert texts.asked == 2


@pytest.mark.spec("OIDC-Core 6.2")
def test_the_hash_in_a_reference_must_be_that_of_what_stands_there(outside: Provider, texts: Texts) -> None:
    app = outside.add_client("Bank", key=new_key(), request_uris=[texts.origin + "/request"])
    texts.text = made(outside, app)
    right = urlsafe_b64encode(sha256(texts.text.encode()).digest()).rstrip(b"=").decode()
    for fragment, good in ((right, True), ("A" * 43, False), ("x", False), ("é", False)):
        answer = ask(
            outside.browser(), app, request_uri=f"{texts.origin}/request#{fragment}", redirect_uri=app.redirect_uri
        )  # fmt: skip
        assert answer.is_login_page if good else answer.error == "invalid_request_uri"
    assert texts.asked == 1  # X4: the fragment is anybody's to choose


@pytest.mark.spec("OIDC-Registration 2")
def test_an_address_may_be_registered_with_the_hash_of_what_stands_there(outside: Provider, texts: Texts) -> None:
    """So that nobody changes the request afterwards; a fragment that is no hash means nothing, and is refused."""
    key, address = new_key(), texts.origin + "/request"
    app = outside.add_client("Bank", key=key)
    texts.text = made(outside, app)
    hashed = urlsafe_b64encode(sha256(texts.text.encode()).digest()).rstrip(b"=").decode()
    registry = outside.services.registry
    registry.update(app.id, {"request_uris": [f"{address}#{hashed}"]})
    assert ask(outside.browser(), app, request_uri=f"{address}#{hashed}", redirect_uri=app.redirect_uri).is_login_page
    for other in (address, f"{address}#{'A' * 43}"):
        answer = ask(outside.browser(), app, request_uri=other, redirect_uri=app.redirect_uri)
        assert answer.error == "invalid_request_uri", other
    for fragment in ("", "part", "A" * 42, "A" * 44, hashed + "#"):
        with pytest.raises(InvalidMetadata, match="no hash"):
            registry.update(app.id, {"request_uris": [f"{address}#{fragment}"]})


@pytest.mark.spec("FAPI2-Message-Signing 5.3.1")
@pytest.mark.parametrize(
    ("behind", "life", "over", "told"),
    [
        (3590, 3600, {}, ""),
        (0, 3600, {}, ""),
        (0, 3601, {}, "lives longer than 3600 seconds"),
        (3700, 4000, {}, "nbf lies more than 3600 seconds in the past"),
        (0, 60, {"nbf": None}, "nbf"),
        (0, 60, {"exp": None}, "exp"),
        (0, 60, {"aud": None}, "aud"),
    ],
)
def test_S53_a_fapi2_client_signs_requests_that_live_an_hour_at_most(
    provider: Provider, behind: int, life: int, over: dict[str, Any], told: str
) -> None:
    bank, nbf = provider.add_client("Bank", "fapi2", key=new_key()), int(provider.clock()) - behind
    text = made(provider, bank, **{"nbf": nbf, "exp": nbf + life, **over})
    answer = provider.post("oauth/par", bank, {"request": text})
    assert answer.status == (400 if told else 201), answer.text
    if told:
        assert answer.error == "invalid_request_object"
        assert told in answer.json["error_description"]


@pytest.mark.spec("RFC 9101 10.4")
def test_S30_S42_X4_only_registered_addresses_are_called_and_a_dead_one_seldom(
    outside: Provider, texts: Texts, clock: Clock
) -> None:
    app = outside.add_client("Bank", key=new_key(), request_uris=[texts.origin + "/request"])
    browser = outside.browser()
    for uri in (texts.origin + "/other", texts.origin + "/request?x=1", "http://169.254.169.254/", "ftp://x", "urn:x"):
        answer = ask(browser, app, request_uri=uri, redirect_uri=app.redirect_uri)
        assert answer.error == "invalid_request_uri", uri
        assert uri not in answer.sent["error_description"]
    assert texts.asked == 0
    texts.status = 500
    for _ in range(5):
        answer = ask(browser, app, request_uri=texts.origin + "/request", redirect_uri=app.redirect_uri)
        assert answer.error == "invalid_request_uri"
    assert texts.asked == 1
    clock.advance(11)
    texts.status, texts.text = 200, made(outside, app)
    assert ask(browser, app, request_uri=texts.origin + "/request").is_login_page


@pytest.mark.spec("RFC 9101 5")
def test_both_ways_at_once_are_refused(provider: Provider, browser: Browser, bank: App) -> None:
    answer = ask(browser, bank, request=made(provider, bank), request_uri="https://x.example/r")
    assert answer.error == "invalid_request"
    assert "not both" in answer.sent["error_description"]


def test_keys_that_rolled_are_read_again(open_provider: Callable[..., Provider], clock: Clock) -> None:
    from tests.oidc.test_client_auth import KeyServer

    keys = KeyServer()
    try:
        provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, outbound={"allow": [keys.origin]})
        first, second = new_key("first"), new_key("second")
        keys.keys = [public_jwk(first)]
        app = provider.add_client("Bank", key=first, jwks_uri=keys.origin + "/jwks")
        assert ask(provider.browser(), app, request=made(provider, app)).is_login_page
        keys.keys = [public_jwk(second)]
        clock.advance(31)
        rolled = made(provider, app, key=second, head={"kid": "second"})
        assert ask(provider.browser(), app, request=rolled).is_login_page
        assert keys.asked == 2
    finally:
        keys.close()


@pytest.mark.parametrize(
    "over",
    [
        {"claims": {"id_token": {"\ud800": None}}},
        {"state": "\ud800"},
        {"exp": 10**400},
        {"nbf": 10**400},
        {"iat": 1e308 * 10},
    ],
)
def test_S30_values_that_nothing_can_hold_are_refused_and_break_nothing(
    provider: Provider, browser: Browser, bank: App, over: dict[str, Any]
) -> None:
    answer = ask(browser, bank, request=made(provider, bank, **over), redirect_uri=bank.redirect_uri)
    assert answer.error == "invalid_request_object"


def test_S30_what_stands_beside_a_signed_request_is_carried_no_further(
    provider: Provider, browser: Browser, bank: App
) -> None:
    plain = ask(browser, bank, request=made(provider, bank))
    padded = browser.post(
        "oauth/authorize",
        {"client_id": bank.id, "request": made(provider, bank), "x": "y" * 90_000, "doorward_again": "1"},
    )
    assert padded.is_login_page
    assert len(padded.body) < len(plain.body) + 2_000
