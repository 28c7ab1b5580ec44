"""The help desk's page about one person: who they are, why they do not get in, and what may be done about it (U3)."""

from __future__ import annotations

from typing import Any, Final

from idp import mail
from idp.accounts import device_text, inviting, listing, roles
from idp.accounts.factors import admin_codes, kinds
from idp.accounts.person import Person
from idp.admin import failures, person_attributes, planned_ends, sessions, turning_off
from idp.admin.permissions import Permission
from idp.attribute_values import shown
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding, helping
from idp.language import locale_for
from idp.login import overview
from idp.protocols import Services
from idp.wire import Request, Response

P = Permission
_CLAIMS: Final = 20  # shown


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>."""
    person = finding.person_of(services, request, visit)
    if request.method == "POST":
        visit.actor.check_person(services, P.PEOPLE_HELP, person)
        outcome = helping.act(services, request, visit, person)
        if isinstance(outcome, Response):
            return outcome
        return _page(services, request, visit, services.directory.get(person.id), **outcome)
    return _page(services, request, visit, person)


def _page(services: Services, request: Request, visit: Visit, person: Person, **outcome: Any) -> Response:
    about = overview.of(services, person)
    now = services.clock()
    return frame.page(
        services, request, visit, "console/people/person.html",
        status=400 if outcome.get("problem") else 200, whom=person, about=about,
        standing=listing.one(services.db, person, now),
        invited=inviting.of(services.db, person.id) if person.password_changed_at is None else None,
        grants=roles.grants_of(services.db, person.id, person.roles, now),
        claims=_claims(services, request, visit, person),
        failures=[_failure(services, one) for one in failures.of(services, person)],
        factors=[(one, kinds.KINDS[one.kind].title) for one in about.factors],
        sessions=[(one, device_text.describe(one.session.browser)) for one in sessions.open_of(services, person)],
        connected=[
            (one, device_text.describe(one.browser) if one.browser else "")
            for one in sessions.connected_of(services, person)
        ],
        last_app=_app_name(services, about.last_sign_in.client_id) if about.last_sign_in is not None else "",
        code=admin_codes.find_open(services.db, person.id, now), needs_two=admin_codes.needs_approval(services),
        can_mail=bool(person.email) and mail.is_ready(services), me=visit.actor.id,
        why_not={name: finding.why_not(services, visit, permission, person) for name, permission in _ACTS},
        evidence=turning_off.evidence_of(services, person) if not person.enabled else None,
        failed=planned_ends.failed(services, person), failed_why=planned_ends.WHY,
        **{"problem": "", "problem_at": "", "typed": {}, "issued": None, "handed_out": "", **outcome},
    )  # fmt: skip


def _claims(services: Services, request: Request, visit: Visit, person: Person) -> list[tuple[str, Any]]:
    """What else is known of them, as far as whoever looks may see it; what is defined by its label."""
    defined, locale = person_attributes.defined(services), locale_for(services, request)
    seen = sorted(person_attributes.seen_by(services, visit.actor, person.claims).items())
    return [
        (defined[name].called(locale), shown(value)) if name in defined else (name, value) for name, value in seen
    ][:_CLAIMS]  # fmt: skip


_ACTS: Final = (
    ("help", P.PEOPLE_HELP), ("change", P.PEOPLE_CHANGE), ("off", P.PEOPLE_TURN_OFF), ("roles", P.ROLES_GRANT),
    ("cases", P.CASES_WORK),
)  # fmt: skip


def _failure(services: Services, one: failures.Failure) -> dict[str, Any]:
    return {"one": one, "app": _app_name(services, one.client_id)}


def _app_name(services: Services, client_id: str | None) -> str:
    found = services.registry.find(client_id) if client_id else None
    return found.name if found is not None else client_id or ""


PAGES = (ConsolePage("/admin/people/<id>", show, P.PEOPLE_READ, P.PEOPLE_HELP),)
