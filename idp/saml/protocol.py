"""What SAML is called among the protocols that the sign-in engine serves, and the paths of its endpoints."""

from __future__ import annotations

from typing import Final

PROTOCOL: Final = "saml"

METADATA_PATH: Final = "/saml/metadata"
SSO_PATH: Final = "/saml/sso"
SLO_PATH: Final = "/saml/slo"
ARTIFACT_PATH: Final = "/saml/artifact"
ARTIFACT_INDEX: Final = 0  # of the only ArtifactResolutionService in our metadata
ECP_PATH: Final = "/saml/ecp"
CONTINUE_PATH: Final = "/saml/continue"
START_PATH: Final = "/saml/start"  # and the client's id behind it
