"""Values of attributes that an organisation has defined: read as people and programs write them, or refused.

What is stored is JSON: text, a number, true or false, an ISO 8601 date, a list of texts; never an empty one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlsplit

from clients.attributes import Definition, patterns
from clients.attributes.checking import MAX_TEXT
from clients.attributes.definition import CHOICE, CHOICES, DATE, EMAIL, FLAG, NUMBER, PHONE, TEXT, URL
from idp import phone_numbers
from idp.texts import N_, plural


class WrongValue(ValueError):
    """What to write instead: a text of the catalogues."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def read(definition: Definition, given: Any, *, exact: bool = False) -> Any:
    """The value as it is kept; None for nothing. `exact`: of the JSON type that it is kept in, not as a person types.

    Errors: `WrongValue`.
    """
    if given is None or (isinstance(given, str) and not given.strip()) or given == []:
        return None
    return _READERS[definition.type](definition, given, exact)


def shown(value: Any) -> str:
    """A value on one line, as a form and the command line have it; `read` makes the same of it again."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(shown(one) for one in value)
    return str(value)


def _text(definition: Definition, given: Any, exact: bool) -> str:
    text = _line(given, exact)
    least, most = definition.min, definition.max
    if isinstance(least, int | float) and len(text) < least:
        raise WrongValue(plural("Expected at least %(n)s character.", "Expected at least %(n)s characters.", least))
    if isinstance(most, int | float) and len(text) > most:
        raise WrongValue(plural("Expected at most %(n)s character.", "Expected at most %(n)s characters.", most))
    if definition.pattern and not patterns.fits(definition.pattern, text):
        raise WrongValue(N_("Expected text of the form %(pattern)s.", pattern=definition.pattern))
    return text


def _line(given: Any, exact: bool) -> str:
    if isinstance(given, int | float) and not isinstance(given, bool) and not exact and abs(given) <= 2**53:
        given = str(given)  # a cell, or JSON, in which nobody put a cost centre in quotes
    if not isinstance(given, str):
        raise WrongValue(N_("Expected text."))
    text = given.strip()
    if len(text) > MAX_TEXT or not text.isprintable():
        raise WrongValue(N_("Type something shorter, in one line."))
    return text


def _number(definition: Definition, given: Any, exact: bool) -> int | float:
    number = _parsed(given) if isinstance(given, str) and not exact else given
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise WrongValue(N_("Expected a number such as 12 or 0.5."))
    # JSON's readers keep no more digits (RFC 8259 §6). First, as no float is made of an int that is too long.
    if abs(number) > 2**53 or not math.isfinite(number):
        raise WrongValue(N_("Expected a number such as 12 or 0.5."))
    _check_bounds(number, definition.min, definition.max)
    return number


def _parsed(text: str) -> int | float | None:
    try:
        found = Decimal(text.strip())
    except InvalidOperation:
        return None
    if not found.is_finite() or found.adjusted() > 20:
        return None
    return int(found) if found == found.to_integral_value() else float(found)


def _check_bounds(value: Any, least: Any, most: Any) -> None:
    if least is not None and value < least:
        raise WrongValue(N_("Expected %(least)s or more.", least=str(least)))
    if most is not None and value > most:
        raise WrongValue(N_("Expected %(most)s or less.", most=str(most)))


_YES: Final = frozenset(("true", "yes", "on", "1"))
_NO: Final = frozenset(("false", "no", "off", "0"))


def _flag(definition: Definition, given: Any, exact: bool) -> bool:
    if isinstance(given, bool):
        return given
    text = ""
    if not exact and (isinstance(given, str) or given in (0, 1)):
        text = str(given).strip().lower()
    if text not in _YES | _NO:
        raise WrongValue(N_("Expected true or false."))
    return text in _YES


def _date(definition: Definition, given: Any, exact: bool) -> str:
    try:
        day = date.fromisoformat(given.strip() if isinstance(given, str) else "").isoformat()
    except ValueError:
        raise WrongValue(N_("Type a date such as 1990-12-31.")) from None
    _check_bounds(day, definition.min or None, definition.max or None)
    return day


def _choice(definition: Definition, given: Any, exact: bool) -> str:
    text = _line(given, exact)
    if text in definition.options:
        return text
    alike = [one for one in definition.options if one.casefold() == text.casefold()]
    if len(alike) != 1 or exact:
        raise WrongValue(N_("Expected one of: %(options)s.", options=", ".join(definition.options)[:300]))
    return alike[0]


def _choices(definition: Definition, given: Any, exact: bool) -> list[str] | None:
    parts = given.split("|") if isinstance(given, str) and not exact else given
    if not isinstance(parts, list):
        raise WrongValue(N_("Expected a list of: %(options)s.", options=", ".join(definition.options)[:300]))
    chosen = {_choice(definition, one, exact) for one in parts if one != ""}
    found = [one for one in definition.options if one in chosen]  # in one order, so that nothing changes by itself
    if not found:
        return None  # a list of nothing is no value, and what is required is missed
    least, most = definition.min, definition.max
    if isinstance(least, int | float) and len(found) < least:
        raise WrongValue(plural("Choose at least %(n)s.", "Choose at least %(n)s.", least))
    if isinstance(most, int | float) and len(found) > most:
        raise WrongValue(plural("Choose at most %(n)s.", "Choose at most %(n)s.", most))
    return found


_ADDRESS: Final = re.compile(r"""[^@\s()<>\[\]:;,\\"]+@[^@.\s()<>\[\]:;,\\"]+(\.[^@.\s()<>\[\]:;,\\"]+)+""")


def _email(definition: Definition, given: Any, exact: bool) -> str:
    text = _line(given, exact)
    if len(text) > 254 or not _ADDRESS.fullmatch(text):
        raise WrongValue(N_("Type an e-mail address such as anna@example.com."))
    return text


def _phone(definition: Definition, given: Any, exact: bool) -> str:
    try:
        return phone_numbers.read(_line(given, exact))
    except WrongValue:
        raise
    except ValueError:
        raise WrongValue(N_("Type the number with its country, such as +49 30 1234567.")) from None


def _url(definition: Definition, given: Any, exact: bool) -> str:
    text = _line(given, exact)
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        is_one = parts.scheme in ("http", "https") and "." in (parts.hostname or "") and " " not in text
    except ValueError:
        is_one = False
    if not is_one:
        raise WrongValue(N_("Type a web address such as https://example.com."))
    return parts.geturl()


_READERS: Final[Mapping[str, Callable[[Definition, Any, bool], Any]]] = {
    TEXT: _text, NUMBER: _number, FLAG: _flag, DATE: _date, CHOICE: _choice, CHOICES: _choices, EMAIL: _email,
    PHONE: _phone, URL: _url,
}  # fmt: skip
