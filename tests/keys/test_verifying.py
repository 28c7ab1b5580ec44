"""What is believed and what is not (S40, S60, X8, X10, X11), with PyJWT and joserfc as the ones who sign."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, rsa
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from keys.algorithms import ALGORITHMS
from keys.ring import Ring
from keys.verifying import MAX_TOKEN, InvalidToken, UnknownKey, read_jwks, verify, verify_own
from tests.backends import Clock

ALL = tuple(ALGORITHMS)
NOW = 1_800_000_000.0


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(header: Any, claims: Any, sign: Callable[[bytes], bytes] = lambda message: b"") -> str:
    """A compact JWS of anything; texts go in as they are."""
    texts = [value if isinstance(value, str) else json.dumps(value) for value in (header, claims)]
    message = ".".join(b64(text.encode()) for text in texts)
    return f"{message}.{b64(sign(message.encode()))}"


class Client:
    """Somebody else's key pair, and what it signs; the arithmetic is PyJWT's."""

    def __init__(self, alg: str = "ES256", **members: Any) -> None:
        self.alg, algorithm = alg, ALGORITHMS[alg]
        kinds: dict[str, Callable[[], Any]] = {
            "RSA": lambda: RSAKey.generate_key(2048),
            "EC": lambda: ECKey.generate_key(algorithm.crv),
            "OKP": lambda: OKPKey.generate_key("Ed25519"),
        }
        self.key = kinds[algorithm.kty]()
        self.jwk = {**self.key.as_dict(private=False), **members}

    def sign(self, message: bytes) -> bytes:
        algorithm = jwt.get_algorithm_by_name(self.alg)
        return algorithm.sign(message, algorithm.prepare_key(self.key.private_key))

    def token(self, claims: Any | None = None, **header: Any) -> str:
        claims = {"sub": "c", "exp": NOW + 60} if claims is None else claims
        return compact({"alg": self.alg, **header}, claims, self.sign)

    def accepted(self, token: str, **more: Any) -> dict[str, Any]:
        return verify(token, read_jwks([self.jwk]), **{"algs": ALL, "now": NOW, **more})[1]


@pytest.mark.parametrize("alg", ALL)
def test_a_clients_signature_is_verified_in_every_algorithm(alg: str) -> None:
    client = Client(alg)
    assert client.accepted(client.token())["sub"] == "c"
    token = client.token()
    head, payload, signature = token.split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    for wrong in (raw[:-1] + bytes([raw[-1] ^ 1]), raw[:-1], raw + b"\0", bytes(len(raw)), b""):
        with pytest.raises(InvalidToken, match="signature"):
            client.accepted(f"{head}.{payload}.{b64(wrong)}")
    other = b64(json.dumps({"sub": "root", "exp": NOW + 60}).encode())
    with pytest.raises(InvalidToken, match="signature"):
        client.accepted(f"{head}.{other}.{signature}")


def test_S60_only_allowed_algorithms_are_verified() -> None:
    client = Client("RS256")
    with pytest.raises(InvalidToken, match="use one of PS256"):
        client.accepted(client.token(), algs=("PS256",))


@pytest.mark.spec("RFC8725 3.1")
def test_S40_a_key_pinned_to_one_algorithm_verifies_no_other() -> None:
    client = Client("RS256")
    client.jwk["alg"] = "PS256"
    with pytest.raises(UnknownKey):
        client.accepted(client.token())


@pytest.mark.spec("RFC8725 3.2")
@pytest.mark.parametrize("name", ["none", "None", "NONE", "", "HS256", "HS384", "HS512", "ES256K", "RSA-OAEP", "rs256"])
def test_S40_none_hmac_and_unheard_of_algorithms_are_refused(ring: Ring, clock: Clock, name: str) -> None:
    own = ring.signer("ES256")
    for allowed in (ALL, (name,), (*ALL, name)):
        with pytest.raises(InvalidToken, match="not supported"):
            verify(compact({"alg": name}, {"exp": NOW + 60}), read_jwks([Client().jwk]), algs=allowed, now=NOW)
    token = compact({"alg": name, "kid": own.kid, "typ": "JWT"}, {"exp": clock.now + 60})
    with pytest.raises(InvalidToken, match="not supported"):
        verify_own(ring, token, types=("JWT",), now=clock.now)


def encodings(jwk: dict[str, Any]) -> list[bytes]:
    """Every form in which a public key is published or pasted, taken as an HMAC secret."""
    public = jwt.PyJWK(jwk).key
    pem, der, ssh = serialization.Encoding.PEM, serialization.Encoding.DER, serialization.Encoding.OpenSSH
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    forms = [public.public_bytes(pem, spki), public.public_bytes(der, spki)]
    forms += [public.public_bytes(ssh, serialization.PublicFormat.OpenSSH)]
    if jwk["kty"] == "RSA":
        pkcs1 = serialization.PublicFormat.PKCS1
        forms += [public.public_bytes(pem, pkcs1), public.public_bytes(der, pkcs1)]
    if jwk["kty"] == "EC":
        point = serialization.PublicFormat.UncompressedPoint
        forms += [public.public_bytes(serialization.Encoding.X962, point)]
    forms += [json.dumps(jwk).encode(), json.dumps(jwk, separators=(",", ":")).encode()]
    forms += [json.dumps({"keys": [jwk]}, separators=(",", ":")).encode()]
    forms += [str(jwk[m]).encode() for m in ("n", "x", "kid") if m in jwk]
    forms += [base64.urlsafe_b64decode(jwk[m] + "==") for m in ("n", "x") if m in jwk]
    return [*forms, *(form.rstrip(b"\n") for form in forms), b""]


def test_X11_a_public_key_is_no_hmac_secret_in_any_encoding(make_ring: Callable[..., Ring], clock: Clock) -> None:
    ring = make_ring(algs=("RS256", "ES256", "EdDSA"))
    ring.tick()
    jwks = json.loads(ring.jwks)["keys"]
    claims = {"sub": "root", "exp": clock.now + 60}
    tried = 0
    for jwk in jwks:
        for secret in [*encodings(jwk), ring.jwks]:
            for name, digest in (("HS256", "sha256"), ("HS384", "sha384"), ("HS512", "sha512"), (jwk["alg"], "sha256")):
                header = {"alg": name, "kid": jwk["kid"], "typ": "JWT"}
                token = compact(header, claims, functools.partial(hmac.digest, secret, digest=digest))
                with pytest.raises(InvalidToken):
                    verify_own(ring, token, types=("JWT",), now=clock.now)
                with pytest.raises(InvalidToken):
                    verify(token, read_jwks(jwks), algs=(*ALL, "HS256"), now=clock.now)
                tried += 1
    assert tried > 200


@pytest.mark.spec("RFC8725 3.10")
@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t"])
def test_X8_keys_and_addresses_in_the_header_are_never_used(ring: Ring, clock: Clock, member: str) -> None:
    attacker = Client()
    own = ring.signer("ES256")
    values = {"jwk": attacker.jwk, "jku": "http://127.0.0.1:9/jwks", "x5u": "http://127.0.0.1:9/x", "x5c": ["MII"]}
    header = {member: values.get(member, "x")}
    claims = {"sub": "root", "exp": clock.now + 60}
    for kid in (own.kid, attacker.key.thumbprint(), None):
        token = attacker.token(claims, typ="JWT", **header, **({"kid": kid} if kid else {}))
        with pytest.raises(InvalidToken):
            verify_own(ring, token, types=("JWT",), now=clock.now)
        with pytest.raises(InvalidToken):
            verify(token, read_jwks([Client().jwk]), algs=ALL, now=clock.now)
        with pytest.raises(InvalidToken):
            verify(token, (), algs=ALL, now=clock.now)
    # And beside a good signature they mean nothing.
    assert attacker.accepted(attacker.token(**header))["sub"] == "c"


@pytest.mark.spec("RFC7515 4.1.11")
@pytest.mark.parametrize("crit", [["exp"], ["b64"], ["http://x/unknown"], ["alg"], [], "exp", None, [[]], {"a": 1}])
def test_X10_any_crit_is_refused(crit: Any) -> None:
    client = Client()
    with pytest.raises(InvalidToken, match="crit"):
        client.accepted(client.token(crit=crit, b64=False, exp=1))


def test_X10_long_deep_and_hostile_texts_are_refused_quickly() -> None:
    client = Client()
    deep_list, deep_object = "[" * 5000 + "]" * 5000, '{"a":' * 2500 + "1" + "}" * 2500
    good = {"alg": "ES256"}
    texts = [
        "A" * 10_000_000,
        "." * 10_000_000,
        client.token({"exp": NOW + 60, "pad": "x" * MAX_TOKEN}),
        compact(deep_list, {}),
        compact(deep_object, {}),
        compact(good, deep_list, client.sign),
        compact(good, deep_object, client.sign),
        compact(good, '{"exp":' + "9" * 6000 + "}", client.sign),
        compact(good, '{"exp":1e999}', client.sign),
        compact(good, '{"exp":NaN}', client.sign),
        compact(good, '{"exp":Infinity}', client.sign),
        compact(good, '{"exp":1800000060,"exp":1900000000}', client.sign),
        compact('{"alg":"none","alg":"ES256"}', {"exp": NOW + 60}, client.sign),
        compact(good, "[]", client.sign),
        compact(good, "null", client.sign),
        compact(good, '"text"', client.sign),
        compact(good, '{"a":"\\ud800"', client.sign),
        compact("[]", {}),
        compact("null", {}),
        compact({}, {}),
        compact({"alg": ["ES256"]}, {}),
        compact({"alg": "ES256", "kid": 7}, {}),
        compact({"alg": "ES256", "kid": ["a"]}, {}),
        compact({"alg": "ES256", "typ": {}}, {}),
        compact({"alg": "ES256", "kid": None}, {}),
        client.token() + ".",
        client.token() + "=",
        client.token() + "\n",
        " " + client.token(),
        client.token().replace(".", "..", 1),
        client.token() + ".a.b",  # five segments: an encrypted token
        client.token().rpartition(".")[0],
        client.token().replace("e", "é", 1),
        client.token().replace(".", ".é", 1),
        "\ud800.\ud800.\ud800",
        "",
        "..",
        "a",
    ]
    started = time.perf_counter()
    for text in texts:
        with pytest.raises(InvalidToken) as refused:
            client.accepted(text)
        assert len(refused.value.reason) < 200
    assert time.perf_counter() - started < 2


def test_a_token_at_the_limits_is_accepted() -> None:
    client = Client()
    nested: Any = "x"
    for _ in range(15):
        nested = [nested]
    token = client.token({"exp": NOW + 60, "deep": nested, "pad": "x" * 11_000})
    assert len(token) <= MAX_TOKEN
    client.accepted(token)
    with pytest.raises(InvalidToken):
        client.accepted(client.token({"exp": NOW + 60, "deep": [nested]}))


@pytest.mark.parametrize(
    ("claims", "refused"),
    [
        ({"exp": NOW + 1}, None),
        ({"exp": NOW}, "expired"),
        ({"exp": NOW - 1}, "expired"),
        ({}, "exp is missing"),
        ({"exp": str(int(NOW) + 60)}, "not a number"),
        ({"exp": True}, "not a number"),
        ({"exp": None}, "not a number"),
        ({"exp": [NOW + 60]}, "not a number"),
        ({"exp": NOW + 60, "nbf": NOW + 10}, None),
        ({"exp": NOW + 60, "nbf": NOW + 10.1}, "nbf lies in the future"),
        ({"exp": NOW + 60, "iat": NOW + 10}, None),
        ({"exp": NOW + 60, "iat": NOW + 61}, "iat lies in the future"),
        ({"exp": NOW + 60, "iat": "now"}, "not a number"),
        ({"exp": NOW + 60, "nbf": False}, "not a number"),
    ],
)
def test_S60_times_are_checked(claims: dict[str, Any], refused: str | None) -> None:
    client = Client()
    if refused is None:
        assert client.accepted(client.token(claims)) == claims
    else:
        with pytest.raises(InvalidToken, match=refused):
            client.accepted(client.token(claims))


def test_S60_leeway_and_required_claims_are_the_callers_choice() -> None:
    client = Client()
    late = client.token({"exp": NOW - 5})
    client.accepted(late, leeway=6)
    with pytest.raises(InvalidToken, match="expired"):
        client.accepted(late, leeway=5)
    with pytest.raises(InvalidToken, match="jti is missing"):
        client.accepted(client.token(), required=("exp", "jti"))
    client.accepted(client.token({}), required=())
    client.accepted(client.token({"exp": NOW + 90, "iat": NOW + 30}), ahead=30)


def test_S60_the_signature_comes_before_the_claims() -> None:
    client, other = Client(), Client()
    with pytest.raises(InvalidToken, match="signature"):
        client.accepted(other.token({"exp": NOW - 1}))


@pytest.mark.spec("RFC8725 3.11")
def test_S40_the_type_is_checked_where_one_is_expected() -> None:
    client = Client()
    wanted = ("client-authentication+jwt",)
    client.accepted(client.token(typ="client-authentication+jwt"), types=wanted)
    client.accepted(client.token(typ="application/Client-Authentication+JWT"), types=wanted)
    client.accepted(client.token(), types=(*wanted, ""))
    client.accepted(client.token(typ="anything"))
    for token in (client.token(), client.token(typ="JWT"), client.token(typ="at+jwt")):
        with pytest.raises(InvalidToken, match="typ"):
            client.accepted(token, types=wanted)


def test_the_kid_chooses_and_without_one_every_fitting_key_is_tried() -> None:
    first, second, rsa_client = Client(kid="1"), Client(kid="2"), Client("RS256", kid="3")
    keys = read_jwks({"keys": [first.jwk, rsa_client.jwk, second.jwk]})
    assert verify(second.token(), keys, algs=ALL, now=NOW)[0] == {"alg": "ES256"}
    verify(second.token(kid="2"), keys, algs=ALL, now=NOW)
    with pytest.raises(InvalidToken, match="signature"):
        verify(second.token(kid="1"), keys, algs=ALL, now=NOW)
    with pytest.raises(UnknownKey):
        verify(second.token(kid="3"), keys, algs=ALL, now=NOW)
    with pytest.raises(UnknownKey):
        verify(second.token(kid="../../1"), keys, algs=ALL, now=NOW)
    nameless = Client()
    verify(nameless.token(kid="whatever"), read_jwks([first.jwk, nameless.jwk]), algs=ALL, now=NOW)


def weak_and_strange_keys() -> list[dict[str, Any]]:
    small = rsa.generate_private_key(65537, 1024).public_key()
    good, big = Client("RS256").jwk, b64(b"\xff" * 2048)
    curve = Client().jwk
    ed = ed448.Ed448PrivateKey.generate().public_key()
    k1 = ec.generate_private_key(ec.SECP256K1())
    return [
        {"kty": "oct", "k": b64(bytes(32))},
        dict(OctKey.generate_key(256).as_dict(private=True)),
        dict(RSAKey.import_key(small).as_dict()),
        dict(ECKey.import_key(k1).as_dict(private=False)),
        dict(OKPKey.import_key(ed).as_dict()),
        dict(OKPKey.generate_key("X25519").as_dict(private=False)),
        {**good, "n": big},
        {**good, "e": good["n"]},
        {**good, "e": b64(b"\x02")},
        {**good, "e": b64(b"\x80" + bytes(62) + b"\x01")},
        {**good, "n": 7},
        {**good, "n": ""},
        {**good, "n": "not base64!"},
        {**good, "use": "enc"},
        {**good, "use": ["sig"]},
        {**good, "key_ops": ["encrypt"]},
        {**good, "key_ops": 7},
        {**good, "alg": "RSA-OAEP"},
        {**good, "alg": "HS256"},
        {**good, "alg": "ES256"},
        {**good, "alg": ["RS256"]},
        {**good, "kid": 7},
        {**curve, "alg": "ES384"},
        {**curve, "y": curve["x"]},
        {**curve, "crv": "P-384"},
        {**curve, "crv": None},
        {"kty": "EC"},
        {"kty": ["RSA"]},
        {"kty": "RSA", "x5c": ["MII"], "x5u": "http://127.0.0.1:9/"},
        {},
    ]


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the list itself is made of weak keys
def test_S60_weak_symmetric_and_strange_keys_of_a_client_are_passed_over() -> None:
    good = Client(kid="good")
    for jwk in weak_and_strange_keys():
        assert [key.kid for key in read_jwks([jwk, good.jwk])] == ["good"], jwk
    for document in (None, [], {}, {"keys": None}, {"keys": "x"}, {"keys": ["x"]}, "text", 7, [good.jwk] * 101):
        if document == []:
            assert read_jwks(document) == ()
            continue
        with pytest.raises(ValueError, match="JWKS"):
            read_jwks(document)


def test_private_members_in_a_clients_jwks_are_not_taken_in() -> None:
    (key,) = read_jwks([dict(Client().key.as_dict(private=True))])
    assert not key.key.is_private


def own_token(ring: Ring, clock: Clock, typ: str = "JWT", **claims: Any) -> str:
    return ring.signer("ES256").sign_jwt({"sub": "alice", "exp": clock.now + 60, **claims}, typ)


@pytest.mark.spec("RFC8725 3.11")
def test_S38_S40_our_own_tokens_are_believed_only_as_what_they_are(ring: Ring, clock: Clock) -> None:
    assert verify_own(ring, own_token(ring, clock), types=("JWT",), now=clock.now)["sub"] == "alice"
    for typ, wanted in (
        ("JWT", ("at+jwt",)),
        ("at+jwt", ("JWT",)),
        ("logout+jwt", ("JWT", "at+jwt")),
        ("jwt", ("JWT",)),
    ):
        with pytest.raises(InvalidToken, match="typ"):
            verify_own(ring, own_token(ring, clock, typ), types=wanted, now=clock.now)


def test_S40_a_header_that_contradicts_our_key_is_refused(make_ring: Callable[..., Ring], clock: Clock) -> None:
    ring = make_ring(algs=("RS256", "PS256"))
    ring.tick()
    signer = ring.snapshot().signers["RS256"]
    header = {"alg": "PS256", "kid": signer.kid, "typ": "JWT"}
    sign = ALGORITHMS["PS256"].jws.sign
    token = compact(header, {"exp": clock.now + 60}, lambda message: sign(message, signer.key))
    with pytest.raises(InvalidToken, match="key of ours"):
        verify_own(ring, token, types=("JWT",), now=clock.now)


def test_tokens_of_others_and_without_a_kid_are_not_ours(ring: Ring, clock: Clock) -> None:
    claims = {"exp": clock.now + 60}
    stranger = Client()
    own = ring.snapshot().signers["ES256"]
    no_kid = compact({"alg": "ES256", "typ": "JWT"}, claims, lambda m: ALGORITHMS["ES256"].jws.sign(m, own.key))
    forged = stranger.token(claims, kid=own.kid, typ="JWT")
    for token in (
        stranger.token(claims, typ="JWT"),
        stranger.token(claims, kid="x' OR 1=1", typ="JWT"),
        no_kid,
        forged,
    ):
        with pytest.raises(InvalidToken):
            verify_own(ring, token, types=("JWT",), now=clock.now)


def test_S60_our_own_tokens_expire_and_must_say_when(ring: Ring, clock: Clock) -> None:
    token = own_token(ring, clock)
    clock.advance(60)
    with pytest.raises(InvalidToken, match="expired"):
        verify_own(ring, token, types=("JWT",), now=clock.now)
    verify_own(ring, token, types=("JWT",), now=clock.now, leeway=1)
    endless = ring.signer("ES256").sign_jwt({"sub": "alice"}, "JWT")
    for hint in (False, True):
        with pytest.raises(InvalidToken, match="exp is missing"):
            verify_own(ring, endless, types=("JWT",), now=clock.now, hint=hint)


def test_S51_an_old_hint_verifies_after_its_key_has_gone_but_is_no_token(ring: Ring, clock: Clock) -> None:
    token = own_token(ring, clock)
    ring.rotate("ES256")
    clock.advance(130)
    ring.tick()
    clock.advance(230)
    assert [c.to for c in ring.tick()] == ["gone"]
    assert verify_own(ring, token, types=("JWT",), now=clock.now, hint=True)["sub"] == "alice"
    with pytest.raises(InvalidToken, match="key of ours"):
        verify_own(ring, token, types=("JWT",), now=clock.now - 360)
    head, payload, signature = token.split(".")
    with pytest.raises(InvalidToken):
        verify_own(ring, f"{head}.{payload}.{signature[::-1]}", types=("JWT",), now=clock.now, hint=True)


def test_claims_that_are_not_json_are_never_signed(ring: Ring) -> None:
    for value in (float("nan"), float("inf"), b"bytes", object()):
        with pytest.raises((ValueError, TypeError)):
            ring.signer("ES256").sign_jwt({"x": value}, "JWT")


def test_a_reason_never_repeats_the_token(ring: Ring, clock: Clock) -> None:
    secret = hashlib.sha256(b"x").hexdigest()
    for token in (secret, compact({"alg": secret, "kid": secret, "typ": secret}, {"exp": secret})):
        with pytest.raises(InvalidToken) as refused:
            verify_own(ring, token, types=("JWT",), now=clock.now)
        assert secret not in refused.value.reason


@pytest.mark.spec("RFC 9449 4.3")
def test_a_key_that_was_shown_before_proves_no_other_proof() -> None:
    """Keys are kept as they were shown, not what was proven by them."""
    from joserfc import jwt
    from joserfc.jwk import ECKey

    from keys.verifying import InvalidToken, verify_possession

    own, other = (ECKey.generate_key("P-256") for _ in range(2))

    def made(key: ECKey, shown: ECKey, **more: str) -> str:
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": {**shown.as_dict(private=False), **more}}
        return jwt.encode(head, {"jti": "a"}, key)

    for _ in range(2):
        assert verify_possession(made(own, own), algs=("ES256",), typ="dpop+jwt")[1] == own.thumbprint()
        for wrong in (made(other, own), made(own, own, use="enc"), made(own, own, alg="ES384")):
            with pytest.raises(InvalidToken):
                verify_possession(wrong, algs=("ES256",), typ="dpop+jwt")
