"""Cases as those who help see them: with who it is about, noted on, closed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from idp.accounts import cases
from idp.accounts.cases import Case
from idp.protocols import Services


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
    person = services.directory.find(case.person_id) if case.person_id else None
    return {
        **asdict(case),
        "state": "open" if case.is_open else "closed",
        "person": person.username if person is not None else None,
    }


def described_notes(services: Services, case: Case) -> list[dict[str, Any]]:
    """What is written on a case, oldest first."""
    return [asdict(note) for note in cases.notes_of(services.db, case.id)]


def close(services: Services, case: Case, note: str, *, actor: str) -> Case:
    """Close a case, with what was done; answers it as it is now. Errors: `ClosedAlready`."""
    closed = cases.close(services, case.id, note, actor)
    now = get(services, case.id)
    if not closed:
        raise ClosedAlready(now)
    return now
