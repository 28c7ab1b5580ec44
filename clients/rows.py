"""Attributes of a snapshot that are rows: which field each is of, its check and default, and how its value is kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clients.values import Kind


@dataclass(frozen=True, slots=True)
class Row:
    """`key`: the field, '' for the attribute's own name; `made`: how its value is kept, None: as it is."""

    kind: Kind | None
    made: Callable[[Any], Any] | None = None
    key: str = ""


def row(kind: Kind, made: Callable[[Any], Any] | None = None, key: str = "") -> Any:
    """An attribute of a dataclass that keeps a metadata field; where that is left out, `made` is given ()."""
    return dataclasses.field(metadata={"row": Row(kind, made, key)})


def fact(made: Callable[[Any], Any] | None = None) -> Any:
    """An attribute that keeps what a document says under this name; where it is silent, `made` is given ()."""
    return dataclasses.field(metadata={"fact": Row(None, made)})


def rows_of(snapshot: type, sort: str = "row") -> tuple[tuple[str, str, Row], ...]:
    """(attribute, field, row) of each; `sort`: "row" or "fact"."""
    found = ((field.name, field.metadata[sort]) for field in dataclasses.fields(snapshot) if sort in field.metadata)
    return tuple((name, one.key or name, one) for name, one in found)


def kept(rows: tuple[tuple[str, str, Row], ...], values: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes' values."""
    return {name: _kept(one, values.get(key)) for name, key, one in rows}


def _kept(one: Row, value: Any) -> Any:
    if one.made is None:
        return value
    return one.made(() if value is None else value)


def frozen(given: Any) -> Mapping[str, Any]:
    """A mapping that nobody changes."""
    return MappingProxyType(dict(given))
