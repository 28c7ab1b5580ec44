"""The store's schema over time, by Alembic. Door: `upgrade`, `is_current`.

Rule: expand, then contract: a migration leaves the previous release working while it rolls out.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any, Final

from idp.db import Unavailable

#: How long a migration is tried again while somebody holds a table that it changes, and the longest pause, seconds.
PATIENCE_S, PAUSE_S = 900.0, 20.0
#: PostgreSQL's: lock_not_available, deadlock_detected.
_IN_USE: Final = ("55P03", "40P01")


def _config(url: str) -> Any:
    from alembic.config import Config  # only when migrating: the cold start does without

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up, to this release's; safe to call again, and from several processes at once.

    On PostgreSQL a table that somebody reads for long, such as a backup, is asked for again and again, and left to
    others in between. Errors: `Unavailable` where the database cannot be used, or such a reader does not end.
    """
    from alembic import command
    from sqlalchemy.exc import OperationalError

    until, pause = time.monotonic() + PATIENCE_S, 0.5
    while True:
        try:
            return command.upgrade(_config(url), revision)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in _IN_USE:
                raise Unavailable(str(error.orig)) from error
            if time.monotonic() >= until:
                why = "a table is in use for long, by a backup or a report; let that end, then run it again"
                raise Unavailable(f"{why} ({error.orig})") from error
        time.sleep(pause)
        pause = min(pause * 2, PAUSE_S)


def heads() -> str:
    """The revision that this release needs."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config("")).get_current_head())


def metadatas() -> list[Any]:
    """Every room's tables."""
    import clients.attributes.store  # adds to the tables of clients.store, as those below do
    import clients.details_types.store  # adds to the tables of clients.store, as those do
    import clients.documents.store
    import clients.past.store
    import clients.search.store  # adds to the tables of clients.store
    import clients.self_registered.store
    import clients.store
    import idp.accounts.approvals.store
    import idp.accounts.batches.store
    import idp.accounts.break_glass.store
    import idp.accounts.cases.store
    import idp.accounts.changed.store  # adds to the tables of idp.accounts.store
    import idp.accounts.factors.store
    import idp.accounts.grouping.store  # adds to the tables of idp.accounts.store, as provisioning does
    import idp.accounts.inviting.store
    import idp.accounts.notices.store
    import idp.accounts.own.store
    import idp.accounts.past.store
    import idp.accounts.planned_ends.store
    import idp.accounts.provisioning.store
    import idp.accounts.recovery.store
    import idp.accounts.registering.store
    import idp.accounts.reviews.store
    import idp.accounts.roles.store
    import idp.accounts.sign_in_rules.store
    import idp.accounts.signalled.store  # adds to the tables of idp.accounts.store
    import idp.accounts.standing.store
    import idp.accounts.store
    import idp.accounts.tokens.store
    import idp.admin.configuration.store
    import idp.answers.symptoms.store
    import idp.audit.chain.store
    import idp.audit.store
    import idp.audit.streaming.store
    import idp.federation.saml.federations.store
    import idp.federation.store
    import idp.jobs.store
    import idp.login.store
    import idp.moving.store
    import idp.oidc.ledger.devices.store  # adds to the tables of idp.oidc.ledger.store
    import idp.oidc.ledger.store
    import idp.provisioning.store
    import idp.readers.store
    import idp.saml.metadata.sources.store
    import idp.saml.store
    import idp.signals.store
    import idp.state.sql
    import keys.certificates.store
    import keys.store

    rooms: list[Any] = [
        clients.store, keys.store, idp.accounts.store, idp.accounts.factors.store, idp.accounts.recovery.store,
        idp.accounts.approvals.store, idp.accounts.batches.store, idp.accounts.break_glass.store,
        idp.accounts.cases.store, idp.accounts.inviting.store, idp.accounts.notices.store, idp.accounts.own.store,
        idp.accounts.planned_ends.store, idp.accounts.standing.store,
        idp.accounts.registering.store, idp.accounts.reviews.store,
        idp.accounts.roles.store, idp.accounts.sign_in_rules.store, idp.accounts.tokens.store,
        idp.admin.configuration.store, idp.audit.store, idp.jobs.store,
        idp.provisioning.store, idp.signals.store, idp.readers.store, idp.answers.symptoms.store,
        idp.moving.store,
        idp.federation.store, idp.login.store, idp.oidc.ledger.store, idp.saml.store,
        idp.saml.metadata.sources.store, idp.state.sql,
    ]  # fmt: skip
    return [room.metadata for room in rooms]
