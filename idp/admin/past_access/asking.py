"""The questions: who could, and why could somebody (not). A page of people in memory, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clients import past as apps
from clients.access import Access
from idp.accounts import past as people
from idp.admin.actor import Actor
from idp.admin.past_access.timeline import Stretch, Window, stretches
from idp.admin.permissions import Permission
from idp.audit import counting
from idp.audit.counting import Opened
from idp.protocols import Services

_DAY: Final = 86400.0


class UnknownApp(LookupError):
    """Nothing is known of an application with this id."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a time. `window`: as it is answered, never beyond now. Epoch seconds.

    `since`: before it nobody knows; None: all of the window is known. `openings`: before it no opening is on record.
    """

    client_id: str
    name: str
    window: Window
    since: float | None
    openings: float | None
    rules: tuple[apps.Standing, ...]


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody who could open it: when, by which rule; and what is on record of their opening it."""

    person_id: str
    username: str
    could: tuple[Stretch, ...]
    opened: Opened


def known(services: Services, actor: Actor, client_id: str, window: Window) -> Known:
    """The application in a time, also one that is gone. Errors: `NotAllowed`, `UnknownApp`."""
    _check(actor, client_id)
    now = services.clock()
    window = Window(min(window.since, now), min(window.until, now))
    client = services.registry.find(client_id)
    name = client.name if client is not None else apps.name_of(services.db, client_id)
    if name is None:
        raise UnknownApp(client_id)
    kept = services.settings.audit
    first = next(iter(apps.of(services.db, client_id, 0.0, now + 1.0)), None)
    since = _known_from(first, now - kept.access_history_days * _DAY)
    openings = now - kept.retention_days * _DAY
    return Known(
        client_id, name, window, since if since is not None and window.since < since else None,
        openings if window.since < openings else None, apps.of(services.db, client_id, window.since, window.until),
    )  # fmt: skip


def _known_from(first: apps.Standing | None, swept: float) -> float | None:
    """Before which moment nobody knows; None: there was no such application before what is known of it."""
    if first is None or first.since_seen:
        return max(swept, 0.0 if first is None else first.since)
    return None if first.since >= swept else swept


def who(services: Services, actor: Actor, about: Known, after: str = "") -> Iterator[Reach]:
    """Everybody who could open it at some moment, by id, from past `after`. Errors: `NotAllowed`, at once."""
    _check(actor, about.client_id)
    return _each(services, about, after)


def _each(services: Services, about: Known, after: str) -> Iterator[Reach]:
    window, rules = about.window, tuple(rule for rule in about.rules if rule.enabled)
    while page := _page(services, rules, window, after):
        after = page[-1]
        opened = counting.openings(services.db, about.client_id, page, window.since, window.until)
        for past in people.of(services.db, page, window.since, window.until):
            could = tuple(one for one in stretches(about.rules, past, window) if one.decision.allowed)
            if could:
                yield Reach(past.person_id, past.username, could, opened.get(past.person_id, Opened()))


def why(services: Services, actor: Actor, about: Known, person_id: str) -> tuple[str, tuple[Stretch, ...], Opened]:
    """For one person: what they were called then, the rule that decided in each part, and whether they opened it.

    Errors: `NotAllowed`.
    """
    _check(actor, about.client_id)
    window = about.window
    past = people.of(services.db, (person_id,), window.since, window.until)[0]
    opened = counting.openings(services.db, about.client_id, (person_id,), window.since, window.until)
    return past.username, stretches(about.rules, past, window), opened.get(person_id, Opened())


def find_person(services: Services, actor: Actor, typed: str) -> str | None:
    """The id of whom somebody means: also of one who was removed, by the id or the username of then."""
    actor.check(Permission.PEOPLE_FIND)
    person = services.directory.find_named(typed)
    if person is not None:
        return person.id
    found = people.of(services.db, (typed,), 0.0, services.clock() + 1.0)[0]
    return typed if found.standings else people.find_gone(services.db, typed)


def _check(actor: Actor, client_id: str) -> None:
    actor.check_app(Permission.APPS_READ, client_id)
    actor.check_app(Permission.ACTIVITY_READ, client_id)


def _page(services: Services, rules: tuple[apps.Standing, ...], window: Window, after: str) -> list[str]:
    """The next ids of whom one of the rules may have let in."""
    if not rules or window.until <= window.since:
        return []
    everyone = any(rule.access.everyone for rule in rules)
    groups = None if everyone else frozenset[str]().union(*(rule.access.groups for rule in rules))
    found = people.candidates(services.db, groups, window.since, window.until, after)
    named = () if everyone else _named([rule.access for rule in rules], after)
    return sorted({*found, *named})[: people.MANY]


def _named(rules: list[Access], after: str) -> list[str]:
    return sorted(person_id for person_id in frozenset[str]().union(*(one.persons for one in rules))
                  if person_id > after)[: people.MANY]  # fmt: skip
