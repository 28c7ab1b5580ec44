"""The LogoutResponse to whoever asked, when every other service provider has been told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clients.client import Client
from idp.errors import Explanation, SamlError
from idp.login import pages
from idp.protocols import Services
from idp.saml.logout.front_channel import FRONT_CHANNEL, FrontChannel, send_by_browser
from idp.saml.logout.logout_response import make_logout_response
from idp.saml.logout.refusals import keep_error, partial_logout
from idp.wire import Request, Response


def conclude(services: Services, request: Request, values: Mapping[str, Any], *, complete: bool) -> Response:
    """Success, or PartialLogout where somebody did not confirm (Prof §4.4.3.5)."""
    client = services.registry.find(values["client_id"])
    if client is None or values["asynchronous"]:  # ASLO §2.3: nobody waits for an answer
        return pages.signed_out(services, ())
    problem = None if complete else keep_error(services, request, client, partial_logout(), None)
    return respond(services, client, values, problem)


def respond(services: Services, client: Client, values: Mapping[str, Any], problem: SamlError | None) -> Response:
    """A LogoutResponse by the browser; our page where the service provider takes none."""
    provider = client.saml
    endpoint = None if provider is None else provider.find_slo(values["binding"]) or provider.find_slo(*FRONT_CHANNEL)
    if provider is None or endpoint is None:
        fix = (
            "Its metadata has no SingleLogoutService that our LogoutResponse could go to, so people stay on our page: "
        )
        fix += f"let it publish one, and read it again: doorward client refresh {client.id} --metadata FILE_OR_URL"
        told = Explanation(
            "application", fix, "SingleLogoutService", "an address by HTTP-Redirect or HTTP-POST", "(none)"
        )
        services.faults.undelivered(client.id, "its metadata has no SingleLogoutService", told)
        return pages.signed_out(services, ())
    to = FrontChannel(client, provider, endpoint.binding, endpoint.for_responses)
    message = make_logout_response(services, to.location, values["request_id"], problem)
    return send_by_browser(services, to, "SAMLResponse", message, values["relay_state"])
