"""The findings of a live check for whoever runs the application: a page that needs a link and no account (R3).

It shows what the application sent and what is registered for it, and nothing of any person.
"""

from __future__ import annotations

from typing import Final

from idp.admin.checking import links, readers, report
from idp.console.apps import found_shown
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Request, Response, Route

PATH: Final = "/app-check"
#: No search engine and no other page learns of the link (the bridge's own headers keep the referrer).
_HEADERS: Final = (("X-Robots-Tag", "noindex, nofollow, noarchive"),)


def show(services: Services, request: Request) -> Response:
    """GET /app-check/<secret>. Errors: `Refused`, the same for a link that ended and for one that never was."""
    if links.is_too_often(services, request.remote_address):
        raise _refused("too_many_looks", N_("That was very often."), N_("Wait a minute and open the link again."), 429)
    client = links.opened(services, request.segment)
    if client is None:
        raise _refused(
            "no_such_check", N_("This link opens nothing, or not any more."),
            N_("It lives for a day. Ask whoever sent it to you for a new one."), 404,
        )  # fmt: skip
    found = report.of(services, client)
    found = found and readers.seen_by(found, "stranger", client)
    return Page(
        template="console/apps/shared_check.html", headers=_HEADERS,
        values={"name": client.name, "kind": client.kind, "report": found, "found": found_shown.of(found),
                "kinds": found_shown.KINDS},
    )  # fmt: skip


def _refused(code: str, message: str, advice: str, status: int) -> Refused:
    return Refused(
        code, message, title=N_("The test of an application"), advice=advice, status=status,
        explanation=Explanation("person", "A link to the findings of a live check; an app admin can send a new one."),
    )  # fmt: skip


ROUTES = (Route(f"{PATH}/<secret>", ("GET",), show),)
