"""A request that may be wrong: which kind it is of, and what it sent."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from idp.errors import OAuthError, Refused
from idp.oidc import request_objects
from idp.oidc.request_objects import pushed
from idp.protocols import Services
from idp.saml import protocol
from idp.wire import BadRequest, Params, Request

OTHER: Final = "other"  # of every path that is not below
#: What a path is called here. `answer`: pages of a sign-in, of which the last leads back to the application.
KINDS: Final = {
    "/oauth/authorize": "authorize",
    "/oauth/par": "par",
    "/oauth/token": "token",
    "/oauth/userinfo": "userinfo",
    "/oauth/introspect": "introspect",
    "/oauth/revoke": "revoke",
    "/oauth/jwks": "jwks",
    "/oauth/logout": "logout",
    "/.well-known/openid-configuration": "discovery",
    "/.well-known/oauth-authorization-server": "discovery",
    protocol.SSO_PATH: "sso",
    protocol.SLO_PATH: "slo",
    protocol.METADATA_PATH: "saml_metadata",
    protocol.ARTIFACT_PATH: "artifact",
    protocol.CONTINUE_PATH: "answer",
    "/login": "answer",
    "/login/factor": "answer",
    "/login/passkey": "answer",
    "/login/account": "answer",
    "/login/consent": "answer",
    "/login/renew": "answer",
    "/login/enrol": "answer",
    "/login/continue": "answer",
    "/login/access": "answer",
}


def counted(services: Services, client: Client, kind: str, sent: Params) -> Params | None:
    """The parameters that count of an authorization request that was pushed or signed; None where nobody knows them.

    Nothing is fetched for it.
    """
    reference, text = sent.get("request_uri"), sent.get("request")
    if kind not in ("authorize", "par") or not (reference or text):
        return sent
    if (text and reference) or (reference and not reference.startswith(pushed.URN)):
        return None
    try:
        return request_objects.resolve(services, client, sent, is_pushed=True).params
    except (OAuthError, Refused):
        return None


def sent_of(request: Request) -> Params:
    """The parameters of a request; none where it cannot be read."""
    try:
        return request.form if request.method == "POST" else request.query
    except BadRequest:
        return Params([])
