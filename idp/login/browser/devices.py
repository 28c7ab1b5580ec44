"""Devices on which a person has signed in before: a sealed cookie.

It moves a person into a counting lane of their own (W2); it proves nobody, and is forgotten after a year. Where the
rules let a device off the second step, it is one that its person ticked when they last showed it: the cookie has that
device's secret, and the store decides for how long it is good.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from idp.accounts.factors import trusted_devices
from idp.accounts.person import Person
from idp.browser import cookie_name
from idp.db import Transaction
from idp.login import requirements
from idp.login.authn import ADMIN_CODE
from idp.login.recording import circumstances, recorder
from idp.login.services import Services
from idp.wire import Cookie, Request
from keys.sealing import BrokenSeal

_PURPOSE = "device"
MAX_AGE = 365 * 86400  # seconds since the person's last sign-in here
MAX_PEOPLE = 8  # people remembered on one device, latest last


@dataclass(frozen=True, slots=True)
class _Device:
    """What the cookie says, by each person's mark: when they signed in last, and the secret of a trusted device."""

    id: str
    seen: Mapping[str, float] = field(default_factory=dict)
    trusted: Mapping[str, str] = field(default_factory=dict)


def known(services: Services, request: Request, person_id: str) -> str | None:
    """The device's id if this very person has signed in on it before."""
    device = request.once(_read, services)
    seen = device.seen.get(_mark(services, device.id, person_id))
    return device.id if seen is not None and services.clock() - seen < MAX_AGE else None


def is_let_off(services: Services, request: Request, person_id: str) -> bool:
    """Whether this very person is not asked for the second step here. A look at the store only where they ticked so."""
    device = request.once(_read, services)
    secret = device.trusted.get(_mark(services, device.id, person_id))
    return secret is not None and trusted_devices.is_trusted(services.db, person_id, secret, services.clock())


def remember(
    services: Services, request: Request, person: Person, methods: Sequence[str], *, trust: bool = False
) -> Cookie:
    """The cookie that knows this person from now on; with `trust`, and after two factors, one that is not asked."""
    device = request.once(_read, services)
    mark = _mark(services, device.id, person.id)
    trusted = dict(device.trusted)
    if trust and _shows_two(services, methods):
        trusted = _with(trusted, mark, _trust(services, request, person))
    value = {"id": device.id, "seen": _with(device.seen, mark, services.clock()), "trusted": trusted}
    sealed = services.sealer.seal(_PURPOSE, json.dumps(value, separators=(",", ":")).encode())
    return Cookie(cookie_name(services, "device"), sealed, MAX_AGE)


def _shows_two(services: Services, methods: Sequence[str]) -> bool:
    shown, by_mail = [m for m in methods if m != ADMIN_CODE], services.settings.factors.email_is_second
    return requirements.is_met(requirements.SECOND, shown, email_is_second=by_mail)


def _trust(services: Services, request: Request, person: Person) -> str:
    days = services.settings.factors.remember_days
    with services.db.transaction() as tx:
        secret = trusted_devices.add(
            tx, person.id, services.clock(), days * 86400.0, request.remote_address, request.user_agent
        )
        recorder(services, request, person.id)(tx, "device:trusted", {"days": days})
    return secret


def announcement(services: Services, request: Request, person: Person) -> Callable[[Transaction], object] | None:
    """What queues the mail that somebody signs in on a device for the first time (A5), with the session that begins.

    None on a device that they know, and for newcomers, to whom every one is new.
    """
    is_newcomer = person.created_at > services.clock() - _NEWCOMER
    if is_newcomer or known(services, request, person.id) is not None:
        return None
    from idp import language, mail
    from idp.accounts import places

    place = places.describe(services, request.remote_address, language.of_person(services, person.claims))
    about = {**circumstances(services, request), "place": place}
    # Not in the language of this browser: it may be a thief's, who would have it in one that the person does not read.
    return lambda tx: mail.tell(services, person, "new_device", about, tx=tx)


_NEWCOMER = 86400.0  # seconds in which every device is new


def _read(services: Services, request: Request) -> _Device:
    try:
        value = json.loads(services.sealer.open(_PURPOSE, request.cookies.get(cookie_name(services, "device"), "")))
        return _Device(**value) if isinstance(value, dict) else _of_before(services, value)
    except (BrokenSeal, ValueError, TypeError):
        return _Device(secrets.token_urlsafe(16))


def _of_before(services: Services, value: Sequence[Any]) -> _Device:
    """A cookie from before devices aged: known until its next sign-in, which dates it, and asked like every other."""
    return _Device(str(value[0]), dict.fromkeys(map(str, value[1]), services.clock()))


def _with(marks: Mapping[str, Any], mark: str, value: Any) -> dict[str, Any]:
    """The latest last."""
    others = [(one, kept) for one, kept in marks.items() if one != mark]
    return dict([*others[-(MAX_PEOPLE - 1) :], (mark, value)])


def _mark(services: Services, device: str, person_id: str) -> str:
    """Says that a person was here, without saying who."""
    key = services.sealer.mac_key(_PURPOSE)
    return hmac.new(key, f"{device}:{person_id}".encode(), sha256).hexdigest()[:32]
