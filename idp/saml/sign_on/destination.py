"""Where an answer may go: who asks, proven where that must be, and an assertion consumer service of its own.

Every way in which it cannot be trusted is `Refused`: shown on our page, kept with the message, and never sent.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.evidence import evidence
from idp.saml.messages import authn_request, names, request_header
from idp.saml.messages.authn_request import AuthnRequest
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import Opened, is_signed, open_message
from idp.saml.messages.xml import Element, parse
from idp.saml.metadata import sources
from idp.saml.sign_on.assertion_consumer_service import UntrustedAcs, choose_acs
from idp.saml.sign_on.authn_request_checks import IncomingAuthnRequest
from idp.saml.sign_on.pending_authn_request import PendingAuthnRequest
from idp.texts import N_


def find_destination(
    services: Services, received: Received, location: str, bindings: Collection[str]
) -> tuple[IncomingAuthnRequest, PendingAuthnRequest]:
    """Who asks, and where the answer goes: a pending request with nothing else in it yet.

    `location`: the URL of ours that the message came to; `bindings`: those that we answer by.
    Errors: `BadMessage`, `BadXml`, `Refused`.
    """
    try:
        root = parse(received.message)
        client, provider = find_provider(services, request_header.read_issuer(root))
        request, is_signed = _read(services, client, provider, received, root)
        incoming = IncomingAuthnRequest(client, provider, request, is_signed, False, location)
        acs, answerable = choose_acs(provider, incoming.request, bindings)
    except Refused as error:
        error.evidence = evidence(received)
        raise
    except UntrustedAcs as error:
        raise untrusted(client, error.reason, evidence(received), _asked(incoming)) from error
    incoming = replace(incoming, answerable=answerable)
    pending = PendingAuthnRequest(
        client_id=client.id,
        acs=acs.location,
        binding=acs.binding if acs.binding in bindings else names.HTTP_POST,
        at=services.clock(),
        name_id_format=names.NAMEID_UNSPECIFIED,
        request_id=incoming.request.header.id,
        relay_state=received.relay_state,
    )
    return incoming, pending


def _read(
    services: Services, client: Client, provider: ServiceProvider, received: Received, root: Element
) -> tuple[AuthnRequest, bool]:
    """The request, and whether it is signed."""
    try:
        opened = _open(services, provider, received, root)
    except BadSignature as error:
        raise _refused(
            "saml_bad_signature", N_("The request of %(app)s is not signed as it must be.", app=client.name),
            f"The signature of the SAML message is refused: {error.reason}. The error id tells an admin more.",
            detail=error.reason,
            client_id=client.id,
            fix="Compare the key it signs with and the certificates in its metadata; register its metadata anew after "
            f"a change of keys. The reason: {error.reason}.",
        ) from error  # fmt: skip
    request = authn_request.read_authn_request(opened.root)
    if request.header.issuer != provider.entity_id:
        raise BadMessage("what is signed names another Issuer")
    return request, opened.signed


def _open(services: Services, provider: ServiceProvider, received: Received, root: Element) -> Opened:
    if received.signature is None and not is_signed(root):
        opened = Opened(root, False)  # what bears no signature anywhere needs no second parse
    else:
        # SDP-IDP05: a bad signature is fatal, also where none is asked for.
        keys = provider_keys.signing_keys(provider)
        opened = open_message(received, keys, allowed=provider_keys.algorithms(services, provider), root=root)
    if not opened.signed and (provider.requires_signed_requests or services.settings.saml.want_requests_signed):
        raise BadSignature("requests of this service provider must be signed, and this one is not")
    return opened


def find_provider(services: Services, entity_id: str) -> tuple[Client, ServiceProvider]:
    """The registered service provider, enabled and current. Errors: `Refused`."""
    client = sources.find_service_provider(services, entity_id)
    if client is None:
        raise _unknown(services, entity_id)
    return _usable(services, client)


def _unknown(services: Services, entity_id: str) -> Refused:
    said = (
        f"The Issuer of the request, {entity_id[:200]}, is not registered here. Entity IDs are compared byte for byte."
    )
    fix = "Register the service provider by its metadata: doorward client add saml --metadata FILE_OR_URL"
    expected = "the entity ID of a registered application"
    if entity_id == services.settings.saml_entity_id:
        said = (
            "The Issuer of the request is the identity provider's own entity ID: the application has to send its own. "
        )
        fix = "The two entity IDs are mixed up in the application's settings: its own is the one of its metadata."
        said, expected = said + fix, "the application's own entity ID"
    refused = _refused(
        "saml_unknown_issuer", N_("This application is not registered here."), said,
        detail=f"Issuer {entity_id[:300]!r}",
    )  # fmt: skip
    refused.explanation = Explanation("application", fix, "Issuer", expected, entity_id[:300])
    return refused


def get_provider(services: Services, client_id: str) -> tuple[Client, ServiceProvider]:
    """The registered service provider, enabled and current, by our own id for it. Errors: `Refused`."""
    client = services.registry.find(client_id)
    if client is None:
        raise _refused(
            "saml_unknown_client", N_("This application is not registered here."), "No service provider has this id.",
            detail=f"client {client_id[:100]!r}",
        )  # fmt: skip
    return _usable(services, client)


def get_trusted(services: Services, pending: PendingAuthnRequest) -> tuple[Client, ServiceProvider]:
    """The client and its provider, if the answer may still go where it could when the request came in."""
    client, provider = get_provider(services, pending.client_id)
    if pending.acs not in provider.acs_locations:
        raise untrusted(client, f"{pending.acs} was taken out of its metadata a moment ago")
    return client, provider


def _usable(services: Services, client: Client) -> tuple[Client, ServiceProvider]:
    if client.saml is None:
        raise _refused(
            "saml_unknown_client", N_("%(app)s does not sign people in by SAML.", app=client.name),
            "This client is registered for OpenID Connect.", client_id=client.id,
        )  # fmt: skip
    if not client.enabled:
        raise _refused(
            "disabled_client", N_("%(app)s is turned off at the moment.", app=client.name),
            "The service provider is disabled; an admin can turn it on (doorward client enable).",
            client_id=client.id, side="doorward",
        )  # fmt: skip
    if not client.saml.is_current(services.clock()):
        raise _refused(
            "saml_metadata_expired", N_("%(app)s cannot be trusted at the moment.", app=client.name),
            "The metadata of the service provider has expired (validUntil).", client_id=client.id,
            fix="Its metadata source has not given newer metadata in time; see why, or give the metadata by hand.",
        )  # fmt: skip
    return client, client.saml


def unreadable(
    reason: str, received: Received | None, said: Explanation | None = None, client_id: str | None = None
) -> Refused:
    """Not a message that we take. `said`: what it is instead; `client_id`: whose its Issuer says it is."""
    refused = _refused(
        "saml_unreadable", N_("The application sent a request that cannot be read."),
        f"The SAML message is refused: {reason}." + (f" {said.fix}" if said is not None else ""), detail=reason,
        seen=evidence(received), client_id=client_id,
    )  # fmt: skip
    refused.explanation = said or refused.explanation
    return refused


def untrusted(client: Client, reason: str, seen: str = "", asked: str = "") -> Refused:
    """Not a place that an answer may go to. `asked`: what the request says of it, which its sender may read."""
    return _refused(
        "saml_untrusted_acs",
        N_("%(app)s asked for its answer at an address that is not registered for it.", app=client.name),
        f"The AssertionConsumerService that the request asks for{asked} is not in the metadata; compared byte for "
        "byte. The error id tells admins more.",
        detail=reason, client_id=client.id, seen=seen,
        # What is registered is told to admins alone.
        fix=f"Register its current metadata, or correct the address in the application's settings: {reason}.",
    )  # fmt: skip


def _asked(incoming: IncomingAuthnRequest) -> str:
    request = incoming.request
    if request.acs_url is not None:
        return f" (AssertionConsumerServiceURL {request.acs_url[:200]})"
    return "" if request.acs_index is None else f" (AssertionConsumerServiceIndex {request.acs_index})"


def _refused(
    code: str, message: str, developer: str, *, client_id: str | None = None, detail: str = "",
    side: str = "application", fix: str = "", seen: str = "",
) -> Refused:  # fmt: skip
    return Refused(
        code, message, title=N_("This sign-in cannot go on"), developer=developer, detail=detail,
        client_id=client_id, evidence=seen,
        advice=N_("Nothing is wrong with your account. Tell whoever runs the application, with the error id below."),
        explanation=Explanation(side, fix or developer),
    )  # fmt: skip
