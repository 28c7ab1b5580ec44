"""An access token that userinfo refuses: none, sent in another way, ended, or something else in its place."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers import corrections, jwts
from idp.answers.durations import length
from idp.answers.finding import Finding
from idp.answers.seen import Nameless, shown_uri
from idp.oidc import hints, ledger
from idp.oidc.ledger import Past
from idp.showing import utc
from keys.verifying import InvalidToken

_BEARER = "Bearer and the access token"


def look(seen: Nameless) -> Iterator[Finding]:
    """RFC 6750 §2, §3.1. The token is read once more; nothing of it is kept."""
    if seen.code == "insufficient_scope":
        fix = "Add openid to the scopes that the application asks for: without it there is no userinfo."
        yield Finding("userinfo_scope", "application", "scope", fix, "openid", "without openid")
    # What a token is bound to: the endpoint says all that there is.
    if seen.code != "invalid_token" or seen.refused_as.startswith(("dpop_token", "certificate_")):
        return
    scheme, _, token = seen.request.header("Authorization").partition(" ")
    token = token.strip() or (seen.sent.get("access_token") or "" if seen.request.method == "POST" else "")
    if scheme and scheme.lower() not in ("bearer", "dpop"):
        yield _other_scheme(scheme, token)
    elif not token:
        yield _nothing(seen)
    else:
        yield _of(seen, token, ledger.past_of(seen.services, token))


def _other_scheme(scheme: str, token: str) -> Finding:
    fix = "Let it send the access token as “Authorization: Bearer …”"
    if scheme.lower() == "basic":
        fix += ": the client id and secret are for the token endpoint alone."
    elif not token:  # the token alone, without the word before it
        return Finding("access_token_scheme", "application", "Authorization", f"{fix}: the word is missing.", _BEARER,
                       "no scheme before the value")  # fmt: skip
    else:
        fix += "."
    return Finding("access_token_scheme", "application", "Authorization", fix, _BEARER, scheme[:20])


def _nothing(seen: Nameless) -> Finding:
    if "access_token" in seen.request.query.first:  # RFC 9700 §4.3.2
        fix = (
            "Let it send the access token as “Authorization: Bearer …”: in an address it stands in logs and histories."
        )
        return Finding("access_token_in_the_address", "application", "access_token", fix, _BEARER, "in the address")
    fix = "Let it send the access token as “Authorization: Bearer …”. Where it does, a proxy before it takes the "
    fix += "header away."
    return Finding("access_token_missing", "application", "Authorization", fix, _BEARER, "(nothing)")


def _of(seen: Nameless, token: str, past: Past | None) -> Finding:
    if past is None:
        return _of_another_form(seen, token)
    if past.what != ledger.ACCESS_TOKENS:
        fix = f"It sends {past.what} in place of the access token: let it send access_token of the token endpoint's "
        fix += "answer."
        return Finding("access_token_other", "application", "Authorization", fix, _BEARER, past.what)
    if past.ends_at is not None and past.ends_at <= seen.services.clock():
        return _late(seen, past.ends_at)
    family = past.family
    if family is not None and family.revoked_at is not None:
        got = f"revoked {utc(family.revoked_at)}: {family.revoked_why}"
        fix = "All that this sign-in gave was taken back. Let the application sign the person in again."
        return Finding("access_token_revoked", "application", "Authorization", fix, "a token that stands", got,
                       reader="app")  # fmt: skip
    fix = "We do not know it: it was revoked by the application, is cut off or altered, is of another installation, "
    fix += "or its "
    fix += "sign-in has ended (sign-out, account disabled). Let the application sign the person in again when it "
    fix += "reads 401."
    return Finding(
        "access_token", "application", "Authorization", fix, "a token that stands", "one that does not stand"
    )


def _late(seen: Nameless, ends_at: float) -> Finding:
    got = f"it ran out {length(seen.services.clock() - ends_at)} before"
    fix = (
        "Let the application look at expires_in, and refresh the token before, or ask userinfo right after the sign-in."
    )
    return Finding("access_token_expired", "application", "Authorization", fix, "a token that has not run out", got)


def _of_another_provider(issuer: str) -> Finding:
    fix = (
        "It sends a token of another provider: two are set up there, and the token of the one goes to the userinfo of "
        "the other. Let it ask userinfo of whoever gave the token, or take the user info address from discovery."
    )
    got = f"a JWT of the issuer {shown_uri(issuer)[:120]}"
    return Finding("access_token_other", "application", "Authorization", fix, _BEARER, got)


def _of_another_form(seen: Nameless, token: str) -> Finding:
    for how, form in corrections.corrected(token):
        if ledger.past_of(seen.services, form) is not None:
            fix = f"It is a token of ours, but {how}: let the application send it as it came."
            return Finding("access_token_form", "application", "Authorization", fix, _BEARER, how)
    got = "no token of ours"
    try:
        claims = hints.read_hint(seen.services, token) if token.count(".") == 2 else {}
        got = "an ID token" if claims else got
    except InvalidToken:
        got = "a JWT that is none of our ID tokens"
        issuer = jwts.part(token[:16_384], jwts.CLAIMS).get("iss")
        if isinstance(issuer, str) and issuer not in ("", seen.services.issuer):
            return _of_another_provider(issuer)
    fix = f"It sends {got} in place of the access token: let it send access_token of the token endpoint's answer."
    if token in ("null", "undefined", "None", "[object Object]"):
        got, fix = (
            f"the word {token}",
            "The application has no access token when it asks: let it wait for the token answer.",
        )
    return Finding("access_token_other", "application", "Authorization", fix, _BEARER, got)
