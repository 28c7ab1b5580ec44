"""Whether a definition can be kept: all that is wrong with it is told at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Final

from clients.attributes import patterns
from clients.attributes.definition import (
    ADMIN,
    APPS,
    CHOICE,
    CHOICES,
    DATE,
    KEYS,
    LANGUAGES,
    LISTS,
    NUMBER,
    READERS,
    RELEASES,
    SCOPE,
    TEXT,
    TYPES,
    WRITERS,
    Definition,
    of_said,
)
from clients.errors import InvalidMetadata, Problem

MAX_LABEL: Final = 80
MAX_OPTIONS: Final = 200
MAX_OPTION: Final = 100
MAX_NAMED: Final = 200  # groups, applications
MAX_TEXT: Final = 1000  # characters of a value
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:/~-]{0,99}")
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,60}")  # RFC 6749 §3.3
#: Everybody's or no person's: a scope that is agreed to without a word about people.
_NO_SCOPES: Final = ("openid", "offline_access", "device_sso")
#: Claims of standards beyond those that are made here: who reads one takes it for what the standard means.
_OF_STANDARDS: Final = (
    "entitlements", "org", "password", "sub_id", "toe", "trust_anchor", "trust_chain", "txn", "verified_claims",
)  # fmt: skip
#: What begins so is a scope of our own making, with another meaning.
_OWN_SCOPES: Final = ("claim:", "doorward:", "resource:")
_FLAGS: Final = ("required", "sensitive")
_TEXTS: Final = ("label", "type", "pattern", "release", "scope")


def checked(name: str, said: Mapping[str, Any], taken: Collection[str] = ()) -> Definition:
    """A definition whose parts are good. `taken`: names with a meaning of their own. Errors: `InvalidMetadata`."""
    problems = [*_of_name(name, taken), *_of_shapes(said)]
    if problems:
        raise InvalidMetadata(*problems)
    new = _tidied(of_said(name, said))
    problems = [*_of_labels(new), *_of_type(new), *_of_who(new), *_of_release(new)]
    if problems:
        raise InvalidMetadata(*problems)
    return new


def alike(name: str, there: Collection[str]) -> str:
    """What is wrong with a name beside these: many readers of JSON take Centre for centre, and the last one wins."""
    found = next((one for one in there if one != name and one.casefold() == name.casefold()), None)
    return f"{found} is defined already, and differs by case alone; choose another name" if found else ""


def _of_name(name: str, taken: Collection[str]) -> Iterator[Problem]:
    if not _NAME.fullmatch(name):
        yield Problem("name", "expected a letter, then letters, digits and _ . : / ~ -, at most 100: cost_centre")
    elif name.casefold() in {one.casefold() for one in (*taken, *_OF_STANDARDS)}:  # many readers of JSON see no case
        yield Problem("name", f"{name} has a meaning of its own here; choose another name, such as own_{name}")


def _of_shapes(said: Mapping[str, Any]) -> Iterator[Problem]:
    """Values of the wrong JSON type: nothing below has to ask."""
    for key, value in said.items():
        if key not in KEYS:
            yield Problem(key[:60], f"is nothing that an attribute has; there are {', '.join(KEYS)}")
        elif key in LISTS and not (isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)):
            yield Problem(key, "expected a list of texts")
        elif key in _FLAGS and not isinstance(value, bool):
            yield Problem(key, "expected true or false")
        elif key in _TEXTS and not isinstance(value, str):
            yield Problem(key, "expected text")
        elif key == "labels" and not (isinstance(value, Mapping) and all(isinstance(t, str) for t in value.values())):
            yield Problem(key, 'expected a text for each language: {"de": "Kostenstelle"}')
        elif key in ("min", "max") and (isinstance(value, bool) or not isinstance(value, int | float | str | None)):
            yield Problem(key, "expected a number, or a date such as 2026-12-31")


def _tidied(new: Definition) -> Definition:
    """One line each, nothing twice, in the order that is fixed."""
    said = new.said()
    for key in LISTS & said.keys():
        said[key] = list(dict.fromkeys(" ".join(one.split()) for one in said[key] if one.strip()))
    for key, order in (("sees", READERS), ("edits", WRITERS)):
        if key in said:
            said[key] = sorted(said[key], key=lambda one: order.index(one) if one in order else len(order))
    said["label"] = " ".join(new.label.split())
    labels = {language: " ".join(text.split()) for language, text in new.labels.items() if text.strip()}
    said["labels"] = {language: labels[language] for language in sorted(labels)}
    for key in ("min", "max"):
        if said.get(key) == "":
            said[key] = None
        elif (day := _bound(new.type, said.get(key))) and isinstance(day, date):
            said[key] = day.isoformat()  # values are compared with it as texts
    return of_said(new.name, said)


def _of_labels(new: Definition) -> Iterator[Problem]:
    for language, text in (("", new.label), *new.labels.items()):
        key = "labels" if language else "label"
        if language and language not in LANGUAGES:
            yield Problem(key, f"{language[:20]}: expected {', '.join(LANGUAGES)}")
        elif len(text) > MAX_LABEL or not text.isprintable():
            yield Problem(key, f"{language}: expected at most {MAX_LABEL} visible characters".lstrip(": "))


def _of_type(new: Definition) -> Iterator[Problem]:
    if new.type not in TYPES:
        yield Problem("type", f"expected {', '.join(TYPES)}")
        return
    has_options = new.type in (CHOICE, CHOICES)
    if has_options and not new.options:
        yield Problem("options", "a list to choose from has at least one option")
    if new.options and not has_options:
        yield Problem("options", "only choice and choices have options")
    if len(new.options) > MAX_OPTIONS:
        yield Problem("options", f"expected at most {MAX_OPTIONS}")
    for one in new.options:
        if len(one) > MAX_OPTION or not one.isprintable() or "|" in one:
            yield Problem("options", f"{ascii(one)[:40]}: expected at most {MAX_OPTION} visible characters, without |")
    if new.pattern and new.type != TEXT:
        yield Problem("pattern", "only text has a pattern")
    elif new.pattern and (wrong := patterns.problem(new.pattern)):
        yield Problem("pattern", wrong)
    yield from _of_bounds(new)


def _of_bounds(new: Definition) -> Iterator[Problem]:
    read = {key: _bound(new.type, getattr(new, key)) for key in ("min", "max")}
    for key, value in read.items():
        if value is None and getattr(new, key) is not None:
            expected = {
                NUMBER: "expected a number", DATE: "expected a date such as 2026-12-31",
                TEXT: f"expected a number of characters, at most {MAX_TEXT}", CHOICES: "expected how many",
            }.get(new.type, f"{new.type} has no bounds")  # fmt: skip
            yield Problem(key, expected)
    if read["min"] is not None and read["max"] is not None and read["min"] > read["max"]:
        yield Problem("max", "is less than min")


def _bound(type: str, value: Any) -> Any:
    """What can be compared; None where it is no bound of this type."""
    if type == DATE and isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, str) or value is None or type not in (NUMBER, TEXT, CHOICES):
        return None
    if not abs(value) <= 2**53:  # nor is NaN; before anything makes an int or a float of it
        return None
    if type == NUMBER:
        return value
    most = MAX_TEXT if type == TEXT else MAX_OPTIONS
    return value if value == int(value) and 0 <= value <= most else None


def _of_who(new: Definition) -> Iterator[Problem]:
    for one in new.sees:
        if one not in READERS:
            yield Problem("sees", f"{one[:30]}: expected {', '.join(READERS)}; admins see everything")
    for one in new.edits:
        if one not in WRITERS:
            yield Problem("edits", f"{one[:30]}: expected {', '.join(WRITERS)}; empty: directories and SCIM alone")
        elif one != ADMIN and one not in new.sees:
            yield Problem("edits", f"{one} may not see it: whoever changes a value sees it")
    for one in new.groups:
        if len(one) > 128:
            yield Problem("groups", "expected names of groups")
    if len(new.groups) > MAX_NAMED:
        yield Problem("groups", f"expected at most {MAX_NAMED}")
    if new.required and not new.edits:
        yield Problem("required", "nobody here may write it: whose value it is to be required of?")


def _may_release(scope: str) -> bool:
    return bool(_SCOPE.fullmatch(scope)) and scope not in _NO_SCOPES and not scope.startswith(_OWN_SCOPES)


def _of_release(new: Definition) -> Iterator[Problem]:
    if new.release not in RELEASES:
        yield Problem("release", f"expected {', '.join(RELEASES)}")
    if new.release == APPS and not new.apps:
        yield Problem("apps", "name the applications that are told it")
    if new.release != APPS and new.apps:
        yield Problem("apps", "only release=apps names applications")
    if new.release == SCOPE and not _may_release(new.scope):
        yield Problem("scope", "expected the name of a scope, such as profile or hr; not openid or offline_access")
    if new.release != SCOPE and new.scope:
        yield Problem("scope", "only release=scope has one")
    if len(new.apps) > MAX_NAMED:
        yield Problem("apps", f"expected at most {MAX_NAMED}")
