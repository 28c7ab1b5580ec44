"""Directories that passwords are checked in: everybody of one looked at (I3)."""

from __future__ import annotations

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.federation import keeping, leaving
from idp.federation.keeping import UnknownProvider
from idp.federation.ldap.answers import BadFilter, Unreachable
from idp.federation.ldap.syncing import How, Report, Running, sync
from idp.protocols import Services

__all__ = ["BadFilter", "How", "NoDirectory", "Report", "Running", "Unreachable", "look_at_all"]


class NoDirectory(ValueError):
    """This provider has no list of its people."""


def look_at_all(services: Services, actor: Actor, provider_id: str, how: How) -> Report:
    """Who is new there is made here, who is gone there is out here, as the provider's row says.

    Errors: `NotAllowed`, `UnknownProvider`, `NoDirectory`, `Running`, `Refused`, `Unreachable`, `BadFilter`.
    """
    actor.check(Permission.PROVIDERS_CHANGE)
    kept = keeping.find(services.db, provider_id)
    if kept is None:
        raise UnknownProvider(provider_id)
    if not kept.provider.is_directory:
        raise NoDirectory(kept.provider.name)
    return sync(services, leaving.trial(services, kept), how)
