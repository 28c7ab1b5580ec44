"""A logout message on its way through the browser, by HTTP-Redirect or HTTP-POST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from clients.client import Client
from clients.service_provider import ServiceProvider
from idp.protocols import Services
from idp.saml import provider_keys
from idp.saml.logout.logout_response import signed
from idp.saml.messages import http_post, http_redirect, names
from idp.saml.messages.xml import Element
from idp.wire import Response

FRONT_CHANNEL: Final = (names.HTTP_REDIRECT, names.HTTP_POST)


@dataclass(frozen=True, slots=True)
class FrontChannel:
    """A service provider's SingleLogoutService, for requests or for responses."""

    client: Client
    provider: ServiceProvider
    binding: str
    location: str


def send_by_browser(
    services: Services, to: FrontChannel, parameter: str, message: Element, relay_state: str | None = None
) -> Response:
    """A LogoutRequest or a LogoutResponse, signed as its binding asks for."""
    if to.binding == names.HTTP_REDIRECT:
        key = provider_keys.signer(services, to.provider)
        return http_redirect.encode_redirect(to.location, parameter, message, relay_state, key)
    message = signed(services, to.provider, message)
    return http_post.encode_post(to.location, parameter, message, relay_state, app_name=to.client.name)
