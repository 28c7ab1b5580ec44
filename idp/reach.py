"""Addresses of applications that we call by ourselves: what keeps us from one, and the fix."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from idp.errors import Explanation
from idp.http import OutboundFailed, OutboundRefused

if TYPE_CHECKING:
    from clients.client import Client
    from idp.services import Services

_SOAP: Final = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP"


@dataclass(frozen=True, slots=True)
class Unreachable:
    """An address that cannot be called. `setting`: where the application has it."""

    client_id: str
    name: str
    setting: str
    url: str
    reason: str
    explanation: Explanation

    def __str__(self) -> str:
        return f"{self.setting} {self.url} cannot be called: {self.reason}. {self.explanation.fix}"


def explain(url: str, error: Exception) -> Explanation:
    """Whose fault it is that an address was not called, and what to do."""
    if not isinstance(error, OutboundRefused):
        return Explanation("application", "See that the application is up and answers there, seen from this machine.")
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    return Explanation(
        "doorward",
        f'Only https to public addresses is called: if this one is meant, add "{origin}" to outbound.allow in the '
        "settings and restart; else give the application a public https address.",
    )


def find_unreachable(services: Services, client: Client, until: float | None = None) -> Iterator[Unreachable]:
    """The addresses of an application that cannot be called, as seen from here. `until`: of `time.monotonic`."""
    for setting, url in addresses(client):
        left = 1.0 if until is None else min(1.0, until - time.monotonic())
        try:
            if left > 0:
                services.outbound.check(url, left)
        except (OutboundRefused, OutboundFailed) as error:
            yield Unreachable(client.id, client.name, setting, url, str(error), explain(url, error))


def addresses(client: Client) -> Iterator[tuple[str, str]]:
    """Those that we call by ourselves, each with the setting that has it."""
    if client.oidc.backchannel_logout_uri:
        yield "backchannel_logout_uri", client.oidc.backchannel_logout_uri
    if client.oidc.jwks_uri:
        yield "jwks_uri", client.oidc.jwks_uri
    endpoint = client.saml.find_slo(_SOAP) if client.saml is not None else None
    if endpoint is not None:
        yield "the SOAP logout address of its metadata", endpoint.location
