"""The frame of the console: where one is, where one may go, the search box (B2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from idp.admin.break_glass import keeping as break_glass
from idp.admin.permissions import Permission
from idp.console.pages import Visit
from idp.first_party.frame import whoever
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request


@dataclass(frozen=True, slots=True)
class Room:
    """One entry of the navigation."""

    name: str
    path: str
    title: str
    permission: Permission


#: In the order of the navigation. A room whose pages stand has a line here.
ROOMS: Final = (
    Room("overview", "/admin", N_("Overview"), Permission.OVERVIEW),
    Room("apps", "/admin/apps", N_("Applications"), Permission.APPS_READ),
    Room("people", "/admin/people", N_("People"), Permission.PEOPLE_READ),
    Room("groups", "/admin/groups", N_("Groups"), Permission.GROUPS_READ),
    Room("rules", "/admin/rules", N_("Sign-in rules"), Permission.RULES_READ),
    Room("providers", "/admin/providers", N_("Providers"), Permission.PROVIDERS_READ),
    Room("cases", "/admin/cases", N_("Cases"), Permission.CASES_READ),
    Room("requests", "/admin/requests", N_("Access requests"), Permission.APPS_CHANGE),
    Room("reviews", "/admin/reviews", N_("Access reviews"), Permission.REVIEWS_READ),
    Room("keys", "/admin/keys", N_("Keys"), Permission.KEYS_READ),
    Room("messages", "/admin/messages", N_("Messages"), Permission.MESSAGES_READ),
    Room("activity", "/admin/activity", N_("Activity"), Permission.ACTIVITY_READ),
    Room("tokens", "/admin/tokens", N_("API tokens"), Permission.OVERVIEW),
    Room("settings", "/admin/settings", N_("Settings"), Permission.SETTINGS_READ),
)


def page(
    services: Services, request: Request, visit: Visit, template: str, *, status: int = 200,
    headers: tuple[tuple[str, str], ...] = (), **values: Any,
) -> Page:  # fmt: skip
    """A page of the console. `template` extends `console/page.html` and fills its block `content`."""
    rooms = [room for room in ROOMS if visit.actor.may(room.permission)]
    person = whoever(services, request, visit.session)
    return Page(
        template=template, status=status, headers=headers,
        values={"person": person, "rooms": rooms, "may": visit.actor.may, "Permission": Permission,
                "alarms": break_glass.alarms(services, visit.actor), **values},
    )  # fmt: skip
