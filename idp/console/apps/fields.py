"""The form of an application's settings, made of the table of its fields: a new row there is a new field here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clients.client import Client
from clients.errors import InvalidMetadata, Problem
from clients.metadata import FIELDS
from clients.saml_fields import SETTINGS
from clients.unsupported import UNSUPPORTED, values_of
from clients.values import Kind
from idp.admin import assertion_consumers as consumers
from idp.console.apps.labels import LABELS, PARTS, Label

_NOT_YET = frozenset(row.field for row in UNSUPPORTED if not row.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field. `text`: as it is shown and typed; "" is the default, which `default` says."""

    key: str
    label: str
    hint: str
    part: str
    shape: str
    text: str
    default: str
    options: tuple[str, ...] = ()
    problem: str = ""


def kinds_of(client: Client) -> Mapping[str, Kind]:
    """What can be changed in a form, in the order of its labels; what does not work yet is left out."""
    table: Mapping[str, Kind] = FIELDS
    if client.saml is not None:
        typed = {consumers.KEY: consumers.KIND} if consumers.is_typed(client) else {}
        table = {"client_name": FIELDS["client_name"], **typed, **SETTINGS}
    shown = {key: kind for key, kind in table.items() if key not in _NOT_YET}
    order = {key: place for place, key in enumerate(LABELS)}
    return dict(sorted(shown.items(), key=lambda pair: order.get(pair[0], len(order))))


def texts_of(client: Client, said: Mapping[str, Any]) -> dict[str, str]:
    """Every field as it stands, as text."""
    if consumers.is_typed(client):
        said = {**said, consumers.KEY: consumers.locations(said)}
    return {key: text_of(said.get(key), kind) for key, kind in kinds_of(client).items()}


def text_of(value: Any, kind: Kind) -> str:
    """A value as a form has it."""
    if value is None:
        return ""
    if kind.shape == "lines":
        return "\n".join(map(str, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, dict | list) else str(value)


def value_of(text: str, kind: Kind) -> Any:
    """The value that was typed; None takes it back to its default. Errors: `ValueError`."""
    text = text.replace("\r\n", "\n").strip()
    if not text:
        return None
    if kind.shape == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    return kind.parse(text)


def changed(client: Client, typed: Mapping[str, str], base: Mapping[str, str]) -> dict[str, Any]:
    """What differs from what the form began with, as values. Errors: `InvalidMetadata`, with every problem."""
    values, problems = dict[str, Any](), list[Problem]()
    for key, kind in kinds_of(client).items():
        if key not in typed or _plain(typed[key]) == _plain(base.get(key, "")):
            continue
        try:
            values[key] = value_of(typed[key], kind)
        except (ValueError, TypeError) as error:
            problems += error.problems if isinstance(error, InvalidMetadata) else [Problem(key, str(error))]
    if problems:
        raise InvalidMetadata(*problems)
    return values


def parts(client: Client, texts: Mapping[str, str], problems: tuple[Problem, ...] = ()) -> list[dict[str, Any]]:
    """The form: its parts, each with its fields. The first is open, and each where something is set or wrong."""
    wrong = {problem.field: problem.message for problem in reversed(problems)}
    found = list(_fields(client, texts, wrong))
    shown = [(name, title, [one for one in found if one.part == name]) for name, title in PARTS]
    return [
        {"name": name, "title": title, "fields": fields, "open": name == "main" or any(one.problem for one in fields)}
        for name, title, fields in shown if fields
    ]  # fmt: skip


def _fields(client: Client, texts: Mapping[str, str], wrong: Mapping[str, str]) -> Iterator[Field]:
    for key, kind in kinds_of(client).items():
        label = LABELS.get(key) or Label(key, "other")
        words = tuple(word for word in (kind.words() if kind.words else ()) if word not in values_of(key))
        default = kind.default if texts.get(key) else client.metadata.get(key, kind.default)
        yield Field(
            key=key, label=label.text, hint=label.hint, part=label.part, shape=kind.shape, text=texts.get(key, ""),
            default=text_of(default, kind).replace("\n", ", "), options=words, problem=wrong.get(key, ""),
        )  # fmt: skip


def _plain(text: str) -> str:
    return "\n".join(line.strip() for line in text.replace("\r\n", "\n").strip().split("\n"))
