"""GET /admin/rules/try: this person, this application, from there, on that device: what happens, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from clients.client import Client
from idp.accounts.factors import kinds
from idp.accounts.person import Person
from idp.admin import applications, people
from idp.admin.permissions import Permission
from idp.admin.rules import simulating
from idp.admin.rules.simulating import BadAddress, Simulated, Situation
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.rules import words
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

_FIELDS: Final = ("person", "app", "address", "device", "at", "ago", "has", "first")
_NOBODY: Final = N_("Nobody has this name, address, number or id.")
_NEAR: Final = N_("Nobody has this name, address, number or id. Did you mean %(near)s?")
HAS: Final = {
    "": N_("What they have"), "none": N_("Suppose: none"), "totp": N_("Suppose: an authenticator app"),
    "webauthn": N_("Suppose: a security key or passkey"),
}  # fmt: skip


def show(services: Services, request: Request, visit: Visit) -> Response:
    """The form, and below it what came of it."""
    typed = {name: (request.query.get(name) or "").strip()[:200] for name in _FIELDS}
    is_asked = bool(typed["person"])
    if not is_asked and not typed["address"]:
        typed["address"] = request.remote_address
    problems: dict[str, str] = {}
    found = _tried(services, visit, typed, problems) if is_asked else None
    return frame.page(
        services, request, visit, "console/rules/try.html", status=422 if problems else 200, typed=typed,
        problems=problems, has=HAS, outcome=words.OUTCOMES, **(_told(found) if found is not None else {"found": None}),
    )  # fmt: skip


def _tried(services: Services, visit: Visit, typed: dict[str, str], problems: dict[str, str]) -> Simulated | None:
    person, client = _person(services, visit, typed, problems), _client(services, typed, problems)
    at, ago = _at(services, typed, problems), _ago(typed, problems)
    if person is None or problems:
        return None
    wanted = Situation(
        person=person, client=client, address=typed["address"], is_known_device=typed["device"] == "known", at=at,
        signed_in_for=ago, has={"": None, "none": ()}.get(typed["has"], (typed["has"],)),
        first="passkey" if typed["first"] == "passkey" else "password",
    )  # fmt: skip
    try:
        return simulating.simulate(services, visit.actor, wanted)
    except BadAddress:
        problems["address"] = N_("Expected an address such as 192.0.2.7 or 2001:db8::7.")
        return None


def _person(services: Services, visit: Visit, typed: dict[str, str], problems: dict[str, str]) -> Person | None:
    try:
        person = people.get(services, typed["person"])
    except people.UnknownLogin as error:
        near = ", ".join(one.username for one in error.similar)
        problems["person"] = N_(_NEAR, near=near) if near else _NOBODY
        return None
    if not visit.actor.may_person(Permission.PEOPLE_READ, person.groups):
        problems["person"] = _NOBODY
    return person


def _client(services: Services, typed: dict[str, str], problems: dict[str, str]) -> Client | None:
    if not typed["app"]:
        return None
    try:
        client_id = applications.id_of(services, typed["app"])
    except applications.Ambiguous:
        problems["app"] = N_("Several applications are called so: type the id instead.")
        return None
    found = services.registry.find(client_id) if client_id else None
    if found is None:
        problems["app"] = N_("There is no application %(name)s.", name=typed["app"][:60])
    return found


def _at(services: Services, typed: dict[str, str], problems: dict[str, str]) -> float:
    try:
        if typed["at"]:
            return datetime.fromisoformat(typed["at"]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        problems["at"] = N_("Expected a day such as 2026-12-01, or nothing.")
    return services.clock()


def _ago(typed: dict[str, str], problems: dict[str, str]) -> float | None:
    if not typed["ago"]:
        return None
    if typed["ago"].isascii() and typed["ago"].isdigit() and len(typed["ago"]) < 7:
        return int(typed["ago"]) * 60.0
    problems["ago"] = N_("Expected a number of minutes, or nothing.")
    return None


def _told(found: Simulated) -> dict[str, Any]:
    steps = [
        {"text": words.STEPS[one.kind], "until": one.until,
         "ways": [kinds.title(kind) or _FIRST.get(kind, kind) for kind in one.kinds] if one.kind != "first" else
                 [_FIRST[kind] for kind in one.kinds]}
        for one in found.steps
    ]  # fmt: skip
    verdicts = [
        {"rule": one.rule, "why_not": words.WHY_NOT.get(one.why_not, one.why_not), "decides": one.decides,
         "needs": words.NEEDS.get(one.rule.need, one.rule.need)}
        for one in found.verdicts
    ]  # fmt: skip
    return {"found": found, "steps": steps, "verdicts": verdicts}


_FIRST: Final = {"password": N_("Password"), "passkey": N_("Passkey")}

PAGES = (ConsolePage("/admin/rules/try", show, Permission.RULES_READ),)
