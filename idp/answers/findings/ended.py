"""A grant that does not stand any more: why, whose side that is, and what to do. The same for codes and tokens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from idp.answers.finding import Finding, Side
from idp.oidc.ledger import families, refresh_tokens

_AGAIN: Final = "Let the application sign the person in again when a refresh is refused"
#: Side, field and fix, by the reason that is recorded.
REASONS: Final[Mapping[str, tuple[Side, str, str]]] = {
    families.TURNED_OFF: (
        "doorward", "enabled", "The application is turned off here; if it shall be on: doorward client enable {id}"),
    families.TURNED_OFF_SINCE: (
        "doorward", "enabled", "The application was turned off for a while, or its document says something else now, "
        f"which ended all that it had. {_AGAIN}."),
    families.REVOKED: ("application", "token", f"It was taken back. {_AGAIN}."),
    families.PERSON_GONE: (
        "person", "account", "The person's account is disabled or gone, which ends their tokens; doorward user "
        "enable lets them in again."),
    families.CONSENT_GONE: (
        "person", "consent", "The person took the application's access back; they are asked anew at the next sign-in."),
    families.SESSION_ENDED: (
        "application", "scope", f"The person's sign-in here has ended, and the tokens with it. {_AGAIN}; where it "
        "must go on without them, let it ask for offline_access with prompt=consent."),
    families.NO_ACCESS: (
        "nobody", "access", "The person may not open the application any more, by its rule; who may is changed by: "
        "doorward client access {id}"),
    families.LEFT_GROUP: (
        "doorward", "native_sso_group", "An admin has taken the application out of its group, which ends what it got "
        f"by another app's sign-in. {_AGAIN}; if it shall share sign-ins: doorward client set {{id}} "
        "native_sso_group=NAME"),
    refresh_tokens.ABSOLUTE_END: (
        "application", "refresh_token_absolute", "It has reached its absolute end, however often it is used. "
        f"{_AGAIN}, or let it live longer: "
        "doorward client set {id} refresh_token_absolute=…"),
    refresh_tokens.IDLE: (
        "application", "refresh_token_idle", f"It was not used for too long. {_AGAIN}, or let it lie longer: doorward "
        "client set {id} refresh_token_idle=…"),
}  # fmt: skip


def of(reason: str, client_id: str, expected: str) -> Finding | None:
    """The finding for a recorded reason; None for one that is no end of a grant."""
    if reason not in REASONS:
        return None
    side, field, fix = REASONS[reason]
    return Finding("grant_ended", side, field, fix.format(id=client_id), expected, reason, reader="app")
