"""The paths of signing in through a provider."""

from __future__ import annotations

from typing import Any

from idp.federation import choosing, leaving, returning
from idp.login import engine
from idp.login.flow import Flow
from idp.login.steps.outcomes import Outcome
from idp.protocols import Services
from idp.wire import Redirect, Request, Response, Route


def _leave(services: Any, request: Request, flow: Flow) -> Outcome:
    """POST /login/upstream: the button of a provider."""
    provider_id = request.form.get("provider") or ""
    attempt = choosing.ticked(services, request, leaving.new(services, provider_id, flow))
    return leaving.begin(services, request, provider_id, attempt)


def _chosen(services: Services, request: Request) -> Response:
    """Whoever comes there by a bookmark or a reload is sent to the start (L8)."""
    return _post(services, request) if request.method == "POST" else Redirect(location=services.url("/"))


_post = engine.posted(_leave)

ROUTES = (
    Route("/login/upstream", ("GET", "POST"), _chosen, form=False),  # carries the sealed flow, as /login
    Route(leaving.PATH + "<provider>", ("GET", "POST"), returning.callback, form=False),  # the state is its proof
)
