"""The room Groups: who is in them, and which applications open to them (B2)."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from idp import flash
from idp.accounts import groups as accounts_groups
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson
from idp.admin import access, groups, people
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

PAGE: Final = 50
P = Permission


def show_all(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/groups: by name, with how many are in each; a new one."""
    typed, problem = "", ""
    if request.method == "POST":
        typed = request.form.first.get("name", "")
        try:
            group, _ = groups.make(services, visit.actor, typed)
            return Redirect(location=services.url(f"/admin/groups/{group.id}"))
        except InvalidPerson as error:
            problem = error.message
    query, after = (request.query.get("q") or "")[:128], request.query.get("after") or ""
    found = accounts_groups.page(services.db, query, after, PAGE + 1)
    kept = {"q": query} if query else {}
    return frame.page(
        services, request, visit, "console/groups/list.html", status=422 if problem else 200, groups=found[:PAGE],
        query=query, typed=typed, problem=problem, first=f"?{urlencode(kept)}" if after else "",
        next=f"?{urlencode({**kept, 'after': found[PAGE - 1].name})}" if len(found) > PAGE else "", many=PAGE,
    )  # fmt: skip


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/groups/<id>."""
    group = _group(services, request)
    problems: dict[str, str] = {}
    typed = {"name": group.name, "person": ""}
    if request.method == "POST":
        typed |= {name: request.form.first[name] for name in typed if name in request.form.first}
        answer = _act(services, request, visit, group, problems)
        if answer is not None:
            return answer
    after = request.query.get("after") or ""
    members = accounts_groups.members_page(services.db, group.id, after, PAGE + 1)
    apps = [(one.id, one.name) for one in access.naming(services, group.name)]
    return frame.page(
        services, request, visit, "console/groups/group.html", status=422 if problems else 200, group=group,
        members=members[:PAGE], apps=apps, typed=typed, problems=problems, first="?" if after else "",
        next=f"?{urlencode({'after': members[PAGE - 1].username})}" if len(members) > PAGE else "", many=PAGE,
        rules=groups.rules_of(services, group.name),
    )  # fmt: skip


def _act(services: Services, request: Request, visit: Visit, group: Group, problems: dict[str, str]) -> Response | None:
    """One press: somebody comes in or leaves, another name, the end of it."""
    do = request.form.get("do") or ""
    here = f"/admin/groups/{group.id}"
    try:
        if do == "remove":
            groups.remove(services, visit.actor, group, with_members=True)
            return flash.redirect(services, "/admin/groups", "group_gone")
        if do == "rename":
            groups.rename(services, visit.actor, group, request.form.get("name") or "")
            return flash.redirect(services, here, "group_renamed")
        person = people.get(services, (request.form.get("person") or "").strip())
        joins, leaves = ([person], []) if do == "add" else ([], [person])
        groups.change_members(services, visit.actor, group, joins=joins, leaves=leaves)
        return flash.redirect(services, here, "member_added" if do == "add" else "member_gone")
    except InvalidPerson as error:
        problems["name"] = error.message
    except people.UnknownLogin as error:
        near = ", ".join(one.username for one in error.similar)
        problems["person"] = (
            N_("Nobody has this name, address, number or id. Did you mean %(near)s?", near=near) if near
            else N_("Nobody has this name, address, number or id.")
        )  # fmt: skip
    return None


def _group(services: Services, request: Request) -> Group:
    found = accounts_groups.find_by_id(services.db, request.segment)
    if found is None:
        raise Refused(
            "no_such_group", N_("There is no group with this id."), title=N_("Page not found"),
            advice=N_("Perhaps it was removed. The list has all that there are."),
            explanation=Explanation("person", "`doorward group list` has all that there are"), status=404,
        )  # fmt: skip
    return found


PAGES = (
    ConsolePage("/admin/groups", show_all, P.GROUPS_READ, P.GROUPS_CHANGE),
    ConsolePage("/admin/groups/<id>", show, P.GROUPS_READ, P.GROUPS_CHANGE),
)
