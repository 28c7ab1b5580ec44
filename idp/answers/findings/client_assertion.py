"""A client assertion (private_key_jwt, RFC 7523): audience, key, clock."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from idp.answers.durations import length, off
from idp.answers.finding import Finding
from idp.answers.seen import Seen

_SKEW = 10  # seconds; as `keys.verifying` takes an iat from ahead


def look(seen: Seen) -> Iterator[Finding]:
    """What an assertion that was refused says of itself. Its signature is what makes it a secret: that is not kept."""
    assertion = seen.sent.get("client_assertion")
    if not assertion or seen.code != "invalid_client" or seen.request.visitor.client_id:
        return
    header, claims = _part(assertion, 0), _part(assertion, 1)
    found = [*_clock(seen, claims), *_audience(seen, claims), *_names(seen, claims)]
    yield from found
    if not found:
        kid = header.get("kid")
        fix = seen.told("fix") or "Compare the key that it signs with and the one that is registered (jwks, jwks_uri)."
        expected = "a key of its jwks_uri" if seen.client.oidc.jwks_uri else "a key of its registered jwks"
        yield Finding(
            "assertion", "application", "client_assertion", fix, expected, f"kid {kid}"[:80] if kid else "no kid"
        )


def _clock(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    now = seen.services.clock()
    issued, expires = (
        claims.get(name) if isinstance(claims.get(name), (int, float)) else None for name in ("iat", "exp")
    )
    if issued is not None and issued - now > _SKEW:
        yield _off(f"iat lies {off(issued - now)}", "ahead")
    elif expires is not None and expires <= now:
        yield _off(f"exp was {length(now - expires)} ago", "behind, or the assertion is used again")
    elif expires is None:
        fix = "Let it put an exp of at most a few minutes into the assertion."
        yield Finding("assertion_exp", "application", "exp", fix, "seconds since 1970", "(nothing)")


def _off(got: str, how: str) -> Finding:
    fix = f"The clock of the application's server is {how}: set it by NTP (chrony, timedatectl)."
    return Finding("clock", "application", "clock", fix, "within 10 s of ours", got)


def _audience(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    if claims.get("aud") == seen.services.issuer or seen.client.oidc.client_assertion_audience == "legacy":
        return
    fix = "Set the audience of its client assertions to the issuer alone; where its library cannot: "
    fix += f"doorward client set {seen.client.id} client_assertion_audience=legacy"
    got = json.dumps(claims.get("aud"))[:200]
    yield Finding("assertion_audience", "application", "aud", fix, json.dumps(seen.services.issuer), got)


def _names(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    for name in ("iss", "sub"):
        if claims.get(name) != seen.client.id:
            fix = "iss and sub of a client assertion are both the client id."
            yield Finding("assertion_names", "application", name, fix, seen.client.id, str(claims.get(name))[:80])


def _part(token: str, number: int) -> Mapping[str, Any]:
    try:
        part = token.split(".")[number]
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, Mapping) else {}
