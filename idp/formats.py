"""Dates, times and numbers as a language writes them.

`locale` is a language of ours, with a region or without, see `language.dates_for`; moments are epoch seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from idp.texts import LANGUAGES, SOURCE

_UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def date_time(locale: str, when: float, zone: str = "UTC") -> str:
    """A moment (epoch seconds) as the language writes it, to the minute, in that time zone; UTC is named."""
    return f"{date(locale, when, zone)}, {time(locale, when, zone)}"


def date(locale: str, when: float, zone: str = "UTC") -> str:
    """A day (epoch seconds) as the language writes it, in that time zone: the one form of pages and mails."""
    from babel.dates import format_date

    return str(format_date(_moment(when, zone), "medium", locale=_babel(locale)))


def time(locale: str, when: float, zone: str = "UTC") -> str:
    """A time of the day (epoch seconds), to the minute."""
    from babel.dates import format_time

    moment = _moment(when, zone)
    text = str(format_time(moment, "short", locale=_babel(locale)))
    return text + " UTC" if moment.tzname() == "UTC" else text


def day_number(when: float, zone: str = "UTC") -> int:
    """The number of the day on which a moment (epoch seconds) is, in that time zone; the next day's is one more."""
    return _moment(when, zone).toordinal()


def number(locale: str, value: float) -> str:
    """A number with the language's own separators."""
    from babel.numbers import format_decimal

    return str(format_decimal(value, locale=_babel(locale)))


def duration(seconds: float) -> str:
    """A length of time as admins and developers read it, in English: "4 minutes 10 seconds", "2 days"."""
    left, found = round(abs(seconds)), []
    for name, size in _UNITS:
        many, left = divmod(left, size)
        if many:
            found.append(f"{many} {name}{'' if many == 1 else 's'}")
        if len(found) == 2 or (found and not many):
            break
    return " ".join(found) or "less than a second"


@lru_cache(maxsize=1000)
def is_known(tag: str) -> bool:
    """Whether a language with a region, such as "en-GB", is one that Babel has the forms of."""
    from babel.core import Locale, UnknownLocaleError

    try:
        Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _moment(when: float, zone: str) -> datetime:
    try:
        return datetime.fromtimestamp(when, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):  # not one that this machine knows
        return datetime.fromtimestamp(when, UTC)


def _babel(locale: str) -> str:
    return locale.replace("-", "_") if locale in LANGUAGES or is_known(locale) else SOURCE
