"""Is the record whole, its signed end, who watches it; the record as a file; and what may go from it (O1)."""

from __future__ import annotations

from typing import Any, Final

from idp import flash
from idp.accounts import past
from idp.admin import record, record_checks, streams
from idp.admin.permissions import Permission
from idp.audit.chain.findings import Finding
from idp.audit.exporting import FORMATS
from idp.console import frame
from idp.console.activity import FILTERS, Filters, wanted_of
from idp.console.files import download
from idp.console.pages import ConsolePage, Visit
from idp.ids import PERSON_ID
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request, Response

_SEALING: Final = 5.0  # seconds
_NOTHING: Final = N_("Nothing is sealed yet. Come back in half a minute.")
_NOT_TAKEN: Final = N_("The test message was not taken.")
_TAKEN: Final = N_("The test message was taken.")

#: A finding in words; what it is about stands beside it.
WORDS: Final = {
    "event_changed": N_("An event is not as it was written"),
    "events_removed": N_("Events were removed"),
    "event_added": N_("An event was put in, or moved, after its segment was sealed"),
    "event_elsewhere": N_("An event names a segment in which it was never sealed"),
    "event_unproven": N_("An event has no proof: a hand in the database wrote it, or an old release that still runs"),
    "segment_changed": N_("A segment was changed, or put in the place of another"),
    "segment_unlinked": N_("A segment does not follow the one before it"),
    "segments_removed": N_("Segments were removed"),
    "no_chain": N_("There is no chain, though something was sealed: its table was emptied"),
    "cut": N_("The end was cut off"),
    "replaced": N_("It is another record than the one that was known"),
    "count_changed": N_("How often an event happened was put back, or taken away"),
    "mark_missing": N_("What remembers the end of the record was removed"),
    "mark_changed": N_("What remembers the end of the record was changed, or an older copy of it was put back"),
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/activity/record."""
    form = request.form
    if request.method != "POST":
        return _page(services, request, visit)
    if form.get("do") == "verify":
        record_checks.begin(services, visit.actor)
        return flash.redirect(services, "/admin/activity/record", "record_looked_at")
    if form.get("do") == "head":
        return _head(services, request, visit)
    try:
        why = streams.try_out(services, visit.actor, form.get("stream") or "")
    except streams.UnknownStream:
        return _page(services, request, visit, status=400)
    return _page(services, request, visit, tried=(_NOT_TAKEN if why else _TAKEN, why))


def _head(services: Services, request: Request, visit: Visit) -> Response:
    """The signed end, to keep elsewhere."""
    try:
        signed = record.sealed_head(services, visit.actor, _SEALING)
    except record.NothingRecorded:
        return _page(services, request, visit, problem=_NOTHING, status=409)
    name = f"record-{signed.head.segment}.jws"
    return download([signed.jws + "\n"], "application/jose", name)


def _page(
    services: Services, request: Request, visit: Visit, *, status: int = 200, problem: str = "",
    tried: tuple[str, str] = ("", ""),
) -> Page:  # fmt: skip
    check = record_checks.last(services, visit.actor)
    now = services.clock()
    return frame.page(
        services, request, visit, "console/record.html", status=status, problem=problem, tried=tried, check=check,
        running=check is not None and check.is_running(now), head=record_checks.end_of(services, visit.actor),
        findings=[_finding(one) for one in check.verdict.findings] if check is not None and check.verdict else [],
        streams=streams.listed(services), may_export=visit.actor.may(Permission.ACTIVITY_EXPORT),
    )  # fmt: skip


def _finding(one: Finding) -> dict[str, Any]:
    return {"what": WORDS.get(one.what, one.what), "segment": one.segment, "many": one.many, "event": one.event,
            "after": one.after, "before": one.before}  # fmt: skip


def export(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/activity/export: what the filters find, as a file."""
    source = request.form if request.method == "POST" else request.query
    filters = Filters({name: " ".join((source.get(name) or "").split())[:200] for name in FILTERS})
    format = source.get("format") or "csv"
    wanted = wanted_of(services, visit.actor, filters)
    if request.method == "POST" and wanted is not None and format in FORMATS:
        name = f"record.{_ENDINGS.get(format, format)}"
        return download(
            record.export(services, visit.actor, wanted, format), _content_type(FORMATS[format].media_type), name
        )
    status = 400 if filters.problems else 200
    return frame.page(
        services, request, visit, "console/record_export.html", status=status, filters=filters.typed,
        problems=filters.problems, formats=tuple(FORMATS), format=format,
    )  # fmt: skip


_ENDINGS: Final = {"ocsf": "ocsf.jsonl", "cef": "cef.txt"}


def _content_type(media_type: str) -> str:
    return f"{media_type}; charset=utf-8" if media_type.startswith("text/") else media_type


def blank(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/activity/blank: personal data of somebody who was removed; `person`: id, or username."""
    source = request.form if request.method == "POST" else request.query
    typed = " ".join((source.get("person") or "").split())[:200]
    person_id = typed if PERSON_ID.fullmatch(typed) else past.find_gone(services.db, typed) if typed else None
    many, problem = 0, ""
    if typed:
        try:
            many = record.about(services, visit.actor, person_id or typed)
        except record.NotRemoved:
            problem = N_("This person is not removed. What somebody still does is kept.")
        except record.NothingRecorded:
            problem = N_("No event is about anybody of this name or id who was removed.")
    if request.method == "POST" and many and person_id is not None:
        record.blank(services, visit.actor, person_id)
        return flash.redirect(services, "/admin/activity/blank", "record_blanked")
    return frame.page(
        services, request, visit, "console/record_blank.html", status=400 if problem else 200, typed=typed,
        person_id=person_id, many=many, problem=problem,
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/activity/record", show, Permission.SETTINGS_READ, Permission.ACTIVITY_EXPORT),
    ConsolePage("/admin/activity/export", export, Permission.ACTIVITY_EXPORT, Permission.ACTIVITY_EXPORT),
    ConsolePage("/admin/activity/blank", blank, Permission.PEOPLE_REMOVE, Permission.PEOPLE_REMOVE),
)  # fmt: skip
