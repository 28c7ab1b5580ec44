"""What is said of a provider as a form has it, made of the table of its fields: a new row there is a new field here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from idp.federation import fields
from idp.federation.checking import InvalidProvider
from idp.federation.ports import Wrong
from idp.federation.provider import DEFAULTS, LISTS, SWITCHES, TABLES
from idp.wire import Params


def texts_of(kind: str, said: Mapping[str, Any]) -> dict[str, str]:
    """Every field that the kind knows, as text."""
    return {row.name: _text(said.get(row.name, DEFAULTS[row.name])) for row in fields.of(kind)}


def typed(kind: str, form: Params, stands: Mapping[str, str]) -> dict[str, str]:
    """The fields as they came; a box that is not ticked does not come, and of others what did not is as it stands."""
    return {
        name: form.first.get(name, "" if name in SWITCHES else text).replace("\r\n", "\n")
        for name, text in stands.items() if fields.FIELDS[name].is_of(kind)
    }  # fmt: skip


def said(texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that were typed. Errors: `InvalidProvider`."""
    problems = [
        Wrong(name, f"{line[:60]}: expected two values with = between them")
        for name, text in texts.items() if name in TABLES for line in _lines(text) if "=" not in line
    ]  # fmt: skip
    if problems:
        raise InvalidProvider(*problems)
    return {name: _value(name, text) for name, text in texts.items()}


def parts(kind: str, texts: Mapping[str, str], problems: Iterable[Wrong] = ()) -> list[dict[str, Any]]:
    """The form: its parts, each with its fields. The first is open, and each where something is wrong."""
    wrong = {one.field: one.message for one in problems}
    found = [
        {
            "key": row.name, "label": row.label, "hint": row.hint, "part": row.part, "shape": _shape(row),
            "text": texts.get(row.name, ""), "options": row.choices, "problem": wrong.get(row.name, ""),
        }
        for row in fields.of(kind)
    ]  # fmt: skip
    shown = [(name, title, [one for one in found if one["part"] == name]) for name, title in fields.PARTS]
    return [
        {"name": name, "title": title, "fields": some, "open": any(one["problem"] for one in some)}
        for name, title, some in shown if some
    ]  # fmt: skip


def label_of(name: str) -> str:
    """What a field is called."""
    return fields.FIELDS[name].label if name in fields.FIELDS else name


def lines_of(value: Any) -> list[str]:
    """A value as a history shows it."""
    text = _text(value)
    return text.split("\n") if text else []


def _shape(row: fields.Field) -> str:
    if row.choices:
        return "choice"
    if row.name in SWITCHES:
        return "switch"
    if row.document:
        return "document"
    return "lines" if row.name in LISTS | TABLES else "text"


def leads(kind: str) -> bool:
    """Whether people are led to a page of it, from which they come back to an address of ours."""
    return fields.FIELDS["button"].is_of(kind)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, Mapping):
        return "\n".join(f"{left} = {right}" for left, right in value.items())
    return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value if value is not None else "")


def _value(name: str, text: str) -> Any:
    if name in SWITCHES:
        return bool(text)
    if name in LISTS:
        return _lines(text)
    return dict(map(_pair, _lines(text))) if name in TABLES else text.strip()


def _pair(line: str) -> tuple[str, str]:
    """The last one parts them: a group elsewhere may be called CN=Sales."""
    left, _, right = line.rpartition(" = " if " = " in line else "=")
    return left.strip(), right.strip()


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip()]
