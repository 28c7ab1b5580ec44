"""The room Messages: what everybody is told, how mail and text messages leave, and which did not (B2, A10)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from idp import flash, language, mailbox, phone_numbers
from idp.accounts.notices import MAX_TEXT, InvalidNotice, Notice
from idp.admin import applications, managed, messages, notices
from idp.admin.activity import Names
from idp.admin.permissions import Permission
from idp.audit import Event
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

P = Permission
PATH: Final = "/admin/messages"
_FIELDS: Final = ("text", "starts", "ends", "app", "where", "address")
_PROBLEMS: Final[Mapping[str, str]] = {
    "text": N_("Write 1 to %(most)s characters, without line breaks.", most=MAX_TEXT),
    "where": N_("Choose where it is told."),
    "to": N_("It would end before it begins, or has ended already."),
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/messages: `do` is `add`, `remove`, `test` or `aside`."""
    typed = dict.fromkeys(_FIELDS, "") | {"where": "both"}
    problems: dict[str, str] = {}
    if request.method == "POST":
        typed |= {name: request.form.first[name] for name in typed if name in request.form.first}
        act = _ACTS.get(request.form.get("do") or "")
        done = act(services, request, visit, typed, problems) if act is not None else ""
        if done:
            return flash.redirect(services, PATH, done)
    return _page(services, request, visit, typed, problems)


def _page(
    services: Services, request: Request, visit: Visit, typed: Mapping[str, str], problems: Mapping[str, str]
) -> Response:
    now, names, failed = services.clock(), Names(services), request.query.get("show") == "failed"
    told = [_notice(services, one, names, now) for one in notices.listed(services, visit.actor)]
    waiting, given_up = messages.queued(services, visit.actor)
    sent = [event for kind in messages.KINDS for event in messages.recent(services, visit.actor, kind, failed=failed)]
    sent.sort(key=lambda event: event.id, reverse=True)
    return frame.page(
        services, request, visit, "console/messages.html", status=422 if problems else 200, typed=typed,
        problems={**dict.fromkeys(_FIELDS, ""), **problems}, wrong=list(problems.items()), notices=told,
        ways=messages.ways(services, visit.actor), sent=[_row(event, names) for event in sent[:50]], failed=failed,
        waiting=len(waiting), late=[job for job in waiting if job.tries][:20], given_up=given_up[:20],
        zone_here=language.zone_for(request), many_given_up=len(given_up), most=MAX_TEXT,
    )  # fmt: skip


def _notice(services: Services, notice: Notice, names: Names, now: float) -> dict[str, Any]:
    return {
        "id": notice.id, "text": notice.text, "place": notice.place, "starts": notice.starts_at, "ends": notice.ends_at,
        "app": names.client(notice.client_id) or notice.client_id or "", "is_on": notice.is_on(now),
        "is_over": notice.ends_at is not None and notice.ends_at <= now,
        "managed_by": managed.manager_of(services, "notice", notice.id),
    }  # fmt: skip


def _means(event: Event) -> tuple[str, str]:
    """The setting, record or address that a failure is about, and what to do; '' where nobody knows."""
    one: Mapping[str, Any] = next(iter(event.detail.get("findings") or ()), {})
    return str(one.get("field", "")), str(one.get("fix", ""))


def _row(event: Event, names: Names) -> dict[str, Any]:
    detail = event.detail
    return {
        "id": event.id, "at": event.at, "to": detail.get("to", ""), "message": detail.get("message", ""),
        "person": names.person(event.person_id) if event.person_id else "", "person_id": event.person_id,
        "failed": event.action.endswith(":failed"), "kind": event.action,
        "said": str(detail.get("reason") or detail.get("said") or "")[:300], "means": _means(event),
    }  # fmt: skip


def _add(services: Services, request: Request, visit: Visit, typed: Mapping[str, str], problems: dict[str, str]) -> str:
    zone = language.zone_for(request)
    starts, ends = (_time(name, typed[name], zone, problems) for name in ("starts", "ends"))
    client_id = _app(services, typed["app"].strip(), problems)
    if problems:
        return ""
    try:
        notices.add(services, visit.actor, _wish(typed, starts, ends, client_id))
    except InvalidNotice as error:
        problems[{"to": "ends"}.get(error.field, error.field)] = _PROBLEMS[error.field]
        return ""
    return "notice_added"


def _wish(typed: Mapping[str, str], starts: float | None, ends: float | None, client_id: str | None) -> notices.Wish:
    return notices.Wish(text=typed["text"], starts_at=starts, ends_at=ends, client_id=client_id, place=typed["where"])


def _time(name: str, typed: str, zone: str, problems: dict[str, str]) -> float | None:
    """A moment of the admin's own time zone, as their browser's field or their keyboard writes it."""
    if not typed.strip():
        return None
    try:
        given = datetime.fromisoformat(typed.strip())
        return given.timestamp() if given.tzinfo else given.replace(tzinfo=_zone(zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        problems[name] = N_("Write a day and a time, such as 2026-12-01T08:00.")
        return None


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not one that this machine knows
        return UTC


def _app(services: Services, typed: str, problems: dict[str, str]) -> str | None:
    if not typed:
        return None
    try:
        client_id = applications.id_of(services, typed)
    except applications.Ambiguous:
        problems["app"] = N_("More than one application has this name. Give its id.")
        return None
    if client_id is None:
        problems["app"] = N_("No application has this name or id.")
    return client_id


def _remove(
    services: Services, request: Request, visit: Visit, typed: Mapping[str, str], problems: dict[str, str]
) -> str:
    if not notices.remove(services, visit.actor, request.form.get("notice") or ""):
        raise Refused(
            "no_such_notice", N_("There is no notice with this id."), title=N_("Page not found"),
            advice=N_("Perhaps somebody removed it already. The list has all that there are."),
            explanation=Explanation("person", "`doorward notice list` has all that there are"), status=404,
        )  # fmt: skip
    return "notice_removed"


def _test(
    services: Services, request: Request, visit: Visit, typed: Mapping[str, str], problems: dict[str, str]
) -> str:
    to = typed["address"].strip()
    try:
        to = phone_numbers.read(to) if to.startswith("+") else mailbox.address(to)
        messages.send_test(services, visit.actor, to, language.locale_for(services, request))
    except messages.CannotLeave as error:
        problems["address"] = N_(
            "Nothing sends there: set %(name)s in the settings.", name=f"{error.section}.{error.key}"
        )
        return ""
    except ValueError:
        problems["address"] = N_("Write an address such as anna@example.com, or a number such as +491701234567.")
        return ""
    return "message_tested"


def _aside(
    services: Services, request: Request, visit: Visit, typed: Mapping[str, str], problems: dict[str, str]
) -> str:
    with contextlib.suppress(messages.NoSuchMessage):  # somebody else did
        messages.put_aside(services, visit.actor, request.form.get("job") or "")
    return "message_aside"


_ACTS: Final = {"add": _add, "remove": _remove, "test": _test, "aside": _aside}

PAGES = (ConsolePage(PATH, show, P.MESSAGES_READ, P.MESSAGES_CHANGE),)
