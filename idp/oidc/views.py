"""The paths of OAuth 2.0 and OpenID Connect."""

from idp.oidc import (
    authorize,
    ciba,
    device,
    discovery,
    fedcm,
    introspect,
    logout,
    par,
    registration,
    revoke,
    session_management,
    token,
    userinfo,
)
from idp.oidc.certificates import shown
from idp.oidc.protected_resources import ROUTES as METADATA
from idp.oidc.protected_resources import guarded
from idp.wire import Route

ROUTES = (
    Route("/.well-known/openid-configuration", ("GET",), discovery.configuration, hot=True, api=True, public=True),
    Route(
        "/.well-known/oauth-authorization-server", ("GET",), discovery.configuration, hot=True, api=True, public=True
    ),
    Route("/oauth/jwks", ("GET",), discovery.jwks, hot=True, api=True, public=True),
    Route("/oauth/authorize", ("GET", "POST"), authorize.authorize, hot=True, form=False),
    Route("/oauth/par", ("POST",), par.push, hot=True, api=True, cors=True),
    Route("/oauth/device", ("POST",), device.authorize, hot=True, api=True, cors=True),
    Route("/oauth/bc-authorize", ("POST",), ciba.authorize, hot=True, api=True),
    Route("/oauth/token", ("POST",), token.token, hot=True, api=True, cors=True),
    Route(
        "/oauth/userinfo", ("GET", "POST"), guarded("/oauth/userinfo", userinfo.userinfo), hot=True, api=True, cors=True
    ),
    Route("/oauth/introspect", ("POST",), introspect.introspect, hot=True, api=True),
    Route("/oauth/revoke", ("POST",), revoke.revoke, hot=True, api=True, cors=True),
    Route("/oauth/logout", ("GET", "POST"), logout.end_session, form=False),
    Route("/oauth/register", ("POST",), registration.register, hot=True, api=True, public=True),
    Route("/oauth/register/<client_id>", ("GET", "PUT", "DELETE"), registration.manage, api=True, form=False),
    Route(session_management.PATH, ("GET",), session_management.frame, hot=True),
    Route(fedcm.WELL_KNOWN, ("GET",), fedcm.well_known, hot=True, api=True),
    Route(fedcm.CONFIG, ("GET",), fedcm.config, hot=True, api=True),
    Route(fedcm.ACCOUNTS, ("GET",), fedcm.accounts, hot=True, api=True),
    Route(fedcm.METADATA, ("GET",), fedcm.client_metadata, hot=True, api=True),
    Route(fedcm.ASSERTION, ("POST",), fedcm.assertion, hot=True, api=True),
    Route(fedcm.DISCONNECT, ("POST",), fedcm.disconnect, hot=True, api=True),
    Route("/oauth/whoami", ("GET",), guarded("/oauth/whoami", userinfo.whoami), hot=True, api=True, cors=True),
    Route("/oauth/certificate", ("GET",), shown.certificate, api=True),
    *METADATA,
)
