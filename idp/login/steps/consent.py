"""May the application have it? What it asks for, and Allow or Don't allow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from clients.documents.address import is_one as is_document
from clients.errors import UnknownClient
from idp import audit, language
from idp.accounts import device_text, places
from idp.login import consent, pages
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import Consent, Deny, Identify
from idp.login.steps.outcomes import Denied, Outcome, Proceed, Show
from idp.showing import form_targets
from idp.traffic import AGREED, CONSENT, Traffic
from idp.wire import Page, Request


def show(services: Services, request: Request, flow: Flow, session: Session | None, step: Consent) -> Outcome:
    """The page, which is this person's."""
    if session is None:
        return Show(flow, Identify())
    services.part(Traffic).proven(CONSENT, flow.client_id)
    return Page(
        template="login/consent.html",
        values={
            **pages.about(services, request, replace(flow, shown_to=session.id)),
            "scopes": consent.shown(services, flow, session, language.locale_for(services, request)),
            "person": pages.person(session),
            "grown": bool(session.consent_scopes) and not set(flow.scopes) <= session.consent_scopes,
            "unproven": flow.demands.unproven,
            "elsewhere": _elsewhere(services, request, flow),
            "unverified": _unverified(services, flow),
        },
        form_action=form_targets(flow.destination),
    )


def _elsewhere(services: Services, request: Request, flow: Flow) -> dict[str, Any] | None:
    """The device that asks, in words."""
    found = services.protocols[flow.protocol].asked_elsewhere(services, flow)
    if found is None:
        return None
    place = places.describe(services, found.address, language.locale_for(services, request))
    return {
        "code": found.code,
        "device": device_text.describe(found.browser) if found.address else "",
        "place": place,
        "at": found.at,
    }


def _unverified(services: Services, flow: Flow) -> dict[str, Any] | None:
    """Of an application that registered itself, and that nobody has vouched for: who it says it is, where it leads.

    `document`: the host of the document that it is known by, as it is written; `until`: when its access ends at the
    latest, 0: with the sign-in.
    """
    client = services.registry.find(flow.client_id)
    if client is None or not client.metadata.get("self_registered"):
        return None
    parts = urlsplit(flow.destination)
    stays = "offline_access" in flow.scopes
    life = client.oidc.refresh_token_absolute or services.settings.tokens.refresh_absolute
    return {
        "host": parts.hostname or (f"{parts.scheme}:" if parts.scheme else ""),
        "document": urlsplit(client.id).netloc if is_document(client.id) else "",
        "until": services.clock() + life if stays else 0.0,
    }


def submit(services: Services, request: Request, flow: Flow) -> Outcome:
    """POST /login/consent."""
    session = sessions.current(services, request, flow.client_id)
    decision = request.form.get("decision")
    if session is None or session.id != flow.shown_to:
        # A hint asked somebody who is not at the front. Whoever has gone meanwhile: no decision of theirs.
        other = accounts.find(services, request, session_id=flow.shown_to, client_id=flow.client_id)
        if other is None:
            return Proceed(replace(flow, shown_to=""), session)
        session = other.session
    if decision == "switch":
        return Show(replace(flow, login_hint=""), Identify(anew=True))
    if decision == "allow":
        record = audit.recorder(
            services.clock, session.person_id, address=request.remote_address, request_id=request.id
        )  # fmt: skip
        try:
            services.registry.let_in(flow.client_id, record)
        except UnknownClient:  # an admin took it, or the host of its document, away while the page was read
            return Denied(flow, Deny("access_denied", "The application was turned off or changed a moment ago."))
        consent.grant(services, request, session, flow)
        services.part(Traffic).proven(AGREED, flow.client_id)
        flow = replace(flow, agreed=session.id)
        return Proceed(flow, sessions.get(services, session.id, flow.client_id))
    return Denied(flow, Deny("access_denied", "The person did not agree.", "declined", session.person_id))
