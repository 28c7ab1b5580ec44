"""Applications that speak OpenID Connect: their metadata by the names of RFC 7591."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clients.access import Access
from clients.claim_rules import CLAIM_RULES
from clients.client import Client
from clients.metadata import FIELDS, find_kind
from clients.registry import Draft, Registered
from clients.values import CLAIMS_MAP, JWKS, Kind
from idp.admin.configuration.changes import Planning, same
from idp.admin.configuration.document import Entry, Fault, Faults, near
from idp.audit import Recorder
from idp.protocols import Services

#: What stands in a table beside metadata.
OWN = ("id", "name", "profile", "enabled", "has_secret", "access")
#: What is taken as a text of JSON, too: it may hold what TOML cannot say.
_JSON = (JWKS, CLAIMS_MAP, CLAIM_RULES)


@dataclass(frozen=True)
class Drafted:
    """An application that is not there yet. `client`: as it will be."""

    client: Client
    draft: Draft

    def register(self, services: Services, record: Recorder) -> Registered:
        """Add it."""
        return services.registry.register(self.draft, record=record)


def check_keys(entry: Entry) -> None:
    """Errors: `Faults` for keys that an application of this kind does not have."""
    known = [*OWN, *(key for key in FIELDS if key != "client_name")]
    check_metadata_keys(entry, known, FIELDS)


def check_metadata_keys(entry: Entry, known: list[str], fields: Mapping[str, Kind]) -> None:
    """Errors: `Faults` for keys that are neither known nor metadata, localized ones included."""
    wrong = [key for key in entry.values if key not in known and (key == "client_name" or not find_kind(key, fields))]
    if wrong:
        raise Faults(entry.fault(key[:60], _unknown(key, known)) for key in wrong)


def _unknown(key: str, known: list[str]) -> str:
    if key == "client_name":
        return "is called name here"
    return f"unknown key{near(key, known)}; docs/configuration-as-code.md lists what an application takes"


def written(_: Services, __: Client, said: Mapping[str, Any]) -> dict[str, Any]:
    """What was registered, in the order of the table of fields."""
    order = {key: number for number, key in enumerate(FIELDS)}
    return dict(sorted(said.items(), key=lambda item: (order.get(item[0].partition("#")[0], len(order)), item[0])))


def declared(entry: Entry, fields: Mapping[str, Kind] = FIELDS, own: tuple[str, ...] = OWN) -> dict[str, Any]:
    """The metadata of a table, not checked yet but for what JSON could not hold. Errors: `Faults`."""
    found, problems = {}, []
    for key, value in entry.values.items():
        if key in own:
            continue
        try:
            found[key] = _value(entry, key, value, fields)
        except Fault as fault:
            problems.append(fault)
    if problems:
        raise Faults(problems)
    return found


def _value(entry: Entry, key: str, value: Any, fields: Mapping[str, Kind]) -> Any:
    kind = find_kind(key, fields)
    if isinstance(value, str) and kind is not None and (kind in _JSON or value.lstrip()[:1] == "{"):
        try:
            value = kind.parse(value)
        except ValueError as error:
            raise entry.fault(key, str(error)) from None
    if any(map(_is_strange, _leaves(value))):
        raise entry.fault(key, "has a date, a time, or a number that is none; write a text, a number, true or false")
    return value


def _is_strange(value: Any) -> bool:
    times = (datetime.date, datetime.time)
    return isinstance(value, times) or (isinstance(value, float) and not math.isfinite(value))


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    else:
        yield value


def changes(_: Planning, entry: Entry, __: Client, said: Mapping[str, Any], dropped: frozenset[str]) -> dict[str, Any]:
    """By key what is to be different; None takes one back to its default."""
    return different(declared(entry), said, dropped)


def different(wanted: Mapping[str, Any], said: Mapping[str, Any], dropped: frozenset[str]) -> dict[str, Any]:
    """What is declared and was not said so, and what is declared no longer and was said."""
    found = {key: value for key, value in wanted.items() if key not in said or not same(value, said[key])}
    return {**found, **dict.fromkeys(sorted(dropped & said.keys()))}


def drafted(planning: Planning, entry: Entry, access: Access) -> Drafted:
    """A new one. Errors: `InvalidMetadata`."""
    values = entry.values
    draft = Draft(
        name=values.get("name", ""), profile=values.get("profile", "web"), metadata=declared(entry), access=access,
        id=values.get("id", ""), unfinished=values.get("enabled") is False,
    )  # fmt: skip
    return Drafted(planning.services.registry.preview_new(draft), draft)
