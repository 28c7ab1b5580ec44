"""What became of a code, a refresh token or an access token that was refused: read once more by whoever explains it.

Of one that is not genuine nothing is told but the age that it bears itself.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Any, Final

from idp.ids import digest, made_at, split
from idp.oidc.ledger import store
from idp.oidc.ledger.access_tokens import ACCESS
from idp.oidc.ledger.chain import chain_of, is_current
from idp.oidc.ledger.devices import DEVICE_SECRET
from idp.oidc.ledger.families import REFRESH
from idp.oidc.ledger.grant import AUTH_REQUEST, CODE, DEVICE, Grant
from idp.protocols import Services

CODES, REFRESH_TOKENS, ACCESS_TOKENS = "an authorization code", "a refresh token", "an access token"
DEVICE_CODES, AUTH_REQUESTS = "a device code", "an authentication request id"
DEVICE_SECRETS = "a device secret"
PREFIXES: Final = {
    CODE: CODES,
    REFRESH: REFRESH_TOKENS,
    ACCESS: ACCESS_TOKENS,
    DEVICE: DEVICE_CODES,
    AUTH_REQUEST: AUTH_REQUESTS,
    DEVICE_SECRET: DEVICE_SECRETS,
}


@dataclass(frozen=True, slots=True)
class Past:
    """`what` it is; `client_id`: whose, "" where it is not genuine, or nothing is kept of it. Times: epoch seconds.

    `grant`: of a code that was not redeemed yet. `family`: the row of what it gave, or belongs to.
    """

    what: str
    made_at: float
    client_id: str = ""
    ends_at: float | None = None
    grant: Grant | None = None
    family: Any | None = None
    is_current: bool = True  # a refresh token that none has followed yet


def past_of(services: Services, text: str) -> Past | None:
    """None for what is no code or token of ours by its form; a JWT says itself what it is."""
    prefix = next((one for one in PREFIXES if text.startswith(one)), None)
    parts = split(text, prefix) if prefix is not None else None
    if prefix is None or parts is None:
        return None
    if prefix == DEVICE_SECRET:
        return Past(DEVICE_SECRETS, made_at(parts[0]))
    found = {CODE: _of_code, DEVICE: _of_device, AUTH_REQUEST: _of_device, REFRESH: _of_refresh, ACCESS: _of_access}[
        prefix
    ](services, *parts)
    return found or Past(PREFIXES[prefix], made_at(parts[0]))


def _of_code(services: Services, code_id: str, secret: str) -> Past | None:
    stored = services.state.get(f"code:{code_id}")
    grant = Grant(**stored) if stored is not None else None
    family = services.db.one(store.PAST, family_id=code_id)
    known = grant.code_hash if grant is not None else family.code_hash if family is not None else ""
    if not hmac.compare_digest(known, digest(secret)):
        return None
    client_id = grant.client_id if grant is not None else family.client_id
    return Past(CODES, made_at(code_id), client_id, made_at(code_id) + services.settings.tokens.code, grant, family)


def _of_device(services: Services, device_id: str, secret: str) -> Past | None:
    family = services.db.one(store.PAST, family_id=device_id)
    if family is None or not hmac.compare_digest(family.code_hash, digest(secret)):
        return None
    return Past(DEVICE_CODES, made_at(device_id), family.client_id, None, None, family)


def _of_refresh(services: Services, family_id: str, secret: str) -> Past | None:
    row = services.db.one(store.PAST, family_id=family_id)
    if row is None or row.refresh_hash is None:
        return None
    current = is_current(row, secret)
    if not current and not chain_of(services, family_id).leads_to(secret, row.refresh_hash, row.generation):
        return None
    ends_at = min(row.expires_at, row.used_at + row.idle_seconds)
    return Past(REFRESH_TOKENS, row.created_at, row.client_id, ends_at, None, row, current)


def _of_access(services: Services, token_id: str, secret: str) -> Past | None:
    row = services.db.one(store.PAST_ACCESS, token_id=token_id)
    if row is None or not hmac.compare_digest(row.hash, digest(secret)):
        return None
    family = services.db.one(store.PAST, family_id=row.family_id) if row.family_id is not None else None
    return Past(ACCESS_TOKENS, row.created_at, row.client_id, row.expires_at, None, family)
