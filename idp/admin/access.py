"""Who may open an application, with the names of everybody who is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from clients.access import EVERYONE, Access, Term, group_key, person_key
from clients.client import Client
from clients.snapshots import Limited
from idp.accounts import groups
from idp.accounts.person import fold
from idp.admin import managed
from idp.admin.people import get as get_person
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor


class NothingToChange(ValueError):
    """Everyone may open it: there is no limit that somebody could be added to, or taken out of."""


class BadTerm(ValueError):
    """It ends before it begins, or is over already."""


class NotNamed(LookupError):
    """The limit does not name this group, or this person."""


Start = Literal["standing", "nobody", "everyone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a limit: it starts from the one that stands, from nobody, or is lifted; then some join and leave.

    Groups by name, persons by id. `term`: for how long those who join may; None: for good. `terms`: of those who stay.
    """

    start: Start = "standing"
    groups: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()
    less_groups: tuple[str, ...] = ()
    less_persons: tuple[str, ...] = ()
    term: Term | None = None
    terms: Mapping[str, Term] = field(default_factory=dict)

    def of(self, now: Access) -> Access:
        """The rule that comes of this one."""
        if self.start == "everyone":
            return EVERYONE
        start = now if self.start == "standing" else Access.only()
        joins = (*map(group_key, self.groups), *map(person_key, self.persons))
        terms = {**(dict.fromkeys(joins, self.term) if self.term is not None else {}), **self.terms}
        wider = start.widened(groups=self.groups, persons=self.persons)
        wider = wider.with_terms({**dict(wider.terms), **terms})
        return wider.narrowed(groups=self.less_groups, persons=self.less_persons)


def change(services: Services, actor: Actor, client: Client, wanted: Change) -> Client:
    """Widen, narrow, replace or lift the limit.

    Errors: `NotAllowed`, `NothingToChange`, `UnknownClient`, `ManagedByFile`, `BadTerm`.
    """
    actor.check_app(Permission.APPS_CHANGE, client.id)
    managed.guard(services, "application", client.id)
    check_start(client, wanted.start)
    for term in (wanted.term, *wanted.terms.values()):
        check_term(term, services.clock())
    return services.registry.change_access(client.id, wanted.of, record=actor.record(services))


def check_start(client: Client, start: Start) -> None:
    """Whether a change can start there. Errors: `NothingToChange`."""
    if client.access.everyone and start == "standing":
        raise NothingToChange(client.name)


def check_term(term: Term | None, now: float) -> None:
    """Errors: `BadTerm`."""
    if term is not None and term.until is not None and term.until <= max(now, term.since or 0.0):
        raise BadTerm("ends before it begins" if term.until > now else "is over already")


def named_group(client: Client, name: str) -> str:
    """A group as the limit names it, in any spelling; also one that is gone. Errors: `NotNamed`."""
    found = next((one for one in client.access.groups if fold(one) == fold(name)), None)
    if found is None:
        raise NotNamed(name)
    return found


def named_person(services: Services, client: Client, login: str) -> str:
    """The id of a person whom the limit names; by the id also somebody who was removed.

    Errors: `NotNamed`, `UnknownLogin`.
    """
    person_id = login if login in client.access.persons else get_person(services, login).id
    if person_id not in client.access.persons:
        raise NotNamed(login)
    return person_id


def described(services: Services, client: Client) -> dict[str, Any]:
    """The rule, and whom it lets in; groups and people who are gone stand there, too."""
    found = [(name, groups.find(services.db, name)) for name in sorted(client.access.groups)]
    people = [(person_id, services.directory.find(person_id)) for person_id in sorted(client.access.persons)]
    return {
        "client_id": client.id,
        "name": client.name,
        "access": client.access.to_json(),
        "groups": [{"name": name, "exists": one is not None, "members": one.members if one else 0,
                    **client.access.term_of(group_key(name)).to_json()}
                   for name, one in found],
        "persons": [{"id": id, "username": p.username if p else None, "name": p.name if p else None,
                     **client.access.term_of(person_key(id)).to_json()}
                    for id, p in people],
        "people": services.directory.count() if client.access.everyone else None,
    }  # fmt: skip


def limited_to(services: Services, group: str) -> Iterator[Limited]:
    """Applications whose rule names this group."""
    key = fold(group)
    for one in services.registry.limited():
        if one.may_name(key) and key in map(fold, one.groups):
            yield one


class _ByGroup:
    """Which applications name each group, made anew where the registry has changed: of ten thousand it takes 0.1 s."""

    def __init__(self) -> None:
        self._kept: tuple[int, dict[str, list[Limited]]] | None = None

    def get(self, services: Services) -> dict[str, list[Limited]]:
        services.registry.refresh()
        kept, version = self._kept, services.registry.version
        if kept is None or kept[0] != version:
            found: dict[str, list[Limited]] = {}
            folded = cache(fold)  # few groups are named by many applications
            for one in services.registry.limited():
                for key in set(map(folded, one.groups)):
                    found.setdefault(key, []).append(one)
            self._kept = kept = version, found
        return kept[1]


def naming(services: Services, group: str) -> tuple[Limited, ...]:
    """The same as `limited_to` for a page, from what is kept; never within a transaction that may roll back."""
    return tuple(services.part(_ByGroup).get(services).get(fold(group), ()))
