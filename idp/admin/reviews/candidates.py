"""Who has access now, and who may decide about them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from clients.access import Access
from idp.accounts import groups, listing
from idp.accounts.person import Person, fold
from idp.accounts.reviews import APP, Looked
from idp.admin.actor import Actor, of_name
from idp.admin.permissions import Permission
from idp.admin.reviews import rights
from idp.protocols import Services

EVERYONE, PERSON, BY_GROUP, BOTH, MEMBER = "everyone", "person", "group", "both", "member"
_MOST: Final = 500  # people with a role who are looked at
_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Candidates:
    """Whom a review would be about. `ways`: by what they have it, in numbers."""

    name: str
    whom: tuple[Looked, ...]

    @property
    def ways(self) -> dict[str, int]:
        """How many have it by which way."""
        return dict(Counter(one.via for one in self.whom))


def candidates(services: Services, actor: Actor, kind: str, about: str) -> Candidates | None:
    """Everybody who has it now; None where there is no such application or group. Errors: `NotAllowed`."""
    rights.check(services, actor, Permission.REVIEWS_START, kind, about)
    return gathered(services, kind, about)


def gathered(services: Services, kind: str, about: str) -> Candidates | None:
    """The same, for who has asked already."""
    if kind == APP:
        client = services.registry.find(about)
        return None if client is None else Candidates(client.name, tuple(_of_app(services, client.access)))
    group = groups.find_by_id(services.db, about)
    if group is None:
        return None
    members = groups.members_of(services.db, group.id)
    return Candidates(group.name, tuple(Looked(one.id, one.username, one.name, MEMBER) for one in members))


def _of_app(services: Services, access: Access) -> Iterator[Looked]:
    for person in _people(services, access):
        via, through = way_of(access, person)
        yield Looked(person.id, person.username, person.name, via, through)


def _people(services: Services, access: Access) -> Iterator[Person]:
    """Each once, whether or not their time has come: who is named is looked at."""
    if access.everyone:
        after = ""
        while page := services.directory.list(after, _PAGE):
            yield from page
            after = page[-1].username
        return
    found: dict[str, Person] = {}
    for name in access.groups:
        group = groups.find(services.db, name)
        for member in groups.members_of(services.db, group.id, in_any_way=True) if group is not None else ():
            found[member.id] = member
    for person_id in access.persons - found.keys():
        if (person := services.directory.find(person_id)) is not None:
            found[person_id] = person
    yield from found.values()


def way_of(access: Access, person: Person) -> tuple[str, tuple[str, ...]]:
    """By what somebody has it at this moment, and through which groups; '' where they do not have it."""
    if access.everyone:
        return EVERYONE, ()
    mine = set(map(fold, person.groups))
    through = tuple(sorted(name for name in access.groups if fold(name) in mine))
    if person.id in access.persons:
        return BOTH if through else PERSON, through
    return (BY_GROUP if through else ""), through


def able(services: Services, kind: str, about: str, permission: Permission, many: int = 50) -> tuple[Person, ...]:
    """Who may decide, or may end a review, of this application or group: people with a role, by username."""
    found = []
    wanted = listing.Wanted(filters=("role",))
    for person_id in listing.ids(services.db, wanted, services.clock(), _MOST):
        actor = of_name(services, f"person:{person_id}")
        if actor is not None and rights.may(services, actor, permission, kind, about):
            found.append(services.directory.get(person_id))
        if len(found) >= many:
            break
    return tuple(found)


def can_decide(services: Services, person: Person, kind: str, about: str) -> bool:
    """Whether somebody may be asked."""
    actor: Actor | None = of_name(services, f"person:{person.id}")
    return actor is not None and rights.may(services, actor, Permission.REVIEWS_DECIDE, kind, about)
