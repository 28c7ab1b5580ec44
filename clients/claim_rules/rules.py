"""Rows: which claim or attribute, for whom, made how. The first row of a name whose condition holds decides."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any, Final

from clients.claim_rules import expression
from clients.claim_rules.expression import ExpressionError, Node, Reading
from clients.claim_rules.functions import TooLong, is_missing
from clients.values import Kind, is_reserved

MAX_RULES: Final = 50
MAX_GROUPS: Final = 50  # that a row names in one condition
_NAME: Final = re.compile(r"[!-~]{1,200}")
_KEYS: Final = ("name", "value", "groups", "not_groups")
SHAPE: Final = '[{"name": "role", "value": "case(\\"crm-admins\\", \\"admin\\", \\"user\\")", "groups": ["crm"]}]'


@dataclass(frozen=True, slots=True)
class Rule:
    """One row. `groups`: one of these, empty: anybody; `not_groups`: none of these."""

    name: str
    node: Node
    groups: frozenset[str] = frozenset()
    not_groups: frozenset[str] = frozenset()

    def holds(self, groups: Set[str]) -> bool:
        """Whether it is about a member of these groups."""
        return (not self.groups or not self.groups.isdisjoint(groups)) and self.not_groups.isdisjoint(groups)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a claim. `row`: the one that decided, from 1; 0: none holds. `value` None: it is left out.

    `is_too_long`: because it would be longer than it may be.
    """

    name: str
    row: int = 0
    value: Any = None
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The rows of one application, ready. `names`: the claims that they make, each once; `reads`: of what."""

    rows: tuple[Rule, ...] = ()
    names: tuple[str, ...] = ()
    reads: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.rows)

    def explain(self, known: Mapping[str, Any], groups: Collection[str]) -> list[Outcome]:
        """What each claim is for a person, and which row says so. Never an error."""
        return list(_outcomes(self, known, frozenset(groups)))

    def values(self, known: Mapping[str, Any], groups: Collection[str]) -> dict[str, Any]:
        """The claims that a person has by these rows."""
        return {one.name: one.value for one in _outcomes(self, known, frozenset(groups)) if one.value is not None}

    def reads_of(self, name: str) -> frozenset[str]:
        """Of which attributes one claim may be made; a variant by language (Core §5.2) is of its attribute."""
        read = (one for row in self.rows if row.name == name for one in expression.names_in(row.node))
        return frozenset(one.partition("#")[0] for one in read)

    def groups(self) -> frozenset[str]:
        """Every group that is named, in a condition or within a value."""
        within = (str(one.value) for row in self.rows for one in expression.groups_in(row.node))
        return frozenset((*within, *(one for row in self.rows for one in (*row.groups, *row.not_groups))))


NO_RULES: Final = Rules()


def _outcomes(rules: Rules, known: Mapping[str, Any], groups: frozenset[str]) -> Iterator[Outcome]:
    reading = Reading(known, groups)
    for name in rules.names:
        rows = ((place, row) for place, row in enumerate(rules.rows, 1) if row.name == name)
        place, row = next(((place, row) for place, row in rows if row.holds(groups)), (0, None))
        if row is None:
            yield Outcome(name)
            continue
        try:
            value = reading.value(row.node)
            yield Outcome(name, place, None if is_missing(value) else value)
        except TooLong:
            yield Outcome(name, place, is_too_long=True)


def compiled(given: Iterable[Mapping[str, Any]]) -> Rules:
    """The rows of a registration, which are valid, as they are kept."""
    rows = tuple(
        Rule(one["name"], expression.parse(one["value"]), frozenset(one.get("groups", ())),
             frozenset(one.get("not_groups", ())))
        for one in given
    )  # fmt: skip
    if not rows:
        return NO_RULES
    reads = frozenset(name for row in rows for name in expression.names_in(row.node))
    return Rules(rows, tuple(dict.fromkeys(row.name for row in rows)), reads)


def renamed(given: Iterable[Mapping[str, Any]], old: str, new: str) -> list[dict[str, Any]]:
    """The rows of a registration with another name of a group, also within values."""
    return [_renamed(one, old, new) for one in given]


def _renamed(row: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    text = row["value"]
    named = {one.span for one in expression.groups_in(expression.parse(text)) if one.value == old}
    for begin, end in sorted(named, reverse=True):
        text = text[:begin] + expression.quoted(new) + text[end:]
    lists = {
        key: list(dict.fromkeys(new if one == old else one for one in row[key]))
        for key in ("groups", "not_groups") if key in row
    }  # fmt: skip
    return {**row, "value": text, **lists}


# -- the field -------------------------------------------------------------------------------------------------------


def _check(value: Any, _: bool) -> list[dict[str, Any]]:
    if not isinstance(value, list | tuple) or len(value) > MAX_RULES:
        raise ValueError(f"expected a list of at most {MAX_RULES} rows: {SHAPE}")
    found, problems = [], []
    for place, row in enumerate(value, 1):
        try:
            found.append(_row(row))
        except ValueError as error:
            problems.append(f"row {place}{_whose(row)}: {error}")
    problems += _alike(found)
    if problems:
        raise ValueError("; ".join(problems))
    return found


def _alike(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Names that differ by case alone: readers without it would take the one that comes last."""
    first: dict[str, str] = {}
    others = (one["name"] for one in rows if first.setdefault(one["name"].lower(), one["name"]) != one["name"])
    return [f"{name} and {first[name.lower()]} differ by case alone; choose one" for name in dict.fromkeys(others)]


def _whose(row: Any) -> str:
    name = row.get("name") if isinstance(row, Mapping) else None
    return f" ({ascii(name)[1:-1][:60]})" if isinstance(name, str) and name else ""


def _row(row: Any) -> dict[str, Any]:
    if not isinstance(row, Mapping) or not {"name", "value"} <= set(row) <= set(_KEYS):
        raise ValueError(f"expected name and value, and where it is for some people alone groups, not_groups: {SHAPE}")
    said: dict[str, Any] = {"name": checked_name(row["name"]), "value": _value(row["value"])}
    for key in ("groups", "not_groups"):
        if groups := _groups(key, row.get(key, ())):
            said[key] = groups
    return said


def checked_name(name: Any) -> str:
    """The name of a claim or attribute that a row may make. Errors: `ValueError`."""
    if not isinstance(name, str) or not _NAME.fullmatch(name.strip()):
        raise ValueError("name: expected the claim's or attribute's name, printable ASCII without spaces: role")
    name = str(name).strip()
    plain = name.partition("#")[0].lower()
    if is_reserved(name):
        raise ValueError(f"name: {name} is set by the provider itself; choose another one, such as my_{plain[:20]}")
    return str(name)


def _value(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError('value: expected an expression, such as department or join(" ", given_name, family_name)')
    try:
        expression.parse(value.strip())
    except ExpressionError as error:
        raise ValueError(f"value, {error}") from None
    return value.strip()


def _groups(key: str, value: Any) -> list[str]:
    if not isinstance(value, list | tuple) or len(value) > MAX_GROUPS:
        raise ValueError(f"{key}: expected a list of at most {MAX_GROUPS} names of groups")
    for one in value:
        if not isinstance(one, str) or not one.strip() or len(one) > 128 or any(map(_is_control, one)):
            raise ValueError(f"{key}: expected names of groups, each of at most 128 visible characters")
    return list(dict.fromkeys(one.strip() for one in value))


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs")  # as what may not be in a group's name


def _parse(given: str) -> Any:
    try:
        return json.loads(given)
    except (ValueError, RecursionError):
        raise ValueError(f"expected a list of rows in JSON: {SHAPE}") from None


#: The metadata field, of both protocols.
CLAIM_RULES: Final = Kind(_check, _parse, shape="rows")
