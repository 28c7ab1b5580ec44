"""Forged JWTs at every place that takes one. S40, S60, X8, X10, X11.

The places: client_assertion (token, introspection, revocation), id_token_hint (authorize, logout), and a JWT as access
token (userinfo, whoami, introspection).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import resource
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwe, jws
from joserfc.jwk import ECKey, RSAKey

from tests.backends import Clock
from tests.provider import App, Browser, Provider, assertion_form, new_key, public_jwk

ALGS = ["RS256", "ES256", "HS256", "none", "PS256", "EdDSA", "HS384", "HS512"]


class Doors:
    """A provider, one application of each kind, somebody signed in, and every way in for a JWT."""

    def __init__(self, provider: Provider) -> None:
        self.provider, self.browser = provider, provider.browser()
        self.ann = provider.add_person()
        self.web = provider.add_client(
            "Web", access_token_format="jwt", post_logout_redirect_uris=["https://web.example/bye"]
        )
        self.robot = provider.add_client("Robot", "machine", scope="a", key=new_key())
        self.tokens = provider.tokens(self.web, self.browser)
        self.ways: dict[str, Callable[[str], bool]] = {
            "client_assertion at token": lambda t: self._asserted("oauth/token", t),
            "client_assertion at introspection": lambda t: self._asserted("oauth/introspect", t),
            "client_assertion at revocation": lambda t: self._asserted("oauth/revoke", t),
            "id_token_hint at authorize": lambda t: "code" in self._hinted(t),
            "id_token_hint at logout": self._logs_out,
            "access token at userinfo": lambda t: provider.userinfo(t).status == 200,
            "access token at whoami": lambda t: provider.whoami(t).status == 200,
            "access token at introspection": lambda t: bool(provider.introspect(self.web, t)["active"]),
        }

    def genuine(self, way: str) -> str:
        """A token that this way takes."""
        if way.startswith("client_assertion"):
            return self.provider.assertion(self.robot)
        return str(self.tokens["id_token" if way.startswith("id_token") else "access_token"])

    def _asserted(self, path: str, token: str) -> bool:
        data = {"grant_type": "client_credentials", "token": "x", **assertion_form(token)}
        answer = self.provider.post(path, None, data)
        assert answer.status in (200, 401), answer.text
        return answer.status == 200

    def _hinted(self, token: str) -> dict[str, str]:
        answer = self.provider.authorize(self.browser, self.web, prompt="none", id_token_hint=token)
        assert answer.is_redirect, answer.status
        return answer.sent

    def _logs_out(self, token: str) -> bool:
        """Whether the hint is taken; nobody is signed in there, so that nothing changes."""
        # Only a hint that is believed tells of a sign-in in another browser, and the person is asked about it.
        params = {"id_token_hint": token, "post_logout_redirect_uri": "https://web.example/bye"}
        visitor = self.provider.browser()
        long = len(token) > 6000
        answer = visitor.post("oauth/logout", params) if long else visitor.get("oauth/logout?" + urlencode(params))
        assert answer.status in (200, 303, 400, 413), answer.status
        if answer.status == 303:
            answer = visitor.follow(answer)
        elif answer.status == 200 and answer.dom.find("form", id="auto-post"):
            answer = visitor.submit(answer)
        return bool(answer.dom.find("button", id="confirm"))


@pytest.fixture
def doors(provider: Provider) -> Doors:
    return Doors(provider)


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, payload, _ = token.split(".")
    return json.loads(unb64(head)), json.loads(unb64(payload))


def assembled(header: dict[str, Any], claims: Any, sign: Callable[[bytes], bytes] = lambda m: b"") -> str:
    message = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    return f"{message}.{b64(sign(message.encode()))}"


def test_the_genuine_tokens_are_taken(doors: Doors) -> None:
    """Else all that follows would prove nothing."""
    for way, accepts in doors.ways.items():
        assert accepts(doors.genuine(way)), way


def refused_everywhere(doors: Doors, forge: Callable[[str], str | None]) -> None:
    tried = 0
    for way, accepts in doors.ways.items():
        forged = forge(doors.genuine(way))
        if forged is not None:
            tried += 1
            assert not accepts(forged), way
    assert tried


@pytest.mark.spec("RFC8725 3.2")
@pytest.mark.parametrize(
    "alg",
    ["none", "None", "NONE", "nOnE", "", "null", None, 0, ["RS256"], "RS256 ", "rs256", "HS256", "HS512", "ROT13"],
)
def test_S40_S60_no_other_algorithm_than_the_keys_own(doors: Doors, alg: Any) -> None:
    def forge(token: str) -> str:
        header, claims = parts(token)
        claims["jti"] = "forged"
        return assembled({**header, "alg": alg}, claims)

    refused_everywhere(doors, forge)

    def swapped(token: str) -> str:
        """The genuine signature under another alg."""
        header, _ = parts(token)
        _, payload, signature = token.split(".")
        return f"{b64(json.dumps({**header, 'alg': alg}).encode())}.{payload}.{signature}"

    refused_everywhere(doors, swapped)


@pytest.mark.spec("RFC8725 3.10")
@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "kid"])
def test_S40_X8_a_key_that_comes_with_the_token_is_never_used(doors: Doors, member: str) -> None:
    asked: list[str] = []
    outbound = doors.provider.services.outbound
    outbound._resolver = lambda host, port: asked.append(host) or []  # type: ignore[func-returns-value]
    for own in (ECKey.generate_key("P-256"), RSAKey.generate_key(2048)):
        alg = "ES256" if isinstance(own, ECKey) else "RS256"
        value = {
            "jwk": public_jwk(own), "jku": "https://evil.example/jwks", "x5u": "https://evil.example/cert",
            "x5c": ["MIIB"], "kid": "https://evil.example/../../dev/null' OR 1=1--",
        }[member]  # fmt: skip

        def forge(token: str, alg: str = alg, own: Any = own, value: Any = value) -> str:
            header, claims = parts(token)
            claims["jti"] = "forged"
            for kid in ({}, {"kid": header["kid"]} if "kid" in header else {}):
                header = {"alg": alg, "typ": header["typ"], **kid, member: value}
            registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
            return jws.serialize_compact(header, json.dumps(claims).encode(), own, registry=registry)

        refused_everywhere(doors, forge)
    assert asked == []


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_S60_X11_a_public_key_is_no_hmac_secret_in_any_encoding(doors: Doors, alg: str) -> None:
    published = doors.provider.browser().get("oauth/jwks").json["keys"]
    assert doors.robot.key is not None
    for jwk in [*published, public_jwk(doors.robot.key)]:
        key = (RSAKey if jwk["kty"] == "RSA" else ECKey).import_key(jwk)
        raw = key.public_key if hasattr(key, "public_key") else key.raw_value
        encodings = [
            raw.public_bytes(encoding, form)
            for encoding, form in (
                (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
                (Encoding.OpenSSH, PublicFormat.OpenSSH),
                *(((Encoding.PEM, PublicFormat.PKCS1), (Encoding.DER,
                PublicFormat.PKCS1)) if jwk["kty"] == "RSA" else ()),
            )
        ]  # fmt: skip
        encodings += [e.rstrip(b"\n") for e in encodings] + [
            json.dumps(jwk).encode(),
            jwk.get("n", jwk.get("x")).encode(),
            b"",
        ]
        for secret in encodings:

            def forge(token: str, secret: bytes = secret, kid: str = jwk["kid"]) -> str:
                header, claims = parts(token)
                claims["jti"] = "forged"
                hashed = getattr(hashlib, "sha" + alg[2:])
                return assembled({**header, "alg": alg, "kid": kid}, claims, lambda m: hmac.digest(secret, m, hashed))

            refused_everywhere(doors, forge)


@pytest.mark.parametrize("flip", ["payload", "signature", "header", "empty signature", "no signature", "other key"])
def test_S60_the_signature_is_what_counts(doors: Doors, flip: str) -> None:
    def forge(token: str) -> str:
        head, payload, signature = token.split(".")
        header, claims = parts(token)
        if flip == "payload":
            return f"{head}.{b64(json.dumps({**claims, 'x': 1}).encode())}.{signature}"
        if flip == "header":
            return f"{b64(json.dumps({**header, 'x': 1}).encode())}.{payload}.{signature}"
        if flip == "signature":
            broken = bytearray(unb64(signature))
            broken[10] ^= 1
            return f"{head}.{payload}.{b64(bytes(broken))}"
        if flip == "other key":
            own = new_key(header.get("kid", "k1"))
            return jws.serialize_compact({**header, "alg": "ES256"}, json.dumps(claims).encode(), own)
        return f"{head}.{payload}." if flip == "empty signature" else f"{head}.{payload}"

    refused_everywhere(doors, forge)


@pytest.mark.spec("RFC7515 4.1.11")
@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["x"], [], "exp", None, {}, [1]])
def test_S40_X10_crit_is_refused_even_where_the_signature_is_genuine(doors: Doors, crit: Any) -> None:
    assert doors.robot.key is not None
    header = {"alg": "ES256", "typ": "client-authentication+jwt", "crit": crit, "b64": True, "x": 1}
    _, claims = parts(doors.provider.assertion(doors.robot))
    head = b64(json.dumps(header).encode())
    message = f"{head}.{b64(json.dumps(claims).encode())}"
    # joserfc would not make it, so its signature is taken from the algorithm itself.
    signature = jws.JWSRegistry.algorithms["ES256"].sign(message.encode(), doors.robot.key)
    token = f"{message}.{b64(signature)}"
    for way, accepts in doors.ways.items():
        assert not accepts(token), way


def test_S60_our_own_tokens_of_another_kind_are_refused(doors: Doors) -> None:
    kinds = {
        "id": doors.tokens["id_token"],
        "at": doors.tokens["access_token"],
        "ca": doors.provider.assertion(doors.robot),
    }
    for way, accepts in doors.ways.items():
        own = "ca" if way.startswith("client_assertion") else "id" if way.startswith("id_token") else "at"
        for kind, token in kinds.items():
            if kind != own:
                assert not accepts(token), (way, kind)


def test_S60_a_token_of_another_installation_is_refused(doors: Doors, tmp_path: Path, clock: Clock) -> None:
    # Not a copy of the template, which would share its keys.
    other = Provider.open(tmp_path / "other", clock, None, server={"issuer": doors.provider.issuer})
    stranger = Doors(other)
    for way, accepts in doors.ways.items():
        assert not accepts(stranger.genuine(way)), way
    other.close()


def test_S60_expired_access_tokens_and_assertions_are_refused_and_expired_hints_are_hints(
    doors: Doors, clock: Clock
) -> None:
    kept = {way: doors.genuine(way) for way in doors.ways}
    clock.advance(700)
    for way, accepts in doors.ways.items():
        assert accepts(kept[way]) is way.startswith("id_token_hint"), way


@pytest.mark.parametrize(
    "token",
    [
        "", ".", "..", "...", "a.b.c", "e30.e30.", "e30.e30.e30", "bnVsbA.bnVsbA.", "W10.W10.", "é.é.é",
        "\x00.\x00.\x00", "{}.{}.{}",
        "e30=.e30=.e30=", " e30.e30.e30", "eyJhbGciOiJSUzI1NiJ9.e30.AAAA",
        "eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ.e30.",
        '{"payload":"e30","signatures":[]}', "e30.e30.e30.e30.e30",
    ],
)  # fmt: skip
def test_S40_malformed_tokens_are_refused_without_a_crash(doors: Doors, token: str) -> None:
    for way, accepts in doors.ways.items():
        if token or way.startswith("client_assertion"):  # an empty hint is no hint
            assert not accepts(token), way


@pytest.mark.parametrize("what", ["10 MB", "120 kB", "deep", "wide", "zip bomb", "encrypted", "many digits"])
def test_S40_X10_size_nesting_and_compression_are_bounded(doors: Doors, what: str) -> None:
    header = {"alg": "RS256", "typ": "JWT", "kid": "x"}
    bomb = zlib.compress(b" " * 30_000_000)
    key = RSAKey.generate_key(2048)
    wide = json.dumps({f"a{i}": i for i in range(900)}).encode()
    zipped = b'{"alg":"dir","enc":"A128GCM","zip":"DEF"}'
    digits = b'{"alg":"RS256","typ":"JWT","kid":' + b"9" * 5000 + b"}"
    token = {
        "10 MB": lambda: "e30." + "A" * 10_000_000 + ".AAAA",
        "120 kB": lambda: "e30." + "A" * 120_000 + ".AAAA",
        "deep": lambda: f"{b64(json.dumps(header).encode())}.{b64(b'[' * 10_000 + b']' * 10_000)[:12000]}.AAAA",
        "wide": lambda: f"{b64(wide)}.e30.AAAA",
        "zip bomb": lambda: f"{b64(zipped)}..{b64(b'0' * 12)}.{b64(bomb)}.{b64(b'0' * 16)}",
        "encrypted": lambda: jwe.encrypt_compact(
            {"alg": "RSA-OAEP-256", "enc": "A128GCM", "zip": "DEF"},
            b"{}",
            key,
            algorithms=["RSA-OAEP-256", "A128GCM", "DEF"],
        ),
        "many digits": lambda: f"{b64(digits)}.e30.AAAA",
    }[what]()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.thread_time()
    for way, accepts in doors.ways.items():
        if what == "10 MB":  # past the limit of a request body: 413, and in a header nobody lets it through
            if way.startswith("client_assertion"):
                form = {"grant_type": "client_credentials", **assertion_form(token)}
                assert doors.provider.post("oauth/token", None, form).status == 413
        elif not way.endswith("authorize") or len(token) < 4000:
            assert not accepts(token), way
    assert time.thread_time() - started < 2.0  # of this very work: other providers' threads run beside it
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000  # kB; the token itself is most of it


def test_S40_a_name_twice_in_header_or_claims_is_refused(doors: Doors) -> None:
    assert doors.robot.key is not None
    _, claims = parts(doors.provider.assertion(doors.robot))
    twice = json.dumps(claims)[:-1] + ',"sub":"other"}'
    header = {"alg": "ES256", "typ": "client-authentication+jwt"}
    token = jws.serialize_compact(header, twice.encode(), doors.robot.key)
    assert not doors.ways["client_assertion at token"](token)


def test_an_unused_browser_is_of_no_help(doors: Doors) -> None:
    """The hint proves nobody: without a session there is no code, however genuine it is."""
    visitor: Browser = doors.provider.browser()
    web: App = doors.web
    answer = doors.provider.authorize(visitor, web, prompt="none", id_token_hint=doors.tokens["id_token"])
    assert answer.error == "login_required"
