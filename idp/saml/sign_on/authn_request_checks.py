"""Where an AuthnRequest is checked, once we know where an answer goes: one rule per function, in one visible list.

Each raises `SamlError`, which goes to the service provider as a Response with a nested status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.formats import duration
from idp.protocols import Services
from idp.saml import header_checks
from idp.saml.assertions import authn_context, name_ids
from idp.saml.messages import names
from idp.saml.messages.authn_request import AuthnRequest
from idp.saml.messages.schema_types import instant
from idp.saml.protocol import SSO_PATH


@dataclass(frozen=True, slots=True)
class IncomingAuthnRequest:
    """An AuthnRequest of a service provider that is known, with an ACS that is its own."""

    client: Client
    provider: ServiceProvider
    request: AuthnRequest
    signed: bool
    answerable: bool  # by the binding that it asks for
    location: str  # the URL of ours at which it came in


def check_version(services: Services, incoming: IncomingAuthnRequest) -> None:
    header_checks.check_version(incoming.request.header)


def check_instant(services: Services, incoming: IncomingAuthnRequest) -> None:
    header_checks.check_instant(services, incoming.provider, incoming.request.header)


def check_destination(services: Services, incoming: IncomingAuthnRequest) -> None:
    # By PAOS the service provider does not know yet which identity provider the client will ask.
    by_browser = incoming.location == services.url(SSO_PATH)
    header_checks.check_destination(incoming.request.header, incoming.location, incoming.signed and by_browser)


def check_binding(services: Services, incoming: IncomingAuthnRequest) -> None:
    if not incoming.answerable:
        raise SamlError(
            names.RESPONDER, names.UNSUPPORTED_BINDING,
            "A Response cannot be sent by the ProtocolBinding that is asked for.",
            detail=f"ProtocolBinding {str(incoming.request.protocol_binding)[:300]}",
            fix="Let it ask for HTTP-POST, with an AssertionConsumerService by that binding in its metadata.",
            field="ProtocolBinding", expected=names.HTTP_POST, got=str(incoming.request.protocol_binding)[:300],
            kind="binding",
        )  # fmt: skip


def check_conditions(services: Services, incoming: IncomingAuthnRequest) -> None:
    now, request = services.clock(), incoming.request
    skew = header_checks.skew_seconds(services, incoming.provider)
    begins, ends = request.not_before, request.not_on_or_after
    if (begins is not None and begins > now + skew) or (ends is not None and ends <= now - skew):
        is_early = begins is not None and begins > now + skew
        moment = begins if is_early else ends
        assert moment is not None
        name, when = ("NotBefore", "from now") if is_early else ("NotOnOrAfter", "ago")
        got = f"{name} {instant(moment)}, {duration(moment - now)} {when}"
        raise _requester(
            names.REQUEST_DENIED, f"The Conditions of the request do not allow an assertion now: {got}.",
            fix="Set the clock of the application's server by NTP, or leave the Conditions out of its requests.",
            field="Conditions", expected=f"a span around {instant(now)}", got=got, kind="conditions",
        )  # fmt: skip


def check_context(services: Services, incoming: IncomingAuthnRequest) -> None:
    authn_context.acceptable(incoming.request.context)


def check_name_id_policy(services: Services, incoming: IncomingAuthnRequest) -> None:
    name_ids.choose_formats(incoming.provider, incoming.request.policy)


def check_subject(services: Services, incoming: IncomingAuthnRequest) -> None:
    subject = incoming.request.subject
    if subject is None:
        return
    # Prof §4.1.4.1: the profile knows the bearer and nobody else.
    if any(method != names.BEARER for method in subject.methods):
        methods = ", ".join(one.rpartition(":")[2] for one in subject.methods)[:200]
        raise _requester(
            names.REQUEST_UNSUPPORTED, "Only bearer confirmation is supported in a Subject.",
            fix="Leave SubjectConfirmation out of the request's Subject, or the whole Subject.",
            field="SubjectConfirmation", expected="bearer", got=methods, kind="subject",
        )  # fmt: skip


def check_attribute_service(services: Services, incoming: IncomingAuthnRequest) -> None:
    index, provider = incoming.request.attribute_index, incoming.provider
    if index is not None and provider.attribute_services and provider.find_attribute_service(index) is None:
        raise _requester(
            names.REQUEST_UNSUPPORTED,
            f"The metadata has no AttributeConsumingService with the index that is asked for: {index}.",
            fix="Leave AttributeConsumingServiceIndex out, or read its newer metadata: doorward client refresh "
            f"{incoming.client.id}",
            field="AttributeConsumingServiceIndex",
            expected=", ".join(str(one.index) for one in provider.attribute_services), got=str(index),
            kind="attribute_index",
        )  # fmt: skip


def check_scoping(services: Services, incoming: IncomingAuthnRequest) -> None:
    listed = incoming.request.idp_list
    if incoming.provider.scoping == "ignore" or listed is None:
        return
    if services.settings.saml_entity_id not in listed:
        raise SamlError(
            names.RESPONDER, names.NO_SUPPORTED_IDP, "None of the identity providers in the IDPList is known here.",
            fix="Its Scoping names other identity providers than this one, an old entity ID of ours perhaps: put ours "
            f"there, leave Scoping out, or let it be passed over: doorward client set {incoming.client.id} "
            "scoping=ignore",
            field="IDPList", expected=services.settings.saml_entity_id, got=", ".join(listed)[:300] or "(nothing)",
            kind="idp_list",
        )  # fmt: skip


#: In the order in which they are applied. ProxyCount forbids nothing that we do: nobody else is asked.
CHECKS: tuple[Callable[[Services, IncomingAuthnRequest], None], ...] = (
    check_version,
    check_instant,
    check_destination,
    check_binding,
    check_conditions,
    check_subject,
    check_name_id_policy,
    check_context,
    check_attribute_service,
    check_scoping,
)


def _requester(substatus: str, message: str, *, kind: str, **more: str) -> SamlError:
    return SamlError(names.REQUESTER, substatus, message, **more, kind=kind)
