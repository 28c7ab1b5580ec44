"""The functions of the language: values in, one value or None out; none can fail, loop or grow without end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: Of what is made: characters in one text, values in one list. What would be more is left out, never cut: half the name
#: of a role may be another one's.
MAX_TEXT: Final = 4_000
MAX_VALUES: Final = 2_000


class TooLong(Exception):
    """A value would be longer than it may be."""


@dataclass(frozen=True, slots=True)
class Function:
    """`shape`: how it is written; `least`, `most`: how many values it takes (None: any number)."""

    name: str
    shape: str
    least: int
    most: int | None
    apply: Callable[[list[Any]], Any]


class Texts(list[str]):
    """A list that holds texts alone: it is not looked through again."""


def texts(value: Any) -> Sequence[str]:
    """A value as texts: of a list each, of an object none."""
    if type(value) is Texts:
        return value
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, int | float):
        return (str(value),) if abs(value) < 1e300 else ()
    if isinstance(value, list | tuple):
        return tuple(text for one in value if not isinstance(one, list | tuple) for text in texts(one))
    return ()


def is_missing(value: Any) -> bool:
    """Whether there is nothing to tell."""
    return value is None or value == "" or (isinstance(value, list | tuple | dict) and not value)


def _like(value: Any, made: Iterable[str]) -> Any:
    """What was made of a list is a list, of one text one."""
    found = Texts(filter(None, made))
    if len(found) > MAX_VALUES or (found and max(map(len, found)) > MAX_TEXT):
        raise TooLong
    return found or None if isinstance(value, list | tuple) else next(iter(found), None)


def _each(change: Callable[[str], str]) -> Callable[[list[Any]], Any]:
    return lambda given: _like(given[0], map(change, texts(given[0])))


def _one(value: Any) -> str:
    return next(iter(texts(value)), "")


def _before(given: list[Any]) -> Any:
    mark = _one(given[0])
    return _like(given[1], (one.partition(mark)[0] if mark else one for one in texts(given[1])))


def _after(given: list[Any]) -> Any:
    mark = _one(given[0])
    return _like(given[1], (one.partition(mark)[2] if mark else one for one in texts(given[1])))


def _starting(given: list[Any]) -> Any:
    begin = _one(given[0])
    return _like(given[1], (one for one in texts(given[1]) if one.startswith(begin)))


def _without(given: list[Any]) -> Any:
    begin = _one(given[0])
    return _like(given[1], (one.removeprefix(begin) for one in texts(given[1])))


def _wrap(given: list[Any]) -> Any:
    begin, end = _one(given[0]), _one(given[2]) if len(given) > 2 else ""
    if len(texts(given[1])) > MAX_VALUES:  # before they are made
        raise TooLong
    return _like(given[1], (f"{begin}{one}{end}" for one in texts(given[1])))


def _list(given: list[Any]) -> Any:
    return _like([], dict.fromkeys(text for one in given for text in texts(one)))


def _join(given: list[Any]) -> Any:
    mark, parts = _one(given[0]), [text for one in given[1:] for text in texts(one)]
    if sum(map(len, parts)) + len(mark) * (len(parts) - 1) > MAX_TEXT:  # before it is made
        raise TooLong
    return _like("", [mark.join(parts)])


def _map(given: list[Any]) -> Any:
    table: dict[str, str] = {}
    for key, value in zip(given[1::2], given[2::2], strict=True):
        table.setdefault(key, value)
    return _like(given[0], dict.fromkeys(table[one] for one in texts(given[0]) if one in table))


def _default(given: list[Any]) -> Any:
    return next((one for one in given if not is_missing(one)), None)


def _never(_: list[Any]) -> Any:  # `case` is decided by the groups of the person before its values are looked at
    raise AssertionError


CASE, MAP, DEFAULT, ATTRIBUTE = "case", "map", "default", "attribute"
#: In the order in which they are explained.
FUNCTIONS: Final[Mapping[str, Function]] = {
    one.name: one
    for one in (
        Function("join", "join(separator, value, …)", 2, None, _join),
        Function("lower", "lower(value)", 1, 1, _each(str.lower)),
        Function("upper", "upper(value)", 1, 1, _each(str.upper)),
        Function("trim", "trim(value)", 1, 1, _each(str.strip)),
        Function("before", 'before("@", value)', 2, 2, _before),
        Function("after", 'after("@", value)', 2, 2, _after),
        Function("wrap", "wrap(in front, value) or wrap(in front, value, behind)", 2, 3, _wrap),
        Function("first", "first(value)", 1, 1, lambda given: _one(given[0]) or None),
        Function("list", "list(value, …)", 1, None, _list),
        Function(DEFAULT, "default(value, other value, …)", 2, None, _default),
        Function("starting", 'starting("crm-", groups)', 2, 2, _starting),
        Function("without", 'without("crm-", value)', 2, 2, _without),
        Function(MAP, 'map(groups, "from", "to", …)', 3, None, _map),
        Function(CASE, 'case("group", value, …, value for others)', 2, None, _never),
        Function(ATTRIBUTE, 'attribute("name")', 1, 1, _never),
    )
}
