"""What holds for every request, whatever it asks (Core §3.2.1): version, age, destination.

Each raises `SamlError`: an AuthnRequest, a LogoutRequest and an ArtifactResolve are answered with its status.
"""

from __future__ import annotations

from clients.service_provider import ServiceProvider
from idp.errors import SamlError
from idp.formats import duration
from idp.protocols import Services
from idp.saml.messages import names
from idp.saml.messages.locations import is_same_place
from idp.saml.messages.request_header import RequestHeader

REQUEST_SECONDS = 120.0  # from a request's IssueInstant until it counts as old, beside the clocks' skew


def check_version(header: RequestHeader) -> None:
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
        fix="Set the application to SAML 2.0.",
        field="Version",
        expected="2.0",
        got=header.version[:20],
        kind="version",
    )


def check_instant(services: Services, provider: ServiceProvider, header: RequestHeader) -> None:
    """Neither old nor from the future, as far as clocks agree. Errors: `SamlError`."""
    skew = skew_seconds(services, provider)
    age = services.clock() - header.issue_instant
    if -skew <= age and not is_old(services, provider, header):
        return
    how = f"{duration(age)} {'old' if age > 0 else 'in the future'}"
    what = "is too old" if age > 0 else "comes from the future"
    raise _requester(
        names.REQUEST_DENIED,
        f"The request {what}: its IssueInstant is {how}. Clocks differ, or it was kept and sent again. Please start "
        "again at the application.",
        detail=f"IssueInstant is {how}; {duration(skew)} of skew are allowed",
        fix="Set the clock of the application's server by NTP. Whoever used a bookmark or an old tab starts again.",
        field="IssueInstant", expected=f"within {duration(skew)} of our clock", got=how,
        kind="clock",
    )  # fmt: skip


def is_old(services: Services, provider: ServiceProvider, header: RequestHeader) -> bool:
    """Whether no answer would be taken any more, as far as clocks agree."""
    return services.clock() - header.issue_instant > skew_seconds(services, provider) + REQUEST_SECONDS


def check_destination(header: RequestHeader, location: str, signed: bool) -> None:
    """Bind §3.4.5.2, §3.5.5.2: where there is one it is ours, and a signed request has one. Errors: `SamlError`."""
    if header.destination is None:
        if signed:
            raise _requester(
                names.REQUEST_DENIED, f"A signed request must have a Destination: {location}.",
                fix=f"Set Destination to {location}.", field="Destination", expected=location, got="(nothing)",
                kind="destination",
            )  # fmt: skip
    elif not is_same_place(header.destination, location):
        raise _requester(
            names.REQUEST_DENIED,
            f"The Destination of the request is another place than the one it was sent to: {location}.",
            detail=f"Destination {header.destination[:300]!r}, sent to {location}",
            fix=f"The application should have {location} as our address; let it read our metadata again.",
            field="Destination", expected=location, got=header.destination[:300], kind="destination",
        )  # fmt: skip


def lifetime(services: Services, provider: ServiceProvider, header: RequestHeader) -> float:
    """Seconds for which a request could still be sent again and be taken."""
    skew = skew_seconds(services, provider)
    return max(60.0, header.issue_instant + REQUEST_SECONDS + 2 * skew - services.clock())


def skew_seconds(services: Services, provider: ServiceProvider) -> int:
    """By how much our clock and the service provider's may differ."""
    return services.settings.saml.skew_seconds if provider.skew_seconds is None else provider.skew_seconds


def _requester(substatus: str, message: str, *, kind: str, **more: str) -> SamlError:
    return SamlError(names.REQUESTER, substatus, message, **more, kind=kind)
