"""Whoever signed in last on this device is greeted by name on the sign-in page, where the device is not shared (T3).

A sealed cookie: nobody reads a name in it, and no look at the store tells whether there is such an account still (L7).
It ages from the last sign-in, and goes with "Not you?", a sign-in on a shared computer, and /help's reset. It proves
nothing: it fills in a name.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from idp.accounts.person import Person, fold
from idp.browser import cookie_name
from idp.login.authn import PASSKEY
from idp.login.services import Services
from idp.wire import Cookie, Request
from keys.sealing import BrokenSeal

COOKIE = "last"  # see `browser.cookie_name`
_PURPOSE = "last-account"
_DAY = 86400
_LONGEST = 200  # characters of a name: the cookie is one of many


@dataclass(frozen=True, slots=True)
class LastAccount:
    """`login`: the name that they sign in with, as they typed it; `by_passkey`: they needed no password."""

    person_id: str
    username: str
    login: str
    name: str
    by_passkey: bool
    at: float

    def is_called(self, login: str) -> bool:
        """Whether this is a name of theirs."""
        return fold(login) in (fold(self.login), fold(self.username))


def recall(services: Services, request: Request, subject: str | None = None) -> LastAccount | None:
    """Whom this device remembers; None where that is too long ago, or somebody else than `subject`."""
    sealed = request.cookies.get(cookie_name(services, COOKIE), "")
    days = services.settings.session.remember_account_days
    if not sealed or not days:
        return None
    try:
        found = LastAccount(**json.loads(services.sealer.open(_PURPOSE, sealed)))
    except (BrokenSeal, ValueError, TypeError):
        return None
    is_young = services.clock() - found.at < days * _DAY
    return found if is_young and subject in (None, found.person_id) else None


def remember(
    services: Services, request: Request, person: Person, methods: tuple[str, ...], typed: str, *, shared: bool
) -> tuple[Cookie, ...]:
    """The cookie for the next time. `typed`: what stood in the name field, where it was this person's."""
    days = services.settings.session.remember_account_days
    if shared or not days:
        return (forget(services),) if cookie_name(services, COOKIE) in request.cookies else ()
    theirs = [name for name in (person.username, person.email, person.employee_number) if name]
    login = typed.strip() if fold(typed) in map(fold, theirs) else person.username
    last = LastAccount(
        person.id, person.username, login[:_LONGEST], person.name[:_LONGEST], PASSKEY in methods, services.clock()
    )
    sealed = services.sealer.seal(_PURPOSE, json.dumps(asdict(last), separators=(",", ":")).encode())
    return (Cookie(cookie_name(services, COOKIE), sealed, days * _DAY),)


def forget(services: Services) -> Cookie:
    """Nobody is remembered any more."""
    return Cookie(cookie_name(services, COOKIE), "", 0)
