"""One key: who has it, how that is known, and what to do for who has not (K2)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from clients.errors import UnknownClient
from idp import flash
from idp.admin import key_pins, key_readers
from idp.admin.actor import Actor
from idp.admin.key_readers import Key, Report
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response
from keys.certificates import NoSuchCertificate
from keys.certificates.ring import SLOT
from keys.rotation import NoSuchKey

PAGE: Final = 100
_DO: Final[Mapping[str, Callable[[Services, Actor, str, str], None]]] = {
    "pin": key_pins.pin,
    "unpin": key_pins.unpin,
    "tell": key_pins.tell,
    "untell": key_pins.untell,
}


def show(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/keys/<kid>; `?state=missing`: those alone; `?from=100`: from the hundredth on."""
    report = key_readers.report_of(services, visit.actor, request.segment)
    if report is None:
        raise Refused(
            "no_such_key", N_("There is no such key any more."), title=N_("Page not found"),
            advice=N_("Perhaps it was withdrawn. The page of keys has every one that is published."),
            explanation=Explanation("person", "`doorward key list` has every key"), status=404,
        )  # fmt: skip
    problem = ""
    if request.method == "POST":
        problem = _act(services, request, visit)
        if not problem:
            return flash.redirect(services, f"/admin/keys/{report.key.kid}", "keys_changed")
    wanted = request.query.get("state") or ""
    wanted = wanted if wanted in key_readers.STATES else ""
    found = [one for one in report.readers if not wanted or one.state == wanted]
    start = _number(request.query.get("from"))
    return frame.page(
        services, request, visit, "console/key.html", status=409 if problem else 200, problem=problem, report=report,
        key=report.key, is_saml=report.key.slot.startswith(SLOT), kind=report.key.slot.removeprefix(SLOT),
        shown=found[start : start + PAGE], wanted=wanted, start=start, many=PAGE, total=len(found),
        pin_to=_pin_to(services, report), may_change=visit.actor.may(Permission.KEYS_CHANGE),
        metadata=services.url("/saml/metadata"), now=services.clock(),
    )  # fmt: skip


def _act(services: Services, request: Request, visit: Visit) -> str:
    """Do what was pressed; answers what is wrong with it."""
    act = _DO.get(request.form.get("do") or "")
    if act is None:
        return N_("Nothing was chosen.")
    try:
        act(services, visit.actor, request.form.get("client") or "", request.form.get("kid") or "")
    except (NoSuchKey, NoSuchCertificate):
        return N_("There is no such key any more.")
    except (UnknownClient, key_pins.NotSignedFor):
        return N_("This application is not signed for with it any more.")
    return ""


def _pin_to(services: Services, report: Report) -> str:
    """The key that an application without this one can stay on; '' where there is none."""
    if report.key.state == "retiring":
        return report.key.kid
    own = [key for key in key_readers.keys_of(services) if key.slot == report.key.slot]
    before: list[Key] = [key for key in own if key.state == ("active" if report.key.state == "next" else "retiring")]
    return max(before, key=lambda key: key.since).kid if before else ""


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 7 else 0


PAGES: Final = (ConsolePage("/admin/keys/<kid>", show, Permission.KEYS_READ, change=Permission.KEYS_CHANGE),)
