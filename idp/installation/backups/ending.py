"""End whatever lets somebody in without a proof: after a restore, what was revoked since the backup lives again."""

from __future__ import annotations

from typing import Final

from idp.accounts import tokens
from idp.accounts.factors import admin_codes
from idp.audit import Event, record
from idp.login.browser import sessions
from idp.oidc import ledger
from idp.protocols import Services
from idp.state.sql import forget_values

ENDED: Final = "backup:tokens_ended"
WHY: Final = "ended after a restore"


def end_all_tokens(services: Services, actor: str) -> dict[str, int]:
    """In one transaction: sessions, grants with their refresh and access tokens, personal tokens, codes and links.

    Answers how many of each. Applications are told of sessions that end. People, passwords and factors stay.
    """
    now = services.clock()
    with services.db.transaction() as tx:
        ended = {
            "sessions": sessions.end_everybody(tx, now, WHY),
            "grants": ledger.revoke_everything(tx, now, WHY),
            "personal_tokens": tokens.end_everybody(tx),
            "codes": forget_values(tx) + admin_codes.end_everybody(tx, now),
        }
        record(tx, Event(ENDED, actor=actor, detail=ended), now)
    return ended
