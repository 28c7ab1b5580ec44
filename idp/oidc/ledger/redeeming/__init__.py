"""A code is redeemed in one round trip, where the database is a server.

Read, lock, family and access token are one statement; it writes only where everything stands that SQL can tell. Where
it does not, or this is for SQLite, `families.mint` looks at each in a transaction and says what is wrong.
"""

from __future__ import annotations

from typing import Any

from clients.client import Client
from idp.db import THEN
from idp.oidc.ledger.access_tokens import AccessToken, row_of
from idp.oidc.ledger.grant import Terms
from idp.oidc.ledger.redeeming import store
from idp.protocols import Services


def redeem(
    services: Services, client: Client, access: AccessToken, terms: Terms, family: dict[str, Any]
) -> Any | None:  # fmt: skip
    """The person's row, as it was when the family was written; None where nothing was: look closer.

    Whether the person may use the application is for the caller to ask of the row: nobody has the tokens yet.
    """
    if services.db.name != "postgresql":
        return None
    params = {**family, "version": services.registry.version}
    if client.oidc.access_token_format == "jwt":
        return services.db.one(store.WITH_JWT, durable=False, **params)
    params |= {THEN + name: value for name, value in row_of(client, access, family["id"], terms).items()}
    return services.db.one(store.WITH_OPAQUE, durable=False, **params)
