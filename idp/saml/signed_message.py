"""A message that must be signed by whoever its Issuer says: LogoutRequest, LogoutResponse, ArtifactResolve."""

from __future__ import annotations

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.request_header import read_issuer
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import open_message
from idp.saml.messages.xml import Element, parse


def open_signed(
    services: Services, received: Received, *, rule: str, enabled: bool
) -> tuple[Client, ServiceProvider, Element]:
    """Who sent it, and the tree that they signed. `rule`: why it must be signed, for the refusal.

    `enabled`: only from those that are turned on. Errors: `BadMessage`, `BadXml`, `BadSignature`.
    """
    root = parse(received.message)
    issuer = read_issuer(root)
    client = services.registry.find_entity(issuer)
    is_off = enabled and client is not None and not client.enabled
    if client is None or client.saml is None or is_off or not client.saml.is_current(services.clock()):
        off = ", turned off" if enabled else ""
        raise BadMessage(f"the Issuer {issuer[:300]!r} is not registered{off}, or its metadata has expired")
    provider = client.saml
    keys, allowed = provider_keys.signing_keys(provider), provider_keys.algorithms(services, provider)
    opened = open_message(received, keys, allowed=allowed, root=root)
    if not opened.signed:
        raise BadSignature(f"{rule} must be signed, and this one is not")
    if read_issuer(opened.root) != issuer:
        raise BadMessage("the signed part names another Issuer")
    return client, provider, opened.root
