"""What becomes of one row: somebody new, somebody corrected, left as they are, or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from idp.accounts import typed_claims
from idp.accounts.batches import CHECKING, Batch, Outcome, Row
from idp.accounts.effects import Changes
from idp.accounts.person import InvalidPerson, Person, Problems, fold, group_name, identifiers
from idp.admin import people, person_attributes
from idp.admin.actor import Actor, NotAllowed
from idp.admin.importing import columns
from idp.admin.permissions import Permission
from idp.audit import Recorder
from idp.db import Transaction
from idp.protocols import Services

P = Permission
MADE, CHANGED, SAME, SKIPPED, FAILED = "made", "changed", "same", "skipped", "failed"
CODES: Final = (MADE, CHANGED, SAME, SKIPPED, FAILED)
#: How an import treats people who are there already.
SKIP, CORRECT = "skip", "correct"
GROUP: Final = "group:"  # before the name of a new group, where outcomes are counted
_MAX_GROUPS: Final = 5000  # new ones in one file: more are a column that is none of groups


@dataclass(frozen=True)
class Import:
    """How the rows of one file are taken. `twins`: rows that name somebody of an earlier row; `known`: group keys."""

    actor: Actor
    batch: Batch
    twins: Mapping[int, int]
    known: dict[str, str]
    record: Recorder
    fresh: set[str] = field(default_factory=set)

    def asked(self, name: str) -> Any:
        """One of the choices of whoever imports."""
        return self.batch.asked.get(name)


def take(services: Services, tx: Transaction, how: Import, row: Row) -> Outcome:
    """Look at a row, and do what it asks unless the rows are only tried out. `services` take part in `tx`.

    Errors: those of the verbs, where somebody was faster than the look.
    """
    if row.number in how.twins:
        return Outcome(FAILED, "twice", str(how.twins[row.number] + 1))
    header = how.asked("header")
    if len(row.source) > len(header) and any(cell.strip() for cell in row.source[len(header) :]):
        return Outcome(FAILED, "long", str(len(header)))
    said = columns.said_of(header, how.asked("columns"), row.source)
    try:
        there = _there(services, said)
        groups, new = _groups(how, said.get("groups", ""))
        tally = tuple(GROUP + name for name in new)
        if there is None:
            return _add(services, tx, how, said, groups, tally)
        if how.asked("existing") != CORRECT:
            return Outcome(SKIPPED, "there", there.username, there.id)
        how.actor.check_person(services, P.PEOPLE_CHANGE, there)
        return _correct(services, how, there, said, groups, tally)
    except NotAllowed:
        return Outcome(FAILED, "rank", there.username if there is not None else "")
    except _NoGroup as error:
        return Outcome(FAILED, "no_group", str(error))
    except _Several as error:
        return Outcome(FAILED, "several", str(error))
    except InvalidPerson as error:
        return Outcome(FAILED, error.field, error.message)


class _NoGroup(Exception):
    """There is no such group, and none is to be made."""


class _Several(Exception):
    """A row names two people at once."""


def _there(services: Services, said: Mapping[str, str]) -> Person | None:
    """Whom the row names already, by username, address or number. Errors: `_Several`."""
    found: dict[str, Person] = {}
    for name in ("username", "email", "employee_number"):
        person = services.directory.find_by_login(said[name]) if name in said else None
        if person is not None:
            found[person.id] = person
    if len(found) > 1:
        raise _Several(", ".join(sorted(one.username for one in found.values())))
    return next(iter(found.values()), None)


def _groups(how: Import, text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The groups of a cell as they are written here, and which of them are new."""
    names, new = [], []
    for name in map(group_name, columns.names_of(text)):
        key = fold(name)
        if key not in how.known:
            if not how.asked("new_groups"):
                raise _NoGroup(name)
            if key not in how.fresh and len(how.fresh) >= _MAX_GROUPS:
                raise InvalidPerson("groups", f"the file makes more than {_MAX_GROUPS} new groups: is it the column?")
            how.fresh.add(key)
            new.append(name)
        names.append(how.known.get(key, name))
    return tuple(dict.fromkeys(names)), tuple(new)


def _add(
    services: Services, tx: Transaction, how: Import, said: Mapping[str, str], groups: tuple[str, ...],
    tally: tuple[str, ...],
) -> Outcome:  # fmt: skip
    draft = columns.draft_of(said)
    problems = Problems()
    claims = problems.of(_defined, services, draft.claims, {}, groups) or draft.claims
    problems.of(person_attributes.check_whole, services, claims, groups)
    problems.of(typed_claims.check, claims)
    draft = replace(draft, claims=claims)
    problems.of(services.directory.check, draft)
    problems.check()
    if how.batch.state == CHECKING:
        return Outcome(MADE, tally=tally)
    person = services.directory.add(draft, record=how.record)
    for name in groups:
        person = services.directory.add_to_group(person.id, name, record=how.record)
    if how.asked("invite") and person.email:
        payload = {"person": person.id, "note": how.asked("note") or "", "by": how.actor.name}
        services.jobs.enqueue("people.invite", payload, tx=tx)
    return Outcome(MADE, person_id=person.id, tally=tally)


def _correct(
    services: Services, how: Import, person: Person, said: Mapping[str, str], groups: tuple[str, ...],
    tally: tuple[str, ...],
) -> Outcome:  # fmt: skip
    changes = Changes()
    if "username" in said:
        changes["username"] = said["username"]
    if "email" in said:
        changes["email"] = said["email"]
    if "employee_number" in said:
        changes["employee_number"] = said["employee_number"]
    if name := columns.name_of(said):
        changes["name"] = name
    claims = _defined(services, columns.claims_of(said), person.claims, person.groups)
    merge = {name: value for name, value in claims.items() if person.claims.get(name) != value}
    changed = [name for name, value in changes.items() if getattr(person, name) != value]
    held = set(map(fold, person.groups))
    joins = tuple(name for name in groups if fold(name) not in held)
    if not (changed or merge or joins):
        return Outcome(SAME, person_id=person.id)
    typed_claims.check(merge)
    if how.batch.state == CHECKING:
        _check(services, person, changes, merge)
    else:
        people.correct(services, how.actor, person, people.Correction(changes=changes, merge=merge, joins=joins))
    return Outcome(CHANGED, value=", ".join((*changed, *merge, *(["groups"] if joins else []))), person_id=person.id,
                   tally=tally)  # fmt: skip


def _defined(
    services: Services, claims: Mapping[str, Any], before: Mapping[str, Any], groups: tuple[str, ...]
) -> dict[str, Any]:  # fmt: skip
    """The claims as they are kept. Errors: `InvalidPerson`."""
    return person_attributes.taken(services, claims, before=before, groups=groups)


def _check(services: Services, person: Person, changes: Changes, merge: Mapping[str, Any]) -> None:
    """As the change would be refused. Errors: `InvalidPerson`."""
    services.directory.check_changes(person, Changes(**changes, claims={**person.claims, **merge}))


def keys_of(said: Mapping[str, str]) -> tuple[str, ...]:
    """By what a row names somebody."""
    return tuple(identifiers(columns.draft_of(said)))
