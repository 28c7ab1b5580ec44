"""What pages show of an application, a browser and a moment, and where their forms may lead."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from idp.services import Services
from idp.texts import N_


def form_target(uri: str) -> str:
    """The CSP source of the place where a form may end up: an origin, or a private-use scheme (RFC 8252 §7.1)."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def form_targets(destination: str) -> tuple[str, ...]:
    """Where a form may end up: the application's origin, and what it redirects to inside its own web.

    Browsers hold form-action against every redirect that follows a POST; an app whose callback leads to another of
    its hosts would be cut off, so https apps may lead to https, and those on this machine to this machine.
    """
    if destination.startswith("https:"):
        return (destination, "https:")
    if destination.startswith("http:"):
        return (destination, "http://127.0.0.1:*", "http://localhost:*")
    return (destination,) if destination else ()


def shown_app(services: Services, client: Any) -> dict[str, str] | None:
    """What pages show of an application; only http(s) links, and its logo through us (no third-party request)."""
    if client is None:
        return None
    metadata = client.metadata
    shown = {key: str(metadata.get(key) or "") for key in ("policy_uri", "tos_uri", "client_uri")}
    links = {key: uri if uri.startswith(("https://", "http://")) else "" for key, uri in shown.items()}
    logo = services.url(f"/app-logo/{client.id}") if metadata.get("logo_uri") else ""
    return {"name": client.name, "logo_uri": urlsplit(logo).path if logo else "", **links}


#: First match wins: browsers name their ancestors, too. (A full parser costs 2 s and 20 MiB at its first use.)
_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip


def describe_browser(user_agent: str) -> str:
    """Words such as "Firefox on Linux" for a user agent string."""
    name = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if not system:
        return name or N_("Unknown browser")
    return N_("%(browser)s on %(system)s", browser=name or N_("Unknown browser"), system=system)


def utc(now: float) -> str:
    """A moment as pages write it."""
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
