"""Request objects that are encrypted for us (RFC 9101 §6.1), and our key for that.

The key is made of the installation's secret and the time, so it is kept nowhere, every process has it, and it rolls as
the others do: one that was published is taken for another whole stretch.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from clients.client import Client
from idp.protocols import Services
from keys.encrypting import AGREED, OwnKey, decrypt, own_key
from keys.verifying import InvalidToken

_PURPOSE: Final = "request-encryption"
_DAY: Final = 86_400.0


@dataclass(slots=True)
class _Made:
    """Keys by their stretch of time, and the JWKS with them by the version of the other keys."""

    keys: dict[int, OwnKey] = field(default_factory=dict)
    documents: dict[tuple[str, int], tuple[bytes, str]] = field(default_factory=dict)


def is_encrypted(text: str) -> bool:
    """Whether it is a JWE in compact form (RFC 7516 §3.1)."""
    return text.count(".") == 4


def opened(services: Services, client: Client, text: str) -> str:
    """The signed one inside. Errors: `InvalidToken`."""
    if not services.settings.oauth.encrypted_requests:
        raise InvalidToken("it is encrypted, which is off here (oauth.encrypted_requests): sign it, and no more")
    registered = client.oidc.request_object_encryption_alg, client.oidc.request_object_encryption_enc
    inside = decrypt(
        text, _keys(services), algs=(registered[0],) if registered[0] else AGREED,
        encs=(registered[1],) if registered[1] else None,
    )  # fmt: skip
    if is_encrypted(inside):
        raise InvalidToken("inside the encrypted one must be a signed one")
    return inside


def published(services: Services, jwks: bytes, etag: str) -> tuple[bytes, str]:
    """Our JWKS and its ETag, with the key for request objects where it is to be used."""
    if not services.settings.oauth.encrypted_requests:
        return jwks, etag
    made, now = services.part(_Made), _stretch(services)
    found = made.documents.get((etag, now))
    if found is None:
        document = json.loads(jwks)
        document["keys"].append(_key(services, now).public_jwk)
        body = json.dumps(document, separators=(",", ":")).encode()
        found = body, f'"{sha256(body).hexdigest()[:32]}"'
        made.documents = {(etag, now): found}
    return found


def _keys(services: Services) -> tuple[OwnKey, ...]:
    now = _stretch(services)
    return tuple(_key(services, one) for one in (now, now - 1))


def _stretch(services: Services) -> int:
    return int(services.clock() // (services.settings.keys.rotate_days * _DAY))


def _key(services: Services, stretch: int) -> OwnKey:
    keys = services.part(_Made).keys
    found = keys.get(stretch)
    if found is None:
        halves = (services.sealer.mac_key(f"{_PURPOSE}:{half}:{stretch}") for half in "ab")
        found = keys[stretch] = own_key(b"".join(halves))
    return found
