"""What people have of the attributes that are defined: who sees it, and whether what is written fits (U1)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from clients.attributes import Definition
from clients.attributes.definition import ADMIN, HELP_DESK, PERSON
from idp import attribute_values
from idp.accounts.person import InvalidPerson, Person, fold
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.attribute_values import WrongValue
from idp.audit import Event, Recorder
from idp.db import Transaction
from idp.protocols import Services

MASKED: Final = "•••"  # in the place of a value that the record does not tell


def base(name: str) -> str:
    """The attribute that a claim's name means: a variant in a language is bound by the same definition (Core §5.2)."""
    return name.partition("#")[0]


def defined(services: Services) -> Mapping[str, Definition]:
    """The definitions, by name; at most as old as the registry is."""
    services.registry.keep_fresh()
    return services.registry.attributes()


def hidden_from(services: Services, actor: Actor) -> frozenset[str]:
    """The names of what an actor may not see of anybody."""
    if actor.may(Permission.ATTRIBUTES_READ):
        return frozenset()
    return frozenset(name for name, one in defined(services).items() if HELP_DESK not in one.sees)


def hidden_of(services: Services, actor: Actor, person: Person) -> frozenset[str]:
    """The names of what an actor may not see of this one: what they have as the help desk, and as the person."""
    if actor.may(Permission.ATTRIBUTES_READ):
        return frozenset()
    readers = {PERSON} if person.id == actor.id else set()
    if actor.may_person(Permission.PEOPLE_READ, person.groups):
        readers.add(HELP_DESK)
    return frozenset(name for name, one in defined(services).items() if readers.isdisjoint(one.sees))


def seen_by(services: Services, actor: Actor, claims: Mapping[str, Any]) -> dict[str, Any]:
    """Of somebody's claims those that an actor may see; a variant in a language is seen with what it is of."""
    hidden = hidden_from(services, actor)
    return {name: value for name, value in claims.items() if base(name) not in hidden}


def is_about(one: Definition, groups: Iterable[str]) -> bool:
    """Whether somebody in these groups has it."""
    return not one.groups or not set(map(fold, one.groups)).isdisjoint(map(fold, groups))


def taken(
    services: Services, claims: Mapping[str, Any], *, before: Mapping[str, Any], groups: Collection[str],
    writer: str = ADMIN,
) -> dict[str, Any]:  # fmt: skip
    """Claims that somebody writes, as they are kept. What is not defined stays as it is, but for the help desk.

    `before`: what stands; what is written again is no change, whatever it looks like. `groups`: the person's.
    Errors: `InvalidPerson`, with all that is wrong.
    """
    known, found, wrong = defined(services), dict(claims), list[InvalidPerson]()
    for name, given in claims.items():
        one = known.get(base(name))
        if given == before.get(name) and (one is not None or writer == ADMIN):
            continue
        try:
            found[name] = _value(one, given, writer)
            is_emptied = found[name] is None and before.get(name) is not None
            if is_emptied and one and one.required and name == one.name and is_about(one, groups):
                raise WrongValue("is required, and cannot be empty")
        except WrongValue as error:
            wrong.append(InvalidPerson(f"claims.{name}", error.message))
    if wrong:
        raise InvalidPerson(wrong[0].field, wrong[0].message, wrong[1:])
    return found


def _value(one: Definition | None, given: Any, writer: str) -> Any:
    if one is None:
        if writer == ADMIN:
            return given  # a free claim
        raise WrongValue("only admins write what is not defined")
    if writer not in one.edits:
        who = ", ".join(one.edits) or "directories, other providers and SCIM alone"
        raise WrongValue(f"is written by {who}; who else may is said by the attribute’s edits")
    return attribute_values.read(one, given)


def check_whole(services: Services, claims: Mapping[str, Any], groups: Collection[str]) -> None:
    """For somebody new: what is required of whoever adds them. Errors: `InvalidPerson`, with all that is missing."""
    missing = [
        InvalidPerson(f"claims.{one.name}", "is missing, and required") for one in asked_for(services, groups)
        if claims.get(one.name) is None
    ]  # fmt: skip
    if missing:
        raise InvalidPerson(missing[0].field, missing[0].message, missing[1:])


def asked_for(services: Services, groups: Collection[str] | None = None) -> Iterator[Definition]:
    """What whoever adds somebody in these groups has to give: what the person may write, they are asked for.

    `groups`: None, while nobody has said which.
    """
    for one in defined(services).values():
        wanted = one.required and ADMIN in one.edits and PERSON not in one.edits
        if wanted and (groups is None or is_about(one, groups)):
            yield one


def check_exact(services: Services, claims: Mapping[str, Any]) -> None:
    """For programs: values of the JSON type that they are kept in. Errors: `InvalidPerson`."""
    known, wrong = defined(services), []
    for name, given in claims.items():
        try:
            if base(name) in known:
                attribute_values.read(known[base(name)], given, exact=True)
        except WrongValue as error:
            wrong.append(InvalidPerson(f"claims.{name}", error.message))
    if wrong:
        raise InvalidPerson(wrong[0].field, wrong[0].message, wrong[1:])


def untold(services: Services) -> frozenset[str]:
    """Whose values the record does not tell: the help desk reads it, too."""
    return frozenset(name for name, one in defined(services).items() if one.sensitive or HELP_DESK not in one.sees)


def told_of(services: Services, record: Recorder, reason: str = "") -> Recorder:
    """A recorder that masks what the record does not tell, and says why, where somebody said so."""
    secret = untold(services)

    def write(tx: Transaction, action: str, detail: Mapping[str, Any]) -> None:
        said = dict(detail)
        after = said.get("after") or {} if action == "person:changed" else {}
        masked = sorted(name for name in after if base(name) in secret)
        for side in ("before", "after") if masked else ():
            said[side] = {name: _mask(value) if name in masked else value for name, value in said[side].items()}
        more = {"masked": masked} if masked else {}
        record(tx, action, {**said, **more, **({"reason": reason} if reason else {})})

    return write


def events_for(services: Services, actor: Actor, events: Iterable[Event]) -> list[Event]:
    """Events as an actor may read them: what was recorded before a definition hid it is masked here, too."""
    hidden = hidden_from(services, actor)
    return [_without(event, hidden) if hidden and event.action == "person:changed" else event for event in events]


def _without(event: Event, hidden: Collection[str]) -> Event:
    sides = {side: said for side in ("before", "after") if isinstance(said := event.detail.get(side), Mapping)}
    masked = {
        side: {name: _mask(value) if base(name) in hidden else value for name, value in said.items()}
        for side, said in sides.items()
    }
    return replace(event, detail={**event.detail, **masked})


def _mask(value: Any) -> str | None:
    return None if value is None else MASKED
