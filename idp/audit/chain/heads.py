"""Heads: the end of the chain in one signed line. A copy that is kept elsewhere proves a tail that was cut off later.

Signed twice: by the signing key that is active, so that anybody with our JWKS can check it (RFC 7515); and, within, by
the chain's own key, so that we know our own when the signing key is long gone.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from joserfc.util import urlsafe_b64decode

from idp.audit.chain import proofs, store
from idp.audit.chain.segments import Segment
from idp.db import Database

TYP: Final = "doorward-audit-head+jwt"  # RFC 8725 §3.11: no other kind of our JWTs is taken for a head


class BadHead(Exception):
    """What was given is no head of this installation; the text says why."""


class Signs(Protocol):
    """A `keys.ports.Signer`."""

    def sign_jwt(self, claims: Mapping[str, Any], typ: str) -> str:
        """A compact JWS."""


@dataclass(frozen=True, slots=True)
class Head:
    """A segment as it was the last. `events`: in that segment; `since`: when the chain began. Epoch seconds."""

    segment: int
    chain: str
    last_id: str
    events: int
    sealed_at: float
    since: float | None


def find(db: Database) -> Head | None:
    """The latest segment; None where nothing is sealed."""
    row = db.one(store.LAST)
    first = next(iter(db.all(store.ONWARD, after=-1, many=1)), None)
    if row is None or first is None:
        return None
    last = Segment.of_row(row)
    return Head(last.number, last.chain, last.last_id, last.count, last.sealed_at, first.since_at)


def sign(db: Database, head: Head, *, signer: Signs, issuer: str, now: float) -> str:
    """A compact JWS over the head. Errors: LookupError where the database was opened without the chain's key."""
    key = proofs.find_key(db)
    if key is None:
        raise LookupError("no key")
    values = {name: getattr(head, name) for name in Head.__slots__}
    claims = {"iss": issuer, "iat": int(now), **values, "mac": _mac(key, head)}
    return signer.sign_jwt(claims, TYP)


def read(db: Database, text: str) -> Head:
    """The head in a file: the JWS, or an object whose `jws` it is. Errors: `BadHead`."""
    key = proofs.find_key(db)
    try:
        token = text.strip()
        if token.startswith("{"):
            token = json.loads(token)["jws"]
        header, payload, _ = token.split(".")
        if json.loads(urlsafe_b64decode(header.encode("ascii")))["typ"] != TYP:
            raise BadHead("it is a JWT, and no head of an audit log")
        claims = json.loads(urlsafe_b64decode(payload.encode("ascii")))
        head = Head(**{name: claims[name] for name in Head.__slots__})
        proof = claims["mac"].encode("utf-8")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadHead("it is not what `doorward audit head` writes") from None
    if key is None or not hmac.compare_digest(proof, _mac(key, head).encode("ascii")):
        raise BadHead("it was changed, or another installation wrote it")
    return head


def _mac(key: bytes, head: Head) -> str:
    number = proofs.number
    return proofs.mac(
        key, "head", number(head.segment), head.chain, head.last_id, number(head.events), number(head.sealed_at),
        number(head.since),
    )  # fmt: skip
