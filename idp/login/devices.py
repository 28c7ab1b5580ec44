"""Devices on which a person has signed in before: a sealed cookie, nothing stored.

It only ever moves a person into a counting lane of their own (W2); it proves nobody.
"""

from __future__ import annotations

import hmac
import json
import secrets
from hashlib import sha256

from idp.browser import cookie_name
from idp.services import Services
from idp.wire import Cookie, Request
from keys.sealing import BrokenSeal

_PURPOSE = "device"
MAX_AGE = 365 * 86400  # seconds
MAX_PEOPLE = 8  # people remembered on one device, latest last


def known(services: Services, request: Request, person_id: str) -> str | None:
    """The device's id if this very person has signed in on it before."""
    device, people = _read(services, request)
    return device if _mark(services, device, person_id) in people else None


def remember(services: Services, request: Request, person_id: str) -> Cookie:
    """The cookie that knows this person from now on."""
    device, people = _read(services, request)
    mark = _mark(services, device, person_id)
    people = [*[p for p in people if p != mark][-(MAX_PEOPLE - 1) :], mark]
    sealed = services.sealer.seal(_PURPOSE, json.dumps([device, people]).encode())
    return Cookie(cookie_name(services, "device"), sealed, MAX_AGE)


def _read(services: Services, request: Request) -> tuple[str, list[str]]:
    try:
        device, people = json.loads(
            services.sealer.open(_PURPOSE, request.cookies.get(cookie_name(services, "device"), ""))
        )
        return str(device), list(people)
    except (BrokenSeal, ValueError):
        return secrets.token_urlsafe(16), []


def _mark(services: Services, device: str, person_id: str) -> str:
    """Says that a person was here, without saying who."""
    key = services.sealer.mac_key(_PURPOSE)
    return hmac.new(key, f"{device}:{person_id}".encode(), sha256).hexdigest()[:32]
