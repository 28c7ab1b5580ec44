"""Who may open an application: everyone, groups, persons; and why somebody may or may not (R4, R5)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clients.access import Access, Term, decide, group_key, person_key
from clients.client import Client
from clients.documents.address import in_path
from clients.errors import ChangedMeanwhile
from idp import flash
from idp.accounts.person import Person
from idp.admin import access, applications
from idp.admin.permissions import Permission
from idp.admin.preview import may_see
from idp.console.apps import showing, terms, whom
from idp.console.apps.finding import client_of
from idp.console.apps.whom import Whom
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

MANY = 10  # people of a search
_NOBODY = N_("Nobody has this username, e-mail address, employee number or id.")
_MEANWHILE = N_("Somebody else changed who may open it meanwhile. Here is what stands now; nothing of yours is saved.")
_EVERYONE = N_("Everyone may open it: to name people, limit it to groups or nobody first.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/access; `?find=`: people to add; `?why=`: may this person open it."""
    client = client_of(services, request, visit)
    if request.method == "POST":
        return _change(services, request, visit, client)
    return _page(services, request, visit, client)


def _change(services: Services, request: Request, visit: Visit, client: Client) -> Response:
    form, actor = request.form, visit.actor
    add, take = form.get("add"), form.get("take")
    if add is not None:
        person = services.directory.find(add)
        if person is None or client.access.everyone:
            problem = _NOBODY if person is None else _EVERYONE
            return _page(services, request, visit, client, problem=problem, status=400)
        access.change(services, actor, client, access.Change(persons=(person.id,)))
    elif form.get("term") is not None:
        return _term(services, request, visit, client)
    elif take is not None:
        if not client.access.everyone:
            access.change(services, actor, client, access.Change(less_persons=(take,)))
    else:
        rule, chosen = whom.checked(services, whom.read(request), client.access.persons)
        if rule is None:
            return _page(services, request, visit, client, chosen, status=400)
        rule = rule.with_terms(dict(client.access.terms))  # for how long is another form
        change = applications.Change(metadata={}, access=rule, edition=form.get("edition") or "")
        try:
            applications.update(services, actor, client, change)
        except ChangedMeanwhile:
            return _page(services, request, visit, services.registry.get(client.id), problem=_MEANWHILE, status=409)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/access", "access_saved")


def _term(services: Services, request: Request, visit: Visit, client: Client) -> Response:
    """From when until when one of those who are named may open it."""
    term, typed = terms.read(request)
    named = {*map(group_key, client.access.groups), *map(person_key, client.access.persons)}
    if term is None or typed.key not in named:
        typed = replace(typed, problem=typed.problem or _MEANWHILE)
        return _page(services, request, visit, client, typed=typed, status=400)
    try:
        access.change(services, visit.actor, client, access.Change(terms={typed.key: term}))
    except access.BadTerm:
        return _page(services, request, visit, client, typed=replace(typed, problem=terms.ENDS_FIRST), status=400)
    return flash.redirect(services, f"/admin/apps/{in_path(client.id)}/access", "access_saved")


def _named(services: Services, request: Request, rule: dict[str, Any], typed: terms.Typed | None) -> dict[str, Any]:
    """Those who are named, with the term of each as the form has it."""
    now = services.clock()
    groups = [{"from": None, "until": None, **one, "key": group_key(one["name"])} for one in rule["groups"]]
    persons = [{"from": None, "until": None, **one, "key": person_key(one["id"])} for one in rule["persons"]]
    for one in (*groups, *persons):
        mine = typed if typed is not None and typed.key == one["key"] else None
        one["typed"] = mine or terms.Typed(
            one["key"], terms.shown(request, one.get("from")), terms.shown(request, one.get("until"))
        )
        one["holds"] = Term(one.get("from"), one.get("until")).holds(now)
    return {**rule, "groups": groups, "persons": persons}


def _page(
    services: Services, request: Request, visit: Visit, client: Client, chosen: Whom | None = None, *,
    problem: str = "", status: int = 200, typed: terms.Typed | None = None,
) -> Response:  # fmt: skip
    groups = whom.offered(services)
    chosen = chosen or whom.of(client.access, tuple(group.name for group in groups))
    why, find = ((request.query.get(name) or "").strip()[:200] for name in ("why", "find"))
    may_find = visit.actor.may(Permission.PEOPLE_FIND)
    return showing.page(
        services, request, visit, client, "console/apps/access.html", status=status, problem=problem,
        whom=chosen, groups=groups, all_groups=len(groups) < whom.SHOWN,
        rule=_named(services, request, access.described(services, client), typed),
        edition=services.registry.edition(client.id), find=find, why=why, may_find=may_find,
        found=_found(services, client.access, find) if may_find and find else None,
        decision=_decided(services, visit, client, why) if may_find and why else None,
    )  # fmt: skip


def _found(services: Services, rule: Access, text: str) -> list[dict[str, Any]]:
    """People by any part of what they are called; who signs in with exactly this, or has this id, stands first."""
    exact = services.directory.find_named(text)
    people = [*([exact] if exact else []), *services.directory.list(search=text, limit=MANY)]
    by_id = {one.id: one for one in people}
    return [
        {"id": one.id, "name": one.name or one.username, "username": one.username, "named": one.id in rule.persons}
        for one in list(by_id.values())[:MANY]
    ]  # fmt: skip


def _decided(services: Services, visit: Visit, client: Client, text: str) -> dict[str, Any]:
    """The rule that decides for one person."""
    person: Person | None = services.directory.find_named(text)
    if person is None:
        return {"problem": _NOBODY}
    decision = decide(client, person.id, person.groups, services.clock())
    is_off = not person.enabled and may_see(visit.actor, person)
    return {"problem": "", "person": person.name or person.username, "allowed": decision.allowed,
            "reason": decision.reason, "enabled": not is_off}  # fmt: skip


PAGES = (
    ConsolePage("/admin/apps/<id>/access", handle, Permission.APPS_READ, Permission.APPS_CHANGE),
)  # fmt: skip
