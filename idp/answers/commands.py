"""Commands that an admin can paste as they stand, whatever a stranger sent: one more value in an application's list."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from clients.client import Client
from idp.answers.seen import shown_uri

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


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
