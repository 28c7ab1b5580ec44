"""Two persons that are one: what would happen, in numbers; then done by an owner, for good (I6)."""

from __future__ import annotations

from idp import flash
from idp.accounts.person import InvalidPerson, NoSuchPerson, Person
from idp.admin import joining
from idp.admin.joining import CannotJoin, Joining
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.console.people import finding
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
UNKNOWN = N_("Nobody has this username, e-mail address, employee number or id.")
MEANWHILE = N_("Somebody has changed one of the two meanwhile. Look again.")
CANNOT = N_("These two are not joined. The reason, and what to do first:")


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/<id>/join; `other` names the one who would be no more."""
    kept = finding.person_of(services, request, visit)
    visit.actor.check_person(services, P.PEOPLE_REMOVE, kept)
    if request.method != "POST":
        return _look(services, request, visit, kept, (request.query.get("other") or "").strip())
    gone = services.directory.find(request.form.get("gone") or "")
    if gone is None:
        return _page(services, request, visit, kept, "", MEANWHILE, status=409)
    try:
        joining.join(services, visit.actor, kept, gone)
    except CannotJoin as error:
        return _page(services, request, visit, kept, gone.username, CANNOT, str(error), status=409)
    except (InvalidPerson, NoSuchPerson):
        return _page(services, request, visit, kept, gone.username, MEANWHILE, status=409)
    return flash.redirect(services, f"/admin/people/{kept.id}", "people_joined")


def _look(services: Services, request: Request, visit: Visit, kept: Person, typed: str) -> Response:
    """What joining them would do; nothing has changed."""
    if not typed:
        return _page(services, request, visit, kept, "")
    gone = services.directory.find_named(typed[:320])
    if gone is None:
        return _page(services, request, visit, kept, typed, UNKNOWN, status=422)
    try:
        effect = joining.effect_of(services, visit.actor, kept, gone)
    except CannotJoin as error:
        return _page(services, request, visit, kept, typed, CANNOT, str(error), status=409)
    return _page(services, request, visit, kept, typed, effect=effect)


def _page(
    services: Services, request: Request, visit: Visit, kept: Person, typed: str, problem: str = "", why: str = "",
    *, effect: Joining | None = None, status: int = 200,
) -> Response:  # fmt: skip
    return frame.page(
        services, request, visit, "console/people/join.html", status=status, whom=kept, typed=typed, problem=problem,
        why=why, effect=effect,
    )  # fmt: skip


PAGES = (ConsolePage("/admin/people/<id>/join", show, P.ROLES_GRANT, P.PEOPLE_REMOVE),)
