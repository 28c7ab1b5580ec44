"""Changes that wait for a second owner (C3): what each would do, and somebody's word."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts.approvals import WAITS, Approval
from idp.admin.activity import Names
from idp.admin.approving import deciding
from idp.admin.approving.deciding import Decided, Moved, NotDone
from idp.admin.approving.telling import PATH
from idp.admin.approving.titles import ACTIONS
from idp.admin.approving.verbs import AT_ONCE, HOW, VERBS, mark
from idp.admin.permissions import Permission
from idp.console import frame, guard
from idp.console.pages import ConsolePage, Visit
from idp.errors import Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
MANY: Final = 50
#: How one stands.
STATES: Final = {
    WAITS: N_("waits"), "running": N_("is being done; if this stays, look whether it was"), "done": N_("done"),
    "refused": N_("refused"), "withdrawn": N_("taken back"), "failed": N_("approved, but could not be done"),
    "expired": N_("nobody decided in time"),
}  # fmt: skip


#: Values that are words of ours; all others are somebody's.
OURS: Final = frozenset((*HOW.values(), AT_ONCE, "yes", "no"))


def listing(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/approvals."""
    waiting = deciding.listed(services, visit.actor, waiting=True)
    over = [_row(services, one) for one in deciding.listed(services, visit.actor, MANY)]
    return frame.page(
        services, request, visit, "console/approvals.html", waiting=[_row(services, one) for one in waiting],
        over=[row for row in over if row["state"] != WAITS], states=STATES,
        named=[ACTIONS[one] for one in services.settings.admin.second_owner],
    )  # fmt: skip


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/approvals/<id>."""
    try:
        one = deciding.get(services, visit.actor, request.segment)
    except Decided:
        raise _unknown() from None
    problem, moved = "", False
    if request.method == "POST":
        again = guard.prove_again(services, request, visit)
        if again is not None:
            return again
        try:
            return flash.redirect(services, f"{PATH}/{one.id}", _decide(services, request, visit, one))
        except Decided:
            return flash.redirect(services, f"{PATH}/{one.id}", "approval_over")
        except Moved:
            moved = True
        except NotDone as error:
            problem, one = str(error), deciding.get(services, visit.actor, one.id)
    lines = VERBS[one.verb].lines(services, one.args)
    return frame.page(
        services, request, visit, "console/approval.html", status=409 if problem or moved else 200,
        row=_row(services, one), lines=lines, seen=mark(lines), moved=moved,
        typed=(request.form.get("note") or "")[: deciding.MAX_NOTE] if moved else "", ours=OURS, states=STATES,
        problem=problem, why_not=deciding.why_not(services, visit.actor, one), is_own=one.asked_by == visit.actor.name,
    )  # fmt: skip


def _decide(services: Services, request: Request, visit: Visit, one: Approval) -> str:
    do, note = request.form.get("do"), request.form.get("note") or ""
    if do == "approve":
        deciding.approve(services, visit.actor, one.id, note, seen=request.form.get("seen") or "")
        return "approval_done"
    if do == "refuse":
        deciding.refuse(services, visit.actor, one.id, note)
        return "approval_refused"
    deciding.withdraw(services, visit.actor, one.id)
    return "approval_withdrawn"


def _row(services: Services, one: Approval) -> dict[str, Any]:
    names = Names(services)
    return {
        "one": one, "title": ACTIONS[one.action], "state": one.state_at(services.clock()),
        "by": names.person(one.asked_by.removeprefix("person:")) or one.asked_by,
        "decided_by": names.person(one.decided_by.removeprefix("person:")) or one.decided_by,
    }  # fmt: skip


def _unknown() -> Refused:
    return Refused(
        "no_such_approval", N_("There is no such change, or it is not yours to see."), title=N_("No such change"),
        advice=N_("Owners see all of them; others see what they have asked for."),
        detail="no approval has the id that was asked for, for this admin", status=404,
    )  # fmt: skip


PAGES = (
    ConsolePage(PATH, listing, P.OVERVIEW),
    ConsolePage(f"{PATH}/<id>", show, P.OVERVIEW, P.OVERVIEW),
)
