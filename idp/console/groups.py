"""The room Groups: who is in them, and which applications open to them (B2)."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from idp import flash
from idp.accounts import groups as accounts_groups
from idp.accounts.grouping import nesting, owners
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson, Person
from idp.admin import access, groups, people
from idp.admin.histories import groups as histories
from idp.admin.permissions import Permission
from idp.console import finding_groups, frame, group_history
from idp.console.pages import ConsolePage, Visit
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
    group = finding_groups.group_of(services, request)
    problems: dict[str, str] = {}
    typed = {"name": group.name, "person": "", "description": group.description, "inner": "", "owner": ""}
    if request.method == "POST":
        typed |= {name: request.form.first[name] for name in typed if name in request.form.first}
        answer = _act(services, request, visit, group, problems)
        if answer is not None:
            return answer
    query, after = (request.query.get("q") or "")[:128], request.query.get("after") or ""
    members = accounts_groups.members_like(services.db, group.id, query, after, PAGE + 1)
    apps = [(one.id, one.name) for one in access.naming(services, group.name)]
    kept = {"q": query} if query else {}
    return frame.page(
        services, request, visit, "console/groups/group.html", status=422 if problems else 200, group=group,
        members=members[:PAGE], apps=apps, typed=typed, problems=problems, query=query,
        first=f"?{urlencode(kept)}" if after else "",
        next=f"?{urlencode({**kept, 'after': members[PAGE - 1].person.username})}" if len(members) > PAGE else "",
        many=PAGE, rules=groups.rules_of(services, group.name), **_beside(services, visit, group),
    )  # fmt: skip


def _beside(services: Services, visit: Visit, group: Group) -> dict[str, Any]:
    """What is in it, what it is in, who answers for it, and what was lately done with it."""
    reads = visit.actor.scope(P.ACTIVITY_READ) is None
    return {
        "inner": nesting.inner(services.db, group.id),
        "outer": nesting.outer(services.db, group.id),
        "owners": owners.list_of(services.db, group.id),
        "history": group_history.told(histories.of(services, visit.actor, group, many=5)) if reads else [],
    }


#: What a press does with what was typed in which field.
_FIELD: Final = {"rename": "name", "describe": "description", "put_in": "inner", "own": "owner", "add": "person"}


def _act(services: Services, request: Request, visit: Visit, group: Group, problems: dict[str, str]) -> Response | None:
    """One press: somebody or a group comes in or leaves, another name, the end of it."""
    do = request.form.get("do") or ""
    here = f"/admin/groups/{group.id}"
    try:
        if do == "remove":
            groups.remove(services, visit.actor, group, with_members=True)
            return flash.redirect(services, "/admin/groups", "group_gone")
        return flash.redirect(services, here, _acted(services, request, visit, group, do))
    except InvalidPerson as error:
        problems[_FIELD.get(do, "person")] = error.message
    except groups.UnknownGroup as error:
        near = ", ".join(error.similar)
        problems["inner"] = (
            N_("There is no group of this name. Did you mean %(near)s?", near=near) if near
            else N_("There is no group of this name.")
        )  # fmt: skip
    except people.UnknownLogin as error:
        near = ", ".join(one.username for one in error.similar)
        problems[_FIELD.get(do, "person")] = (
            N_("Nobody has this name, address, number or id. Did you mean %(near)s?", near=near) if near
            else N_("Nobody has this name, address, number or id.")
        )  # fmt: skip
    return None


def _acted(services: Services, request: Request, visit: Visit, group: Group, do: str) -> str:
    """Do it; answers the message that says so. Errors: `InvalidPerson`, `UnknownGroup`, `UnknownLogin`."""
    actor, typed = visit.actor, request.form.first
    if do == "rename":
        groups.rename(services, actor, group, typed.get("name", ""))
        return "group_renamed"
    if do == "describe":
        groups.describe(services, actor, group, typed.get("description", ""))
        return "group_saved"
    if do in ("also", "not_also"):
        groups.let_us_add(services, actor, group, also=do == "also")
        return "group_saved"
    if do in ("put_in", "take_out"):
        inner = groups.get(services, typed.get("inner", ""))
        (groups.put_in if do == "put_in" else groups.take_out)(services, actor, inner, group)
        return "inner_added" if do == "put_in" else "inner_gone"
    person = people.get(services, typed.get("owner" if do == "own" else "person", "").strip())
    one, nobody = [person], list[Person]()
    if do in ("own", "disown"):
        joins, leaves = (one, nobody) if do == "own" else (nobody, one)
        groups.change_owners(services, actor, group, joins=joins, leaves=leaves)
        return "group_saved"
    joins, leaves = (one, nobody) if do == "add" else (nobody, one)
    groups.change_members(services, actor, group, joins=joins, leaves=leaves)
    return "member_added" if do == "add" else "member_gone"


PAGES = (
    ConsolePage("/admin/groups", show_all, P.GROUPS_READ, P.GROUPS_CHANGE),
    ConsolePage("/admin/groups/<id>", show, P.GROUPS_READ, P.GROUPS_CHANGE),
)
