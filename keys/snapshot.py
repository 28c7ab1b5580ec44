"""All keys at one version, imported and ready: made when keys change, never altered, shared by every thread."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from joserfc.util import urlsafe_b64encode

from .algorithms import ALGORITHMS, PublicKey, load_private, load_public
from .holders import Holders, is_reference
from .pins import Pin
from .ports import Signer
from .rotation import PUBLISHED, SigningKey
from .sealing import BrokenSeal, Sealer
from .signing import HeldSigner, KeySigner

PURPOSE = "signing-key"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """The keys at one version. `imported`: every published key by kid, of which only the active ones may sign."""

    version: int
    keys: tuple[SigningKey, ...]
    imported: Mapping[str, Signer] = field(repr=False)
    signers: Mapping[str, Signer] = field(repr=False)
    public: Mapping[str, PublicKey] = field(repr=False)
    gone: Mapping[str, PublicKey] = field(repr=False)
    jwks: bytes = field(repr=False)
    etag: str
    pins: Mapping[tuple[str, str], Signer] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Private:
    """What opens the private half of a key, or leads to it."""

    sealer: Sealer = field(repr=False)
    holders: Holders = field(repr=False)


def seal_context(kid: str, alg: str) -> bytes:
    """What a sealed key is bound to: its row and its algorithm."""
    return f"{alg} {kid}".encode()


def take(
    version: int, keys: Iterable[SigningKey], private: Private, before: Snapshot | None = None, pins: Iterable[Pin] = ()
) -> Snapshot:
    """Import the keys, those known from `before` without doing it again. Errors: `BrokenSeal`."""
    ordered = tuple(sorted(keys, key=_order))
    known = before.imported if before is not None else {}
    published = [key for key in ordered if key.state in PUBLISHED]
    imported = {key.kid: known.get(key.kid) or _import(key, private) for key in published}
    jwks = json.dumps({"keys": [json.loads(key.public_jwk) for key in published]}, separators=(",", ":")).encode()
    return Snapshot(
        version=version,
        keys=ordered,
        imported=MappingProxyType(imported),
        signers=MappingProxyType({key.alg: imported[key.kid] for key in published if key.state == "active"}),
        public=MappingProxyType({key.kid: load_public(json.loads(key.public_jwk)) for key in published}),
        gone=MappingProxyType({k.kid: load_public(json.loads(k.public_jwk)) for k in ordered if k.state == "gone"}),
        jwks=jwks,
        pins=MappingProxyType({(p.holder, p.slot): imported[p.kid] for p in pins if p.kid in imported}),
        etag='"' + urlsafe_b64encode(hashlib.sha256(jwks).digest()[:16]).decode("ascii") + '"',
    )


def _order(key: SigningKey) -> tuple[int, int, float, str]:
    """Active, next, retiring, and among them RS256 first: some apps take the first key that looks right."""
    states, algs = (*PUBLISHED, "gone"), tuple(ALGORITHMS)
    return states.index(key.state), algs.index(key.alg), key.published_at, key.kid


def _import(key: SigningKey, private: Private) -> Signer:
    try:
        opened = private.sealer.open(PURPOSE, key.sealed, seal_context(key.kid, key.alg))
    except BrokenSeal as error:
        raise BrokenSeal(f"signing key {key.kid}: {error}") from None
    signer: Signer
    if is_reference(opened):
        # The seal is bound to the kid, which is the thumbprint of the key that the reference was made with.
        thumbprint, signer = key.kid, HeldSigner(key.kid, key.alg, opened.decode("ascii"), private.holders)
    else:
        loaded = load_private(key.alg, opened)
        thumbprint, signer = loaded.thumbprint(), KeySigner(key.kid, key.alg, loaded)
    public = load_public(json.loads(key.public_jwk))
    # The public part rests unsealed: whoever writes one of his own into our row must not become a key of ours.
    if public.key.thumbprint() != thumbprint or (public.kid, public.alg) != (key.kid, key.alg):
        raise BrokenSeal(f"signing key {key.kid}: its public part is not the one that belongs to the sealed key")
    return signer
