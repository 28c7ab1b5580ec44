"""/admin/rules/new and /admin/rules/<id>: a rule as a form; what it does to people is told before it is saved (B5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp import flash
from idp.accounts import groups
from idp.accounts.sign_in_rules import Rule, keeping
from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile, TooMany, UnknownRule
from idp.accounts.sign_in_rules.rule import DEFAULTS, SAID
from idp.admin import applications
from idp.admin.permissions import Permission
from idp.admin.rules import changing, checking
from idp.admin.rules.changing import IsFixed, ShutsOut
from idp.admin.rules.checking import InvalidRule, Problem
from idp.admin.rules.protecting import AsksLess
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.rules import listing, words
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

_LINES: Final = ("groups", "apps", "networks", "outside")
_NUMBERS: Final = ("max_age_minutes", "grace_days")
ROLES: Final = ("owner", "admin", "app_admin", "help_desk", "auditor")
_MEANWHILE: Final = N_("Somebody else changed this rule while you had the form open. Nothing of yours is saved yet.")
_APPS: Final = N_("Several applications are called so: type the id instead.")


def new(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/rules/new."""
    return _answer(services, request, visit, None)


def edit(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/rules/<id>."""
    try:
        kept = changing.get(services, visit.actor, request.segment)
    except (UnknownRule, IsFixed):
        raise Refused(
            "no_such_rule", N_("There is no rule with this id that could be changed here."), title=N_("Page not found"),
            advice=N_("Perhaps it was removed. The list has all that there are."),
            explanation=Explanation("person", "`doorward rule list` has all that there are"), status=404,
        ) from None  # fmt: skip
    return _answer(services, request, visit, kept.rule)


def _answer(services: Services, request: Request, visit: Visit, before: Rule | None) -> Response:
    if request.method == "GET":
        said = before.said() if before is not None else {}
        return _page(
            services, request, visit, before, _typed(services, said), keeping.edition(before) if before else ""
        )
    typed: dict[str, Any] = {key: request.form.first.get(key, "") for key in SAID if key != "roles"}
    typed["roles"] = [value for name, value in request.form.pairs if name == "roles" and value in ROLES]
    seen = request.form.get("edition") or ""
    try:
        return _save(services, request, visit, before, typed, seen)
    except InvalidRule as error:
        return _page(services, request, visit, before, typed, seen, error.problems)
    except (ShutsOut, AsksLess) as error:
        return _page(services, request, visit, before, typed, seen, [Problem("need", words.shut(error))], status=409)
    except TooMany:
        return _page(services, request, visit, before, typed, seen, [Problem("", listing.FULL)], status=409)
    except ChangedMeanwhile:
        now = keeping.edition(changing.get(services, visit.actor, request.segment).rule)
        return _page(services, request, visit, before, typed, now, [Problem("", _MEANWHILE)], status=409)


def _save(
    services: Services, request: Request, visit: Visit, before: Rule | None, typed: Mapping[str, Any], seen: str
) -> Response:
    said = _said(services, typed)
    enabled = before.enabled if before is not None else not request.form.get("off")
    rule = checking.checked(services, said, before.id if before else "", enabled=enabled)
    found = changing.look(services, visit.actor, before, rule)
    if before is not None and seen != keeping.edition(before):
        raise ChangedMeanwhile
    if found.is_dangerous and not request.form.get("sure"):
        path = f"{listing.PATH}/{before.id}" if before else f"{listing.PATH}/new"
        fields = [(name, value) for name, value in request.form.pairs if name not in ("form_key", "browser_key")]
        return listing.sure(services, request, visit, rule, words.told(found), path, fields)
    if before is None:
        changing.add(services, visit.actor, said, enabled=enabled)
        return flash.redirect(services, listing.PATH, "rule_added")
    changing.change(services, visit.actor, before.id, said, seen=seen)
    return flash.redirect(services, listing.PATH, "rule_saved")


def _said(services: Services, typed: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, as a rule says it. Errors: `InvalidRule`."""
    said: dict[str, Any] = {"roles": typed["roles"]}
    for key in SAID:
        text = typed[key]
        if key in _LINES:
            said[key] = [line.strip() for line in text.splitlines() if line.strip()]
        elif key in _NUMBERS:
            said[key] = _number(text.strip())
        elif key != "roles":
            said[key] = text.strip() or DEFAULTS[key]
    said["apps"] = [_app(services, one) for one in said["apps"]]
    return said


def _number(text: str) -> int | str:
    """A number, or what is none and is said so."""
    return int(text or "0") if not text or (text.isascii() and text.isdigit() and len(text) < 9) else text


def _app(services: Services, given: str) -> str:
    try:
        return applications.id_of(services, given) or given
    except applications.Ambiguous:
        raise InvalidRule([Problem("apps", _APPS)]) from None


def _typed(services: Services, said: Mapping[str, Any]) -> dict[str, Any]:
    """What a rule says, as the form has it."""
    typed: dict[str, Any] = {}
    for key in SAID:
        value = said.get(key, DEFAULTS[key])
        if key == "apps":
            value = [_name(services, one) for one in value]
        if key == "roles":
            typed[key] = list(value)
        else:
            typed[key] = "\n".join(value) if key in _LINES else str(value or "")
    return typed


def _name(services: Services, client_id: str) -> str:
    """An application's name where no other has it, else its id."""
    name = words.app_name(services, client_id)
    try:
        return name if applications.id_of(services, name) == client_id else client_id
    except applications.Ambiguous:
        return client_id


def _page(
    services: Services, request: Request, visit: Visit, before: Rule | None, typed: Mapping[str, Any], edition: str,
    problems: Any = (), *, status: int = 422,
) -> Response:  # fmt: skip
    return frame.page(
        services, request, visit, "console/rules/edit.html", status=status if problems else 200, rule=before,
        typed=typed, edition=edition, problems=[(one.field, one.message) for one in problems],
        wrong={one.field: one.message for one in problems}, needs=words.NEEDS, roles=ROLES, labels=words.LABELS,
        groups=[one.name for one in groups.page(services.db, many=30)], off=bool(request.form.get("off")),
        manager=listing.about(services, before)["manager"] if before else "",
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/rules/new", new, Permission.RULES_CHANGE, Permission.RULES_CHANGE),
    ConsolePage("/admin/rules/<id>", edit, Permission.RULES_CHANGE, Permission.RULES_CHANGE),
)
