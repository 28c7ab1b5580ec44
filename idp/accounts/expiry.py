"""Passwords that must be changed after some days: off by default, since it does more harm than good
(NIST SP 800-63B-4 §3.1.1.2: SHALL NOT). Where an admin sets it (P3), nobody is ever locked out by it: people are told
14, 7 and 1 day before, by mail and on a page, and past the end the new password is chosen inside the sign-in.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from idp import mail
from idp.accounts import choosing, store
from idp.accounts.person import Person, fold
from idp.audit import Event, record
from idp.db import Transaction
from idp.texts import N_

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.wire import Request

DAY = 86400.0
NOTICES = (1, 7, 14)  # days before the end, the last notice first
EVERYBODY = "*"
_PAGE = 500  # people looked at in one go


@dataclass(frozen=True, slots=True)
class Due:
    """A password's end is near, or past. `at`: epoch seconds; `days`: left until then, 0 when it is over."""

    at: float
    days: int

    @property
    def is_over(self) -> bool:
        """Whether a new one is chosen before anything else."""
        return self.days == 0


def password_due(services: Services, person: Person, now: float) -> Due | None:
    """What stands on pages about this person's password; None where nothing does. No store is asked."""
    lifetime = lifetime_of(services.settings.passwords.expire_days, person.groups)
    if lifetime is None or person.password_changed_at is None:
        return None
    at = person.password_changed_at + lifetime * DAY
    days = max(0, math.ceil((at - now) / DAY))
    return Due(at, days) if days <= NOTICES[-1] else None


def lifetime_of(settings: Mapping[str, int], groups: tuple[str, ...]) -> int | None:
    """The days that a password lasts: the fewest that one of the groups has."""
    if not settings:
        return None
    names = {EVERYBODY, *map(fold, groups)}
    return min((days for group, days in settings.items() if group == EVERYBODY or fold(group) in names), default=None)


def tell_everybody(services: Services) -> int:
    """Mail the notices that are due, each once; answers how many. Run it daily or oftener, from any process."""
    settings, now, after, told = services.settings.passwords.expire_days, services.clock(), "", 0
    if not settings:
        return 0
    before = now - (min(settings.values()) - NOTICES[-1]) * DAY
    while rows := services.db.all(store.OF_OLD_PASSWORDS, after=after, before=before, many=_PAGE):
        told += sum(_tell(services, store.to_person(row), now) for row in rows)
        after = rows[-1].id
    return told


def _tell(services: Services, person: Person, now: float) -> bool:
    due = password_due(services, person, now)
    if due is None or due.is_over:
        return False
    notice = next(days for days in NOTICES if due.days <= days)
    with services.db.transaction() as tx:
        store.find(tx, person.id, lock=True)  # of processes that race here, one tells
        last = tx.one(store.NOTICE, person_id=person.id)
        if last is not None and last.password_changed_at == person.password_changed_at and last.days <= notice:
            return False
        tx.run(store.NOTE, person_id=person.id, password_changed_at=person.password_changed_at, days=notice)
        record(tx, Event("password:notice", actor="system", person_id=person.id, detail={"days": due.days}), now)
        values = {"days": due.days, "date": due.at, "link": services.url("/password")}
        mail.tell(services, person, "password_expires", values, tx=tx)
    return True


def renew(services: Services, request: Request, person: Person, password: str, confirm: str) -> list[str]:
    """A new password in place of one that ran out; answers why it is refused, empty where it is set.

    Other sessions go on where the form says so, as its box does by default: nothing is suspected.
    Errors: `Busy`, `PersonChanged`.
    """
    problems = choosing.problems(services, person, password, confirm) or _same_again(services, person, password)
    if problems:
        return problems
    password_hash = services.passwords.hash(password)

    def write(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        event = Event(
            action, actor=person.id, person_id=person.id, address=request.remote_address, request_id=request.id,
            detail=detail,
        )  # fmt: skip
        record(tx, event, services.clock())

    ended = _nothing_ends if request.form.get("keep_others") else None
    services.directory.store_password(
        person.id, password_hash, detail={"purpose": "expired"}, known=person, record=write, ended=ended,
        told=partial(choosing.tell, services, request),
    )  # fmt: skip
    return []


def _same_again(services: Services, person: Person, password: str) -> list[str]:
    stored = services.directory.find_credentials(person.id)
    is_same = stored is not None and services.passwords.verify(stored.password_hash, password).ok
    return [N_("This is the password that you have. Choose a new one.")] if is_same else []


def _nothing_ends(_tx: Any, _person_id: str, _why: str) -> None:
    """Everything that is open stays open."""
