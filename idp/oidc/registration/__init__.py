"""Dynamic client registration (RFC 7591, Registration 1.0) and its management (RFC 7592).

Door: `register` at /oauth/register, `manage` below it. Rule: who may and what is decided by the policy of the initial
access token; whether metadata is good, by the same rules as for every door of the registry. Loaded by the first call.
"""

from idp.protocols import Services
from idp.wire import Request, Response


def register(services: Services, request: Request) -> Response:
    """POST /oauth/register."""
    from idp.oidc.registration import registering

    return registering.register(services, request)


def manage(services: Services, request: Request) -> Response:
    """GET, PUT and DELETE /oauth/register/<client_id>."""
    from idp.oidc.registration import managing

    return managing.manage(services, request)
