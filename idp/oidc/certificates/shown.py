"""What arrives here of the caller's own certificate: for whoever sets up a proxy, or registers an application."""

from __future__ import annotations

from typing import Any

from clients.certificate_names import NAMES
from idp.errors import OAuthError
from idp.oidc.certificates import arriving, authorities
from idp.oidc.certificates.certificate import Certificate, day
from idp.protocols import Services
from idp.wire import Json, Request, Response


def certificate(services: Services, request: Request) -> Response:
    """GET /oauth/certificate: its names as they are registered, or that none came. Nothing of anybody else's."""
    arrived = arriving.of(services, request)
    if arrived.kind == "certificate_off":
        raise OAuthError(
            "invalid_request", "Client certificates are not taken here.", status=404, kind=arrived.kind,
            side="doorward", field=arrived.field, expected=arrived.expected, got=arrived.got, fix=arrived.fix,
        )  # fmt: skip
    if arrived.certificate is None:
        return Json(body={"thumbprint": None, "kind": arrived.kind})
    return Json(body=_described(services, arrived.certificate))


def _described(services: Services, found: Certificate) -> dict[str, Any]:
    names = {field: found.names(field) for field in NAMES}
    return {
        "thumbprint": found.thumbprint,
        "issuer": found.issuer,
        "not_before": day(found.begins),
        "not_after": day(found.ends),
        "names": {field: named[0] if len(named) == 1 else named for field, named in names.items() if named},
        "authority": _authority(services, found),
    }


def _authority(services: Services, found: Certificate) -> str:
    if not arriving.is_taken(services.settings, "tls_client_auth"):
        return "none is set (oauth.client_certificate_ca)"
    try:
        authorities.check(authorities.of(services), found, services.clock())
    except OSError:
        return "unreadable (oauth.client_certificate_ca)"
    except ValueError as error:
        return str(error)
    return "known"
