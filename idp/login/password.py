"""Proving somebody by name and password: throttle, look up, verify, in the same steps for every name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.accounts.person import Person
from idp.audit import Event, record
from idp.login import devices
from idp.login.throttle import Account, Pause
from idp.services import Services
from idp.wire import Request

# L7: one text for a wrong name and a wrong password.
WRONG = "The name or the password is not right."


@dataclass(frozen=True, slots=True)
class Outcome:
    """The person, or what to say instead."""

    person: Person | None
    error: str | None = None
    pause: Pause | None = None


def prove(services: Services, request: Request, login: str, password: str) -> Outcome:
    """Whether the password is that person's. Errors: `Busy` when too many hashes are waiting."""
    if not login.strip() or not password:
        return Outcome(None, "Please type your name and your password.")
    now, address = services.clock(), request.remote_address
    found = services.directory.find_for_password(login)
    person, credentials = found if found is not None else (None, None)
    account = services.throttle.account(person.id if person else None, login)
    device = devices.known(services, request, person.id) if person else None
    # The decision comes before the hash, so that a locked name costs nothing.
    pause = services.throttle.check(account, device, address, now)
    if pause is not None:
        return Outcome(None, None, pause)
    # A disabled account is verified like an unknown name, so that the time tells neither.
    stored = credentials.password_hash if credentials is not None and person is not None and person.enabled else None
    verdict = services.passwords.verify(stored, password)
    if person is None or credentials is None or not verdict.ok:
        return _failed(services, request, person, account, device, password)
    pause = services.throttle.succeeded(account, device, address, services.clock())
    if pause is not None:  # it began while this password was hashed
        _record(services, request, person, {"known_device": device is not None, "late": True})
        return Outcome(None, None, pause)
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
    return Outcome(None, None if failure.late else WRONG, failure.pause)


def _record(services: Services, request: Request, person: Person | None, detail: dict[str, Any]) -> None:
    event = Event(
        "session:failed",
        person_id=person.id if person else None,
        address=request.remote_address,
        request_id=request.id,
        detail={**detail, "browser": request.user_agent},
    )
    record(services.db, event, services.clock())
