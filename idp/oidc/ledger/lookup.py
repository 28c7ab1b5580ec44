"""What an access token that somebody shows leads to: its row with the person, as long as it stands."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from typing import Any

from idp.ids import digest, split
from idp.oidc.ledger import store
from idp.oidc.ledger.access_tokens import ACCESS
from idp.oidc.ledger.devices.store import LASTING
from idp.oidc.ledger.exchange import of_row, stands
from idp.oidc.ledger.families import check_version, why_dead
from idp.oidc.ledger.grant import Exchanged
from idp.protocols import Services


def find_access(services: Services, token: str) -> Any | None:
    """The row of a live opaque access token with its person, or None. One read. Errors: `Stale`."""
    presented = split(token, ACCESS)
    if presented is None:
        return None
    row = services.db.one(store.ACCESS, token_id=presented[0])
    if row is None or not hmac.compare_digest(row.hash, digest(presented[1])):
        return None
    check_version(services, row)
    now = services.clock()
    client = services.registry.find(row.token_client_id)
    if now >= row.expires_at or client is None or not client.enabled or row.created_at <= client.tokens_after:
        return None
    if row.token_family_id is None:
        return row
    # A family that is gone has died: its tokens are no tokens of the client itself.
    if row.family_id is None or why_dead(row, services.registry.find(row.client_id), now):
        return None
    exchanged = Exchanged.from_json(of_row(row))
    if exchanged is not None and not stands(services, exchanged, client, row, row.created_at):
        return None
    return row


def is_revoked(services: Services, jti: str) -> bool:
    """Whether a JWT of client_credentials was taken back. Errors: `Stale`."""
    row = services.db.one(store.REVOKED, jti=jti)
    check_version(services, row)
    return row.jti is not None


def find_family(
    services: Services, family_id: str, jti: str, exchanged_by: str = "", made_of: Sequence[str] = ()
) -> Any | None:
    """The row of the live family of a JWT access token, or None. One read. Errors: `Stale`.

    `exchanged_by`, `made_of`: whose token it is, where it was made of others; then `stands` has more to look at.
    """
    if exchanged_by:
        row = services.db.one(
            store.FAMILY_OF_EXCHANGED, family_id=family_id, jti=jti, token_client_id=exchanged_by,
            made_of=" ".join(made_of),
        )  # fmt: skip
    else:
        row = services.db.one(store.FAMILY, family_id=family_id, jti=jti)
    if row is None or row.jti is not None:
        return None
    check_version(services, row)
    return None if why_dead(row, services.registry.find(row.client_id), services.clock()) else row


def lasting(services: Services, person_id: str) -> list[Any]:
    """The families of a person that stand and outlive a session, or are of a device; the first one first."""
    now = services.clock()
    rows = services.db.all(LASTING, owner_id=person_id, now=now)
    return [row for row in rows if not why_dead(row, services.registry.find(row.client_id), now)]


def was_redeemed(services: Services, code_id: str) -> bool:
    """Whether the code of this id was ever redeemed: its family has the same id, and stays when it has died."""
    return services.db.one(store.FAMILY, family_id=code_id, jti="") is not None


def last_of_client(services: Services, client_id: str) -> float:
    """When this application last got a token for somebody; now, where it has one that it may still refresh; 0: never.

    It looks through all families: for the sweep alone.
    """
    now = services.clock()
    row = services.db.one(store.LAST_OF_CLIENT, of_client=client_id, now=now)
    return now if row.lives else float(row.at or 0.0)


def last_of_session(services: Services, session_id: str, client_id: str) -> float | None:
    """When the latest code of this session at this client was made, of those that were redeemed; None for none."""
    at = services.db.one(store.LAST_OF_SESSION, session_id=session_id, of_client=client_id).at
    return None if at is None else float(at)
