"""Commands that an admin can paste as they stand, whatever a stranger sent: one more value in an application's list."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from clients.client import Client
from clients.entities import check_location
from clients.profiles import PROFILES
from clients.redirects import ANSWERED, ANSWERED_LOGOUT, check_redirect_uri
from idp.answers.seen import Seen, shown_uri

_LONGEST: Final = 500  # characters; what is longer nobody registers by pasting


def adding(client: Client, key: str, value: str) -> str:
    """`… KEY+=VALUE`: what is registered stays. Whole, or `…` for what is not to be kept, as a secret in it."""
    command = f"doorward client set {client.id} "
    if not value or len(value) > _LONGEST or not value.isprintable() or shown_uri(value) != value:
        return f"{command}{key}+=…"
    # A list is parted by commas and spaces on a command line, unless it is JSON.
    is_apart = key != "scope" and any(one in value for one in " ,[")
    return command + shlex.quote(f"{key}+={json.dumps([value], ensure_ascii=False) if is_apart else value}")


def adding_address(client: Client, key: str, url: str, registered: Iterable[str]) -> str:
    """The same for where answers go: ready to paste for a host that is registered alone, as strangers send others."""
    host = _host(url)
    own = {_host(one) for one in registered} - {""}
    if any(host == one or host.endswith(f".{one}") for one in own):
        return adding(client, key, url)
    return f"{adding(client, key, '')} (anybody can send such a request: only where the host is the application’s own)"


def not_registrable(seen: Seen, key: str, url: str) -> str:
    """Why an address could not be registered under `key`, as whoever tried would read; '' where it could.

    A command that is refused helps nobody: what may not be registered is to be corrected in the application.
    """
    registry, client = seen.services.registry, seen.client
    try:
        if key == "acs":
            check_location(url, registry.allow_loopback)
        else:
            check_redirect_uri(
                url, PROFILES[client.profile].redirects, allow_loopback=registry.allow_loopback,
                allow_dotless=bool(client.metadata.get("allow_dotless_scheme")),
                answered=ANSWERED if key == "redirect_uris" else ANSWERED_LOGOUT,
            )  # fmt: skip
    except ValueError as error:
        return str(error)
    return ""


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
