"""Logos: the company's from a file, applications' through us, so that no page of ours asks a third party."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path

from clients.client import Client
from idp import reach
from idp.errors import Explanation, Refused
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Raw, Request, Response

#: SVG may hold script: as an image it never runs, and opened by itself the sandbox stops it.
TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_SUFFIXES = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".gif": "image/gif",
}
_HEADERS = (
    ("Cache-Control", "public, max-age=3600"),
    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),
)
#: Behind the sheet of the sign-in pages; what stands beside the sheet keeps a ground of its own, so that it is read.
_BACKGROUND = """@media (min-width:40.01rem){{
body:has(.sheet){{background:var(--canvas) url({path}/brand/background) 50%/cover}}
body:has(.sheet) :is(.top,.foot){{background:color-mix(in srgb,var(--canvas) 90%,transparent)}}
}}
"""
KEPT_FOR = 3600.0  # seconds
MAX_KEPT = 200


class _Logos:
    """Applications' logos, by their URI: when each was fetched, its type, its bytes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, str, bytes]] = OrderedDict()

    def find(self, uri: str, since: float) -> tuple[str, bytes] | None:
        """One that is not older than `since`."""
        with self._lock:
            kept = self._kept.get(uri)
        return kept[1:] if kept is not None and kept[0] >= since else None

    def keep(self, uri: str, now: float, kind: str, body: bytes) -> None:
        """Keep one; the oldest goes where there are too many."""
        with self._lock:
            self._kept[uri] = (now, kind, body)
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)


def app_logo(services: Services, request: Request) -> Response:
    """GET /app-logo/<client id>."""
    client = services.registry.find(request.segment)
    uri = client.logo_uri if client is not None and client.enabled else None
    if client is None or not uri:
        raise _missing()
    logos, now = services.part(_Logos), services.clock()
    name = reach.kept_as(client.metadata, uri)
    found = logos.find(name, now - KEPT_FOR)
    if found is None:
        found = _fetch(services, client, uri)
        logos.keep(name, now, *found)
    kind, body = found
    if not body:
        raise _missing()
    return Raw(body=body, content_type=kind, headers=_HEADERS)


def _fetch(services: Services, client: Client, uri: str) -> tuple[str, bytes]:
    try:
        fetched = reach.outbound(services, client.metadata).get(uri, accept="image/*")
    except (OutboundRefused, OutboundFailed) as error:
        services.log.warning("logo_unavailable", uri=uri, reason=error.reason)
        return "", b""
    kind = fetched.content_type.partition(";")[0].strip().lower()
    return (kind, fetched.body) if fetched.status == 200 and kind in TYPES else ("", b"")


def company_logo(services: Services, request: Request) -> Response:
    """GET /brand/logo."""
    return _file(services, services.settings.brand.logo)


def company_background(services: Services, request: Request) -> Response:
    """GET /brand/background."""
    return _file(services, services.settings.brand.background)


def _file(services: Services, name: str) -> Response:
    path = services.settings.path(name) if name else None
    if path is None or path.suffix.lower() not in _SUFFIXES or not path.is_file():
        raise _missing()
    return Raw(body=path.read_bytes(), content_type=_SUFFIXES[path.suffix.lower()], headers=_HEADERS)


def company_colours(services: Services, request: Request) -> Response:
    """GET /brand.css: the accent as a custom property, so that the policy needs no inline style."""
    brand, path = services.settings.brand, services.settings.server.issuer_path
    body = f":root{{--accent:{brand.accent}}}\n".encode()
    if brand.background:
        body += _BACKGROUND.format(path=path).encode()
    return Raw(body=body, content_type="text/css; charset=utf-8", headers=(("Cache-Control", "public, max-age=300"),))


def favicon(services: Services, request: Request) -> Response:
    """GET /favicon.ico: browsers ask for it where an answer names no picture: JSON, a picture, an auto-post page."""
    body = (Path(__file__).parent.parent / "static" / "favicon.svg").read_bytes()
    return Raw(body=body, content_type="image/svg+xml", headers=_HEADERS)


def touch_icon(services: Services, request: Request) -> Response:
    """GET /apple-touch-icon.png: phones ask for it, by that name, when somebody keeps the page among their apps."""
    brand = services.settings.brand
    own = services.settings.path(brand.logo) if brand.logo.lower().endswith(".png") else None
    path = own if own is not None and own.is_file() else Path(__file__).parent.parent / "static" / "touch-icon.png"
    return Raw(body=path.read_bytes(), content_type="image/png", headers=_HEADERS)


def _missing() -> Refused:
    return Refused(
        "no_picture",
        N_("There is no picture here."),
        status=404,
        title=N_("Page not found"),
        explanation=Explanation("application", "logo_uri is missing, unreachable, not a picture, or over 64 kB."),
    )
