"""A signed authorization request (JAR) that is not taken: which of its claims, its key or its clock does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.answers import jwts
from idp.answers.differences import sentence
from idp.answers.durations import length
from idp.answers.finding import Finding
from idp.answers.requests import sent_of
from idp.answers.seen import Seen
from idp.oidc import client_auth
from idp.oidc.request_objects.signed import ALGS

_SKEW: Final = 10  # seconds; as `keys.verifying` takes a time from ahead


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 9101 §4, §5. What stands behind an address is not fetched once more for it."""
    text = sent_of(seen.request).get("request") or ""
    if seen.refused_as != "request_object" or not text or not (seen.client.oidc.jwks or seen.client.oidc.jwks_uri):
        return
    header, claims = jwts.part(text, jwts.HEADER), jwts.part(text, jwts.CLAIMS)
    if not header or (not claims and text.count(".") != 4):
        fix = "Let the application send a signed JWT: three parts of base64url, parted by dots, encoded once."
        yield Finding("request_object", "application", "request", fix, "a signed JWT", "no JWT that can be read")
        return
    found = [*_names(seen, claims), *_times(seen, claims), *_algorithm(seen, header)]
    yield from found or _key(seen, header)


def _names(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    wanted = {"iss": seen.client.id, "client_id": seen.client.id, "aud": seen.services.issuer}
    for name, expected in wanted.items():
        got = claims.get(name, expected)
        named = got if name == "aud" and isinstance(got, list) else [got]
        if expected in named:
            continue
        what = "our issuer" if name == "aud" else "its client id"
        how = f" {sentence(got, expected)}." if name == "aud" and isinstance(got, str) else ""
        fix = f"Let the application put {what} into {name} of its signed requests, to the letter.{how}"
        yield Finding("request_object", "application", name, fix, expected, str(got)[:200])


def _times(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    now = seen.services.clock()
    expires, begins = jwts.seconds(claims, "exp"), jwts.seconds(claims, "nbf") or jwts.seconds(claims, "iat")
    if expires is not None and expires <= now:
        fix = "Let the application make the request anew for each sign-in, right before it redirects; where it does, "
        fix += "its server's clock is behind: set it by NTP (chrony, timedatectl)."
        yield Finding(
            "request_object", "application", "exp", fix, "a time ahead of ours", f"{length(now - expires)} ago"
        )
    elif begins is not None and begins - now > _SKEW:
        fix = "The clock of the application's server is ahead: set it by NTP (chrony, timedatectl)."
        got = f"{length(begins - now)} ahead"
        yield Finding("request_object", "application", "nbf", fix, f"within {_SKEW} seconds of ours", got)


def _algorithm(seen: Seen, header: Mapping[str, Any]) -> Iterator[Finding]:
    registered, alg = seen.client.oidc.request_object_signing_alg, str(header.get("alg"))
    allowed = (registered,) if registered else ALGS
    if "enc" not in header and alg not in allowed:
        fix = f"Let it sign with {' or '.join(allowed)}, by its private key."
        if registered and alg in ALGS:
            fix += f" Or take it here: doorward client set {seen.client.id} request_object_signing_alg={alg}"
        yield Finding("request_object", "application", "alg", fix, " or ".join(allowed), alg[:20])


def _key(seen: Seen, header: Mapping[str, Any]) -> Iterator[Finding]:
    """The names and times are right: then it is the key, if the error says so."""
    if "key" not in seen.told("got") and "signature" not in seen.told("got"):
        return
    standing = client_auth.keys_standing(seen.services, seen.client)
    known = ", ".join(f"kid {one.kid or '(none)'} ({one.alg})" for one in standing.keys) or "no key"
    where = seen.client.oidc.jwks_uri or "its registered jwks"
    kid = header.get("kid")
    got = (f"kid {kid}"[:80] if kid else "no kid") + f", {str(header.get('alg'))[:20]}"
    fix = f"It signs with another key than those of {where}: publish the public key there first, then sign with it."
    if seen.client.oidc.jwks:
        fix += f" The command: doorward client set {seen.client.id} jwks=…"
    yield Finding("request_object", "application", "kid", fix, f"{known}, of {where}", got, reader="app")
