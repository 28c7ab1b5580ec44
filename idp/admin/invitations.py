"""Invitations: who waits to set a password, mailed anew, withdrawn (U1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from idp.accounts import inviting
from idp.accounts.inviting import Invitation
from idp.accounts.person import Person
from idp.admin import looking
from idp.admin.actor import Actor
from idp.admin.people import NotWaiting
from idp.admin.permissions import Permission
from idp.protocols import Services

#: What the list can be narrowed to, and by which filter of people.
FILTERS: Final[Mapping[str, str]] = {
    "": "invitation", "waiting": "invitation_waiting", "expired": "invitation_expired",
    "withdrawn": "invitation_withdrawn",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody who was invited and has set no password, and how their invitation stands. `by`: who sent it, by name."""

    person: Person
    invitation: Invitation
    state: inviting.State
    by: str
    withdrawn_by: str


@dataclass(frozen=True, slots=True)
class Page:
    """`next`: the id of a person to go on from, or ''."""

    rows: tuple[Listed, ...]
    next: str = ""


def listed(
    services: Services, actor: Actor, text: str = "", *, state: str = "", after: str = "", many: int = 50
) -> Page:  # fmt: skip
    """Invitations of people whom this actor may see, by username; `state`: of `FILTERS`. Errors: `NotAllowed`."""
    page = looking.look(
        services, actor, text, filters=(FILTERS[state],), after=after, many=many, whole_first=False
    )  # fmt: skip
    people = [one.person for one in page.found]
    kept, now = inviting.of_some(services.db, [one.id for one in people]), services.clock()
    named: dict[str, str] = {}
    rows = [
        Listed(
            one, invitation, invitation.state(now), _name(services, invitation.sent_by, named),
            _name(services, invitation.withdrawn_by, named),
        )
        for one in people if (invitation := kept.get(one.id)) is not None
    ]  # fmt: skip
    return Page(tuple(rows), page.next)


def is_open(services: Services, person: Person) -> bool:
    """Whether there is something to withdraw: they never set a password, and it is not withdrawn already."""
    return person.password_changed_at is None and not inviting.is_withdrawn(services.db, person)


def withdraw(services: Services, actor: Actor, person: Person) -> bool:
    """No link of theirs opens anything any more, and "Forgot password?" mails them none, until they are invited again.

    Nobody is told but the record. The account stays as it is: who signs in by a provider goes on to. Answers whether it
    was not so already. Errors: `NotAllowed`, `NotWaiting`.
    """
    actor.check_person(services, Permission.PEOPLE_HELP, person)
    actor.check_ordinary(services, Permission.PEOPLE_HELP, person)
    if person.password_changed_at is not None:
        raise NotWaiting(person.username)
    try:
        with services.db.transaction() as tx:
            if not inviting.withdraw(tx, person.id, actor.name, services.clock()):
                return False
            actor.record(services)(tx, "invitation:withdrawn", {"person_id": person.id})
    except inviting.PasswordSet:
        raise NotWaiting(person.username) from None
    return True


def _name(services: Services, by: str, named: dict[str, str]) -> str:
    """Whom the record names so, by name where they are there still."""
    if by not in named:
        kind, _, id = by.partition(":")
        found = services.directory.find(id) if kind == "person" else services.registry.find(id) if id else None
        named[by] = found.name if found is not None else by
    return named[by]
