"""What is pasted on the application's side, as fields (R1)."""

from __future__ import annotations

from dataclasses import dataclass

from clients.client import Client
from clients.registry import Registered
from idp.admin import gallery
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Paste:
    """One value to copy, under the name that standards have for it. `long`: of several lines."""

    label: str
    value: str
    long: bool = False


def fields(services: Services, client: Client) -> tuple[Paste, ...]:
    """What every application of its kind needs of us, what is asked for first at the top."""
    ours = gallery.ours(services, client.kind, Registered(client, None))
    if client.saml is None:
        found = [
            Paste("Issuer", ours.issuer),
            Paste("Discovery URL", ours.discovery_url),
            Paste("Client ID", client.id),
        ]
        return tuple(found)
    values = ours.values()
    found = [
        Paste("Metadata URL", ours.metadata_url),
        Paste("Entity ID (Issuer)", ours.idp_entity_id),
        Paste("Single sign-on URL", ours.sso_url),
        Paste("Single logout URL", ours.slo_url),
        Paste("Certificate (PEM)", values["certificate"], long=True),
    ]
    if client.saml.allow_idp_initiated:
        found.append(Paste("Start URL", ours.start_url))
    return tuple(found)


def endpoints(services: Services, client: Client) -> tuple[Paste, ...]:
    """For applications that do not read the discovery document or our metadata."""
    ours = gallery.ours(services, client.kind)
    if client.saml is not None:
        values = ours.values()
        return (
            Paste("SHA-256 fingerprint of the certificate", values["fingerprint_sha256"]),
            Paste("Certificate on one line", values["certificate_line"], long=True),
        )
    return (
        Paste("Authorization endpoint", ours.authorization_endpoint),
        Paste("Token endpoint", ours.token_endpoint),
        Paste("Userinfo endpoint", ours.userinfo_endpoint),
        Paste("JWKS URI", ours.jwks_uri),
        Paste("Logout (end session) endpoint", ours.end_session_endpoint),
        Paste("Introspection endpoint", ours.introspection_endpoint),
        Paste("Revocation endpoint", ours.revocation_endpoint),
    )
