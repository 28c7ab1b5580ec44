"""The language of a value: texts in quotes, names of attributes, and functions of them. Read once, when it is saved."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

from clients.claim_rules.functions import (
    ATTRIBUTE,
    CASE,
    DEFAULT,
    FUNCTIONS,
    MAP,
    Function,
    Texts,
    TooLong,
    is_missing,
    texts,
)

MAX_LENGTH: Final = 2_000  # characters of one expression
MAX_PARTS: Final = 200  # texts, names and functions in one
MAX_DEPTH: Final = 10  # functions within each other
#: What may be gone through for one value of one person, and for all rows of an application: characters, and as many
#: for each text as it costs besides.
MAX_WORK: Final = 400_000
MAX_ALL: Final = 8_000_000
EACH: Final = 20
_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<text>"(?:[^"\\]|\\["\\])*"|'(?:[^'\\]|\\['\\])*')"""
    r"""|(?P<name>[A-Za-z_][A-Za-z0-9_.:/~#-]*)|(?P<mark>[(),])"""
)
_ESCAPED: Final = re.compile(r"\\(.)")
_INSTEAD: Final[Mapping[str, str]] = {
    "+": 'there is no +; write join("", given_name, family_name)',
    "“": 'write straight quotes: "text"', "”": 'write straight quotes: "text"', "„": 'write straight quotes: "text"',
    "’": 'write straight quotes: "text"', "‘": 'write straight quotes: "text"',
    '"': "the text has no end; close it with \", and write \\\" for one within and \\\\ for a backslash",
    "'": "the text has no end; close it with ', and write \\' for one within and \\\\ for a backslash",
    "[": "there are no brackets; write list(value, value)",
    "$": "write the name of the attribute alone: department",
    "{": "write the name of the attribute alone: department",
    "?": 'there is no ?; write case("group", value, value for others)',
    "=": 'nothing is compared; write case("group", value), or map(department, "Sales", "S")',
}  # fmt: skip


class ExpressionError(ValueError):
    """It cannot be read; the sentence says where, and what to write instead."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(f"at character {at + 1}: {message}")
        self.at = at


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or true or false. `span`: where it stands, quotes included."""

    value: str | bool
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Name:
    """An attribute of the person."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of values."""

    function: Function
    given: tuple[Node, ...]


Node = Text | Name | Call


@dataclass(slots=True)
class Reading:
    """What is known of a person, what they are in, and how much may still be gone through: for a value, for all."""

    known: Mapping[str, Any]
    groups: Set[str]
    left: int = MAX_WORK
    left_of_all: int = MAX_ALL
    _lists: dict[int, Texts] = field(default_factory=dict)  # of what is known, by where it is: gone through once

    def value(self, node: Node) -> Any:
        """The value of one row. Errors: `TooLong`."""
        self.left = MAX_WORK
        return value_of(node, self)

    def spend(self, value: Any) -> Any:
        """The value, if it may be looked at. Errors: `TooLong`."""
        if isinstance(value, str):
            work = EACH + len(value)
        elif isinstance(value, list | tuple):
            value = value if type(value) is Texts else self._texts(value)
            work = EACH * (1 + len(value)) + sum(map(len, value))
        else:
            work = EACH
        self.left -= work
        self.left_of_all -= work
        if self.left < 0 or self.left_of_all < 0:
            raise TooLong
        return value

    def _texts(self, known: Any) -> Texts:
        found = self._lists.get(id(known))
        if found is None:
            found = self._lists[id(known)] = Texts(texts(known))
            self.left_of_all -= EACH * len(known)
        return found


def value_of(node: Node, reading: Reading) -> Any:
    """What it is for a person; None: nothing. Errors: `TooLong`."""
    if isinstance(node, Text):
        return node.value
    if isinstance(node, Name):
        return reading.known.get(node.name)
    if node.function.name == CASE:
        return _case(node.given, reading)
    if node.function.name == DEFAULT:
        values = (value_of(one, reading) for one in node.given)
        return next((one for one in values if not is_missing(one)), None)
    return reading.spend(node.function.apply([reading.spend(value_of(one, reading)) for one in node.given]))


def _case(given: tuple[Node, ...], reading: Reading) -> Any:
    for group, value in zip(given[::2], given[1::2], strict=False):
        if isinstance(group, Text) and group.value in reading.groups:
            return value_of(value, reading)
    return value_of(given[-1], reading) if len(given) % 2 else None


def names_in(node: Node) -> Iterator[str]:
    """The attributes that it reads."""
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Call):
        for one in node.given:
            yield from names_in(one)


def groups_in(node: Node) -> Iterator[Text]:
    """The groups that it names: those of a case, and those that a map of the groups begins from."""
    if not isinstance(node, Call):
        return
    if node.function.name == CASE:
        yield from (one for one, _ in zip(node.given[::2], node.given[1::2], strict=False) if isinstance(one, Text))
    if node.function.name == MAP and "groups" in names_in(node.given[0]):
        yield from (one for one in node.given[1::2] if isinstance(one, Text))
    for one in node.given:
        yield from groups_in(one)


def quoted(text: str) -> str:
    """A text as it is written."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


# -- reading ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(given: str) -> Node:
    """What an expression means. Errors: `ExpressionError`."""
    if len(given) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH, f"is longer than {MAX_LENGTH} characters; make two rows of it")
    tokens = list(_tokens(given))
    if len(tokens) == 1:
        raise ExpressionError(0, 'is empty; write an attribute such as department, or a text in quotes: "gold"')
    found = _Parser(tokens)
    node = found.value(0)
    if (rest := found.next()).kind != "end":
        extra = "one bracket too many" if rest.text == ")" else 'one value is over before this; write join(" ", a, b)'
        raise ExpressionError(rest.at, extra)
    return node


def _tokens(given: str) -> Iterator[_Token]:
    at = 0
    while at < len(given):
        found = _TOKEN.match(given, at)
        if found is None:
            _unreadable(given, at)
        kind = str(found.lastgroup)
        if kind == "text":
            _check_plain(found[0], at)
        if kind != "space":
            yield _Token(kind, found[0], at)
        at = found.end()
    yield _Token("end", "", at)


def _unreadable(given: str, at: int) -> NoReturn:
    sign = given[at]
    if sign.isdigit():
        raise ExpressionError(at, 'a number is a text here; write it in quotes: "1"')
    usual = f"{sign!a} means nothing here; put texts in quotes, and other names of attributes in attribute(…)"
    raise ExpressionError(at, _INSTEAD.get(sign, usual))


def _check_plain(text: str, at: int) -> None:
    for place, sign in enumerate(text):
        if unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp"):
            raise ExpressionError(at + place, "the text has a control character; write plain text")


class _Parser:
    """By recursive descent, as deep as `MAX_DEPTH`."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens, self._place, self._parts = tokens, 0, 0

    def next(self) -> _Token:
        token = self._tokens[self._place]
        self._place = min(self._place + 1, len(self._tokens) - 1)
        return token

    def _follows(self, mark: str) -> bool:
        return self._tokens[self._place].text == mark and self._tokens[self._place].kind == "mark"

    def value(self, depth: int) -> Node:
        token, self._parts = self.next(), self._parts + 1
        if self._parts > MAX_PARTS:
            raise ExpressionError(token.at, f"has more than {MAX_PARTS} parts; make two rows of it")
        if token.kind == "text":
            text = _ESCAPED.sub(r"\1", token.text[1:-1])
            return Text(text, (token.at, token.at + len(token.text)))
        if token.kind != "name":
            raise ExpressionError(token.at, "a value is missing; write an attribute, or a text in quotes")
        if self._follows("("):
            return self._call(token, depth)
        if token.text in ("true", "false"):
            return Text(token.text == "true", (token.at, token.at + len(token.text)))
        if token.text in FUNCTIONS:
            raise ExpressionError(token.at, f"{token.text} is a function; write {FUNCTIONS[token.text].shape}")
        return Name(token.text)

    def _call(self, token: _Token, depth: int) -> Node:
        function = FUNCTIONS.get(token.text)
        if function is None:
            raise ExpressionError(token.at, _unknown(token.text))
        if depth == MAX_DEPTH:
            raise ExpressionError(token.at, f"more than {MAX_DEPTH} functions are within each other; make two rows")
        self.next()
        given: list[Node] = []
        places: list[int] = []
        while not self._follows(")"):
            places.append(self._tokens[self._place].at)
            given.append(self.value(depth + 1))
            if self._follows(","):
                self.next()
            elif not self._follows(")"):
                at = self._tokens[self._place].at
                raise ExpressionError(at, f"expected a comma, or the bracket that closes {function.name}(")
        self.next()
        _check_given(function, given, (token.at, *places))
        if function.name == ATTRIBUTE and isinstance(given[0], Text):
            return Name(str(given[0].value))
        return Call(function, tuple(given))


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name.lower(), FUNCTIONS, n=1, cutoff=0.6)
    hint = f"; did you mean {FUNCTIONS[near[0]].shape}?" if near else f"; there are {', '.join(FUNCTIONS)}"
    return f"there is no function {name[:40]}{hint}"


def _check_given(function: Function, given: list[Node], places: tuple[int, ...]) -> None:
    """How many values it takes, and which of them must be written out: nobody could look through it otherwise."""
    at = places[0]
    many = len(given)
    if many < function.least or (function.most is not None and many > function.most):
        raise ExpressionError(at, f"{function.name} takes other values; write {function.shape}")
    if function.name == MAP and many % 2 == 0:
        raise ExpressionError(at, f"the last value of map has nothing to become; write {function.shape}")
    written = {
        CASE: range(0, many - many % 2, 2), MAP: range(1, many), ATTRIBUTE: range(many),
    }.get(function.name, range(0))  # fmt: skip
    for place in written:
        node = given[place]
        if not isinstance(node, Text) or not isinstance(node.value, str) or not node.value:
            what = "the name of a group" if function.name == CASE else "a text"
            raise ExpressionError(places[place + 1], f"{function.name} takes {what} in quotes here: {function.shape}")
