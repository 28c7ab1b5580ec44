"""Applications that registered themselves and that nobody uses end by themselves; an admin may bring one back."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.errors import UnknownClient
from clients.self_registered import kept, tokens
from idp import audit
from idp.accounts import roles
from idp.accounts.own import uses
from idp.oidc import ledger
from idp.protocols import Services

DAY: Final = 86_400.0
TOKENS_SHOWN: Final = 30 * DAY  # how long an ended initial access token stands in lists
MANY: Final = 20  # at a time: of each the uses are looked through


def sweep(services: Services) -> int:
    """Remove what is unused; answers how many went."""
    now, days = services.clock(), services.settings.oauth.registration_unused_days
    quiet = [
        *kept.quiet(services.db, now - days * DAY, MANY),
        *kept.quiet(services.db, now - DAY, MANY, never_used=True),
    ]
    gone = 0
    for one in quiet:
        client = services.registry.find(one.client_id)
        if client is None:
            continue
        used = _last_use(services, client)
        if used > one.seen_at:
            kept.seen(services.db, client.id, used)
            continue
        record = audit.recorder(services.clock, "doorward", also={"why": "it registered itself, and nobody uses it"})
        try:
            services.registry.remove(client.id, record=record)
        except UnknownClient:  # another process was quicker
            continue
        gone += 1
    return gone


def sweep_tokens(services: Services) -> int:
    """Forget initial access tokens that ended long ago; answers how many."""
    return tokens.sweep(services.db, services.clock() - TOKENS_SHOWN)


def _last_use(services: Services, client: Client) -> float:
    """When it was last used, as far as it leaves a trace; now, where it is not for the sweep to end.

    A program that proves itself by a key leaves none; what an admin vouched for, or gave a role, an admin ends.
    """
    now = services.clock()
    if "client_credentials" in client.oidc.grant_types and not client.secrets:
        return now
    if not client.metadata.get("self_registered") or roles.grants_of_program(services.db, client.id, now):
        return now
    return max(
        uses.last_of(services.db, client.id),  # a person came
        ledger.last_of_client(services, client.id),  # it refreshed, on its own
        *(one.last_used_at or 0.0 for one in client.secrets),
    )
