"""Devices on which a person has signed in before: a sealed cookie, nothing stored.

It moves a person into a counting lane of their own (W2); it proves nobody. Where the rules let a device off the second
step, it is one on which that step was shown, since the password was last changed.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Sequence
from hashlib import sha256

from idp.accounts.person import Person
from idp.browser import cookie_name
from idp.login import requirements
from idp.login.authn import ADMIN_CODE
from idp.login.recording import circumstances
from idp.services import Services
from idp.wire import Cookie, Request
from keys.sealing import BrokenSeal

_PURPOSE = "device"
MAX_AGE = 365 * 86400  # seconds
MAX_PEOPLE = 8  # people remembered on one device, latest last


def known(services: Services, request: Request, person_id: str) -> str | None:
    """The device's id if this very person has signed in on it before."""
    device, people, _ = _read(services, request)
    return device if _mark(services, device, person_id) in people else None


def is_let_off(services: Services, request: Request, person: Person) -> bool:
    """Whether this very person has shown a second factor here, and had no new password since."""
    device, _, proven = _read(services, request)
    return _mark(services, device, person.id, person.password_changed_at) in proven


def remember(services: Services, request: Request, person: Person, methods: Sequence[str]) -> Cookie:
    """The cookie that knows this person from now on, and whether `methods` were two factors."""
    device, people, proven = _read(services, request)
    people = _with(people, _mark(services, device, person.id))
    shown, by_mail = [m for m in methods if m != ADMIN_CODE], services.settings.factors.email_is_second
    if requirements.is_met(requirements.SECOND, shown, email_is_second=by_mail):
        proven = _with(proven, _mark(services, device, person.id, person.password_changed_at))
    sealed = services.sealer.seal(_PURPOSE, json.dumps([device, people, proven]).encode())
    return Cookie(cookie_name(services, "device"), sealed, MAX_AGE)


def announce(services: Services, request: Request, person: Person) -> None:
    """Tell somebody who is no newcomer that they signed in on a device for the first time (A5)."""
    if person.created_at > services.clock() - _NEWCOMER:
        return
    from idp import mail
    from idp.accounts import places

    about = {**circumstances(services, request), "place": places.describe(services, request.remote_address)}
    mail.tell(services, person, "new_device", about)


_NEWCOMER = 86400.0  # seconds in which every device is new


def _read(services: Services, request: Request) -> tuple[str, list[str], list[str]]:
    try:
        device, people, *more = json.loads(
            services.sealer.open(_PURPOSE, request.cookies.get(cookie_name(services, "device"), ""))
        )
        return str(device), list(people), list(more[0]) if more else []
    except (BrokenSeal, ValueError):
        return secrets.token_urlsafe(16), [], []


def _with(marks: list[str], mark: str) -> list[str]:
    """The latest last."""
    return [*[m for m in marks if m != mark][-(MAX_PEOPLE - 1) :], mark]


def _mark(services: Services, device: str, *about: object) -> str:
    """Says that a person was here, without saying who."""
    key = services.sealer.mac_key(_PURPOSE)
    return hmac.new(key, ":".join(map(str, (device, *about))).encode(), sha256).hexdigest()[:32]
