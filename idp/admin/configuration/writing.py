"""Tables as TOML, the same bytes for the same values."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import tomli_w


@dataclass(frozen=True)
class Written:
    """One object to write. `comments` stand above it."""

    table: str
    values: Mapping[str, Any]
    comments: tuple[str, ...] = ()


def text(written: Iterable[Written], comments: Iterable[str] = ()) -> str:
    """A whole file. `comments` stand at its top."""
    return "\n".join(["".join(f"# {line}\n" for line in comments), *map(_one, written)])


def _one(written: Written) -> str:
    values = {key: _writable(value) for key, value in written.values.items()}
    body = tomli_w.dumps({written.table: values})
    # An array's table in place of a table: what stands below ([application.access]) belongs to the last one.
    body = body.removeprefix(f"[{written.table}]\n")
    return "".join(f"# {line}\n" for line in written.comments) + f"[[{written.table}]]\n{body}"


def _writable(value: Any) -> Any:
    """TOML has no null: what has one inside goes as JSON, which its key takes as well."""
    return json.dumps(value, ensure_ascii=False) if any(one is None for one in _leaves(value)) else value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _leaves(one)
    else:
        yield value
