"""Proving somebody by name and password: throttle, look up, verify, in the same steps for every name."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from idp import language
from idp.accounts import history
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.audit import Event, record
from idp.language import N_
from idp.login import devices, robots
from idp.login.throttle import Account, Pause
from idp.services import Services
from idp.wire import Request

# L7: one text for a wrong name and a wrong password.
WRONG = N_("The name or the password is not right.")
#: For somebody who has proven that the account is theirs: nobody else learns it.
DISABLED = N_("This account is turned off, so it cannot sign in. The help desk can tell you why.")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The person, or what to say instead."""

    person: Person | None
    error: str | None = None
    pause: Pause | None = None
    check: bool = False  # the next try from here must show that a person is there (W4)

    @property
    def is_unheard(self) -> bool:
        """Whether the password was not looked at: a pause, or nobody has shown to be there."""
        return self.pause is not None or self.error == robots.UNPROVEN


def prove(services: Services, request: Request, login: str, password: str, *, known: bool = False) -> Outcome:
    """Whether the password is that person's. Errors: `Busy` when too many hashes are waiting.

    `known`: somebody has proven a part already, so that no check for programs is due.
    """
    if not login.strip() or not password:
        return Outcome(None, N_("Please type your name and your password."))
    now, address = services.clock(), request.remote_address
    found = services.directory.find_for_password(login)
    person, credentials = found if found is not None else (None, None)
    account = services.throttle.account(person.id if person else None, login)
    device = devices.known(services, request, person.id) if person else None
    # The decision comes before the hash, so that a locked name costs nothing.
    pause = services.throttle.check(account, device, address, now)
    if pause is not None:
        return Outcome(None, None, pause)
    is_checked = not known and device is None and services.throttle.failures(account, address) >= robots.FROM
    if is_checked and not robots.is_passed(services, request):
        return Outcome(None, robots.UNPROVEN, check=True)
    # One hash for everybody, so that the time tells neither an unknown name nor a disabled account.
    verdict = services.passwords.verify(credentials.password_hash if credentials is not None else None, password)
    if person is None or credentials is None or not verdict.ok:
        return _failed(services, request, person, account, device, password)
    pause = services.throttle.succeeded(account, device, address, services.clock())
    if pause is not None:  # it began while this password was hashed
        _record(services, request, person, {"known_device": device is not None, "late": True})
        return Outcome(None, None, pause, device is None)
    if not person.enabled:  # L7 is about guessing: who knows the password may know this, too
        _record(services, request, person, {"known_device": device is not None, "enabled": False, "right": True})
        return Outcome(None, DISABLED)
    if verdict.rehash is not None:
        services.directory.rehash(credentials, verdict.rehash)
    return Outcome(person)


def _failed(
    services: Services, request: Request, person: Person | None, account: Account, device: str | None, password: str
) -> Outcome:
    now = services.clock()
    failure = services.throttle.failed(account, device, request.remote_address, password, now)
    detail = {
        "failures": failure.failures,
        "known_device": device is not None,
        "paused_until": failure.pause.until if failure.pause else None,
        "enabled": person.enabled if person else None,
    }
    _record(services, request, person, detail)
    if failure.alarm:
        services.log.warning("many_names_fail", address=request.remote_address)
        record(services.db, Event("range:alarm", address=request.remote_address, request_id=request.id), now)
    # Guesses sent at once: past the budget, right and wrong ones get the same answer.
    check = device is None and failure.failures >= robots.FROM
    if failure.late:
        return Outcome(None, None, failure.pause, check)
    is_owner = device is not None and person is not None and person.enabled and not person.must_reset
    return Outcome(None, (is_owner and _changed_on(services, request, person, password)) or WRONG, failure.pause, check)


def _changed_on(services: Services, request: Request, person: Person | None, password: str) -> str:
    """When the password was changed, if this is the one of before (L6); asked for a known device only.

    So only there a wrong password costs a second hash: strangers learn nothing, by the text or the time.
    """
    earlier = history.latest(services, person.id) if person is not None else ()
    if person is None or not earlier or earlier[0].replaced_at != person.password_changed_at:
        return ""
    with contextlib.suppress(Busy):
        if services.passwords.verify(earlier[0].password_hash, password).ok:
            zone = str(person.claims.get("zoneinfo") or "UTC")
            day = language.date(language.locale_for(services, request), earlier[0].replaced_at, zone)
            return N_(
                "This is your earlier password: it was changed on %(day)s. Was that not you? Press “Forgot password?”.",
                day=day,
            )
    return ""


def _record(services: Services, request: Request, person: Person | None, detail: dict[str, Any]) -> None:
    event = Event(
        "session:failed",
        person_id=person.id if person else None,
        client_id=request.for_client or None,
        address=request.remote_address,
        request_id=request.id,
        detail={**detail, "browser": request.user_agent},
    )
    record(services.db, event, services.clock())
