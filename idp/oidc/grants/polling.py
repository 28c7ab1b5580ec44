"""A program asks whether its person has answered (RFC 8628 §3.5): not yet, not so fast, no, too late, or tokens."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from idp.errors import OAuthError
from idp.ids import digest, split
from idp.oidc import ledger
from idp.oidc.decoupled import pending, user_codes
from idp.oidc.decoupled.pending import INTERVAL, Pending
from idp.oidc.grants.authorization_code import narrowed
from idp.oidc.ledger import Grant, Issued
from idp.oidc.token_request import TokenRequest
from idp.protocols import Services

EARLY: Final = 1.0  # seconds that one may be early: the way of the one before took longer
_AGAIN: Final = "Let the application begin anew, and show its person the new code."


@dataclass(frozen=True, slots=True)
class Words:
    """What a grant calls the value that it polls with: `name` is the parameter, `prefix` what it begins with."""

    name: str
    prefix: str
    spoken: str


def redeem(services: Services, asked: TokenRequest, words: Words) -> Issued:
    """The tokens, once. While nobody has answered, two reads and what the pace costs.

    Errors: `OAuthError`, `Stale`.
    """
    value = asked.form.get(words.name)
    if value is None:
        raise OAuthError(
            "invalid_request", f"{words.name} is missing.", field=words.name, expected=f"the {words.spoken}",
            got=", ".join(sorted({name[:40] for name, _ in asked.form.pairs} - {"client_secret"}))[:200],
            fix=f"Let the application send the {words.name} that it was answered, as it came.", kind="pending_missing",
        )  # fmt: skip
    found = _find(services, asked, value, words)
    said = pending.said(services, found.id)
    if said is None:
        if pending.is_over(services, found):
            raise _over(found, words)
        _check_pace(services, found)
        raise OAuthError(
            "authorization_pending", "The person has not answered yet; ask again after the interval.",
            kind="authorization_pending", recorded=False,
        )  # fmt: skip
    if said.grant is None:
        raise OAuthError(
            "access_denied", "The person refused.", kind="pending_denied", side="person", field=words.name,
            expected="a person who agrees", got="a refusal", fix="Nothing is broken: somebody said no on our page.",
        )  # fmt: skip
    if services.clock() >= max(found.expires_at, said.at + pending.FETCHED):
        raise _over(found, words)
    grant = Grant(**said.grant)
    try:
        return ledger.mint(services, asked, grant, narrowed(services, grant, asked))
    except ledger.CodeReused as error:
        raise _used(words) from error


def _find(services: Services, asked: TokenRequest, value: str, words: Words) -> Pending:
    """The request that this very client made. Errors: `OAuthError` (invalid_grant)."""
    presented = split(value, words.prefix)
    if presented is None and user_codes.read(value):
        raise _unknown(
            f"This is the code that a person types; send the {words.name} of the same answer.", words, "a user_code"
        )
    if presented is None:
        is_other = next((what for prefix, what in ledger.PREFIXES.items() if value.startswith(prefix)), "")
        hint = f": it is {is_other}" if is_other and not value.startswith(words.prefix) else ", or it is damaged"
        raise _unknown(f"This is no {words.spoken} of ours{hint}.", words, "another value")
    found = pending.find(services, presented[0])
    if found is None:
        if ledger.revoke_reused_code(services, asked.wire, presented[0], digest(presented[1]), asked.client):
            raise _used(words)
        raise _unknown(f"The {words.spoken} is unknown or has expired.", words, "an unknown one")
    is_own = hmac.compare_digest(found.secret_hash, digest(presented[1]))
    if found.client_id != asked.client.id or not is_own:
        raise _unknown(f"The {words.spoken} is unknown or has expired.", words, "one of another application")
    return found


def _check_pace(services: Services, found: Pending) -> None:
    """RFC 8628 §3.5: too early is slow_down, and the interval is five seconds longer from then on."""
    key, slow = f"pending-pace:{found.id}", f"pending-slow:{found.id}"
    ttl = found.expires_at - services.clock() + pending.KEPT
    interval = INTERVAL * (1 + services.state.count(slow, ttl, by=0))
    if services.state.add(key, 1, interval - EARLY):
        return
    interval = INTERVAL * (1 + services.state.count(slow, ttl))
    services.state.put(key, 1, interval - EARLY)
    raise OAuthError(
        "slow_down", f"Too early: wait {interval} seconds between two questions.", kind="slow_down", recorded=False
    )


def _over(found: Pending, words: Words) -> OAuthError:
    life = round(found.expires_at - found.asked_at)
    return OAuthError(
        "expired_token", f"Nobody answered within {life} seconds; begin anew.", field=words.name, side="person",
        expected=f"an answer within {life} seconds", got="none", kind="pending_expired", fix=_AGAIN,
    )  # fmt: skip


def _used(words: Words) -> OAuthError:
    return OAuthError(
        "invalid_grant", f"The {words.spoken} was used already; what it gave is revoked.", field=words.name,
        expected="one that is new", got="one that was used", kind="pending_used",
        fix="Let the application stop asking as soon as it has its tokens, keep them, and send no request twice.",
    )  # fmt: skip


def _unknown(description: str, words: Words, got: str) -> OAuthError:
    return OAuthError(
        "invalid_grant", description, kind="pending_unknown", field=words.name, got=got,
        expected=f"the {words.spoken} that this application was answered", fix=_AGAIN,
    )  # fmt: skip
