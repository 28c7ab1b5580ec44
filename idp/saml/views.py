"""The paths of SAML."""

from idp.saml import artifact, ecp, logout, metadata, sso
from idp.saml.checks import SSO_PATH
from idp.wire import Route

ROUTES = (
    Route("/saml/metadata", ("GET",), metadata.answer, hot=True, api=True),
    # A service provider's form has no key of ours; what it sends is proven by its metadata, or changes nothing.
    Route(SSO_PATH, ("GET", "POST"), sso.start, hot=True, form=False),
    Route(logout.PATH, ("GET", "POST"), logout.answer, form=False),
    Route(artifact.PATH, ("POST",), artifact.resolve, form=False),
    Route(ecp.PATH, ("POST",), ecp.answer, form=False),
    Route("/saml/continue", ("GET",), sso.resume, hot=True),
    Route("/saml/start/<client_id>", ("GET", "POST"), sso.launch, open=True),
)
