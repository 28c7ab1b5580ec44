"""GET and POST /admin/rules: all rules in their order, those of the settings file first; moved, turned off, removed."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts.sign_in_rules import Rule
from idp.accounts.sign_in_rules.keeping import TooMany, UnknownRule
from idp.admin import managed
from idp.admin.permissions import Permission
from idp.admin.rules import changing
from idp.admin.rules.changing import IsFixed, ShutsOut
from idp.admin.rules.checking import InvalidRule
from idp.admin.rules.protecting import AsksLess
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.rules import words
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

PATH: Final = "/admin/rules"
FULL: Final = N_("There are 200 rules, as many as there may be. Put some of them together.")
GONE: Final = N_("Somebody removed this rule meanwhile.")


def show(services: Services, request: Request, visit: Visit) -> Response:
    """The list, or one press."""
    return _press(services, request, visit) if request.method == "POST" else _page(services, request, visit)


def _press(services: Services, request: Request, visit: Visit) -> Response:
    """Each of them on a rule; what somebody would notice is shown in numbers first (B5)."""
    do, rule_id, actor = request.form.get("do") or "", (request.form.get("rule") or "")[:60], visit.actor
    try:
        if do in ("up", "down"):
            changing.move(services, actor, rule_id, -1 if do == "up" else 1)
            return flash.redirect(services, PATH, "moved")
        asked = None if request.form.get("sure") else _asked(services, request, visit, do, rule_id)
        if asked is not None:
            return asked
        if do in ("on", "off"):
            changing.turn(services, actor, rule_id, on=do == "on")
        elif do == "remove":
            changing.remove(services, actor, rule_id)
        elif do == "restore":
            changing.restore(services, actor, rule_id)
        else:
            return _page(services, request, visit)
    except (ShutsOut, AsksLess) as error:
        return _page(services, request, visit, problem=words.shut(error), status=409)
    except InvalidRule as error:
        return _page(services, request, visit, problem=error.problems[0].message, status=409)
    except TooMany:
        return _page(services, request, visit, problem=FULL, status=409)
    except (UnknownRule, IsFixed):
        return _page(services, request, visit, problem=GONE, status=409)
    return flash.redirect(
        services, PATH, {"on": "rule_on", "off": "rule_off", "remove": "rule_gone"}.get(do, "rule_back")
    )


def _asked(services: Services, request: Request, visit: Visit, do: str, rule_id: str) -> Response | None:
    """The page with the numbers; None where nobody would notice."""
    if do == "restore":
        removed = [kept.rule for kept in changing.every(services, visit.actor).removed if kept.rule.id == rule_id]
        if not removed:
            raise UnknownRule(rule_id)
        rule = removed[0]
        found = changing.look(services, visit.actor, None, rule)
    else:
        rule = changing.get(services, visit.actor, rule_id).rule
        found = changing.look(
            services, visit.actor, None if do == "on" else rule, rule if do == "on" else None, turns_on=do == "on"
        )
    if not found.is_dangerous:
        return None
    return sure(services, request, visit, rule, words.told(found), PATH, [("do", do), ("rule", rule_id)])


def sure(
    services: Services, request: Request, visit: Visit, rule: Rule, told: list[str], action: str,
    fields: list[tuple[str, str]],
) -> Response:  # fmt: skip
    """What it means for people, and the press that does it. `fields`: the form once more."""
    kept = [*((name, value) for name, value in fields if name != "sure"), ("sure", "yes")]
    do = dict(fields).get("do", "")
    return frame.page(
        services, request, visit, "console/rules/sure.html", rule=rule, numbers=told, action=action, fields=kept, do=do,
        shown=about(services, rule),
    )  # fmt: skip


def about(services: Services, rule: Rule) -> dict[str, Any]:
    """One rule for a page."""
    return {
        "rule": rule, "needs": words.NEEDS.get(rule.need, rule.need), "conditions": words.conditions(services, rule),
        "manager": "" if rule.fixed else managed.manager_of(services, "rule", rule.id),
    }  # fmt: skip


def _page(services: Services, request: Request, visit: Visit, *, problem: str = "", status: int = 200) -> Response:
    every = changing.every(services, visit.actor)
    return frame.page(
        services, request, visit, "console/rules/list.html", status=status, problem=problem,
        fixed=[about(services, rule) for rule in every.fixed],
        kept=[about(services, one.rule) for one in every.kept],
        removed=[(one.rule, one.deleted_at) for one in every.removed],
        is_locked=services.settings.admin.managed == "refuse",
    )  # fmt: skip


PAGES = (ConsolePage(PATH, show, Permission.RULES_READ, Permission.RULES_CHANGE),)
