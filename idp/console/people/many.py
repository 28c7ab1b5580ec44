"""The same for many people: chosen in the list, looked at in numbers, done, and taken back (U1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from idp import flash
from idp.accounts.batches import STOPPED, Batch, Row, rows
from idp.accounts.listing import FILTERS
from idp.accounts.person import InvalidPerson
from idp.admin.batches import WHY as BEGUN
from idp.admin.bulk import verbs
from idp.admin.bulk.actions import ACTIONS, CODES, DONE, FAILED, SAME
from idp.admin.importing.giving_back import shielded
from idp.admin.permissions import Permission
from idp.console import frame, guard
from idp.console.files import BOM, download
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_, translate
from idp.wire import Redirect, Request, Response

P = Permission
HERE: Final = "/admin/people/many"
#: Of each action: on the button, above its numbers, and of those to whom it would be or was done.
WORDS: Final[dict[str, tuple[str, str, str, str]]] = {
    "join": (N_("Put in a group"), N_("Put in %(group)s"), N_("will be put in"), N_("were put in")),
    "leave": (N_("Take out of a group"), N_("Take out of %(group)s"), N_("will be taken out"), N_("were taken out")),
    "invite": (N_("Invite again"), N_("Invite again"), N_("will be invited"), N_("were invited")),
    "withdraw": (
        N_("Withdraw the invitation"),
        N_("Withdraw the invitation"),
        N_("will have it withdrawn"),
        N_("had it withdrawn"),
    ),
    "sign_out": (N_("Sign out everywhere"), N_("Sign out everywhere"), N_("will be signed out"), N_("were signed out")),
    "off": (N_("Turn off"), N_("Turn off"), N_("will be turned off"), N_("were turned off")),
    "on": (N_("Turn on"), N_("Turn on"), N_("will be turned on"), N_("were turned on")),
    "remove": (N_("Remove for good"), N_("Remove for good"), N_("will be removed for good"), N_("were removed")),
}
#: Why there is nothing to do for somebody, or it cannot be done.
WHY: Final[dict[str, str]] = {
    "in_it": N_("is in it already"), "not_in_it": N_("is not in it"), "is_off": N_("is turned off already"),
    "is_on": N_("is not turned off"), "not_waiting": N_("is not waiting for an invitation"),
    "withdrawn": N_("has it withdrawn already"),
    "no_mail": N_("no mail reaches them"), "gone": N_("is not there"), "rank": N_("may do more here than you"),
    "no_group": N_("the group is not there any more"), "broken": N_("could not be done; try it again"),
    "unreached": N_("was not reached before it was stopped"),
}  # fmt: skip
_SHOWN: Final = 50
_REFRESH: Final = (("Refresh", "2"),)


def choose(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/many: what was ticked in the list, or all that it found."""
    if request.method != "POST":
        return Redirect(location=services.url("/admin/people"))
    form = request.form
    ids = [value for name, value in form.pairs if name == "person"]
    if form.get("whom") == "all":
        state = form.get("show") or ""
        ids = [
            *verbs.matching(services, visit.actor, (form.get("q") or "")[:200], (state,) if state in FILTERS else ())
        ]
    try:
        batch = verbs.start(services, visit.actor, form.get("action") or "", ids, form.get("group") or "")
    except InvalidPerson as error:
        return flash.redirect(services, "/admin/people", _REFUSED.get(error.field, "many_nobody"))
    return Redirect(location=services.url(f"{HERE}/{batch.id}"))


_REFUSED: Final = {"action": "many_nothing", "people": "many_nobody", "group": "many_no_group"}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/many/<id>: the numbers, how far it is, what came of it."""
    batch = _batch(services, request, visit)
    if request.method == "POST":
        return _act(services, request, visit, batch)
    action = str(batch.asked["action"])
    is_trial, words = not batch.asked["ran"], WORDS[action]
    after = request.query.get("after") or "0"
    since = int(after) if after.isdecimal() and len(after) < 8 else 0
    found = [] if batch.is_at_work else _rows(services, visit, batch, since)
    undo = verbs.undo_of(visit.actor, batch)
    return frame.page(
        services, request, visit, "console/people/many.html", headers=_REFRESH if batch.is_at_work else (),
        batch=batch, title=N_(words[1], group=batch.asked["group"]) if "%(group)s" in words[1] else words[1],
        action=action, trial=is_trial, counts=_counts(batch, words[2 if is_trial else 3]), rows=found[:_SHOWN],
        next=f"?after={found[_SHOWN - 1]['number']}" if len(found) > _SHOWN else "", since=since,
        stopped=BEGUN.get(batch.stopped_by, ""), able=batch.counts.get(DONE, 0), undo=WORDS[undo][0] if undo else "",
    )  # fmt: skip


def _counts(batch: Batch, done: str) -> list[tuple[str, str, int]]:
    said = {DONE: done, SAME: N_("are so already"), FAILED: N_("cannot be done to")}
    return [(code, said[code], batch.counts.get(code, 0)) for code in CODES]


def _act(services: Services, request: Request, visit: Visit, batch: Batch) -> Response:
    do, here = request.form.get("do"), services.url(f"{HERE}/{batch.id}")
    action = ACTIONS[str(batch.asked["action"])]
    try:
        if do == "stop":
            verbs.stop(services, visit.actor, batch)
        elif do == "run":
            if action.is_sensitive and (asked := guard.prove_again(services, request, visit)) is not None:
                return asked
            verbs.carry_out(services, visit.actor, batch)
        elif do == "undo":
            other = verbs.undo(services, visit.actor, batch)
            return Redirect(location=services.url(f"{HERE}/{other.id}"))
    except verbs.Moved:
        pass
    return Redirect(location=here)


def _rows(services: Services, visit: Visit, batch: Batch, since: int) -> list[dict[str, Any]]:
    """Those to whom it could not be done first of all things, then the others, as they were chosen."""
    found = []
    for row in rows(services.db, batch.id, since=since):
        found.append(_shown(services, visit, row))
        if len(found) > _SHOWN:
            break
    return found


def _shown(services: Services, visit: Visit, row: Row) -> dict[str, Any]:
    person = services.directory.find(str(row.source))
    if person is not None and not visit.actor.may_person(P.PEOPLE_READ, person.groups):
        person = None
    outcome = row.outcome
    why = "" if outcome is None else outcome.value if outcome.why == "said" else WHY.get(outcome.why, outcome.why)
    is_named = outcome is not None and outcome.code == DONE  # the name of somebody who was removed by this
    return {
        "number": row.number, "id": person.id if person is not None else "",
        "name": person.name if person is not None else outcome.value if is_named and outcome else "–",
        "username": person.username if person is not None else "", "code": outcome.code if outcome else "", "why": why,
    }  # fmt: skip


def give(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/people/many/<id>/rows: what came of each, as a file."""
    batch = _batch(services, request, visit)
    locale = locale_for(services, request)
    return download(chain((BOM,), _lines(services, visit, batch, locale)), "text/csv; charset=utf-8", "people.csv")


def _lines(services: Services, visit: Visit, batch: Batch, locale: str) -> Iterator[str]:
    yield _line(["id", "username", "name", "outcome", "why"])
    for row in rows(services.db, batch.id):
        one = _shown(services, visit, row)
        if row.outcome is None and batch.state == STOPPED:
            one |= {"code": "unreached", "why": WHY["unreached"]}
        yield _line([str(row.source), one["username"], one["name"], one["code"], translate(locale, one["why"])])


def _line(cells: list[str]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerow(map(shielded, cells))
    return out.getvalue()


def _batch(services: Services, request: Request, visit: Visit) -> Batch:
    found = verbs.find(services, visit.actor, request.segment)
    if found is None:
        raise Refused(
            "no_such_work", N_("There is nothing of this id."), title=N_("Page not found"),
            advice=N_("It is kept for 30 days, for whoever began it. Choose the people again."),
            explanation=Explanation("person", "such lists are forgotten after 30 days"), status=404,
        )  # fmt: skip
    return found


def offered(visit: Visit) -> list[tuple[str, str]]:
    """What the list offers to do."""
    return [(name, WORDS[name][0]) for name in verbs.offered(visit.actor)]


PAGES = (
    ConsolePage(HERE, choose, P.PEOPLE_READ, P.PEOPLE_HELP),
    ConsolePage(f"{HERE}/<id>", show, P.PEOPLE_READ, P.PEOPLE_HELP),
    ConsolePage(f"{HERE}/<id>/rows", give, P.PEOPLE_READ),
)
