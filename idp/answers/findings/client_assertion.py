"""A client assertion (private_key_jwt, RFC 7523): key, clock, audience, names, and whether it was used before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from idp.answers import jwts
from idp.answers.differences import differences
from idp.answers.durations import length, off
from idp.answers.finding import Finding
from idp.answers.seen import Seen
from idp.oidc import client_auth
from idp.oidc.client_auth.private_key_jwt import ASSERTION_ALGS, ASSERTION_TYPES, MAX_ASSERTION_LIFE, endpoints
from idp.showing import utc

_SKEW: Final = 10  # seconds; as `keys.verifying` takes an iat from ahead
_YEARS: Final = 10 * 365 * 86_400
_HEADERS: Final = tuple(one for one in ASSERTION_TYPES if one)


def look(seen: Seen) -> Iterator[Finding]:
    """What an assertion that was refused says of itself. Its signature is what makes it a secret: that is not kept."""
    assertion = seen.sent.get("client_assertion")
    if not assertion or seen.code != "invalid_client" or seen.request.visitor.client_id:
        return
    if "private_key_jwt" not in seen.client.oidc.auth_methods:
        return  # the method is the mistake
    header, claims = jwts.part(assertion, jwts.HEADER), jwts.part(assertion, jwts.CLAIMS)
    if not header or not claims:
        fix = "Let it send a signed JWT: three parts of base64url, parted by dots, not encrypted and not encoded "
        fix += "once more."
        yield Finding(
            "assertion_form", "application", "client_assertion", fix, "a signed JWT", "no JWT that can be read"
        )
        return
    found = [*_names(seen, claims), *_audience(seen, claims), *_clock(seen, claims), *_header(seen, header)]
    found = found or [*_key(seen, header), *_once(seen, claims)]
    yield from found
    if not found:
        fix = seen.told("fix") or "Compare the key that it signs with and the one that is registered (jwks, jwks_uri)."
        yield Finding("assertion", "application", "client_assertion", fix, "an assertion by its own key", _reason(seen))


def _reason(seen: Seen) -> str:
    return seen.told("what").partition(": ")[2] or seen.told("what")


def _clock(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    now = seen.services.clock()
    issued, begins, expires = (jwts.seconds(claims, name) for name in ("iat", "nbf", "exp"))
    if expires is not None and expires - now > _YEARS:
        fix = "iat, nbf and exp are seconds since 1970, not milliseconds: divide by 1,000."
        yield Finding("assertion_exp", "application", "exp", fix, f"about {now:.0f}", f"{expires:.0f}")
    elif (ahead := max(issued or 0, begins or 0) - now) > _SKEW:
        name = "iat" if (issued or 0) - now > _SKEW else "nbf"
        yield _off(f"{name} lies {off(ahead)}", "ahead")
    elif expires is not None and expires <= now:
        made = f"; by its iat the clock is {off(issued - now)}" if issued is not None else ""
        how = "behind, or the assertion is kept and sent again (it must be made anew for each request)"
        yield _off(f"exp was {length(now - expires)} ago{made}", how)
    elif expires is None:
        fix = "Let it put an exp of at most a few minutes into the assertion, a number of seconds since 1970."
        got = "(nothing)" if "exp" not in claims else "no number"
        yield Finding("assertion_exp", "application", "exp", fix, "seconds since 1970", got)
    elif expires - now > MAX_ASSERTION_LIFE:
        most = length(MAX_ASSERTION_LIFE)
        fix = f"Let the assertion run out sooner: it may live {most} at most, and a minute is enough."
        yield Finding("assertion_exp", "application", "exp", fix, f"within {most}", f"{length(expires - now)} ahead")


def _off(got: str, how: str) -> Finding:
    fix = f"The clock of the application's server is {how}: set it by NTP (chrony, timedatectl)."
    return Finding("clock", "application", "clock", fix, f"within {_SKEW} seconds of ours", got)


def _audience(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    issuer, audience = seen.services.issuer, claims.get("aud")
    if audience == issuer:
        return
    named = audience if isinstance(audience, list) else [audience]
    ours = {issuer, *endpoints(seen.services)}
    is_ours = bool(named) and all(one in ours for one in named if isinstance(one, str))
    if seen.client.oidc.client_assertion_audience == "legacy" and is_ours:
        return
    fix = "Set the audience of its client assertions to the issuer alone"
    if is_ours and audience is not None:
        what = "a list" if isinstance(audience, list) else "the token endpoint"
        fix += f" (it is {what} now); where its library cannot: "
        fix += f"doorward client set {seen.client.id} client_assertion_audience=legacy"
    elif isinstance(audience, str):
        fix += f": {'; '.join(differences(audience, issuer))}."
    else:
        fix += ": it has none that is of this provider."
    got = json.dumps(audience)[:200] if "aud" in claims else "(nothing)"
    yield Finding("assertion_audience", "application", "aud", fix, json.dumps(issuer), got)


def _names(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    for name in ("iss", "sub"):
        if claims.get(name) != seen.client.id:
            fix = "iss and sub of a client assertion are both the client id."
            got = str(claims.get(name))[:80] if name in claims else "(nothing)"
            if claims.get("iss") == seen.services.issuer and "at_hash" in claims:
                fix += " What it sends is an ID token of ours, which proves nobody: let it sign a JWT of its own."
                got = "an ID token"
            yield Finding("assertion_names", "application", name, fix, seen.client.id, got)


def _header(seen: Seen, header: Mapping[str, Any]) -> Iterator[Finding]:
    alg, typ = str(header.get("alg")), header.get("typ", "")
    registered = seen.client.oidc.token_endpoint_auth_signing_alg
    allowed = (registered,) if registered else ASSERTION_ALGS
    if alg not in allowed:
        fix = f"Let it sign with {' or '.join(allowed)}"
        if alg.startswith("HS"):
            fix += ", by its private key: an assertion signed with a shared secret (client_secret_jwt) is not taken "
            fix += "here."
        elif alg == "none":
            fix += ": one without a signature proves nothing."
        else:
            takes = bool(registered) and alg in ASSERTION_ALGS  # else it is any text of whoever asks
            fix += "." if not takes else f", or take it here: doorward client set {seen.client.id} "
            fix += f"token_endpoint_auth_signing_alg={alg}" if takes else ""
        yield Finding("assertion_alg", "application", "alg", fix, " or ".join(allowed), alg[:20])
    if not isinstance(typ, str) or typ.lower().removeprefix("application/") not in [o.lower() for o in ASSERTION_TYPES]:
        fix = f"Leave typ out of the assertion's header, or set it to {' or '.join(_HEADERS)}: another kind of JWT "
        fix += "proves "
        fix += "nobody."
        yield Finding("assertion_typ", "application", "typ", fix, " or ".join(_HEADERS), str(typ)[:40])


def _key(seen: Seen, header: Mapping[str, Any]) -> Iterator[Finding]:
    """Which key it names, which we know, and when they were read."""
    reason, oidc = _reason(seen), seen.client.oidc
    if "keys" not in reason and "signature" not in reason:
        return
    kid, standing = header.get("kid"), client_auth.keys_standing(seen.services, seen.client)
    got = (f"kid {kid}"[:80] if kid else "no kid") + f", {header.get('alg')}"
    where = oidc.jwks_uri or "its registered jwks"
    known = ", ".join(f"kid {one.kid or '(none)'} ({one.alg})" for one in standing.keys) or "no key"
    when = f", read {utc(standing.read_at)}" if standing.read_at else ""
    expected = f"{known}, of {where}{when}"
    if not standing.keys and oidc.jwks_uri:
        fix = f"Its jwks_uri cannot be read: make {oidc.jwks_uri} answer with "
        fix += "its keys, "
        fix += "by https and from an address that Doorward may call (outbound.allow)."
        yield Finding(
            "assertion_jwks", "application", "jwks_uri", fix, "a JWKS with its keys", standing.problem, reader="app"
        )
    elif any(one.kid == kid for one in standing.keys) and "signature" in reason:
        fix = "The key that it signs with is not the one that is registered under this kid: publish the new key in "
        fix += f"{where}"
        fix += ", under a kid of its own, or let it sign with the old one."
        yield Finding("assertion_signature", "application", "client_assertion", fix, expected, got, reader="app")
    else:
        fix = f"It signs with a key that is not in {where}: publish the public key there first"
        if not oidc.jwks_uri:
            fix += f" (doorward client set {seen.client.id} jwks=…, or a jwks_uri, which is read again by itself)"
        fix += ", then sign with it. Is it the key of another application or environment?"
        yield Finding("assertion_kid", "application", "kid", fix, expected, got, reader="app")


def _once(seen: Seen, claims: Mapping[str, Any]) -> Iterator[Finding]:
    jti = claims.get("jti")
    if "replayed" in seen.told("what"):
        issued = jwts.seconds(claims, "iat")
        age = f", made {length(seen.services.clock() - issued)} before" if issued is not None else ""
        fix = "Let it make a new assertion, with a new jti, for each request: it keeps one and sends it again, or a "
        fix += "retry "
        fix += "repeats the whole request."
        yield Finding("assertion_replayed", "application", "jti", fix, "a jti that is new", f"one that was used{age}")
    elif not isinstance(jti, str) or not 0 < len(jti) <= 256 or not jti.isprintable():
        fix = "Let it put a jti of its own, such as a random UUID, into each assertion."
        got = "(nothing)" if jti is None else f"{len(str(jti))} characters"
        yield Finding("assertion_jti", "application", "jti", fix, "1 to 256 printable characters", got)
