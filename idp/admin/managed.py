"""Whose an object is that somebody is about to change by hand, where a file of configuration manages it (C5)."""

from __future__ import annotations

from typing import Final

from idp.admin.actor import NotAllowed
from idp.admin.configuration import marks
from idp.admin.permissions import Permission
from idp.protocols import Services

_PERMISSIONS: Final = {
    "application": Permission.APPS_CHANGE, "source": Permission.APPS_CHANGE, "group": Permission.GROUPS_CHANGE,
    "notice": Permission.MESSAGES_CHANGE, "rule": Permission.RULES_CHANGE, "details_type": Permission.APPS_CREATE,
    "provider": Permission.PROVIDERS_CHANGE, "client_host": Permission.APPS_CREATE,
    "provisioning": Permission.PEOPLE_CREATE, "scim_client": Permission.ROLES_GRANT,
    "attribute": Permission.ATTRIBUTES_CHANGE,
}  # fmt: skip


class ManagedByFile(NotAllowed):
    """Only its file changes it, as the settings say. `manager`: the file."""

    def __init__(self, kind: str, manager: str) -> None:
        why = f"it is managed by {manager}; change it there. To change it by hand, set [admin] managed to note"
        super().__init__(_PERMISSIONS[kind], why)
        self.manager = manager


def manager_of(services: Services, kind: str, object_id: str) -> str:
    """The file that manages an object; empty where none does. `kind`: as files call it: application, group …"""
    mark = marks.find(services.db, kind, object_id)
    return "" if mark is None else mark.manager


def guard(services: Services, kind: str, object_id: str) -> str:
    """Comes before a change by hand; answers the file whose next apply takes it back, or nothing.

    Errors: `ManagedByFile` where the settings leave such changes to files.
    """
    manager = manager_of(services, kind, object_id)
    if manager and services.settings.admin.managed == "refuse":
        raise ManagedByFile(kind, manager)
    return manager
