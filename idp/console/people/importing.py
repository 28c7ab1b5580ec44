"""People from a file: sent, matched, tried out, and taken in, without losing sight of how far it is (U1)."""

from __future__ import annotations

from itertools import chain
from typing import Any, Final

from idp import mail
from idp.accounts.batches import Batch, rows
from idp.accounts.person import InvalidPerson
from idp.admin.batches import WHY
from idp.admin.importing import columns, giving_back, reading, verbs
from idp.admin.importing.rows import CODES, CORRECT, FAILED, SKIP
from idp.admin.permissions import Permission
from idp.console import frame, guard
from idp.console.files import BOM, download
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.language import locale_for
from idp.protocols import Services
from idp.texts import N_, translate
from idp.wire import Part, Redirect, Request, Response

P = Permission
HERE: Final = "/admin/people/import"
#: Of the outcomes, in the words of the page: what would be, and what has become of it.
WORDS: Final[dict[str, tuple[str, str]]] = {
    "made": (N_("will be added"), N_("added")),
    "changed": (N_("will be corrected"), N_("corrected")),
    "same": (N_("are there already, and the same"), N_("are there already, and the same")),
    "skipped": (N_("are there already, and left as they are"), N_("are there already, and left as they are")),
    "failed": (N_("cannot be taken"), N_("were not taken")),
}
_SHOWN: Final = 20  # rows that cannot be taken
_REFRESH: Final = (("Refresh", "2"),)  # the page comes again by itself, without a script


def send(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/import: a file, and the imports of before."""
    problem = ""
    if request.method == "POST":
        file = _file(request)
        try:
            if not file.content:
                raise reading.Unreadable(N_("Choose a file."))
            table = reading.read(file.content)
            batch = verbs.start(services, visit.actor, table, _name(file))
            return Redirect(location=services.url(f"{HERE}/{batch.id}"))
        except reading.Unreadable as error:
            problem = error.text
    return frame.page(
        services, request, visit, "console/people/import.html", status=422 if problem else 200, problem=problem,
        earlier=verbs.latest(services, visit.actor), words=WORDS,
    )  # fmt: skip


def _file(request: Request) -> Part:
    parts = request.parts if request.content_type == "multipart/form-data" else ()
    return next((part for part in parts if part.name == "file" and part.filename is not None), Part("file", b""))


def _name(file: Part) -> str:
    name = (file.filename or "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return "".join(c for c in name if c.isprintable())[:200]


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/people/import/<id>: what it would do, the choices, how far it is, what came of it."""
    batch = _batch(services, request, visit)
    problem = ""
    if request.method == "POST":
        try:
            answer = _act(services, request, visit, batch)
            return answer or Redirect(location=services.url(f"{HERE}/{batch.id}"))
        except verbs.Moved:
            return Redirect(location=services.url(f"{HERE}/{batch.id}"))
        except InvalidPerson as error:
            problem = _PROBLEMS.get(error.field, error.message)
    asked = batch.asked
    failed = _failed(services, batch) if not batch.is_at_work else []
    return frame.page(
        services, request, visit, "console/people/import_one.html", status=422 if problem else 200,
        headers=_REFRESH if batch.is_at_work else (), batch=batch, asked=asked, problem=problem, failed=failed,
        counts=[(code, WORDS[code][0 if _is_trial(batch) else 1], batch.counts.get(code, 0)) for code in CODES],
        examples=verbs.examples(services, batch) if batch.state == verbs.CHECKED else [], targets=columns.TARGETS,
        groups=verbs.new_groups(batch), enough=columns.is_enough(asked["columns"]), trial=_is_trial(batch),
        leaves=mail.leaves(services), may_make=visit.actor.may(P.GROUPS_CHANGE),
        left=batch.total - batch.done if batch.state == verbs.STOPPED and not _is_trial(batch) else 0,
        stopped=WHY.get(batch.stopped_by, ""),
        secrets=[name for name in asked["header"] if _is_secret(name)],
        roles=[name for name in asked["header"] if name.strip().casefold() in ("role", "roles")],
    )  # fmt: skip


_PROBLEMS: Final = {"columns": N_("Two columns mean the same. Leave one of them out.")}


def _is_trial(batch: Batch) -> bool:
    return not batch.asked.get("ran")


def _is_secret(name: str) -> bool:
    return "passw" in name.casefold() or name.strip().casefold() in ("hash", "kennwort", "mot de passe", "contraseña")


def _failed(services: Services, batch: Batch) -> list[tuple[int, str, str]]:
    found = []
    for row in rows(services.db, batch.id, (FAILED,)) if batch.counts.get(FAILED) else ():
        if row.outcome is not None:
            said = columns.said_of(batch.asked["header"], batch.asked["columns"], row.source)
            found.append((row.number + 1, said.get("username") or said.get("email", ""), giving_back.why(row.outcome)))
        if len(found) >= _SHOWN:
            break
    return found


def _act(services: Services, request: Request, visit: Visit, batch: Batch) -> Response | None:
    do = request.form.get("do")
    if do == "stop":
        verbs.stop(services, visit.actor, batch)
    elif do == "check":
        verbs.check_again(services, visit.actor, batch, _choices(request, batch))
    elif do == "run":
        if (asked := guard.prove_again(services, request, visit)) is not None:
            return asked
        verbs.carry_out(services, visit.actor, batch)
    return None


def _choices(request: Request, batch: Batch) -> dict[str, Any]:
    form = request.form
    chosen = [form.first.get(f"column-{at}", "") for at in range(len(batch.asked["header"]))]
    return {
        "columns": chosen, "existing": CORRECT if form.get("existing") == CORRECT else SKIP,
        "new_groups": bool(form.get("new_groups")), "invite": bool(form.get("invite")),
        "note": (form.get("note") or "").strip(),
    }  # fmt: skip


def give_back(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/people/import/<id>/rows: the rows that were not taken, to be corrected and sent again."""
    batch = _batch(services, request, visit)
    locale = locale_for(services, request)
    lines = giving_back.lines(services, batch, lambda said: translate(locale, said))
    return download(chain((BOM,), lines), "text/csv; charset=utf-8", "to-correct.csv")


def _batch(services: Services, request: Request, visit: Visit) -> Batch:
    found = verbs.find(services, visit.actor, request.segment)
    if found is None:
        raise Refused(
            "no_such_import", N_("There is no import of this id."), title=N_("Page not found"),
            advice=N_("Files are kept for 30 days. Send yours again."),
            explanation=Explanation("person", "imports are forgotten after 30 days"), status=404,
        )  # fmt: skip
    return found


PAGES = (
    ConsolePage(HERE, send, P.PEOPLE_CREATE, P.PEOPLE_CREATE, file=True),
    ConsolePage(f"{HERE}/<id>", show, P.PEOPLE_CREATE, P.PEOPLE_CREATE),
    ConsolePage(f"{HERE}/<id>/rows", give_back, P.PEOPLE_CREATE),
)
