"""Break-glass accounts (U5): how each stands, its secrets once, its end, and that its use was looked at."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts.break_glass.telling import PATH
from idp.accounts.passwords import Busy
from idp.accounts.person import InvalidPerson, NoSuchPerson
from idp.admin.activity import Names
from idp.admin.break_glass import keeping, standing
from idp.admin.permissions import Permission
from idp.audit import of_person
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.login.browser import sessions
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request, Response

P = Permission
#: What happens to one, as its page says it.
_PAST: Final = {
    "session:started": N_("Signed in"),
    "break_glass:opened": N_("The right password was given"),
    "token:create": N_("An API token was made"),
    "session:failed": N_("A wrong password"),
    "factor:failed": N_("A wrong code"),
    "break_glass:made": N_("Made"),
    "break_glass:renewed": N_("Password and codes made anew"),
    "break_glass:acknowledged": N_("Looked at"),
}
_DAYS = 366 * 86400.0
_MANY = 20


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/break-glass."""
    typed, problem, trouble = "", "", ""
    if request.method == "POST":
        try:
            return _change(services, request, visit)
        except InvalidPerson as error:
            if request.form.get("do") == "make":
                typed, problem = request.form.get("username") or "", error.message
            else:
                trouble = error.message
        except Busy:
            trouble = N_("Too much is going on at this moment. Try again in a few seconds.")
        except NoSuchPerson:
            return flash.redirect(services, PATH, "break_glass_gone")
    rows = [_row(services, visit, standing.of(services, one)) for one in keeping.every(services, visit.actor)]
    return frame.page(
        services, request, visit, "console/break_glass.html", rows=rows, status=422 if problem or trouble else 200,
        typed=typed, problem=problem, trouble=trouble, may_change=visit.actor.may(P.ROLES_GRANT),
        on_machine=bool(services.settings.admin.second_owner),
    )  # fmt: skip


def _change(services: Services, request: Request, visit: Visit) -> Response:
    do, id = request.form.get("do"), request.form.get("account") or ""
    if do == "make":
        made = keeping.make(services, visit.actor, request.form.get("username") or "")
        return _secrets(services, request, visit, made)
    if do == "renew":
        return _secrets(services, request, visit, keeping.renew(services, visit.actor, id))
    if do == "end":
        keeping.end(services, visit.actor, id)
        return flash.redirect(services, PATH, "break_glass_ended")
    seen = request.form.get("uses") or ""
    uses = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1
    try:
        was = keeping.acknowledge(services, visit.actor, id, request.form.get("note") or "", uses=uses)
    except keeping.UsedAgain:
        return flash.redirect(services, PATH, "break_glass_again")
    return flash.redirect(services, PATH, "break_glass_seen" if was else "break_glass_gone")


def _secrets(services: Services, request: Request, visit: Visit, made: keeping.Secrets) -> Page:
    return frame.page(
        services, request, visit, "console/break_glass_made.html", made=made, at=services.clock(),
        address=services.url("/"),
    )  # fmt: skip


def _row(services: Services, visit: Visit, stands: standing.Standing) -> dict[str, Any]:
    one, names = stands.account, Names(services)
    past = of_person(services.db, one.person_id, tuple(_PAST), after=services.clock() - _DAYS, many=_MANY)
    return {
        "one": one, "codes": stands.codes, "own": stands.keys, "texts": list(standing.about(services, stands)),
        "made_by": names.person(one.made_by.removeprefix("person:")) or one.made_by,
        "open": len(sessions.open_of(services, one.person_id)),
        "is_own": visit.actor.kind == "person" and visit.actor.id == one.person_id,
        "past": [
            {"id": event.id, "at": event.at, "what": _PAST[event.action], "address": event.address,
             "note": str(event.detail.get("note", "")),
             "by": names.person(event.actor.removeprefix("person:")) or event.actor}
            for event in past
        ],
    }  # fmt: skip


PAGES = (ConsolePage(PATH, show, P.SETTINGS_READ, P.ROLES_GRANT),)
