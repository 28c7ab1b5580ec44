"""Sorts of answers: each is checked strictly, for it becomes part of addresses and of files of the product.

Nothing that passes has a space, a quote, a brace, a backslash or a sign that a shell, YAML, TOML or PHP would read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from clients import uris
from clients.errors import Problem
from clients.gallery.template import Question

MAX_LENGTH = 500  # characters of an answer
_PATH = re.compile(r"[A-Za-z0-9._~/%-]*")
_ADDRESS = re.compile(r"[A-Za-z0-9._~/%?=&:+,\[\]-]*")
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~/%?=&:+,@-]*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
_NUMBER = re.compile(r"[0-9]{1,20}")


class InvalidAnswers(ValueError):
    """Answers are refused; `problems` has all of them, `field` is the question's id."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(problem.message for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and what the installation lets pass."""

    question: Question
    allow_loopback: bool


def _fits(pattern: re.Pattern[str], given: str, expected: str) -> str:
    if pattern.fullmatch(given):
        return given
    wrong = next((c for c in given if not pattern.fullmatch(f"a{c}a")), "")
    raise ValueError(f"has {wrong!r} in it; {expected}" if wrong else expected)


def _read(given: str, asked: Asked) -> uris.Uri:
    if "://" not in given:
        raise ValueError("is no address; it begins with https://")
    _check_ascii(given)
    parts = uris.read(given)
    on_this_machine = parts.scheme == "http" and parts.is_loopback and asked.allow_loopback
    if parts.scheme == "http" and not on_this_machine:
        raise ValueError("uses plain http, where a sign-in can be read on the way; give the https address")
    if parts.scheme not in uris.DEFAULT_PORTS:
        raise ValueError(f"begins with {parts.scheme}:; expected https://")
    if parts.port is not None and parts.port == uris.DEFAULT_PORTS[parts.scheme]:
        raise ValueError(f"names the port {parts.port}, which browsers leave out; leave it out, too")
    return parts


def _check_ascii(given: str) -> None:
    if given.isascii():
        return
    head, mark, rest = given.partition("://")
    host, slash, path = rest.partition("/")
    try:
        plain = f"{head}{mark}{host.encode('idna').decode()}{slash}{path}" if path.isascii() else ""
    except UnicodeError:
        plain = ""
    hint = f"write the host as browsers send it: {plain}" if plain else "write it as the browser's address line does"
    raise ValueError(f"has letters outside ASCII; {hint}")


def _address(given: str, asked: Asked) -> str:
    """Where the product stands, with the folder that it is in."""
    given = given if "://" in given else f"https://{given}"
    parts = _read(given, asked)
    if parts.query is not None:
        raise ValueError("has a '?' in it; give the address without what follows the '?'")
    _fits(_PATH, parts.path, "its path may have letters, digits and . _ ~ - /")
    return given


def _origin(given: str, asked: Asked) -> str:
    """Where the product stands, when it can stand in no folder."""
    given = _address(given, asked)
    if uris.read(given).path not in ("", "/"):
        raise ValueError("has a path; this product stands at the top of its host, so give the host alone")
    return given


def _host(given: str, asked: Asked) -> str:
    if "/" in given or ":" in given:
        raise ValueError("is more than a host name; give only the name, without https:// and without a path")
    _check_ascii(f"https://{given}")
    uris.read(f"https://{given}/")
    return given


def _url(given: str, asked: Asked) -> str:
    """An address that the product shows, copied: byte for byte."""
    _read(given, asked)
    return _fits(_ADDRESS, given, "copy it from the product's own page, byte for byte")


def _entity(given: str, asked: Asked) -> str:
    return _fits(_IDENTIFIER, given, "copy it from the product's own page, byte for byte")


def _label(given: str, asked: Asked) -> str:
    if "." in given or "/" in given:
        raise ValueError("is more than the name; give the one part that is yours")
    return _fits(_LABEL, given, "expected lower-case letters, digits and hyphens")


def _name(given: str, asked: Asked) -> str:
    return _fits(_NAME, given, "expected letters, digits and . _ ~ -, as it stands in the product")


def _number(given: str, asked: Asked) -> str:
    return _fits(_NUMBER, given, "expected a number")


def _choice(given: str, asked: Asked) -> str:
    if given not in asked.question.choices:
        raise ValueError(f"expected one of {', '.join(asked.question.choices)}")
    return given


KINDS: Mapping[str, Callable[[str, Asked], str]] = {
    "address": _address,
    "origin": _origin,
    "host": _host,
    "url": _url,
    "entity": _entity,
    "label": _label,
    "name": _name,
    "number": _number,
    "choice": _choice,
}


def check(question: Question, given: str, *, allow_loopback: bool = False) -> str:
    """The answer, ready to be filled in. Errors: ValueError, a sentence that names the question and has an example.

    `allow_loopback`: this door runs on loopback itself, so products under development may stand there, too.
    """
    try:
        return _checked(question, given.strip(), allow_loopback)
    except ValueError as error:
        raise ValueError(f"{question.label}: {error}. Example: {question.example}") from None


def _checked(question: Question, given: str, allow_loopback: bool) -> str:
    if not given:
        raise ValueError("is not answered")
    if len(given) > MAX_LENGTH:
        raise ValueError(f"is longer than {MAX_LENGTH} characters")
    if any(c.isspace() or not c.isprintable() for c in given):
        raise ValueError("has a space, a line break or a character that cannot be seen in it")
    return KINDS[question.kind](given, Asked(question, allow_loopback))


def check_all(
    questions: tuple[Question, ...], given: Mapping[str, str], *, allow_loopback: bool = False
) -> dict[str, str]:
    """The answers that were given, checked; those that may come later can be missing. Errors: `InvalidAnswers`."""
    known = {question.id: question for question in questions}
    names = ", ".join(known) or "none"
    problems = [Problem(key[:60], f"there is no question “{key[:60]}”; there are: {names}")
                for key in given if key not in known]  # fmt: skip
    values = {}
    for question in questions:
        answer = given.get(question.id, "")
        if question.later and not answer.strip():
            continue
        try:
            values[question.id] = check(question, answer, allow_loopback=allow_loopback)
        except ValueError as error:
            problems.append(Problem(question.id, str(error)))
    if problems:
        raise InvalidAnswers(*problems)
    return values
