"""A form that was sent after its session had ended: shown to its admin again, and sent on a press (B5)."""

from __future__ import annotations

from typing import Any, Final

from idp.console import frame
from idp.console.pages import Visit
from idp.first_party import kept
from idp.protocols import Services
from idp.wire import Redirect, Request, Response

PATH: Final = "/admin/resume"
_OURS: Final = ("form_key", "browser_key")


def form_of(request: Request) -> list[Any]:
    """Where it was sent, and what was typed."""
    return [request.path, [list(pair) for pair in request.form.pairs if pair[0] not in _OURS]]


def resume(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin/resume: what was typed, to be sent."""
    found = kept.find(services, visit.session.person_id)
    if found is None:
        return Redirect(location=services.url("/admin"))
    path, pairs = found
    return frame.page(services, request, visit, "console/resume.html", action=path, fields=pairs)


def offer(services: Services, request: Request, visit: Visit) -> Response:
    """The same for a form that came just now, from a page of before this session."""
    path, pairs = form_of(request)
    return frame.page(services, request, visit, "console/resume.html", action=path, fields=pairs)
