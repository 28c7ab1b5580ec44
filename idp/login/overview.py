"""Everything about one person's account that somebody who helps them looks for first, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.accounts import cases, expiry, factors
from idp.accounts.cases import Case
from idp.accounts.expiry import Due
from idp.accounts.factors import Enrolled, backup_codes
from idp.accounts.person import Person
from idp.accounts.recovery import contacts
from idp.accounts.recovery.contacts import Contact
from idp.audit.searching import Wanted, latest
from idp.login import requirements
from idp.login.browser import sessions
from idp.login.browser.sessions import Open
from idp.login.explaining import Obstacle, obstacles

if TYPE_CHECKING:
    from idp.audit import Event
    from idp.login.services import Services


@dataclass(frozen=True, slots=True)
class Overview:
    """What `of` finds. `failures`: the latest ones, oldest first; `backup_codes`: left."""

    obstacles: tuple[Obstacle, ...]
    last_sign_in: Event | None
    failures: tuple[Event, ...]
    sessions: tuple[Open, ...]
    factors: tuple[Enrolled, ...]
    backup_codes: int
    contacts: tuple[Contact, ...]
    cases: tuple[Case, ...]
    password_due: Due | None
    elsewhere: tuple[tuple[str, str], ...]  # accounts at other providers: the provider's name, and theirs there
    lacks_second: bool  # a rule asks for a second factor, somewhere, and they have none


def of(services: Services, person: Person, *, failures: int = 5) -> Overview:
    """Look everything up, a handful of reads."""
    started = latest(services.db, Wanted(person_id=person.id, action="session:started"), 1)
    return Overview(
        obstacles=obstacles(services, person),
        last_sign_in=started[0] if started else None,
        failures=tuple(latest(services.db, Wanted(person_id=person.id, failed=True), failures)),
        sessions=sessions.open_of(services, person.id),
        factors=factors.list_of(services.db, person.id),
        backup_codes=backup_codes.left(services.db, person.id),
        contacts=tuple(contacts.of_person(services, person.id).values()),
        cases=cases.open_of(services.db, person.id),
        password_due=expiry.password_due(services, person, services.clock()),
        elsewhere=services.upstream.accounts(services, person.id),
        lacks_second=_lacks_second(services, person),
    )


def _lacks_second(services: Services, person: Person) -> bool:
    now, rules = services.clock(), services.rules.current()
    if not any(requirements.concerns(rule, person.groups, now, person.roles) for rule in rules):
        return False
    from idp.login import step_up

    return not step_up.has_second(services, person)
