"""A look at everybody in a directory: who is new there is made here, who is gone or off there is out here.

First all keys are read, and what would follow is compared with the brake; only then anything is done. What was read in
part is never taken for all of it: any error ends the look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Final

from idp import audit
from idp.accounts import break_glass
from idp.accounts.person import InvalidPerson, NoSuchPerson, Person
from idp.accounts.rows import locked
from idp.audit import Recorder
from idp.db import joined
from idp.federation import links, mapping, people, store
from idp.federation.ldap import asking, entries, groups, marks, standing
from idp.federation.ldap.answers import Entry
from idp.federation.ldap.entries import GROUPS
from idp.federation.ldap.marks import Mark
from idp.federation.links import Link, LinkedOtherwise, giver
from idp.federation.ports import Identity, Question
from idp.federation.provider import Provider
from idp.ids import new_id
from idp.login import signout
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.federation.ldap.wire import Conversation

PAGE: Final = 500
TOGETHER: Final = 100  # people in one transaction
NAMED: Final = 20  # people whom a report names
LOCKED_FOR: Final = 3600.0
DAY: Final = 86400.0


class Running(Exception):
    """Another look at this directory goes on."""


@dataclass(frozen=True, slots=True)
class How:
    """`dry`: nothing is done; `whole`: everybody is read anew; `brake`: how many may be turned off, None as its row
    says; `tell`: hears what is done, and how many of it.
    """

    dry: bool = False
    whole: bool = False
    brake: int | None = None
    tell: Callable[[str, int], None] = lambda what, many: None


@dataclass(frozen=True, slots=True)
class Report:
    """What came of it, in numbers of people. `kept`: could not be turned off; `unknown`: new there, and not made here;
    `stopped`: why nothing was done, '' where it was; `who`: some of those who are, or would be, turned off.
    """

    read: int = 0
    looked_at: int = 0
    made: int = 0
    off: int = 0
    on: int = 0
    kept: int = 0
    unknown: int = 0
    stopped: str = ""
    dry: bool = False
    who: tuple[str, ...] = ()


@dataclass(slots=True)
class _Everybody:
    """Keys of those who may come, and of those who are there and may not; the latest change of any."""

    on: set[str] = field(default_factory=set)
    off: set[str] = field(default_factory=set)
    latest: str = ""


def sync(services: Services, question: Question, how: How) -> Report:
    """Look at all of it. Errors: `Running`; `Refused`, `Unreachable`, `BadFilter` where it cannot be read."""
    with _alone(services, question.provider, how) as told:
        report = asking.ask_at_length(
            services,
            question.provider,
            question.secret,
            lambda conversation: _look(services, question, told, conversation),
        )
    if report.off:
        signout.tell_ended(services)
    return report


@contextmanager
def _alone(services: Services, provider: Provider, how: How) -> Iterator[How]:
    """One look at a time, however long: its lock is renewed with each page, and is let go by whoever has it."""
    lock, mine = "upstream:sync:" + provider.id, new_id(services.clock())
    if not services.state.add(lock, mine, LOCKED_FOR):
        raise Running

    def tell(what: str, many: int) -> None:
        if services.state.get(lock) != mine:
            raise Running
        services.state.put(lock, mine, LOCKED_FOR)
        how.tell(what, many)

    try:
        yield replace(how, tell=tell)
    finally:
        if services.state.get(lock) == mine:
            services.state.take(lock)


def _look(services: Services, question: Question, how: How, conversation: Conversation) -> Report:
    provider, began = question.provider, services.clock()
    before, here = _mark(services, provider), marks.of(conversation)
    every = _everybody(services, provider, conversation, how)
    off, on = _plan(services, provider, every)
    report = Report(len(every.on) + len(every.off), dry=how.dry, who=tuple(one.label for one, _ in off[:NAMED]))
    stopped = _stopped(services, provider, every, len(off), how)
    if stopped or how.dry:
        report = replace(report, stopped=stopped, off=len(off), on=len(on))
        if how.dry and not stopped:
            new = len(every.on) - sum(1 for link in links.at(services.db, provider.id) if link.subject in every.on)
            report = replace(report, made=new if provider.create else 0, unknown=0 if provider.create else new)
        _keep(services, provider, before, began, report)
        return report
    report = _switch(services, provider, off, on, report)
    wanted = provider.people if how.whole or before is None else before.since(provider, here)
    report = _take_over(services, provider, conversation, wanted, report, how)
    mark = replace(here, time="" if here.database else every.latest, shape=marks.shape(provider))
    _keep(services, provider, mark, began, report)
    return report


def _pages(
    conversation: Conversation, provider: Provider, filter: str, attributes: tuple[str, ...]
) -> Iterator[tuple[Entry, ...]]:
    cookie = b""
    while True:
        conversation.extend(asking.STEP_SECONDS)
        page = conversation.page(provider.base_dn, filter, attributes, PAGE, cookie)
        yield page.entries
        cookie = page.cookie
        if not cookie:
            return


def _everybody(services: Services, provider: Provider, conversation: Conversation, how: How) -> _Everybody:
    found, now = _Everybody(), services.clock()
    attributes = (*provider.subject, marks.CHANGED, *standing.ATTRIBUTES)
    for page in _pages(conversation, provider, provider.people, attributes):
        for entry in page:
            key = entries.subject(provider, entry)
            if key:
                is_off = standing.is_disabled(entry) or standing.has_ended(entry, now)
                (found.off if is_off else found.on).add(key)
            found.latest = max(found.latest, entry.text(marks.CHANGED))
        how.tell("read", len(page))
    return found


def _plan(services: Services, provider: Provider, every: _Everybody) -> tuple[list[tuple[Link, Person]], list[Person]]:
    """Who is to be turned off, since they are off there or gone; and who on again that was turned off by this.

    Somebody with several accounts there is in as long as one of them is.
    """
    turned = {row.person_id for row in services.db.all(store.TURNED_OFF, provider_id=provider.id)}
    of_people: dict[str, list[Link]] = {}
    for link in links.at(services.db, provider.id):
        of_people.setdefault(link.person_id, []).append(link)
    off, on = [], []
    for person_id, theirs in of_people.items():
        is_on = any(link.subject in every.on for link in theirs)
        if is_on and person_id not in turned:
            continue
        person = services.directory.find(person_id)
        if person is not None and not is_on and person.enabled:
            off.append((theirs[0], person))
        elif person is not None and is_on:
            on.append(person)
    return off, on


def _stopped(services: Services, provider: Provider, every: _Everybody, many: int, how: How) -> str:
    if many and not every.on:
        return "it finds nobody: the filter or the rights of who searches may be others than before"
    most, before = how.brake, 0
    if most is None:  # one look after another turns off no more than one may
        most, since = int(provider.brake), services.clock() - DAY
        before = sum(row.at > since for row in services.db.all(store.TURNED_OFF, provider_id=provider.id))
    if not many or many + before <= most:
        return ""
    already = f" after {before} within a day" if before else ""
    return f"would disable {many} people{already}, and {most} is the most"


def _switch(
    services: Services, provider: Provider, off: list[tuple[Link, Person]], on: list[Person], report: Report
) -> Report:
    done, kept, back = 0, 0, 0
    for _, person in off:
        try:
            if break_glass.is_one(services.db, person):
                raise InvalidPerson("enabled", "a break-glass account")
            _turn_off(services, provider, person)
        except InvalidPerson:  # the last owner, say
            kept += 1
        except NoSuchPerson:  # removed meanwhile
            continue
        else:
            done += 1
    for person in on:
        with suppress(NoSuchPerson):
            back += _turn_on(services, provider, person)
    return replace(report, off=done, kept=kept, on=back)


def _turn_off(services: Services, provider: Provider, person: Person) -> None:
    """And keep who did, in one transaction. Errors: `InvalidPerson`, `NoSuchPerson`."""
    with services.db.transaction() as tx:
        directory = services.directory.within(joined(tx))
        directory.disable(person.id, record=_recorder(services, provider, person.id))
        tx.run(store.ADD_TURNED_OFF, person_id=person.id, provider_id=provider.id, at=services.clock())


def _turn_on(services: Services, provider: Provider, person: Person) -> bool:
    """Whether it was still for this to do: an admin may have decided meanwhile. Errors: `NoSuchPerson`."""
    with services.db.transaction() as tx:
        before = locked(tx, person.id)
        if all(row.person_id != person.id for row in tx.all(store.TURNED_OFF, provider_id=provider.id)):
            return False
        services.directory.within(joined(tx)).enable(person.id, record=_recorder(services, provider, person.id))
        return not before.enabled


def _take_over(
    services: Services, provider: Provider, conversation: Conversation, wanted: str, report: Report, how: How
) -> Report:
    now = services.clock()
    for page in _pages(conversation, provider, wanted, entries.attributes(provider)):
        new = []
        for entry in page:
            key = entries.subject(provider, entry)
            if not key or standing.is_disabled(entry) or standing.has_ended(entry, now):
                continue
            report = replace(report, looked_at=report.looked_at + 1)
            identity = entries.identity(provider, entry, _groups(provider, entry))
            link = links.find(services.db, provider.id, key)
            if link is not None:
                _renew(services, provider, identity, link)
            else:
                new.append(identity)
        made = _make(services, provider, new) if provider.create else 0
        report = replace(report, made=report.made + made, unknown=report.unknown + len(new) - made)
        how.tell("looked at", len(page))
    return report


def _renew(services: Services, provider: Provider, identity: Identity, link: Link) -> None:
    person = services.directory.find(link.person_id)
    if person is None or not person.enabled or person.must_reset or _is_known(provider, identity, link, person):
        return
    people.take_over_by(services, provider, identity, link, _recorder(services, provider, person.id), person)


def _is_known(provider: Provider, identity: Identity, link: Link, person: Person) -> bool:
    """Whether all that would be taken over stands here: of many people few are changed, and each costs a write."""
    found = mapping.mapped(provider, identity)
    here = {**person.claims, "name": person.name, "employee_number": person.employee_number}
    values = {name: value for name, value in found.values.items() if name not in ("username", "email")}
    email, verified = mapping.trusted_email(provider, identity)
    takes_mail = "email" in provider.attributes and verified and not person.roles
    return (
        all(here.get(name) == value for name, value in values.items())
        and not (takes_mail and (person.email != email or not person.email_verified))
        and (found.groups is None or set(found.groups) == set(link.groups))
        and link.label == identity.label
    )


def _make(services: Services, provider: Provider, new: list[Identity]) -> int:
    """Answers how many were made. A hundred at a time; where one of them cannot be made, each by itself."""
    made: list[tuple[Identity, Person]] = []
    for begin in range(0, len(new), TOGETHER):
        some = new[begin : begin + TOGETHER]
        try:
            with services.db.transaction() as tx:
                done = [(one, people.make_within(services, joined(tx), provider, one, _record_of(services, provider)))
                        for one in some]  # fmt: skip
        except (InvalidPerson, LinkedOtherwise):
            done = [(one, people.make(services, provider, one, _record_of(services, provider))) for one in some]
        made += [(one, person) for one, person in done if person is not None]
    for identity, _ in made if provider.groups_claim not in ("", GROUPS) else ():
        link = links.find(services.db, provider.id, identity.subject)
        if link is not None:
            _renew(services, provider, identity, link)
    return len(made)


def _groups(provider: Provider, entry: Entry) -> tuple[str, ...] | None:
    """Those that an attribute names; those that a search finds wait for the next sign-in."""
    return None if provider.groups_claim == GROUPS else groups.named_by(provider, entry)


def _mark(services: Services, provider: Provider) -> Mark | None:
    row = services.db.one(store.SYNC, provider_id=provider.id)
    return marks.kept(json.loads(row.mark)) if row is not None and row.mark else None


def _keep(services: Services, provider: Provider, mark: Mark | None, began: float, report: Report) -> None:
    if report.dry:
        return
    said = json.dumps(marks.said(mark)) if mark is not None else ""
    with services.db.transaction() as tx:
        tx.run(store.DROP_SYNC, provider_id=provider.id)
        tx.run(store.ADD_SYNC, provider_id=provider.id, mark=said, began_at=began, report=json.dumps(asdict(report)))


def _record_of(services: Services, provider: Provider) -> Callable[[str], Recorder]:
    return lambda person_id: _recorder(services, provider, person_id)


def _recorder(services: Services, provider: Provider, person_id: str) -> Recorder:
    return audit.recorder(
        services.clock, giver(provider.id), person_id=person_id or None, also={"provider": provider.name, "by": "sync"}
    )
