"""Cases as those who help see them: with who it is about, noted on, closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from idp.accounts import cases
from idp.accounts.cases import Case
from idp.accounts.person import Person
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor


_PAGE: Final = 200  # read at once


class UnknownCase(LookupError):
    """There is no case of this id."""


class ClosedAlready(ValueError):
    """Somebody was faster: `case` as it is."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.id)
        self.case = case


def get(services: Services, case_id: str) -> Case:
    """A case by its id, in any spelling. Errors: `UnknownCase`."""
    case = cases.find(services.db, case_id)
    if case is None:
        raise UnknownCase(case_id)
    return case


def described(services: Services, case: Case) -> dict[str, Any]:
    """A case as programs see it, with the name of the person."""
    person = person_of(services, case)
    return {
        **asdict(case),
        "state": "open" if case.is_open else "closed",
        "person": person.username if person is not None else None,
    }


def described_notes(services: Services, case: Case) -> list[dict[str, Any]]:
    """What is written on a case, oldest first."""
    return [asdict(note) for note in cases.notes_of(services.db, case.id)]


def person_of(services: Services, case: Case) -> Person | None:
    """Whom a case is about; None where that is nobody known, or somebody who is gone."""
    return services.directory.find(case.person_id) if case.person_id else None


def may(actor: Actor, permission: Permission, person: Person | None) -> bool:
    """Whether an actor may have to do with cases of this person; those of nobody are for whom nothing limits."""
    return actor.may_person(permission, person.groups if person is not None else ())


def check(services: Services, actor: Actor, permission: Permission, case: Case) -> None:
    """Errors: `NotAllowed` where the case is of somebody whom the actor does not look after."""
    from idp.admin.actor import NotAllowed

    if not may(actor, permission, person_of(services, case)):
        raise NotAllowed(permission, "this case is of somebody whom you do not look after")


def note(services: Services, actor: Actor, case: Case, text: str) -> None:
    """Write something on a case, open or closed. Errors: `NotAllowed`."""
    check(services, actor, Permission.CASES_WORK, case)
    cases.note(services, case.id, text, actor.id)


def close(services: Services, actor: Actor, case: Case, note: str) -> Case:
    """Close a case, with what was done; answers it as it is now. Errors: `NotAllowed`, `ClosedAlready`."""
    check(services, actor, Permission.CASES_WORK, case)
    closed = cases.close(services, case.id, note, actor.id)
    now = get(services, case.id)
    if not closed:
        raise ClosedAlready(now)
    return now


def visible(
    services: Services, actor: Actor, *, closed: bool = False, before: float = 1e12, before_id: str = "~",
    most: int = 2000,
) -> Iterator[tuple[Case, Person | None]]:  # fmt: skip
    """The cases that an actor may read, the latest first, each with who it is about. Errors: `NotAllowed`.

    `before`, `before_id`: as of the last one of the page before; `most`: how many are looked at, for whoever may read
    few of many.
    """
    actor.check(Permission.CASES_READ)
    known: dict[str, Person | None] = {}
    for _ in range(0, most, _PAGE):
        found = cases.list_of(services.db, closed=closed, many=_PAGE, before=before, before_id=before_id)
        for case in found:
            if (case.person_id or "") not in known:
                known[case.person_id or ""] = person_of(services, case)
            person = known[case.person_id or ""]
            if may(actor, Permission.CASES_READ, person):
                yield case, person
        if len(found) < _PAGE:
            return
        before, before_id = found[-1].opened_at, found[-1].id
