"""The paths of SAML."""

from idp.saml.document_flood import at_senders_cost
from idp.saml.logout import single_logout
from idp.saml.metadata import our_metadata
from idp.saml.protocol import (
    ARTIFACT_PATH,
    CONTINUE_PATH,
    ECP_PATH,
    METADATA_PATH,
    SLO_PATH,
    SSO_PATH,
    START_PATH,
)
from idp.saml.sign_on import artifact, ecp, idp_initiated, sso
from idp.wire import Route

ROUTES = (
    Route(METADATA_PATH, ("GET",), our_metadata.publish, hot=True, api=True),
    # A service provider's form has no key of ours; what it sends is proven by its metadata, or changes nothing.
    Route(SSO_PATH, ("GET", "POST"), at_senders_cost(sso.receive_authn_request), hot=True, form=False),
    Route(SLO_PATH, ("GET", "POST"), at_senders_cost(single_logout.receive_logout_message), form=False),
    Route(ARTIFACT_PATH, ("POST",), at_senders_cost(artifact.resolve_artifact), form=False),
    Route(ECP_PATH, ("POST",), at_senders_cost(ecp.receive_ecp_request), form=False),
    Route(CONTINUE_PATH, ("GET",), sso.continue_sign_on, hot=True),
    Route(f"{START_PATH}/<client_id>", ("GET", "POST"), idp_initiated.start_idp_initiated, open=True),
)
