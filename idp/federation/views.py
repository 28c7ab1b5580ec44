"""The paths of signing in through a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from idp.federation import choosing, leaving, returning, signing_out, snapshot
from idp.federation.kerberos import challenging
from idp.federation.openid import backchannel, events
from idp.federation.saml import ours, receiving
from idp.federation.saml import signing_out as single_logout
from idp.federation.saml.federations import discovery
from idp.login import engine, signout
from idp.login.browser import last_account
from idp.login.flow import Flow
from idp.login.steps.outcomes import Outcome
from idp.protocols import Services
from idp.saml.document_flood import at_senders_cost
from idp.wire import Redirect, Request, Response, Route


def _leave(services: Any, request: Request, flow: Flow) -> Outcome:
    """POST /login/upstream: the button of a provider."""
    provider_id = request.form.get("provider") or ""
    by_ticket = challenging.pressed(services, request, flow, provider_id)
    if by_ticket is not None:
        return by_ticket
    last = last_account.recall(services, request, flow.demands.subject)
    if last is not None and last.is_called(flow.login_hint):
        # Whoever sat here last may be somebody else, and another company's: only a provider of their domain is told.
        one = next((one for one in snapshot.current(services) if one.id == provider_id), None)
        flow = flow if one is not None and leaving.is_of(one, flow.login_hint) else replace(flow, login_hint="")
    attempt = choosing.ticked(services, request, leaving.new(services, provider_id, flow))
    return leaving.begin(services, request, provider_id, attempt)


def _chosen(services: Services, request: Request) -> Response:
    """Whoever comes there by a bookmark or a reload is sent to the start (L8)."""
    return _post(services, request) if request.method == "POST" else Redirect(location=services.url("/"))


_post = engine.posted(_leave)


def _signed_out(services: Services, request: Request) -> Response:
    """GET /upstream/signed-out: back from signing out at a provider."""
    return signout.came_back(services, request, request.query.get("state") or "")


ROUTES = (
    Route(signing_out.BACK, ("GET",), _signed_out),
    Route("/login/upstream", ("GET", "POST"), _chosen, form=False),  # carries the sealed flow, as /login
    Route(leaving.PATH + "<provider>", ("GET", "POST"), returning.callback, form=False),  # the state is its proof
    Route(backchannel.PATH + "<provider>", ("POST",), backchannel.receive, api=True, form=False),  # its signature is
    Route(events.PATH + "<provider>", ("POST",), events.receive, api=True, form=False),  # its signature is
    Route(ours.METADATA_PATH + "<provider>", ("GET",), ours.publish),
    Route(ours.DISCOVERY_PATH + "<provider>", ("GET",), discovery.receive),
    # What a provider posts is proven by its signature, and by the browser that brings the GET behind it.
    Route(ours.ACS_PATH + "<provider>", ("GET", "POST"), at_senders_cost(receiving.receive), form=False),
    Route(ours.SLO_PATH + "<provider>", ("GET", "POST"), at_senders_cost(single_logout.receive), form=False),
)
