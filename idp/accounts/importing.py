"""Many people at once, from CSV or JSON lines: looked at first, written only when every line is good.

Nothing half done: one line that cannot be taken stops all of it, and the errors name their lines. Who is there already
under the same username is skipped, so a list that grew may be given again. Passwords do not come this way: people set
their own by a link, and a hash of another product would stand here unproven.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.accounts.person import ROLES, Draft, InvalidPerson, fold, identifiers
from idp.attributes import ATTRIBUTES, CALLED, CLAIM, in_columns

if TYPE_CHECKING:
    from idp.accounts.directory import Directory
    from idp.audit import Recorder

_FIELDS = frozenset(in_columns())
#: Claims that have names of other programs: taken in any spelling of theirs.
CLAIMS_CALLED = frozenset(one.name for one in ATTRIBUTES if one.kept == CLAIM and one.called)
_REFUSED = ("password", "password_hash", "hash", "passwd")
_YES, _NO = ("1", "true", "yes", "y"), ("", "0", "false", "no", "n")


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a line is not taken. `line`: counted from 1, as an editor shows it; `field` '' for the whole of it."""

    line: int
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done. `known`: usernames that are there already, and are left as they are."""

    drafts: tuple[Draft, ...]
    known: tuple[str, ...]
    problems: tuple[Problem, ...]


def _as_it_is(draft: Draft) -> Draft:
    return draft


def plan(
    directory: Directory, text: str, *, is_json: bool, settle: Callable[[Draft], Draft] = _as_it_is
) -> Plan:  # fmt: skip
    """Look at every line, and at what is there already. Nothing is written.

    `settle`: what this installation says of its own attributes; it answers the draft as it is kept, or `InvalidPerson`.
    """
    drafts: list[Draft] = []
    known: list[str] = []
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for line, row in rows(text, is_json=is_json):
        try:
            draft = draft_of(row) if isinstance(row, Mapping) else _refuse(str(row))
            if (there := directory.find_by_login(draft.username)) and fold(there.username) == fold(draft.username):
                known.append(draft.username)
                continue
            draft = directory.check(settle(draft))
            _check_new(draft, seen, line)
            drafts.append(draft)
        except InvalidPerson as error:
            problems += [Problem(line, one.field, one.message) for one in error.problems]
    return Plan(tuple(drafts), tuple(known), tuple(problems))


def carry_out(directory: Directory, plan: Plan, *, record: Recorder) -> int:
    """Add everybody of a plan without problems, in one transaction; answers how many. Errors: `InvalidPerson`."""
    return directory.add_all(plan.drafts, record=record)


# -- below -----------------------------------------------------------------------------------------------------------


def rows(text: str, *, is_json: bool) -> Iterator[tuple[int, Any]]:
    """Each row with its line; what is no row as the sentence that says so."""
    if is_json:
        for line, source in enumerate(text.split("\n"), 1):
            if source.strip():
                yield line, _json(source)
        return
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), dialect=_dialect(text))
    while True:
        first = reader.line_num + 1
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield first, f"is no CSV: {error}"
            return
        if row is None:
            return
        if None in row:
            yield reader.line_num, f"has {len(row[None])} more fields than the first line has columns"
        else:
            yield reader.line_num, {key: value for key, value in row.items() if value}


def _dialect(text: str) -> type[csv.Dialect]:
    """Commas, or what spreadsheets of other countries write in their place."""
    head = text.partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=head.count)
        strict = True

    return Dialect


def _json(source: str) -> Any:
    try:
        value = json.loads(source)
    except (ValueError, RecursionError) as error:
        return f"is no JSON: {error}"
    return value if isinstance(value, dict) else 'is no JSON object, such as {"username": "anna"}'


def _refuse(message: str) -> Draft:
    raise InvalidPerson("", message)


def draft_of(row: Mapping[str, Any]) -> Draft:
    """A row as a draft. Columns that are no fields of ours are claims. Errors: `InvalidPerson`."""
    found: dict[str, Any] = {}
    claims: dict[str, Any] = {}
    for column, value in row.items():
        plain = column.strip().lower().replace("-", "_").replace(" ", "_")
        name = CALLED.get(plain, plain)
        if name in _REFUSED:
            raise InvalidPerson(column, "passwords are not imported: people set their own, by `doorward user password`")
        if name == "claims" and isinstance(value, Mapping):
            claims |= value
        elif name in _FIELDS:
            found[name] = value
        elif value not in (None, ""):
            claims[name if name in CLAIMS_CALLED else column.strip()] = value
    roles = _list(found.get("roles"))
    given = " ".join(str(claims[part]) for part in ("given_name", "family_name") if claims.get(part))
    return Draft(
        username=_text("username", found.get("username")) or _text("email", found.get("email")) or "",
        email=_text("email", found.get("email")), email_verified=_flag(found.get("email_verified")),
        name=_text("name", found.get("name")) or given, claims=claims, groups=_list(found.get("groups")),
        employee_number=_text("employee_number", found.get("employee_number")),
        roles=tuple(role.lower() if role.lower() in ROLES else role for role in roles),
    )  # fmt: skip


def _text(field: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value.strip() or None if value else None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise InvalidPerson(field, "expected text")


def _flag(value: Any) -> bool:
    text = str(value if value is not None else "").strip().lower()
    if text not in (*_YES, *_NO):
        raise InvalidPerson("email_verified", f"“{text[:20]}” is neither true nor false")
    return text in _YES


def _list(value: Any) -> tuple[str, ...]:
    """Names of a JSON array, or of one cell: separated by `|`, `;` or commas."""
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return tuple(value)
    parts: Iterable[str] = str(value or "").replace(";", "|").replace(",", "|").split("|")
    return tuple(part.strip() for part in parts if part.strip())


def _check_new(draft: Draft, seen: dict[str, int], line: int) -> None:
    """No name twice in one list."""
    mine = identifiers(draft)
    for key, kind in mine.items():
        if key in seen:
            raise InvalidPerson(kind, f"“{getattr(draft, kind)}” stands on line {seen[key]} already")
    seen.update(dict.fromkeys(mine, line))
