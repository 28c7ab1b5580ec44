"""Roles of somebody: of what, and until when (C2)."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any, Final

from idp import flash
from idp.accounts import roles
from idp.accounts.person import ROLES, InvalidPerson
from idp.accounts.roles import RoleGrant
from idp.accounts.tokens import PersonalToken
from idp.admin import applications, granting, groups, tokens
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
#: What a role is for, as the page says it.
TITLES: Final[dict[str, tuple[str, str]]] = {
    "owner": (N_("Owner"), N_("Everything, keys and roles as well.")),
    "admin": (N_("Admin"), N_("Everything but keys and roles.")),
    "app_admin": (N_("Admin of applications"), N_("Looks after the applications that you name.")),
    "help_desk": (N_("Help desk"), N_("Helps people to get in: everybody, or the groups that you name.")),
    "auditor": (N_("Auditor"), N_("Sees everything, changes nothing.")),
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/roles."""
    person = finding.person_of(services, request, visit)
    problems: dict[str, str] = {}
    typed = dict.fromkeys(("role", "scope", "until"), "")
    own = person.id == visit.actor.id
    if request.method == "POST":
        typed = {name: (request.form.first.get(name) or "").strip() for name in typed}
        try:
            if request.form.get("end_token"):
                with contextlib.suppress(tokens.NoSuchToken):  # it has ended by itself
                    tokens.withdraw(services, visit.actor, person, request.form.get("end_token") or "")
                return flash.redirect(services, f"/admin/people/{person.id}/roles", "token_ended")
            if request.form.get("take"):
                granting.change_roles(services, visit.actor, person, take=(request.form.get("take") or "",))
                return flash.redirect(services, f"/admin/people/{person.id}/roles", "role_taken")
            grant = grant_of(services, typed, problems)
            if grant is not None:
                granting.change_roles(services, visit.actor, person, give=(grant,))
                return flash.redirect(services, f"/admin/people/{person.id}/roles", "role_given")
        except InvalidPerson as error:
            problems["role"] = error.message
    grants = roles.grants_of(services.db, person.id, person.roles, services.clock())
    return frame.page(
        services, request, visit, "console/people/roles.html", status=422 if problems else 200, whom=person,
        grants=[shown_grant(services, grant) for grant in grants], titles=TITLES, all_roles=ROLES, typed=typed,
        problems=problems, own=own, tokens=shown_tokens(tokens.list_of(services, visit.actor, person)),
        why_not=finding.why_not(services, visit, P.ROLES_GRANT, person),
    )  # fmt: skip


def grant_of(services: Services, typed: dict[str, str], problems: dict[str, str]) -> RoleGrant | None:
    """The role that was typed; None where something is wrong, by its field in `problems`."""
    role, names = typed["role"], tuple(line.strip() for line in typed["scope"].splitlines() if line.strip())
    if role not in ROLES:
        problems["role"] = N_("Choose a role.")
    until = _until(typed["until"], problems)
    scope: tuple[str, ...] | None = None
    if role == "app_admin":
        scope = _apps(services, names, problems)
    elif role == "help_desk" and names:
        scope = _groups(services, names, problems)
    elif names:
        problems["scope"] = N_("This role is not limited to anything. Leave this empty.")
    return None if problems else RoleGrant(role, scope, until)


def _until(text: str, problems: dict[str, str]) -> float | None:
    """To the end of that day."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(hour=23, minute=59, second=59, tzinfo=UTC)
        return day.timestamp()
    except (ValueError, OverflowError):
        problems["until"] = N_("Write the day like 2026-12-31.")
        return None


def _apps(services: Services, names: tuple[str, ...], problems: dict[str, str]) -> tuple[str, ...]:
    found = []
    for name in names:
        try:
            client = applications.find(services, name)
        except applications.Ambiguous:
            client = None
        if client is None:
            problems["scope"] = N_("No single application is called “%(name)s”. Its id works, too.", name=name[:60])
        else:
            found.append(client.id)
    if not found:
        problems.setdefault("scope", N_("Name the applications that they are to look after, one a line."))
    return tuple(found)


def _groups(services: Services, names: tuple[str, ...], problems: dict[str, str]) -> tuple[str, ...]:
    try:
        meant = groups.meant(services, names)
    except InvalidPerson as error:
        problems["scope"] = error.message
        return ()
    if meant.new:
        problems["scope"] = N_("There is no group “%(name)s”. Make it under Groups first.", name=meant.new[0].name)
    return meant.names


def shown_grant(services: Services, grant: RoleGrant) -> dict[str, Any]:
    """A role as pages list it, its applications by name."""
    names = grant.scope
    if grant.role == "app_admin" and names is not None:
        apps = [(services.registry.find(one), one) for one in names]
        names = tuple(app.name if app is not None else client_id for app, client_id in apps)
    return {"role": grant.role, "scope": names, "until": grant.until}


def shown_tokens(found: tuple[PersonalToken, ...]) -> list[dict[str, Any]]:
    """Tokens as pages list them."""
    return [
        {"id": one.id, "name": one.name, "made_at": one.created_at, "used_at": one.last_used_at,
         "ends_at": one.expires_at, "roles": [TITLES[role][0] for role in one.roles or () if role in TITLES]}
        for one in found
    ]  # fmt: skip


PAGES = (ConsolePage("/admin/people/<id>/roles", show, P.ROLES_GRANT, P.ROLES_GRANT),)
