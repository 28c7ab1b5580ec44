"""What the sign-in engine is asked for: ForceAuthn, IsPassive, Subject and RequestedAuthnContext in its own words."""

from __future__ import annotations

from clients.client import Client
from idp.db import Unavailable
from idp.errors import SamlError
from idp.login import engine
from idp.login.browser import sessions
from idp.login.flow import Demands, Flow
from idp.protocols import Services
from idp.saml.assertions import attributes, authn_context
from idp.saml.assertions.issuing import provider_of
from idp.saml.messages import names
from idp.saml.protocol import PROTOCOL
from idp.saml.sign_on import delivery
from idp.saml.sign_on.destination import get_provider
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest
from idp.showing import form_target
from idp.state import StateUnavailable
from idp.wire import Request, Response


def begin_sign_in(services: Services, request: Request, pending: PendingAuthnRequest) -> Response:
    """Hand a request that was checked to the sign-in engine."""
    client, _ = get_provider(services, pending.client_id)
    try:
        return engine.begin(services, request, make_flow(services, request, client, pending))
    except (StateUnavailable, Unavailable) as error:
        if not pending.passive:
            raise
        # Core §3.4.1: IsPassive takes the screen from nobody, and in a frame nobody would see a page of ours.
        silent = SamlError(
            names.RESPONDER,
            None,
            "The store of sign-ins is silent; try again.",
            detail=str(error)[:400],
            kind="store_unavailable",
        )
        return delivery.deliver_error(services, request, pending, silent)


def make_flow(services: Services, request: Request, client: Client, pending: PendingAuthnRequest) -> Flow:
    """What the sign-in engine is asked for."""
    now, subject = services.clock(), pending.subject
    if subject is None and pending.force:
        # A new proof of presence by whoever is signed in, not by somebody else (SDP-IDP07).
        session = sessions.current(services, request, client.id)
        subject = None if session is None else session.person_id
    demands = Demands(
        silent=pending.passive,
        fresh_after=now if pending.force else None,
        subject=subject,
        strength=authn_context.strength(pending.classes),
    )
    # What they are not shown on the page of consent, as it is told to nobody, is not what they agree to.
    hidden = services.registry.release_to(client.id).hidden
    released = [
        one for one in attributes.to_release(provider_of(client), pending.service_index)
        if hidden.isdisjoint((name := one.source.partition("#")[0], name.removeprefix("scoped_")))
    ]  # fmt: skip
    return Flow(
        protocol=PROTOCOL,
        client_id=client.id,
        request=pending.to_json(),
        demands=demands,
        scopes=tuple(dict.fromkeys(one.scope for one in released)),
        started_at=now,
        login_hint=pending.hint,
        destination=form_target(pending.acs),
    )
