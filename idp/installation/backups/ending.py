"""End whatever lets somebody in without a proof: after a restore, what was revoked since the backup lives again."""

from __future__ import annotations

from typing import Final

from clients import store as clients
from clients.self_registered import kept
from clients.self_registered import tokens as initial_tokens
from idp.accounts import tokens
from idp.accounts.factors import admin_codes
from idp.accounts.recovery import contacts
from idp.audit import Event, record
from idp.db.unhurried import unhurried
from idp.login.browser import sessions
from idp.oidc import ledger
from idp.protocols import Services

ENDED: Final = "backup:tokens_ended"
WHY: Final = "ended after a restore"

#: What opens something of what stands in State, by name. All else stays: pauses and counts of who guesses, and the
#: marks of what was used once, without which it could be used again.
OPENS: Final = (
    "code:*",  # authorization codes
    "par:*",
    "pending:*",  # of devices, and of those who are asked elsewhere
    "pending-said:*",
    "user-code:*",
    "ciba-place:*",
    "ciba-place-of:*",
    "ciba-notice:*",
    "saml:request:*",
    "saml:artifact:*",
    "saml:hop:*",
    "login:pending:*",
    "login:waiting:*",
    "signout:*",
    "webauthn:create*",
    "webauthn:get:*",
    "totp:enrolment:*",
    "sent:*:code",
    "link:*",
    "registering:link:*",
    "registering:code:*",
    "recovery:waiting:*",
    "recovery:reset-code:*",
    "recovery:flow:*",
    "check-link*",
    "error-link*",
)
_TRIES: Final = "link:tries:*"


def end_all_tokens(services: Services, actor: str) -> dict[str, int]:
    """Sessions, grants with their refresh and access tokens, personal tokens, those of registration; codes and links,
    wherever State is kept, however long that takes.

    Answers how many of each. Applications are told of sessions that end. People, passwords and factors stay. Errors:
    `StateUnavailable`, before anything has ended.
    """
    with unhurried(services.db):
        return _ended(services, actor)


def _ended(services: Services, actor: str) -> dict[str, int]:
    now, opened = services.clock(), _forget(services)
    with services.db.transaction() as tx:
        clients.end_every_token(tx, now)  # a JWT of an application for itself stands in no table
        ended = {
            "sessions": sessions.end_everybody(tx, now, WHY),
            "grants": ledger.revoke_everything(tx, now, WHY),
            "personal_tokens": tokens.end_everybody(tx),
            "registration_tokens": initial_tokens.withdraw_every(tx) + kept.void_every(tx),
            "codes": opened + admin_codes.end_everybody(tx, now) + contacts.end_every_undo(tx, now),
        }
        record(tx, Event(ENDED, actor=actor, detail=ended), now)
    _forget(services)  # and what a session made while it was ending
    return ended


def _forget(services: Services) -> int:
    return sum(services.state.forget(name, _TRIES) for name in OPENS)
