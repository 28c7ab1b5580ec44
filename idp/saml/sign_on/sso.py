"""Single sign-on (Prof §4.1): a request comes in, or a sign-in begins here.

In order: where an answer may go at all; our checks; then the sign-in engine. Until the assertion consumer service is
known to be the service provider's own, an error is shown and never sent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.browser import cookie_name
from idp.db import Unavailable
from idp.errors import Explanation, Refused, SamlError
from idp.login import engine
from idp.login.browser import answered, sessions
from idp.login.flow import Demands, Flow
from idp.protocols import Services
from idp.saml.assertions import attributes, authn_context, name_ids
from idp.saml.messages import bindings, names
from idp.saml.messages.authn_request import Subject
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.xml import BadXml
from idp.saml.sign_on import authn_request_checks, delivery, destination, pending_authn_request, subjects
from idp.saml.sign_on.authn_request_checks import CHECKS, SSO_PATH, Incoming
from idp.saml.sign_on.pending_authn_request import Asked
from idp.state import StateUnavailable
from idp.texts import N_
from idp.web import form_target, shown_app
from idp.wire import Page, Redirect, Request, Response

PROTOCOL: Final = "saml"


def start(services: Services, request: Request) -> Response:
    """GET (HTTP-Redirect) and POST (HTTP-POST) /saml/sso."""
    received = _receive(services, request)
    location = services.url(SSO_PATH)
    incoming, (acs, binding) = destination.find_destination(services, received, location, delivery.SEND)
    pending = Asked(
        client_id=incoming.client.id,
        acs=acs,
        binding=binding,
        at=services.clock(),
        name_id_format=names.NAMEID_UNSPECIFIED,
        request_id=incoming.request.header.id,
        relay_state=received.relay_state,
    )
    brings_session = cookie_name(services, "session") in request.cookies
    before = answered.find(services, request, PROTOCOL, pending.client_id, pending.request_id or "")
    if before is not None and authn_request_checks.is_old(services, incoming.provider, incoming.request.header):
        return _lead_on(services, request, pending)
    try:
        for check in CHECKS:
            check(services, incoming)
        pending = read(services, incoming, pending)
        is_answered = before is not None and before.became == "a"
        if not brings_session and not is_answered:
            delivery.check_unspent(services, pending)
    except SamlError as error:
        seen = destination.evidence(received)
        return delivery.deliver_error(services, request, pending, error, evidence=seen)
    if request.method == "POST" and not brings_session:
        # A cross-site POST comes without our Lax cookies; a GET from here brings them.
        return Redirect(location=pending_authn_request.kept_url(services, pending))
    return begin(services, request, pending)


def resume(services: Services, request: Request) -> Response:
    """GET /saml/continue: a request that came by POST, or one that is begun anew from a page of ours."""
    pending = pending_authn_request.find(services, request.query.get("request"), request.query.get("handle"))
    if pending is None or services.clock() - pending.at > pending_authn_request.OPEN_FOR:
        # L8: the request is too old for its application to take an answer; a sign-in of our own is not.
        location = start_url(services, destination.get_trusted(services, pending)[0]) if pending is not None else None
        if location is not None:
            return Redirect(location=location)
        raise Refused(
            "saml_request_gone", N_("This sign-in was begun too long ago."), title=N_("Please start again"),
            advice=N_("Go back to the application and sign in from there."),
            detail="the sealed request is unknown or old", client_id=None if pending is None else pending.client_id,
            explanation=Explanation("person", "An old tab or a copied address; the application starts a new one."),
        )  # fmt: skip
    destination.get_trusted(services, pending)
    return begin(services, request, pending)


def launch(services: Services, request: Request) -> Response:
    """GET and POST /saml/start/<client id>: a sign-in that begins here, without a request (Prof §4.1.5)."""
    client, provider = destination.get_provider(services, request.segment)
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
        path = f"{services.settings.server.issuer_path}/saml/start/{client.id}"
        return Page(template="saml/start.html", values={"app": shown_app(services, client), "action_url": path})
    acs = provider.default_acs(delivery.SEND)
    if acs is None:
        raise destination.untrusted(client, "it has no AssertionConsumerService by a binding that we answer by")
    pending = Asked(
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
    return begin(services, request, pending)


def start_url(services: Services, client: Client) -> str | None:
    """Where a sign-in to this service provider can begin with us; None where it may not."""
    if client.saml is None or not client.saml.allow_idp_initiated:
        return None
    return services.url(f"/saml/start/{client.id}")


def begin(services: Services, request: Request, pending: Asked) -> Response:
    """Hand a request that was checked to the sign-in engine."""
    client, provider = destination.get_provider(services, pending.client_id)
    try:
        return engine.begin(services, request, make_flow(services, request, client, provider, pending))
    except (StateUnavailable, Unavailable) as error:
        if not pending.passive:
            raise
        # Core §3.4.1: IsPassive takes the screen from nobody, and in a frame nobody would see a page of ours.
        told = SamlError(names.RESPONDER, None, "The store of sign-ins is silent; try again.", detail=str(error)[:400])
        return delivery.deliver_error(services, request, pending, told)


# -- below -----------------------------------------------------------------------------------------------------------


def _lead_on(services: Services, request: Request, pending: Asked) -> Response:
    """L8: a tab that was restored, or Back, after the request has run out. Its application begins anew."""
    flow = Flow(PROTOCOL, pending.client_id, request=pending.to_json(), destination=form_target(pending.acs))
    return answered.lead_on(services, request, flow)


def _receive(services: Services, request: Request) -> Received:
    try:
        if request.method == "POST":
            received = bindings.decode_post(request.form)
        else:
            received = bindings.decode_redirect(request.environ.get("QUERY_STRING") or "")
        if received.parameter != "SAMLRequest":
            raise BadMessage("this address takes SAMLRequest, not SAMLResponse")
        strict = services.settings.saml.strict_relay_state
        if strict and received.relay_state is not None and len(received.relay_state.encode()) > 80:
            raise BadMessage("RelayState has more than 80 bytes (Bind §3.4.3)")
    except BadMessage as error:
        raise destination.unreadable(error.reason) from error
    return received


def read(services: Services, incoming: Incoming, pending: Asked) -> Asked:
    """The request in the few values that an answer needs. Errors: `SamlError`."""
    request, provider, policy = incoming.request, incoming.provider, incoming.request.policy
    pending = replace(
        pending.with_formats(name_ids.choose_formats(provider, policy)),
        spent_for=authn_request_checks.lifetime(services, provider, request.header),
        force=request.force_authn,
        passive=request.is_passive,
        classes=authn_context.acceptable(request.context),
        may_create=policy is None or policy.allow_create is not False,
        encrypt_name_id=policy is not None and policy.format == names.NAMEID_ENCRYPTED,
        service_index=request.attribute_index,
        not_on_or_after=request.not_on_or_after,
    )
    return pending if request.subject is None else _with_subject(services, incoming, request.subject, pending)


def _with_subject(services: Services, incoming: Incoming, subject: Subject, pending: Asked) -> Asked:
    policy = incoming.request.policy
    if subject.is_encrypted and not incoming.signed:
        # Anybody could have us open what they caught on its way (threat 25).
        raise SamlError(
            names.REQUESTER, names.REQUEST_DENIED, "An EncryptedID is taken in a signed request only.",
            fix="Let the service provider sign its requests, with a key in its metadata, or name the subject openly.",
        )  # fmt: skip
    try:
        name_id = subjects.read(services, subject)
    except (BadMessage, BadXml) as error:
        message = "The Subject of the request cannot be read."
        raise SamlError(names.REQUESTER, names.REQUEST_UNSUPPORTED, message, detail=error.reason) from error
    if name_id is None:
        return pending
    if policy is None or policy.format in (None, names.NAMEID_UNSPECIFIED):
        # Core §3.4.1.4: the assertion names the subject as the request does.
        if name_id.format not in name_ids.SUPPORTED:
            raise name_ids.invalid("NameIDs of the Subject's Format are not issued here.")
        pending = pending.with_formats((name_id.format,))
    person_id = subjects.find_person(services, incoming.client, incoming.provider, name_id)
    # What was encrypted stands on no page.
    is_name = name_id.format in (names.NAMEID_EMAIL, names.NAMEID_UNSPECIFIED) and not subject.is_encrypted
    return replace(pending, subject=person_id, hint=name_id.value[:255] if is_name else "")


def make_flow(services: Services, request: Request, client: Client, provider: ServiceProvider, pending: Asked) -> Flow:
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
    released = attributes.to_release(provider, pending.service_index)
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
