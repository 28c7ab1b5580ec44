"""OpenID Connect Front-Channel Logout 1.0: the browser asks an application, in a hidden frame, to sign somebody out."""

from __future__ import annotations

from clients.client import Client
from idp.login.browser.sessions import Ended, Session
from idp.oidc import claims
from idp.protocols import Services
from idp.wire import with_parameters


def frame_of(services: Services, client: Client, session: Session | Ended) -> str:
    """The address to ask, '' where the application has none. FCL §3: `iss` and `sid` where it is registered so."""
    uri = client.metadata.get("frontchannel_logout_uri")
    if not uri:
        return ""
    if not client.metadata.get("frontchannel_logout_session_required"):
        return str(uri)
    return with_parameters(str(uri), [("iss", services.issuer), ("sid", claims.session(services, client, session.id))])
