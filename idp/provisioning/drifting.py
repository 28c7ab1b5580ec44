"""What is different there from what should be: each object is read, and compared attribute by attribute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clients.client import Client
from idp.accounts.person import fold
from idp.login.services import Services
from idp.provisioning import judging, keeping, mapping, membership, wanting
from idp.provisioning.calling import Line, line_to, segment
from idp.provisioning.matching import PLACES
from idp.provisioning.noting import PAGE
from idp.provisioning.objects import Kind, Object
from idp.provisioning.target import Target


@dataclass(frozen=True, slots=True)
class Drift:
    """One object that is not there as it should be. `attributes`: what differs; `missing`: it is not there at all.

    `is_open`: somebody who should be off there is not.
    """

    kind: Kind
    local_id: str
    name: str
    attributes: tuple[str, ...] = ()
    missing: bool = False
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """What was found among so many that were read; `next`: kind and id to go on behind, None at the end."""

    found: tuple[Drift, ...]
    looked: int
    next: tuple[Kind, str] | None


def of(services: Services, target: Target) -> Iterator[Drift]:
    """Everything that is different. Nothing is changed. Errors: of `judging`; `Unreached`; `NoToken`."""
    client, line = services.registry.find(target.client_id), line_to(services, target)
    for one in _known(services, target, ("user", "")) if client is not None else ():
        found = _of_one(line, client, one) if client is not None else None
        if found is not None:
            yield found


def part(services: Services, target: Target, behind: tuple[Kind, str], seconds: float, most: int) -> Part:
    """The same of as many as that time allows, `most` at most, from whoever is behind an object on."""
    client, line = services.registry.find(target.client_id), line_to(services, target)
    found: list[Drift] = []
    looked, until = 0, services.clock() + seconds
    for one in _known(services, target, behind) if client is not None else ():
        if looked >= most or services.clock() >= until:
            return Part(tuple(found), looked, behind)
        drift = _of_one(line, client, one) if client is not None else None
        found += [drift] if drift is not None else []
        looked, behind = looked + 1, (one.kind, one.local_id)
    return Part(tuple(found), looked, None)


def _known(services: Services, target: Target, behind: tuple[Kind, str]) -> Iterator[Object]:
    """Whoever is there, people first."""
    first, after = behind
    kinds: tuple[Kind, ...] = ("user", "group") if first == "user" else ("group",)
    for kind in kinds:
        while known := keeping.page(services.db, target.client_id, kind, after=after, many=PAGE):
            yield from (one for one in known if one.remote_id)
            after = known[-1].local_id
        after = ""


def _of_one(line: Line, client: Client, one: Object) -> Drift | None:
    wanted = wanting.of(line.services, line.target, client, one)
    if wanted.problem or (wanted.attributes is None and line.target.said.off == "nothing"):
        return None
    answered = line.call("GET", f"{PLACES[one.kind][0]}/{segment(one.remote_id)}")
    if answered.status == 404:
        return Drift(one.kind, one.local_id, wanted.name, missing=True) if wanted.attributes is not None else None
    there = judging.check(answered).body or {}
    if wanted.attributes is None:
        is_open = there.get("active") is not False if one.kind == "user" else one.made
        return Drift(one.kind, one.local_id, wanted.name, is_open=True) if is_open else None
    different = [path for path, value in wanted.attributes.items() if not _is_same(value, mapping.read(there, path))]
    if one.kind == "group" and "members" in there and not _has_members(line, one, there):
        different.append("members")
    return Drift(one.kind, one.local_id, wanted.name, tuple(different)) if different else None


def _has_members(line: Line, one: Object, there: Mapping[str, Any]) -> bool:
    found = {str(each.get("value")) for each in there["members"] or () if isinstance(each, dict)}
    return set(membership.wanted(line.services, one.client_id, one.local_id).values()) == found


def _is_same(ours: Any, theirs: Any) -> bool:
    """What servers add (types, display names) and how they write (capitals of addresses and names) is no difference."""
    if isinstance(ours, list):
        values = {fold(str(one["value"])) for one in ours}
        found = theirs if isinstance(theirs, list) else []
        return values <= {fold(str(one.get("value"))) for one in found if isinstance(one, dict)}
    if isinstance(ours, str) and isinstance(theirs, str):
        return fold(ours) == fold(theirs)
    return bool(ours == theirs)
