"""What would be sent now: a dry run over everybody, which asks the other side nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from clients.client import Client
from idp.accounts import groups
from idp.login.services import Services
from idp.provisioning import braking, keeping, mapping, membership, wanting
from idp.provisioning.noting import PAGE
from idp.provisioning.objects import Kind, Object
from idp.provisioning.settling import Wanted
from idp.provisioning.target import Target

What = Literal["make", "change", "turn off", "delete", "leave", "refuse"]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One thing that would be done. `attributes`: which ones, by name, of a change."""

    what: What
    kind: Kind
    local_id: str
    name: str
    attributes: tuple[str, ...] = ()


def of(services: Services, target: Target, is_over: Callable[[], bool] = lambda: False) -> Iterator[Foreseen]:
    """Everything that would be done, people first. What is as it was confirmed is not named.

    `is_over`: asked at each page of people; where it says so, that is all.
    """
    client = services.registry.find(target.client_id)
    if client is None:
        return
    yield from _of_people(services, target, client, is_over)
    for one in groups.list_of(services.db) if not is_over() else ():
        wanted = wanting.of_group(services, target, client, one.id)
        found = _foreseen(services, target, _known(services, target, "group", one.id), wanted)
        if found is not None:
            yield found
    for kind in ("user", "group"):
        yield from _of_gone(services, target, client, kind)


def _of_people(services: Services, target: Target, client: Client, is_over: Callable[[], bool]) -> Iterator[Foreseen]:
    after = ""
    while not is_over() and (people := services.directory.list(after=after, limit=PAGE)):
        for person in people:
            wanted = wanting.of_person(services, target, client, person)
            found = _foreseen(services, target, _known(services, target, "user", person.id), wanted)
            if found is not None:
                yield found
        after = people[-1].username


def _of_gone(services: Services, target: Target, client: Client, kind: str) -> Iterator[Foreseen]:
    """Who is known there, and is nobody here any more."""
    after = ""
    while known := keeping.page(services.db, target.client_id, kind, after=after, many=PAGE):
        for one in known:
            wanted = wanting.of(services, target, client, one)
            found = _foreseen(services, target, one, wanted) if wanted.is_gone else None
            if found is not None:
                yield found
        after = known[-1].local_id


def _known(services: Services, target: Target, kind: Kind, local_id: str) -> Object:
    found = keeping.find_object(services.db, target.client_id, kind, local_id)
    return found or Object(client_id=target.client_id, kind=kind, local_id=local_id)


def _foreseen(services: Services, target: Target, one: Object, wanted: Wanted) -> Foreseen | None:
    if wanted.problem:
        return Foreseen("refuse", one.kind, one.local_id, wanted.name)
    if wanted.attributes is None:
        what = _of_ending(target, one)
        return None if what is None else Foreseen(what, one.kind, one.local_id, wanted.name)
    if not one.remote_id:
        return Foreseen("make", one.kind, one.local_id, wanted.name)
    different = _different(services, target, one, wanted.attributes)
    return Foreseen("change", one.kind, one.local_id, wanted.name, different) if different else None


def _different(services: Services, target: Target, one: Object, attributes: Mapping[str, Any]) -> tuple[str, ...]:
    sent = {path: value for path, value in one.sent.items() if one.kind == "user" or path != "members"}
    found = [str(step["path"]) for step in mapping.operations(attributes, sent)]
    if one.kind == "group":
        members = membership.wanted(services, target.client_id, one.local_id)
        if members != membership.confirmed(services, one) and target.abilities.patch:
            found.append("members")
    return tuple(found)


def _of_ending(target: Target, one: Object) -> What | None:
    if target.said.off == "nothing":
        return "leave" if one.remote_id and one.state not in ("off", "left", "gone") else None
    what = braking.ending(target.said, one)
    return "leave" if what == "empty" else what  # it loses whom we put in
