"""What we tell about ourselves as a transmitter (SSF 1.0 §7). Everything named here works."""

from __future__ import annotations

from typing import Any, Final

from idp.protocols import Services
from idp.signals import configuration, naming, status, verification
from idp.signals.stream import METHODS
from idp.wire import Raw, Request, Response, dumps

PATH: Final = "/.well-known/ssf-configuration"


def document(services: Services) -> dict[str, Any]:
    """The transmitter configuration metadata (§7.1)."""
    return {
        "spec_version": "1_0",
        "issuer": services.issuer,
        "jwks_uri": services.url("/oauth/jwks"),
        "delivery_methods_supported": list(METHODS),
        "configuration_endpoint": services.url(configuration.PATH),
        "status_endpoint": services.url(status.PATH),
        "add_subject_endpoint": services.url(naming.ADD),
        "remove_subject_endpoint": services.url(naming.REMOVE),
        "verification_endpoint": services.url(verification.PATH),
        "authorization_schemes": [{"spec_urn": "urn:ietf:rfc:6749"}],
        # Whoever has opened the application is told of without being added.
        "default_subjects": "ALL",
    }


def show(services: Services, request: Request) -> Response:
    """GET /.well-known/ssf-configuration."""
    headers = (("Cache-Control", "public, max-age=300"),)
    return Raw(body=dumps(document(services)), content_type="application/json", headers=headers)
