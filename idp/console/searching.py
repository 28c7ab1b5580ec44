"""The one search box: by name, or straight to what has an id: an error, a case, a sign-in, a key (B2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from idp import audit
from idp.accounts import groups
from idp.accounts.person import fold
from idp.admin import applications, certificates, looking
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.login.browser import sessions
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

P = Permission
MANY: Final = 20  # of a kind
_SPOKEN: Final = re.compile(r"([A-Za-z])[- ]?([2-9A-Za-z]{5})[- ]?([2-9A-Za-z]{5})")  # E-7K2MQ-PX4RT, read out
_OURS: Final = re.compile(r"[0-9a-v]{26}")  # an event, or a sign-in
_FINGERPRINT: Final = re.compile(r"(?:sha-?256[: ]*)?((?:[0-9a-f]{2}[: ]?){31}[0-9a-f]{2})", re.IGNORECASE)


def search(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/search: leads straight to what has an id, and lists what has a name."""
    typed = " ".join((request.query.get("q") or "").split())[:200]
    path = _path_of_id(services, visit, typed)
    if path:
        return Redirect(location=services.url(path))
    return frame.page(
        services, request, visit, "console/search.html", query=typed, people=list(_people(services, visit, typed)),
        apps=list(_apps(services, visit, typed)), groups=list(_groups(services, visit, typed)),
    )  # fmt: skip


def _path_of_id(services: Services, visit: Visit, typed: str) -> str:
    """Where the one thing stands that has this id; '' where it is no id."""
    spoken = _SPOKEN.fullmatch(typed)
    if spoken:
        id = "-".join(part.upper() for part in spoken.groups())
        return f"/admin/cases/{id}" if id.startswith("C-") else f"/admin/activity/{id}"
    if _OURS.fullmatch(typed):
        return _path_of_sign_in(services, visit, typed) or f"/admin/activity/{typed}"
    if visit.actor.may(P.KEYS_READ) and _is_key(services, typed):
        return "/admin/keys"
    return ""


def _path_of_sign_in(services: Services, visit: Visit, typed: str) -> str:
    """The page of whose sign-in it is, where the actor may see that person."""
    if audit.find(services.db, typed) is not None:
        return ""
    session = sessions.find_open(services, typed)
    person = services.directory.find(session.person_id) if session is not None else None
    if person is None or not visit.actor.may_person(P.PEOPLE_READ, person.groups):
        return ""
    return f"/admin/people/{person.id}"


def _is_key(services: Services, typed: str) -> bool:
    """Whether a key of ours is called so, or a certificate of ours has this fingerprint (SHA-256)."""
    found = _FINGERPRINT.fullmatch(typed)
    wanted = re.sub(r"[: ]", "", found[1]).upper() if found else ""
    ours = certificates.published(services)
    if wanted:
        return any(certificates.fingerprint(one).replace(":", "") == wanted for one in ours)
    return typed in {*(one.kid for one in ours), *(one.kid for one in services.ring.list_keys())}


def _people(services: Services, visit: Visit, typed: str) -> Iterator[dict[str, str]]:
    if typed and visit.actor.may(P.PEOPLE_READ):
        page = looking.look(services, visit.actor, typed, many=MANY)
        for one in (*page.exact, *page.found):
            yield {"id": one.person.id, "name": one.person.name, "username": one.person.username}


def _apps(services: Services, visit: Visit, typed: str) -> Iterator[dict[str, str]]:
    if typed and visit.actor.may(P.APPS_READ):
        for one in applications.search(services, visit.actor, typed, many=MANY):
            yield {"id": one.id, "name": one.name}


def _groups(services: Services, visit: Visit, typed: str) -> Iterator[dict[str, str]]:
    if typed and visit.actor.may(P.GROUPS_READ):
        found = (one for one in groups.list_of(services.db) if fold(typed) in fold(one.name) or typed == one.id)
        for one in sorted(found, key=lambda group: fold(group.name) != fold(typed))[:MANY]:
            yield {"id": one.id, "name": one.name}


PAGES = (ConsolePage("/admin/search", search, P.OVERVIEW),)
