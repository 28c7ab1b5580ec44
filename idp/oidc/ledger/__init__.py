"""What was issued, and what of it still stands: the one place that knows.

A family is everything that one authorization gave. It dies by one row: its own, its person's, its session's, its
consent's, or its client's. Door: the names below. Rule: each verb is one read and one write, in one transaction.
"""

from idp.oidc.ledger.access_tokens import ACCESS, issue_to_client
from idp.oidc.ledger.alone import mint_alone, standing
from idp.oidc.ledger.devices import DEVICE_SECRET, Device, ds_hash, revoke_device
from idp.oidc.ledger.devices import end as end_device
from idp.oidc.ledger.exchange import exchange, may_exchange, stands
from idp.oidc.ledger.families import REFRESH, is_taken_back, mint, mint_in_front, why_dead
from idp.oidc.ledger.grant import (
    ALONE,
    AUTH_REQUEST,
    CODE,
    DEVICE,
    CodeReused,
    Exchanged,
    Grant,
    Holder,
    Issued,
    Terms,
    beside,
)
from idp.oidc.ledger.lookup import (
    find_access,
    find_family,
    is_revoked,
    last_of_client,
    last_of_session,
    lasting,
    was_redeemed,
)
from idp.oidc.ledger.past import ACCESS_TOKENS, CODES, PREFIXES, REFRESH_TOKENS, Past, past_of
from idp.oidc.ledger.refresh_tokens import find_genuine, find_refresh, refresh
from idp.oidc.ledger.revocation import (
    Given,
    clients_of_session,
    count_live,
    granted,
    holders,
    revoke_access,
    revoke_everything,
    revoke_family,
    revoke_person,
    revoke_reused_code,
    revoke_session,
    sweep,
)

__all__ = [
    "ACCESS",
    "ACCESS_TOKENS",
    "ALONE",
    "AUTH_REQUEST",
    "CODE",
    "CODES",
    "DEVICE",
    "DEVICE_SECRET",
    "PREFIXES",
    "REFRESH",
    "REFRESH_TOKENS",
    "CodeReused",
    "Device",
    "Exchanged",
    "Given",
    "Grant",
    "Holder",
    "Issued",
    "Past",
    "Terms",
    "beside",
    "clients_of_session",
    "count_live",
    "ds_hash",
    "end_device",
    "exchange",
    "find_access",
    "find_family",
    "find_genuine",
    "find_refresh",
    "granted",
    "holders",
    "is_revoked",
    "is_taken_back",
    "issue_to_client",
    "last_of_client",
    "last_of_session",
    "lasting",
    "may_exchange",
    "mint",
    "mint_alone",
    "mint_in_front",
    "past_of",
    "refresh",
    "revoke_access",
    "revoke_device",
    "revoke_everything",
    "revoke_family",
    "revoke_person",
    "revoke_reused_code",
    "revoke_session",
    "standing",
    "stands",
    "sweep",
    "was_redeemed",
    "why_dead",
]
