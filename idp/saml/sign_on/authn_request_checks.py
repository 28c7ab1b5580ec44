"""What an AuthnRequest must fulfil once we know where an answer goes: one rule per function, in one visible list.

Each raises `SamlError`, which goes to the service provider as a Response with a nested status.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.protocols import Services
from idp.saml.assertions import authn_context, name_ids
from idp.saml.messages import names
from idp.saml.messages.authn_request import AuthnRequest, Header
from idp.saml.messages.locations import is_same_place

REQUEST_SECONDS = 120.0  # from a request's IssueInstant until it counts as old, beside the clocks' skew
SSO_PATH = "/saml/sso"


@dataclass(frozen=True, slots=True)
class Incoming:
    """An AuthnRequest of a service provider that is known, with an ACS that is its own."""

    client: Client
    provider: ServiceProvider
    request: AuthnRequest
    signed: bool
    answerable: bool  # by the binding that it asks for
    location: str  # the URL of ours at which it came in


def check_version(services: Services, incoming: Incoming) -> None:
    check_header_version(incoming.request.header)


def check_instant(services: Services, incoming: Incoming) -> None:
    check_header_instant(services, incoming.provider, incoming.request.header)


def check_destination(services: Services, incoming: Incoming) -> None:
    # By PAOS the service provider does not know yet which identity provider the client will ask.
    by_browser = incoming.location == services.url(SSO_PATH)
    check_header_destination(incoming.request.header, incoming.location, incoming.signed and by_browser)


def check_binding(services: Services, incoming: Incoming) -> None:
    if not incoming.answerable:
        raise SamlError(
            names.RESPONDER, names.UNSUPPORTED_BINDING,
            "A Response cannot be sent by the ProtocolBinding that is asked for.",
            detail=f"ProtocolBinding {str(incoming.request.protocol_binding)[:300]}",
            fix="Let it ask for HTTP-POST, with an AssertionConsumerService by that binding in its metadata.",
        )  # fmt: skip


def check_conditions(services: Services, incoming: Incoming) -> None:
    now, request = services.clock(), incoming.request
    skew = _skew(services, incoming.provider)
    begins, ends = request.not_before, request.not_on_or_after
    if (begins is not None and begins > now + skew) or (ends is not None and ends <= now - skew):
        raise _requester(names.REQUEST_DENIED, "The Conditions of the request do not allow an assertion now.")


def check_context(services: Services, incoming: Incoming) -> None:
    authn_context.acceptable(incoming.request.context)


def check_name_id_policy(services: Services, incoming: Incoming) -> None:
    name_ids.choose_formats(incoming.provider, incoming.request.policy)


def check_subject(services: Services, incoming: Incoming) -> None:
    subject = incoming.request.subject
    if subject is None:
        return
    # Prof §4.1.4.1: the profile knows the bearer and nobody else.
    if any(method != names.BEARER for method in subject.methods):
        raise _requester(names.REQUEST_UNSUPPORTED, "Only bearer confirmation is supported in a Subject.")


def check_attribute_service(services: Services, incoming: Incoming) -> None:
    index, provider = incoming.request.attribute_index, incoming.provider
    if index is not None and provider.attribute_services and provider.find_attribute_service(index) is None:
        raise _requester(
            names.REQUEST_UNSUPPORTED, "The metadata has no AttributeConsumingService with the index that is asked for."
        )


def check_scoping(services: Services, incoming: Incoming) -> None:
    listed = incoming.request.idp_list
    if incoming.provider.scoping == "ignore" or listed is None:
        return
    if services.settings.saml_entity_id not in listed:
        raise SamlError(
            names.RESPONDER, names.NO_SUPPORTED_IDP, "None of the identity providers in the IDPList is known here."
        )


#: In the order in which they are applied. ProxyCount forbids nothing that we do: nobody else is asked.
CHECKS: tuple[Callable[[Services, Incoming], None], ...] = (
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


# -- what holds for every request, whatever it asks ------------------------------------------------------------------


def check_header_version(header: Header) -> None:
    """Core §3.2.1, §4.1.3. Errors: `SamlError`."""
    if header.version == "2.0":
        return
    major, _, _ = header.version.partition(".")
    higher = major.isascii() and major.isdigit() and int(major[:9]) >= 2
    raise SamlError(
        names.VERSION_MISMATCH,
        names.REQUEST_VERSION_TOO_HIGH if higher else names.REQUEST_VERSION_TOO_LOW,
        "Only SAML 2.0 is spoken here.",
        detail=f"Version {header.version[:20]!r}",
    )


def check_header_instant(services: Services, provider: ServiceProvider, header: Header) -> None:
    """Neither old nor from the future, as far as clocks agree. Errors: `SamlError`."""
    skew = _skew(services, provider)
    age = services.clock() - header.issue_instant
    if -skew <= age and not is_old(services, provider, header):
        return
    how = f"{age:.0f} s old" if age > 0 else f"{-age:.0f} s in the future"
    raise _requester(
        names.REQUEST_DENIED, "The request is too old, or the clocks differ. Please start again at the application.",
        detail=f"IssueInstant is {how}; {skew} s of skew are allowed",
        fix="Set the clock of the application's server by NTP. Whoever used a bookmark or an old tab starts again.",
    )  # fmt: skip


def is_old(services: Services, provider: ServiceProvider, header: Header) -> bool:
    """Whether no answer would be taken any more, as far as clocks agree."""
    return services.clock() - header.issue_instant > _skew(services, provider) + REQUEST_SECONDS


def check_header_destination(header: Header, location: str, signed: bool) -> None:
    """Bind §3.4.5.2, §3.5.5.2: where there is one it is ours, and a signed request has one. Errors: `SamlError`."""
    if header.destination is None:
        if signed:
            raise _requester(
                names.REQUEST_DENIED, "A signed request must have a Destination.", fix=f"Set Destination to {location}."
            )
    elif not is_same_place(header.destination, location):
        raise _requester(
            names.REQUEST_DENIED, "The Destination of the request is another place than the one it was sent to.",
            detail=f"Destination {header.destination[:300]!r}, sent to {location}",
            fix=f"The application should have {location} as our address; let it read our metadata again.",
        )  # fmt: skip


def lifetime(services: Services, provider: ServiceProvider, header: Header) -> float:
    """Seconds for which a request could still be sent again and be taken."""
    skew = _skew(services, provider)
    return max(60.0, header.issue_instant + REQUEST_SECONDS + 2 * skew - services.clock())


def _skew(services: Services, provider: ServiceProvider) -> int:
    return services.settings.saml.skew_seconds if provider.skew_seconds is None else provider.skew_seconds


def _requester(substatus: str, message: str, *, detail: str = "", fix: str = "") -> SamlError:
    return SamlError(names.REQUESTER, substatus, message, detail=detail, fix=fix)
