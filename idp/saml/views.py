"""The paths of SAML."""

from idp.saml.logout import single_logout
from idp.saml.metadata import our_metadata
from idp.saml.sign_on import artifact, ecp, sso
from idp.saml.sign_on.authn_request_checks import SSO_PATH
from idp.wire import Route

ROUTES = (
    Route("/saml/metadata", ("GET",), our_metadata.answer, hot=True, api=True),
    # A service provider's form has no key of ours; what it sends is proven by its metadata, or changes nothing.
    Route(SSO_PATH, ("GET", "POST"), sso.start, hot=True, form=False),
    Route(single_logout.PATH, ("GET", "POST"), single_logout.answer, form=False),
    Route(artifact.PATH, ("POST",), artifact.resolve, form=False),
    Route(ecp.PATH, ("POST",), ecp.answer, form=False),
    Route("/saml/continue", ("GET",), sso.resume, hot=True),
    Route("/saml/start/<client_id>", ("GET", "POST"), sso.launch, open=True),
)
