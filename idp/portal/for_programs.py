"""What programs ask every host for: whether they may index it, and where a weakness is reported."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from idp.protocols import Services
from idp.wire import Raw, Request, Response

GOOD_FOR: Final = 180 * 86400.0  # seconds; RFC 9116 §2.5.5: less than a year
_DAY: Final = 86400.0
_CACHED: Final = (("Cache-Control", "public, max-age=3600"),)


def robots(services: Services, request: Request) -> Response:
    """GET /robots.txt (RFC 9309): nothing here is for a search engine."""
    return Raw(body=b"User-agent: *\nDisallow: /\n", headers=_CACHED)


def security(services: Services, request: Request) -> Response:
    """GET /.well-known/security.txt (RFC 9116); no such file where no contact is set, which is nobody's mistake."""
    brand = services.settings.brand
    if not brand.security_contact:
        return Raw(status=404, headers=_CACHED)
    # By whole days, so that the file stays the same for one.
    until = datetime.fromtimestamp((services.clock() + GOOD_FOR) // _DAY * _DAY, UTC)
    host = "/".join(services.issuer.split("/")[:3])
    lines = (
        f"Contact: {brand.security_contact}",
        f"Expires: {until.isoformat().replace('+00:00', 'Z')}",
        f"Preferred-Languages: {', '.join(dict.fromkeys((brand.language, 'en')))}",
        f"Canonical: {host}/.well-known/security.txt",
    )
    return Raw(body=("\n".join(lines) + "\n").encode(), headers=_CACHED)
