"""What an admin types of a person's claims is looked at as it is typed: applications would only fail over it later.

What a directory or another provider says of a person is taken as it comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from idp.accounts.person import InvalidPerson


def problems(claims: Mapping[str, Any]) -> list[InvalidPerson]:
    """All that is wrong with the values of standard claims (OpenID Connect Core §5.1)."""
    return [*_problems(claims)]


def check(claims: Mapping[str, Any]) -> None:
    """Errors: `InvalidPerson` for the first of `problems`, with the others."""
    found = problems(claims)
    if found:
        raise InvalidPerson(found[0].field, found[0].message, found[1:])


def _problems(claims: Mapping[str, Any]) -> Iterator[InvalidPerson]:
    zone, locale, phone = (claims.get(name) for name in ("zoneinfo", "locale", "phone_number"))
    if isinstance(zone, str) and zone not in _zones():
        yield InvalidPerson("claims.zoneinfo", f"“{zone[:40]}” is no time zone; expected one such as Europe/Berlin")
    if isinstance(locale, str) and not _is_language(locale):
        yield InvalidPerson("claims.locale", f"“{locale[:40]}” is no language; expected one such as de or pt-BR")
    # Extensions and in-house ways of writing are kept; a number that nobody can dial is not.
    if isinstance(phone, str) and not (_PHONE.fullmatch(phone) and sum(map(str.isdecimal, phone)) > 4):
        yield InvalidPerson("claims.phone_number", f"“{phone[:40]}” is no number; expected one such as +491701234567")


_PHONE = re.compile(r"[+\d(][\d\s()./;=a-z-]*")


def _zones() -> frozenset[str]:
    from zoneinfo import available_timezones

    return frozenset(available_timezones())


def _is_language(tag: str) -> bool:
    from babel import Locale, UnknownLocaleError

    try:
        Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (UnknownLocaleError, ValueError):
        return False
    return True
