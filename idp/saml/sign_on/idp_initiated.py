"""IdP-initiated single sign-on (Prof §4.1.5): a sign-in to a service provider that begins here, without a request."""

from __future__ import annotations

from clients.client import Client
from idp.errors import Explanation, Refused, SamlError
from idp.protocols import Services
from idp.saml.assertions import name_ids
from idp.saml.messages import names
from idp.saml.protocol import START_PATH
from idp.saml.sign_on import delivery
from idp.saml.sign_on.destination import get_provider, untrusted
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest
from idp.saml.sign_on.sign_in_flow import begin_sign_in
from idp.showing import shown_app
from idp.texts import N_
from idp.wire import Page, Request, Response


def start_idp_initiated(services: Services, request: Request) -> Response:
    """GET and POST /saml/start/<client id>: a sign-in that begins here, without a request (Prof §4.1.5)."""
    client, provider = get_provider(services, request.segment)
    if not provider.allow_idp_initiated:
        raise Refused(
            "saml_no_idp_initiated", N_("%(app)s must be opened from its own page.", app=client.name),
            title=N_("Open it from its own page"), status=403, detail="allow_idp_initiated is off", client_id=client.id,
            advice=N_("Go to %(app)s and sign in there.", app=client.name),
            explanation=Explanation("doorward", f"Set allow_idp_initiated=true for {client.id} to let it begin here."),
        )  # fmt: skip
    # A form's key proves that a page of ours was pressed. Of GETs, browsers tell who caused them, and no site can forge
    # it; a link in a mail or on another site, and browsers that tell nothing, get to see what is about to be opened.
    if request.method != "POST" and request.header("Sec-Fetch-Site") != "same-origin":
        path = f"{services.settings.server.issuer_path}{START_PATH}/{client.id}"
        return Page(template="saml/start.html", values={"app": shown_app(services, client), "action_url": path})
    acs = provider.default_acs(delivery.SEND)
    if acs is None:
        raise untrusted(client, "it has no AssertionConsumerService by a binding that we answer by")
    pending = PendingAuthnRequest(
        client_id=client.id,
        acs=acs.location,
        binding=acs.binding,
        at=services.clock(),
        name_id_format=names.NAMEID_UNSPECIFIED,
        relay_state=provider.default_relay_state,
    )
    try:
        pending = pending.with_formats(name_ids.choose_formats(provider, None))
    except SamlError as error:
        return delivery.deliver_error(services, request, pending, error)
    return begin_sign_in(services, request, pending)


def start_url(services: Services, client: Client) -> str | None:
    """Where a sign-in to this service provider can begin with us; None where it may not."""
    if client.saml is None or not client.saml.allow_idp_initiated:
        return None
    return services.url(f"{START_PATH}/{client.id}")
