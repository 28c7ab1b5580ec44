"""An authenticator in software, and the browser in front of it: makes and uses credentials as WebAuthn level 3 has it.

Every part of an answer can be bent by name, so that tests can ask what a relying party makes of it.
"""

from __future__ import annotations

import datetime
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import cbor2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import Encoding

UP, UV, BE, BS, AT, ED = 1, 4, 8, 16, 64, 128  # §6.1
ES256, EDDSA, RS256, PS256, ES512 = -7, -8, -257, -37, -36
MODEL = "2fc0579f-8113-47ea-b116-bb5a8db9202a"


def b64(raw: bytes) -> str:
    """Base64url without padding."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Credential:
    """What an authenticator keeps."""

    id: bytes
    alg: int
    key: Any
    rp_id: str
    user_handle: bytes
    counter: int = 0


@dataclass
class Authenticator:
    """One device. `flags`: what it says of itself and of its user; `counts`: whether it has a counter."""

    flags: int = UP | UV | BE | BS
    alg: int = ES256
    counts: bool = False
    aaguid: str = "00000000-0000-0000-0000-000000000000"
    fmt: str = "none"
    maker: Maker | None = None
    credentials: list[Credential] = field(default_factory=list)

    def create(self, options: str | Mapping[str, Any], origin: str, **bent: Any) -> dict[str, Any]:
        """RegistrationResponseJSON for PublicKeyCredentialCreationOptionsJSON."""
        asked = json.loads(options) if isinstance(options, str) else dict(options)
        rp_id = bent.get("rp_id", asked["rp"]["id"])
        made = Credential(
            bent.get("credential_id", secrets.token_bytes(32)), self.alg, new_key(self.alg), rp_id,
            unb64(asked["user"]["id"]), counter=1 if self.counts else 0,
        )  # fmt: skip
        self.credentials.append(made)
        client = client_data("webauthn.create", asked["challenge"], origin, bent)
        model = bytes.fromhex(self.aaguid.replace("-", ""))
        length = len(made.id).to_bytes(2, "big")
        attested = model + length + made.id + cose(made.alg, made.key) + bent.get("trailing", b"")
        flags = bent.get("flags", self.flags | AT)
        data = self._data(made, flags, attested if flags & AT else b"")
        statement = bent.get("statement", self._statement(made, data, client, bent))
        attestation = {"fmt": bent.get("fmt", self.fmt), "attStmt": statement, "authData": data}
        answer = {
            "id": b64(made.id), "rawId": b64(made.id), "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {"credProps": {"rk": bent.get("discoverable", True)}},
            "response": {
                "clientDataJSON": b64(client), "attestationObject": b64(cbor2.dumps(attestation)),
                "transports": ["internal", "hybrid"],
            },
        }  # fmt: skip
        return {**answer, **bent.get("answer", {})}

    def get(self, options: str | Mapping[str, Any], origin: str, **bent: Any) -> dict[str, Any]:
        """AuthenticationResponseJSON for PublicKeyCredentialRequestOptionsJSON, by the latest fitting credential."""
        asked = json.loads(options) if isinstance(options, str) else dict(options)
        allowed = {one["id"] for one in asked.get("allowCredentials", [])}
        found = [c for c in self.credentials if c.rp_id == asked["rpId"] and (not allowed or b64(c.id) in allowed)]
        used = bent.get("credential") or found[-1]
        used.counter += 1 if self.counts else 0
        client = client_data("webauthn.get", asked["challenge"], origin, bent)
        counter = bent.get("counter", used.counter)
        rp_id = bent.get("rp_id", used.rp_id)
        data = sha256(rp_id.encode()).digest() + bytes([bent.get("flags", self.flags)]) + counter.to_bytes(4, "big")
        signature = sign(used.alg, bent.get("key", used.key), data + sha256(client).digest())
        handle = bent.get("user_handle", used.user_handle)
        answer = {
            "id": b64(used.id), "rawId": b64(used.id), "type": "public-key", "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": b64(client), "authenticatorData": b64(data),
                "signature": b64(bent.get("signature", signature)),
                **({"userHandle": b64(handle)} if handle is not None else {}),
            },
        }  # fmt: skip
        return {**answer, **bent.get("answer", {})}

    def _data(self, made: Credential, flags: int, rest: bytes) -> bytes:
        return sha256(made.rp_id.encode()).digest() + bytes([flags]) + made.counter.to_bytes(4, "big") + rest

    def _statement(self, made: Credential, data: bytes, client: bytes, bent: Mapping[str, Any]) -> dict[str, Any]:
        if self.fmt == "none":
            return {}
        message = data + sha256(client).digest()
        if self.maker is not None:
            chain = [self.maker.leaf.public_bytes(Encoding.DER)]
            return {"alg": ES256, "sig": sign(ES256, self.maker.key, message), "x5c": chain}
        return {"alg": bent.get("statement_alg", made.alg), "sig": sign(made.alg, made.key, message)}


class Maker:
    """Who makes authenticators: a root, and the certificate in all devices of one model (§8.2.1)."""

    def __init__(self, aaguid: str = MODEL, stated: str | None = None) -> None:
        root_key, self.key = new_key(ES256), new_key(ES256)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example Keys Root")])
        subject = x509.Name(
            [
                x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "SE"),
                x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Example Keys"),
                x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, "Authenticator Attestation"),
                x509.NameAttribute(x509.NameOID.COMMON_NAME, "Example Key 5"),
            ]
        )
        model = bytes.fromhex((stated or aaguid).replace("-", ""))
        extension = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4"), b"\x04\x10" + model)
        self.root = _certificate(name, name, root_key.public_key(), root_key, ca=True)
        self.leaf = _certificate(subject, name, self.key.public_key(), root_key, ca=False, extra=extension)
        self.pem = self.root.public_bytes(Encoding.PEM)


def _certificate(subject: Any, issuer: Any, public: Any, key: Any, *, ca: bool, extra: Any = None) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder(issuer, subject, public, x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if extra is not None:
        builder = builder.add_extension(extra, critical=False)
    return builder.sign(key, SHA256())


def client_data(kind: str, challenge: str, origin: str, bent: Mapping[str, Any]) -> bytes:
    """CollectedClientData (§5.8.1). A member that is bent to None is left out."""
    members = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **bent.get("client", {})}
    return json.dumps({k: v for k, v in members.items() if v is not None}, separators=(",", ":")).encode()


def new_key(alg: int) -> Any:
    """A private key for a COSE algorithm."""
    if alg in (ES256, ES512):
        return ec.generate_private_key(ec.SECP256R1() if alg == ES256 else ec.SECP521R1())
    if alg == EDDSA:
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 2048)


def cose(alg: int, key: Any) -> bytes:
    """The public key as a COSE_Key (RFC 9053)."""
    public = key.public_key()
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers, size = public.public_numbers(), (key.curve.key_size + 7) // 8
        x, y = numbers.x.to_bytes(size, "big"), numbers.y.to_bytes(size, "big")
        return cbor2.dumps({1: 2, 3: alg, -1: 1 if alg == ES256 else 3, -2: x, -3: y})
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return cbor2.dumps({1: 1, 3: alg, -1: 6, -2: public.public_bytes_raw()})
    numbers = public.public_numbers()
    return cbor2.dumps({1: 3, 3: alg, -1: numbers.n.to_bytes(256, "big"), -2: numbers.e.to_bytes(3, "big")})


def sign(alg: int, key: Any, message: bytes) -> bytes:
    """A signature as authenticators make it (§6.5.5)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(message, ec.ECDSA(SHA256() if alg == ES256 else SHA512()))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    if alg == PS256:
        return bytes(key.sign(message, padding.PSS(padding.MGF1(SHA256()), 32), SHA256()))
    return bytes(key.sign(message, padding.PKCS1v15(), SHA256()))


def origin_of(url: str) -> str:
    """Where a page at that URL is."""
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))
