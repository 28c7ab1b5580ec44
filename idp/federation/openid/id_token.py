"""Whether an ID token is to be believed: every check of Core §3.1.3.7, in its order."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256, sha384, sha512
from typing import Any, Final

from idp.federation import failures
from idp.federation.openid import metadata as documents
from idp.federation.openid.metadata import TENANT, Keys, Metadata
from idp.federation.ports import Question
from idp.federation.provider import Provider
from idp.protocols import Services
from keys.verifying import InvalidToken, UnknownKey, verify

LEEWAY: Final = 60.0  # seconds that both clocks may differ
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HASHES: Final = {"256": sha256, "384": sha384, "512": sha512, "dsa": sha512}  # EdDSA: Ed25519 has SHA-512


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of token. `types`: what it may call itself (RFC 8725 §3.11); `required`: claims that must be there."""

    types: tuple[str, ...]
    required: tuple[str, ...]


#: An ID token: a logout token or an access token is none.
SHAPE: Final = Shape(("JWT", "id_token+jwt", ""), ("iss", "sub", "aud", "exp", "iat"))


@dataclass(frozen=True, slots=True)
class Believed:
    """An ID token that is."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def believe(services: Services, question: Question, metadata: Metadata, token: str, access_token: str) -> Believed:
    """The claims. Errors: `Refused`, with what is wrong."""
    provider = question.provider
    found, keys = open_signed(services, provider, metadata, token, SHAPE)
    check_issuer(provider, metadata, keys, found)
    check_audience(provider, found.claims)
    _check_times(services, question, found.claims)
    nonce = found.claims.get("nonce")
    # Core §3.1.3.7 (11)
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), question.secrets.nonce.encode()):
        raise failures.nonce(provider)
    _check_access_token(provider, found, access_token)
    return found


def open_signed(
    services: Services, provider: Provider, metadata: Metadata, token: str, shape: Shape
) -> tuple[Believed, Keys]:
    """What a key of the provider has signed, and all of its keys: read once more where it names another one.

    Issuer, audience and the rest are the caller's to check. Errors: `Refused`.
    """
    keys = documents.read_keys(services, provider, metadata)
    try:
        return _verified(services, _algorithms(provider, metadata), keys, token, shape), keys
    except UnknownKey:
        keys = documents.read_keys(services, provider, metadata, renewed=True)
        try:
            return _verified(services, _algorithms(provider, metadata), keys, token, shape), keys
        except InvalidToken as error:
            raise failures.signature(provider, error.reason) from None
    except InvalidToken as error:
        if error.reason.startswith(("it has expired", "iat", "nbf", "exp")):
            raise failures.clock(provider, error.reason) from None
        raise failures.signature(provider, error.reason) from None


def is_signed_at_hand(services: Services, provider: Provider, token: str, shape: Shape) -> bool:
    """Whether a key of the provider that is at hand has signed it, for its time: nobody is asked."""
    found = documents.at_hand(services, provider)
    if found is None:
        return False
    try:
        metadata, keys = found
        _verified(services, _algorithms(provider, metadata), keys, token, shape)
    except InvalidToken:
        return False
    return True


def _algorithms(provider: Provider, metadata: Metadata) -> Sequence[str]:
    # Core §3.1.3.7 (7): of a list of our own; `none` and HMAC are in none.
    return provider.algorithms or metadata.algorithms


def _verified(services: Services, algs: Sequence[str], keys: Keys, token: str, shape: Shape) -> Believed:
    header, claims = verify(
        token, keys.keys, algs=algs, types=shape.types, now=services.clock(), leeway=LEEWAY, ahead=LEEWAY,
        required=shape.required,
    )  # fmt: skip
    return Believed(header, claims)


def check_issuer(provider: Provider, metadata: Metadata, keys: Keys, found: Believed) -> None:
    """Core §3.1.3.7 (2): exactly the one of discovery; at Entra with the tenant that the token names."""
    claims, tenant = found.claims, ""
    expected = metadata.issuer
    if provider.template == "entra":
        tenant = str(claims.get("tid", ""))
        if _GUID.fullmatch(tenant) is None:
            raise failures.claim(provider, "tid", "the id of a tenant", tenant)
        expected = expected.replace(TENANT, tenant)
    if claims["iss"] != expected:
        raise failures.issuer(provider, expected, str(claims["iss"]))
    # A document that has a place for the tenant is every tenant's of the world, however the issuer was typed.
    if (provider.tenants or TENANT in metadata.issuer) and tenant not in provider.tenants:
        raise failures.domain(provider, "tid", " or ".join(provider.tenants) or "tenants that are named", tenant)
    # A key that Entra marks with an issuer signs for that one alone.
    of_key = keys.issuers.get(str(found.header.get("kid")))
    if of_key is not None and provider.template == "entra" and of_key.replace(TENANT, tenant) != claims["iss"]:
        raise failures.issuer(provider, of_key, str(claims["iss"]), "issuer of the key")


def check_audience(provider: Provider, claims: Mapping[str, Any]) -> None:
    """Core §3.1.3.7 (3) to (5): for us, and for nobody beside us."""
    audience, party = claims["aud"], claims.get("azp")
    named = audience if isinstance(audience, list) else [audience]
    if named != [provider.client_id]:
        raise failures.audience(provider, str(audience))
    if party is not None and party != provider.client_id:
        raise failures.audience(provider, f"azp {party}")


def _check_times(services: Services, question: Question, claims: Mapping[str, Any]) -> None:
    """Core §3.1.3.7 (10): it was made for this request, so not before it began."""
    if float(claims["iat"]) < question.began - LEEWAY:
        raise failures.clock(question.provider, "iat lies before the request")


def _check_access_token(provider: Provider, found: Believed, access_token: str) -> None:
    """Core §3.1.3.8: where it says which access token comes with it, it is that one."""
    said = found.claims.get("at_hash")
    if said is None or not access_token:
        return
    digest = _HASHES[str(found.header["alg"])[-3:].lower()](access_token.encode()).digest()
    left = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), left.encode()):
        raise failures.signature(provider, "at_hash is of another access token")
