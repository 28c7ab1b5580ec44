"""Proofs of possession as an application makes them (RFC 9449 §4.2), quickly enough for a load generator."""

from __future__ import annotations

import json
import secrets
import time
from base64 import urlsafe_b64encode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


class Prover:
    """A P-256 key of an application. `origin`: of the provider that the proofs are for."""

    def __init__(self, origin: str) -> None:
        self._key, self._origin = ec.generate_private_key(ec.SECP256R1()), origin
        point = self._key.public_key().public_numbers()
        public = {"kty": "EC", "crv": "P-256", "x": _b64(_octets(point.x)), "y": _b64(_octets(point.y))}
        self._head = _b64(json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": public}).encode())

    def proof(self, method: str, path: str) -> bytes:
        """One for one request."""
        claims = {"jti": secrets.token_urlsafe(12), "htm": method, "htu": self._origin + path, "iat": int(time.time())}
        signed = f"{self._head}.{_b64(json.dumps(claims).encode())}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_b64(_octets(r) + _octets(s))}".encode()


def _octets(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _b64(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
