"""The code of a token request that is refused: late, used, of another client, damaged, or none of ours."""

from __future__ import annotations

from collections.abc import Iterator

from idp.answers import corrections
from idp.answers.durations import length
from idp.answers.finding import Finding
from idp.answers.findings import ended
from idp.answers.seen import Seen
from idp.oidc import ledger
from idp.oidc.ledger import Past


def look(seen: Seen) -> Iterator[Finding]:
    """RFC 6749 §4.1.3. What the code was is read once more: the endpoint tells strangers nothing of it."""
    message = seen.told("message")
    if seen.code != "invalid_grant" or seen.sent.get("grant_type") != "authorization_code":
        return
    if "code_verifier" in message or "redirect_uri" in message:
        return
    text = seen.sent.get("code") or ""
    past = ledger.past_of(seen.services, text)
    found = ended.of(seen.told("what"), seen.client.id, "a grant that stands")
    if found is not None:
        yield found
    elif past is None or past.what != ledger.CODES:
        yield _none_of_ours(seen, text, past)
    elif past.client_id and past.client_id != seen.client.id:
        fix = "The code was given to another client id than the one that redeems it: the application has two "
        fix += "settings for "
        fix += "it, or one redirect URI is shared by two applications. Use one client id for both requests."
        yield Finding("code_of_another", "application", "client_id", fix, "the client id of the code", seen.client.id)
    elif past.family is not None and past.client_id:
        yield _used(seen, past)
    else:
        yield _late_or_unknown(seen, past)


def _none_of_ours(seen: Seen, text: str, past: Past | None) -> Finding:
    for how, form in corrections.corrected(text):
        other = ledger.past_of(seen.services, form)
        if other is not None and other.what == ledger.CODES:
            fix = f"It is a code of ours, but {how}: let the application take it from the address as its framework "
            fix += "reads it."
            return Finding("code_form", "application", "code", fix, "the code as it came", how)
    got = past.what if past is not None else "no code of ours"
    fix = f"What it sends as the code is {got}. "
    fix += "Let it send the parameter “code” of its redirect URI"
    fix += (
        "." if past is not None else ", and look whether two providers are set up there, one's code sent to the other."
    )
    return Finding("code_unknown", "application", "code", fix, "the code of this sign-in", got)


def _used(seen: Seen, past: Past) -> Finding:
    family, address = past.family, seen.request.remote_address
    assert family is not None
    at = family.revoked_at if family.revoked_at is not None else seen.services.clock()
    first = f" from {family.used_from}" if family.used_from else ""
    apart = f"{length(at - family.used_at)} before" if family.generation == 0 else "before, and refreshed since"
    got = f"first used{first} {apart}, then again from {address}"
    fix = "The code came twice. " + (
        "Both came from one address: a double click, a prefetch of the callback page, or a request that was sent again "
        "after a timeout. Let the application redeem it once, and keep the tokens."
        if family.used_from == address else
        "The two came from different addresses: two servers of the application handle one callback, or somebody else "
        "had "
        "the code. Let one of them redeem it, once."
    )  # fmt: skip
    fix += f" The access token{' and the refresh token' if family.refresh_hash else ''} that it gave "
    fix += "are revoked: the person signs in again."
    return Finding("code_used", "application", "code", fix, "a code that is new", got, reader="app")


def _late_or_unknown(seen: Seen, past: Past) -> Finding:
    life, age = seen.services.settings.tokens.code, seen.services.clock() - past.made_at
    if past.made_at and age >= life:
        got = f"it was made {length(age)} before, and ran out {length(age - life)} before"
        fix = f"A code lives {length(life)}. Redeem it at once: look at what the application does before it asks (a "
        fix += "queue, a "
        fix += "slow start, a page that waits for a click), and whether its callback was opened again from history."
        return Finding("code_late", "application", "code", fix, f"within {length(life)}", got)
    fix = "It has the form of a code and is none that waits here: it is cut off or altered, or one of another "
    fix += "installation "
    fix += "of Doorward. Compare the issuer in the application's two settings, and take the code as it came."
    return Finding(
        "code_unknown", "application", "code", fix, "the code of this sign-in", "an altered one, or a foreign one"
    )
