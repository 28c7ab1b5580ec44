"""The store's schema over time, by Alembic. Door: `upgrade`, `is_current`.

Rule: expand, then contract: a migration leaves the previous release working while it rolls out.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from idp.db import Unavailable


def _config(url: str) -> Any:
    from alembic.config import Config  # only when migrating: the cold start does without

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema up, to this release's; safe to call again, and from several processes at once.

    Errors: `Unavailable` where the database cannot be used.
    """
    from alembic import command
    from sqlalchemy.exc import OperationalError

    try:
        command.upgrade(_config(url), revision)
    except OperationalError as error:
        raise Unavailable(str(error.orig)) from error


def heads() -> str:
    """The revision that this release needs."""
    from alembic.script import ScriptDirectory

    return str(ScriptDirectory.from_config(_config("")).get_current_head())


def metadatas() -> list[Any]:
    """Every room's tables."""
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
    import idp.accounts.standing.store
    import idp.accounts.store
    import idp.accounts.tokens.store
    import idp.admin.configuration.store
    import idp.answers.symptoms.store
    import idp.audit.chain.store
    import idp.audit.store
    import idp.audit.streaming.store
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
    import idp.state.sql
    import keys.certificates.store
    import keys.store

    rooms: list[Any] = [
        clients.store, keys.store, idp.accounts.store, idp.accounts.factors.store, idp.accounts.recovery.store,
        idp.accounts.approvals.store, idp.accounts.batches.store, idp.accounts.break_glass.store,
        idp.accounts.cases.store, idp.accounts.notices.store, idp.accounts.own.store,
        idp.accounts.planned_ends.store, idp.accounts.standing.store,
        idp.accounts.registering.store, idp.accounts.reviews.store,
        idp.accounts.roles.store, idp.accounts.sign_in_rules.store, idp.accounts.tokens.store,
        idp.admin.configuration.store, idp.audit.store, idp.jobs.store,
        idp.provisioning.store, idp.readers.store, idp.answers.symptoms.store,
        idp.moving.store,
        idp.federation.store, idp.login.store, idp.oidc.ledger.store, idp.saml.store,
        idp.saml.metadata.sources.store, idp.state.sql,
    ]  # fmt: skip
    return [room.metadata for room in rooms]
