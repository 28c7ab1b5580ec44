"""What is known of a grant by the id of its code or a token: for the story of a sign-in, and not for access."""

from __future__ import annotations

from dataclasses import dataclass

from idp.oidc.ledger import store
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Trace:
    """A grant that was redeemed. Times are epoch seconds; `used_at`: of the last token that it gave.

    `generation`: how often it was refreshed; `revoked_at`: None while it stands.
    """

    family_id: str
    client_id: str
    person_id: str
    session_id: str
    created_at: float
    used_at: float
    generation: int
    methods: tuple[str, ...]
    revoked_at: float | None


def trace(services: Services, family_id: str = "", token_id: str = "") -> Trace | None:
    """The grant of this code, refresh token or opaque access token; None where it was never redeemed, or is swept."""
    if token_id:
        token = services.db.one(store.ACCESS, token_id=token_id)
        family_id = str(token.token_family_id or "") if token is not None else ""
    row = services.db.one(store.FAMILY, family_id=family_id, jti="") if family_id else None
    if row is None:
        return None
    return Trace(
        row.family_id, row.client_id, row.person_id, row.session_id, row.family_created_at, row.used_at,
        row.generation, tuple(row.methods.split()), row.revoked_at,
    )  # fmt: skip
