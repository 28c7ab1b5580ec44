"""Proving somebody by name and password: throttle, look up, verify, in the same steps for every name."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from idp import arrivals, audit, formats, language
from idp.accounts import break_glass, history
from idp.accounts.break_glass import telling
from idp.accounts.factors.kinds import PASSWORD, UPSTREAM_PASSWORD
from idp.accounts.passwords import Busy
from idp.accounts.person import Person
from idp.audit import Event, conversation_of, record
from idp.errors import new_error_id
from idp.ids import new_id
from idp.login import holding
from idp.login.browser import devices, robots
from idp.login.services import Services
from idp.login.throttle import Guesser, Pause, Repeat
from idp.login.upstream import Asked, Over
from idp.meters.notes import Meters
from idp.texts import N_
from idp.wire import Request

# L7: one text for a wrong name and a wrong password.
WRONG = N_("The name or the password is not right.")
_MINUTE = 60.0
TOLD_FROM = 3  # wrong passwords in a row from which the page names the id of the latest
#: For somebody who has proven that the account is theirs: nobody else learns it.
DISABLED = N_("This account is turned off, so it cannot sign in. The help desk can tell you why.")


@dataclass(frozen=True, slots=True)
class PasswordResult:
    """The person, or what to say instead.

    `unproven`: the password was not looked at, since nobody has shown to be there.
    `check`: the next try from here must show that (W4). `error_id`: what to read out to the help desk, once a typing
    mistake is not all that it can be: the same for names that exist and others. `methods`: what was shown. `linking`:
    an account elsewhere waits for its person to prove the one here, as `notice` says. `renews`: what is over in a
    directory, and may be changed by our page.
    """

    person: Person | None
    error: str | None = None
    pause: Pause | None = None
    check: bool = False
    unproven: bool = False
    error_id: str = ""
    methods: tuple[str, ...] = (PASSWORD,)
    linking: str = ""
    notice: str = ""
    renews: Over | None = None

    @property
    def is_unheard(self) -> bool:
        """Whether the password was not looked at: a pause, or nobody has shown to be there."""
        return self.pause is not None or self.unproven


@dataclass(frozen=True, slots=True)
class _Try:
    """One password, typed for one name from one place. `stored`: the hash that it is compared with; `directory`: who
    else is asked, where what is wrong is so for this minute (`at`) only: it may be changed there behind our back;
    `is_unasked`: it did not answer, so what is counted as a guess may be right there.
    """

    person: Person | None
    who: Guesser
    typed: str = field(repr=False)
    stored: str | None = field(repr=False)
    directory: str = ""
    at: int = 0
    is_unasked: bool = False

    @property
    def of(self) -> str:
        """What it was compared with: once that is another, what was wrong may be right."""
        if self.is_unasked:
            return f"{self.stored or ''}:unasked:{self.directory}"
        elsewhere = f":{self.directory}:{self.at}" if self.directory else ""
        return f"{self.stored or ''}:{self.person is not None and not self.person.enabled}{elsewhere}"


def prove(services: Services, request: Request, login: str, password: str, *, known: bool = False) -> PasswordResult:
    """Whether the password is that person's. Errors: `Busy` when too many hashes are waiting.

    `known`: somebody has proven a part already, so that no check for programs is due.
    """
    if not login.strip() or not password:
        return PasswordResult(None, N_("Please type your name and your password."))
    result = _prove(services, request, login, password, known=known)
    if result.person is None:
        services.part(Meters).count("sign_ins", request.visitor.for_client, "pwd", _counted_as(result))
    return result


def _counted_as(result: PasswordResult) -> str:
    """Why not, in a word for the metrics."""
    if result.pause is not None:
        return "paused"
    if result.unproven:
        return "unchecked"
    return "disabled" if result.error == DISABLED else "wrong"


def _prove(services: Services, request: Request, login: str, password: str, *, known: bool) -> PasswordResult:
    address = request.remote_address
    found = services.directory.find_for_password(login)
    person, credentials = found if found is not None else (None, None)
    account = services.throttle.account(person.id if person else None, login)
    device = devices.known(services, request, person.id) if person else None
    # The decision comes before the hash, so that a locked name costs nothing.
    who = Guesser(account, device, address)
    pause = services.throttle.check(who, services.clock())
    if pause is not None and not break_glass.opens(services.db, person, password):
        return PasswordResult(None, None, pause)
    stored = credentials.password_hash if credentials is not None else None
    directory = services.upstream.directory_of(services, request, login, person)
    at = int(services.clock() // _MINUTE)
    tried = _Try(person, who, password, stored, directory, at)
    again = services.throttle.repeated(who, password, tried.of)
    if again is not None:
        return _repeated(services, request, tried, again)
    is_checked = not known and device is None and services.throttle.failures(account, address) >= robots.FROM
    if is_checked and not robots.is_passed(services, request) and not break_glass.opens(services.db, person, password):
        return PasswordResult(None, check=True, unproven=True)
    # One hash for everybody, so that the time tells neither an unknown name nor a disabled account.
    verdict = services.passwords.verify(stored, password)
    if person is None or credentials is None or not verdict.ok:
        return _elsewhere(services, request, login, tried) if directory else _failed(services, request, tried)
    pause = services.throttle.succeeded(who, services.clock())
    if pause is not None and not break_glass.opens(services.db, person, password):  # begun while this was hashed
        _record(services, request, person, {"known_device": device is not None, "late": True})
        return PasswordResult(None, None, pause, device is None)
    if not person.enabled:  # L7 is about guessing: who knows the password may know this, too
        return _turned_off(services, request, tried, person)
    if verdict.rehash is not None:
        services.directory.rehash(credentials, verdict.rehash)
    if break_glass.is_one(services.db, person):  # whoever stops here has the envelope, or half of it (U5)
        _opened(services, request, person, {"known_device": device is not None, "told": True})
    return PasswordResult(person)


def _turned_off(services: Services, request: Request, tried: _Try, person: Person) -> PasswordResult:
    note = {"event": new_id(services.clock()), "error": new_error_id(), "disabled": True}
    detail = {"known_device": tried.who.device is not None, "enabled": False, "right": True}
    _record(services, request, person, detail, note)
    # It stays so: no hash and no row for the next time.
    services.throttle.annotate(tried.who, tried.typed, note, tried.of)
    return PasswordResult(None, DISABLED, error_id=str(note["error"]))


def _elsewhere(services: Services, request: Request, login: str, tried: _Try) -> PasswordResult:
    """It is not the password of an account here; it may be the one that a directory has. Errors: `Busy`."""
    try:
        asked = Asked(tried.directory, login, tried.typed, tried.person)
        said = services.upstream.check_password(services, request, asked)
    except Busy:
        _failed(services, request, replace(tried, is_unasked=True))
        raise
    if said.is_unasked:
        # A guess at what may be kept here, and counted for every name: else the page tells who has a password here.
        failed = _failed(services, request, replace(tried, is_unasked=True))
        return failed if failed.pause is not None else replace(failed, error=said.error)
    if not said.is_right:
        return _failed(services, request, tried)
    pause = _right_there(services, tried, said.person)
    if pause is not None:  # begun while the directory was asked
        return PasswordResult(None, None, pause, tried.who.device is None)
    detail = {"known_device": tried.who.device is not None, "directory": tried.directory, "right": True}
    if said.error:
        error_id = new_error_id()
        _record(services, request, tried.person, {**detail, "told": str(said.error)}, {"error": error_id})
        return PasswordResult(None, said.error, error_id=error_id, renews=said.renews)
    if said.person is None:
        _record(services, request, tried.person, {**detail, "linking": True})
        return PasswordResult(None, WRONG, linking=said.linking, notice=said.notice)
    if not said.person.enabled:
        return _turned_off(services, request, tried, said.person)
    return PasswordResult(said.person, methods=(UPSTREAM_PASSWORD,))


def _right_there(services: Services, tried: _Try, person: Person | None) -> Pause | None:
    """The pause that holds nevertheless. What was wrong for somebody here is forgotten for their own password alone:
    whoever bears the same name in the directory may be somebody else.
    """
    is_theirs = tried.person is None or (person is not None and person.id == tried.person.id)
    asked = services.throttle.succeeded if is_theirs else services.throttle.check
    return asked(tried.who, services.clock())


def _failed(services: Services, request: Request, tried: _Try) -> PasswordResult:
    now, person, device = services.clock(), tried.person, tried.who.device
    note = {"event": new_id(now), "error": new_error_id()}
    failure = services.throttle.failed(tried.who, tried.typed, now, of=tried.of, note=note)
    if failure.again is not None and failure.pause is None:
        return _repeated(services, request, tried, failure.again)
    if failure.again is None:
        detail = {
            "failures": failure.failures,
            "known_device": device is not None,
            "paused_until": failure.pause.until if failure.pause else None,
            "enabled": person.enabled if person else None,
        }
        if failure.pause is not None:
            detail |= _by_proxy(services, request)
        _record(services, request, person, detail, note)
        if failure.pause is not None:
            holding.note(services, tried.who.account.key, person.id if person else None, failure.pause)
    if failure.alarm:
        services.log.warning("many_names_fail", address=request.remote_address)
        alarm = Event("range:alarm", address=request.remote_address, request_id=request.id,
                      detail=_by_proxy(services, request))  # fmt: skip
        record(services.db, alarm, now)
    # Guesses sent at once: past the budget, right and wrong ones get the same answer.
    check = device is None and failure.failures >= robots.FROM
    if failure.late:
        return PasswordResult(None, None, failure.pause, check)
    changed = _changed_on(services, request, tried) if _is_owner(tried) else ""
    if changed:
        services.throttle.annotate(tried.who, tried.typed, {**note, "earlier": True}, tried.of)
    shown = note["error"] if failure.again is None and failure.failures >= TOLD_FROM else ""
    return PasswordResult(None, changed or WRONG, failure.pause, check, error_id=shown)


def _by_proxy(services: Services, request: Request) -> dict[str, Any]:
    """What stands beside a pause that may hold everybody up: their common address is a proxy's, which nobody trusts."""
    proxy = arrivals.untrusted_proxy(request)
    return {"findings": [arrivals.finding(services, proxy)]} if proxy else {}


def _repeated(services: Services, request: Request, tried: _Try, again: Repeat) -> PasswordResult:
    """Known to be wrong: no hash, no guess, and no row of its own in the record."""
    audit.repeat(services.db, str(again.note.get("event", "")), again.times, services.clock())
    if again.note.get("disabled"):
        return PasswordResult(None, DISABLED, error_id=str(again.note.get("error", "")))
    who = tried.who
    check = who.device is None and services.throttle.failures(who.account, who.address) >= robots.FROM
    changed = _text_of_change(services, request, tried) if again.note.get("earlier") else ""
    shown = str(again.note.get("error", "")) if again.times >= TOLD_FROM - 1 else ""
    return PasswordResult(None, changed or WRONG, None, check, error_id=shown)


def _is_owner(tried: _Try) -> bool:
    person = tried.person
    return tried.who.device is not None and person is not None and person.enabled and not person.must_reset


def _changed_on(services: Services, request: Request, tried: _Try) -> str:
    """When the password was changed, if this is the one of before (L6); asked for a known device only.

    So only there a wrong password costs a second hash: strangers learn nothing, by the text or the time.
    """
    person = tried.person
    earlier = history.latest(services, person.id) if person is not None else ()
    if person is None or not earlier or earlier[0].replaced_at != person.password_changed_at:
        return ""
    with contextlib.suppress(Busy):
        if services.passwords.verify(earlier[0].password_hash, tried.typed).ok:
            return _text_of_change(services, request, tried)
    return ""


def _text_of_change(services: Services, request: Request, tried: _Try) -> str:
    person = tried.person
    assert person is not None
    zone = str(person.claims.get("zoneinfo") or "UTC")
    form = language.dates_for(request, language.locale_for(services, request))
    day = formats.date(form, person.password_changed_at or 0.0, zone)
    return N_(
        "This is your earlier password: it was changed on %(day)s. Was that not you? Press “Forgot password?”.",
        day=day,
    )


def _record(
    services: Services, request: Request, person: Person | None, detail: dict[str, Any], note: Mapping[str, Any] = {}
) -> None:
    """`note`: what the throttle keeps of it, with the ids of this event and of its error."""
    event = Event(
        "session:failed",
        id=str(note.get("event", "")),
        error_id=str(note.get("error") or new_error_id()),
        person_id=person.id if person else None,
        client_id=request.visitor.for_client or None,
        address=request.remote_address,
        request_id=request.id,
        detail={**detail, "browser": request.user_agent, **conversation_of(request)},
    )
    record(services.db, event, services.clock())


def _opened(services: Services, request: Request, person: Person, detail: dict[str, Any]) -> None:
    """Without the application where it began: who looks after that one does not learn which account this is."""
    event = Event(
        telling.OPENED, error_id=new_error_id(), person_id=person.id, address=request.remote_address,
        request_id=request.id, detail={**detail, "browser": request.user_agent},
    )  # fmt: skip
    with services.db.transaction() as tx:
        telling.opened(services, tx, person, event, services.clock())
