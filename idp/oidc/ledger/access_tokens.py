"""Access tokens: made, and written down where they are opaque."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from idp.db import THEN, Apart, Pair, Transaction
from idp.errors import Stale
from idp.ids import digest, new_id, new_secret
from idp.oidc.ledger import store
from idp.oidc.ledger.grant import Holder, Issued, Terms, to_json
from idp.protocols import Services

ACCESS = "dwa_"  # a prefix that a secret scanner can look for


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token that is about to be issued. `expires_in`: seconds from `issued_at`."""

    id: str
    secret: str
    issued_at: float
    expires_in: int

    @property
    def value(self) -> str:
        """What the application gets."""
        return f"{ACCESS}{self.id}.{self.secret}"

    def until(self, end: float) -> AccessToken:
        """No longer than the absolute end of its grant."""
        return replace(self, expires_in=max(1, min(self.expires_in, int(end - self.issued_at))))

    def answer(self, terms: Terms, now: float, *, refresh_token: str | None, holder: Holder | None) -> Issued:
        """The answer that hands it out."""
        left = max(1, int(self.expires_in - (now - self.issued_at)))
        return Issued(self.value, self.id, self.expires_in, left, terms, refresh_token, holder, self.issued_at)


def new_access(services: Services, client: Client, now: float) -> AccessToken:
    """One that nobody could have foreseen."""
    return AccessToken(new_id(now), new_secret(), now, lifetime(services, client))


def lifetime(services: Services, client: Client) -> int:
    """Seconds that an access token of this client lives: its own, else the deployment's."""
    return client.oidc.access_token_lifetime or services.settings.tokens.access_token


def insert_access(tx: Transaction, client: Client, access: AccessToken, family_id: str, terms: Terms) -> None:
    """Write an opaque one down, in the caller's transaction; a JWT stands for itself."""
    if client.oidc.access_token_format != "jwt":
        tx.run(store.INSERT_ACCESS, **row_of(client, access, family_id, terms))


def with_access(
    tx: Transaction | Apart, change: tuple[Any, Pair], access: AccessToken, client: Client, terms: Terms, **params: Any
) -> int:  # fmt: skip
    """Make a family, or use one, and write its access token down where that is opaque; answers whether it could be.

    `change`: the statement, and the one that has the token with it; its `family_id` or `id` is the token's family.
    """
    alone, together = change
    if client.oidc.access_token_format == "jwt":
        return tx.run(alone, **params)
    family_id = params["family_id"] if "family_id" in params else params["id"]
    row = {THEN + name: value for name, value in row_of(client, access, family_id, terms).items()}
    return tx.both(together, **params, **row)


def row_of(client: Client, access: AccessToken, family_id: str, terms: Terms) -> dict[str, Any]:
    """An opaque one as it is written down."""
    return {
        "id": access.id, "hash": digest(access.secret), "family_id": family_id, "client_id": client.id,
        "scope": terms.scope, "resource": to_json(terms.resource), "created_at": access.issued_at,
        "expires_at": access.issued_at + access.expires_in, "cnf": terms.cnf_json,
        "exchanged": to_json(terms.exchanged.to_json()) if terms.exchanged is not None else "",
        "details": terms.details_json,
    }  # fmt: skip


def issue_to_client(services: Services, client: Client, terms: Terms) -> Issued:
    """A token for the application itself, of no family. One statement. Errors: `Stale`."""
    now = services.clock()
    access = new_access(services, client, now)
    if client.oidc.access_token_format == "jwt":
        if services.db.one(store.VERSION).clients_version != services.registry.version:
            raise Stale
    elif not services.db.run(
        store.INSERT_ACCESS_GUARDED,
        durable=False,
        id=access.id,
        hash=digest(access.secret),
        client_id=client.id,
        scope=terms.scope,
        resource=to_json(terms.resource),
        created_at=now,
        expires_at=now + access.expires_in,
        cnf=terms.cnf_json,
        details=terms.details_json,
        version=services.registry.version,
    ):
        raise Stale
    return access.answer(terms, now, refresh_token=None, holder=None)
