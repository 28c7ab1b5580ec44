"""The room Settings: what holds on this machine, and where it is changed (B2)."""

from __future__ import annotations

from typing import Any

from idp.admin import attention, settings
from idp.admin.permissions import Permission
from idp.admin.settings import Section, Setting
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/settings; `?q=`: only what has these letters, `?changed=1`: only what differs from the default."""
    query, changed = " ".join((request.query.get("q") or "").split())[:64], request.query.get("changed") == "1"
    found = [(section, _wanted(section, query, changed)) for section in settings.listed(services, visit.actor)]
    return frame.page(
        services, request, visit, "console/settings.html", query=query, changed=changed,
        sections=[{"name": section.name, "about": section.about, "rows": rows} for section, rows in found if rows],
        runs=settings.installation(services, visit.actor), checks=attention.of_doctor(services),
    )  # fmt: skip


def _wanted(section: Section, query: str, changed: bool) -> list[dict[str, Any]]:
    return [
        {"name": f"{section.name}.{one.name}", "value": _shown(one.value), "default": _shown(one.default),
         "differs": one.differs, "about": one.about, "place": one.place}
        for one in section.settings
        if (not changed or one.differs) and _has(section, one, query.casefold())
    ]  # fmt: skip


def _has(section: Section, one: Setting, query: str) -> bool:
    return query in f"{section.name}.{one.name} {one.about}".casefold()


def _shown(value: Any) -> str:
    """As it is written in the settings file, short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value)
    if isinstance(value, dict):
        return "; ".join(f"{name} = {_shown(one)}" for name, one in value.items())
    return str(value)


PAGES = (ConsolePage("/admin/settings", show, Permission.SETTINGS_READ),)
