"""Test this application (R3): a trial sign-in, what a colleague would meet, and the live check."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from clients.documents.address import in_path
from clients.errors import TooManyWatched
from idp import flash
from idp.admin import trial
from idp.admin.checking import links, readers, report, running
from idp.admin.permissions import Permission
from idp.console.apps import found_shown
from idp.console.apps.finding import client_of
from idp.console.apps.showing import page
from idp.console.pages import ConsolePage, Visit
from idp.login import engine
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response

#: How a trial ended that did not end with an answer.
ENDS: Final = {
    "access_denied": N_("The application would be told no: access was denied."),
    "login_required": N_("Only you can sign in to a test that you began."),
    "unmet_authentication_requirements": N_("The application would be told no: the sign-in is not strong enough."),
    "consent_required": N_("The application would be told no: nobody agreed."),
    "denied": N_("The application would be told no."),
}

_TOO_MANY: Final = N_("Too many checks run at this moment. Try later.")
_JUST_NOW: Final = N_("A check of it began less than half a minute ago. Wait a moment, then start it again.")


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/<id>/test. `?person=`: a colleague; `?ended=`: how a trial sign-in ended."""
    client = client_of(services, request, visit)
    if request.method == "POST":
        return _change(services, request, visit, client)
    return _page(services, request, visit, client)


def sign_in(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/apps/<id>/sign-in: the application's own sign-in, which ends on our page."""
    client = client_of(services, request, visit)
    return engine.begin(services, request, trial.flow_of(services, visit.actor, client, visit.session.username))


def _change(services: Services, request: Request, visit: Visit, client: Client) -> Response:
    here, wanted = f"/admin/apps/{in_path(client.id)}/test", request.form.get("do")
    if wanted == "start":
        try:
            running.start(services, visit.actor, client)
        except TooManyWatched:
            return _page(services, request, visit, client, problem=_TOO_MANY)
        except running.BegunJustNow:
            return _page(services, request, visit, client, problem=_JUST_NOW)
        return flash.redirect(services, here, "check_started")
    if wanted == "stop":
        running.stop(services, visit.actor, client)
        return flash.redirect(services, here, "check_ended")
    if wanted == "share":
        secret = links.share(services, visit.actor, client)
        return _page(services, request, visit, client, made=services.url(f"/app-check/{secret}"))
    links.withdraw(services, visit.actor, client)
    return flash.redirect(services, here, "check_withdrawn")


def _page(
    services: Services, request: Request, visit: Visit, client: Client, *, problem: str = "", made: str = ""
) -> Response:
    typed = " ".join((request.query.get("person") or "").split())[:200]
    person = services.directory.find_named(typed) if typed else None
    running.look_on(services, visit.actor, client.id)
    found = report.of(services, client)
    found = found and readers.seen_by(found, readers.reader_of(visit.actor), client)
    return page(
        services, request, visit, client, "console/apps/test.html", status=409 if problem else 200,
        problem=problem, made=made, typed=typed, who=person, link=links.find(services, client.id),
        foreseen=None if person is None else trial.foresee(services, visit.actor, request, client, person),
        trial=trial.find(services, visit.actor, client), ended=ENDS.get(request.query.get("ended") or "", ""),
        report=found, found=found_shown.of(found), kinds=found_shown.KINDS, minutes=running.MINUTES,
    )  # fmt: skip


PAGES = (
    ConsolePage("/admin/apps/<id>/test", handle, Permission.APPS_READ, Permission.APPS_CHANGE),
    ConsolePage("/admin/apps/<id>/sign-in", sign_in, Permission.APPS_READ),
)
