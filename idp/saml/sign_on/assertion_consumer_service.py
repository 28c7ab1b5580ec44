"""Which assertion consumer service (ACS) an AuthnRequest asks for: one of its sender's own, or none."""

from __future__ import annotations

from collections.abc import Iterable

from clients.service_provider import AssertionConsumerService, ServiceProvider
from idp.saml.messages.authn_request import AuthnRequest


class UntrustedAcs(Exception):
    """The request names no assertion consumer service of its sender. `reason`: how it differs, for admins."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def choose_acs(
    provider: ServiceProvider, request: AuthnRequest, bindings: Iterable[str]
) -> tuple[AssertionConsumerService, bool]:
    """The assertion consumer service that a request asks for, and whether it can be answered by the binding asked for.

    `bindings`: those that we answer by. Errors: `UntrustedAcs`; never another one than was asked for (Prof §4.1.4.1).
    """
    bindings = tuple(bindings)
    wanted = request.protocol_binding
    found: AssertionConsumerService | None
    if request.acs_url is not None and request.acs_index is not None:
        raise UntrustedAcs("AssertionConsumerServiceURL and AssertionConsumerServiceIndex exclude each other")
    if request.acs_url is not None:
        found = _by_url(provider, request.acs_url, wanted, bindings)
    elif request.acs_index is not None:
        found = provider.find_acs_by_index(request.acs_index)
        if found is None:
            raise UntrustedAcs(f"the metadata has no AssertionConsumerService with index {request.acs_index}")
    else:
        found = provider.default_acs((wanted,) if wanted in bindings else bindings)
        if found is None:
            raise UntrustedAcs("the metadata has no AssertionConsumerService by a binding that we answer by")
    return found, found.binding in bindings and wanted in (None, found.binding)


def _by_url(
    provider: ServiceProvider, url: str, wanted: str | None, bindings: tuple[str, ...]
) -> AssertionConsumerService:
    # SDP-IDP06: exactly as in the metadata; no prefix, no case folding, no default port.
    for binding in (wanted,) if wanted else bindings:
        found = provider.find_acs(url, binding)
        if found is not None:
            return found
    found = provider.find_acs(url)
    if found is None:
        registered = ", ".join(sorted(provider.acs_locations)) or "none"
        raise UntrustedAcs(f"AssertionConsumerServiceURL {url[:300]!r} is not in the metadata, which has: {registered}")
    return found
