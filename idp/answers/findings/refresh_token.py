"""The refresh token of a request that is refused: ended, used twice, of another client, or none at all."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers import corrections
from idp.answers.commands import adding
from idp.answers.durations import length
from idp.answers.finding import Finding
from idp.answers.findings import ended
from idp.answers.seen import Seen
from idp.oidc import ledger
from idp.oidc.ledger import Past
from idp.showing import utc

_LATEST = "the latest refresh token of a sign-in that stands"


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §6; RFC 9700 §4.14."""
    text = seen.sent.get("refresh_token")
    if seen.code != "invalid_grant" or seen.sent.get("grant_type") != "refresh_token" or not text:
        return
    past = ledger.past_of(seen.services, text)
    if past is None or past.what != ledger.REFRESH_TOKENS:
        yield _no_refresh_token(seen, text, past)
    elif not past.client_id:
        fix = "It has the form of a refresh token and is none that we know: cut off or altered, one of another "
        fix += "installation, "
        fix += "or so old that nothing is kept of it. Let the application sign the person in again."
        yield Finding("refresh_unknown", "application", "refresh_token", fix, _LATEST, "one that is not known")
    elif past.client_id != seen.client.id:
        fix = "It was given to another client id: the application has two settings for it, or its store is shared with "
        fix += "another application. Use the client id that the token was got with."
        yield Finding(
            "refresh_of_another", "application", "client_id", fix, "the client id of the token", seen.client.id
        )
    else:
        yield from _ended(seen, past)


def _no_refresh_token(seen: Seen, text: str, past: Past | None) -> Finding:
    for how, form in corrections.corrected(text):
        other = ledger.past_of(seen.services, form)
        if other is not None and other.client_id == seen.client.id:
            fix = f"It is a token of this application, but {how}: let it keep the token as it came."
            return Finding("refresh_form", "application", "refresh_token", fix, "the token as it came", how)
    got = past.what if past is not None else "a JWT" if text.count(".") == 2 else "no refresh token of ours"
    fix = f"What it sends as refresh_token is {got}: let it send the refresh_token of the last answer. Where there "
    fix += "was none, "
    fix += f"the grant is not registered: {adding(seen.client, 'grant_types', 'refresh_token')}"
    return Finding("refresh_unknown", "application", "refresh_token", fix, _LATEST, got)


def _ended(seen: Seen, past: Past) -> Iterator[Finding]:
    family = past.family
    assert family is not None
    if "was used again" in (family.revoked_why or "") and not past.is_current:
        yield _reused(seen, past)
    elif family.revoked_at is not None:
        got = f"revoked {utc(family.revoked_at)}: {family.revoked_why}"
        fix = "All that this sign-in gave was taken back. Let the application forget the token and sign the person "
        fix += "in again."
        yield Finding("refresh_revoked", "application", "refresh_token", fix, _LATEST, got, reader="app")
    elif (found := ended.of(seen.told("what"), seen.client.id, _LATEST)) is not None:
        yield found


def _reused(seen: Seen, past: Past) -> Finding:
    """Two hold one chain: replicas that do not share their store, a lost answer, or a thief."""
    family, address = past.family, seen.request.remote_address
    assert family is not None
    apart = length((family.revoked_at or seen.services.clock()) - family.used_at)
    first = f" from {family.used_from}" if family.used_from else ""
    got = f"an older one, from {address}; a newer was made{first} {apart} before"
    fix = "A refresh token works once, and its answer has the next. "
    fix += (
        "The two uses came from different addresses: replicas of the application that do not share their tokens "
        "(keep them "
        "in one store), or somebody has stolen one."
        if family.used_from and family.used_from != address else
        "Both came from one address: the application does not keep the new token, or several of its threads refresh at "
        "once. Let one refresh at a time, and keep what comes."
    )  # fmt: skip
    fix += f" Where it cannot: doorward client set {seen.client.id} refresh_token_rotation=false"
    return Finding(
        "refresh_token_reused", "application", "refresh_token", fix, "the latest refresh token", got, reader="app"
    )
