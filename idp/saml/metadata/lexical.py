"""What XML Schema writes as text: times, durations, booleans, and text that can be shown to people."""

from __future__ import annotations

import datetime
import re
from typing import Final

from idp.saml.messages.schema_types import parse_datetime

DAY: Final = 86_400.0


class BadMetadata(Exception):
    """The metadata is refused. `reason` is a sentence for the admin."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


# Control characters, lone surrogates, and what turns the reading direction.
_HIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def plain(text: str | None, most: int = 1000) -> str:
    """Text that can be shown: one line, no control characters, nothing that turns the reading direction."""
    return " ".join(_HIDDEN.sub("", (text or "")[: 10 * most]).split())[:most].strip()


def uri(text: str | None) -> str:
    """A URI for a name; empty where it is none."""
    found = (text or "").strip()
    return found if re.fullmatch(r"[!-~]{1,200}", found) else ""


def flag(text: str | None) -> bool:
    """An xs:boolean that is false where it is missing."""
    return (text or "").strip() in ("true", "1")


def parse_time(text: str) -> float:
    """An xs:dateTime in epoch seconds. Errors: `BadMetadata`."""
    try:
        return parse_datetime(text)
    except ValueError:
        raise BadMetadata(f"{text.strip()[:40]!a} is not a time such as 2030-01-31T00:00:00Z") from None


_DURATION: Final = re.compile(
    r"P(?:(\d{1,4})Y)?(?:(\d{1,5})M)?(?:(\d{1,6})D)?(?:T(?:(\d{1,8})H)?(?:(\d{1,9})M)?(?:(\d{1,10})(?:\.\d{1,9})?S)?)?"
)


def parse_duration(text: str) -> float:
    """An xs:duration in seconds; a year is 365 days, a month 30. Errors: `BadMetadata`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None or text.strip()[-1:] in ("P", "T"):
        raise BadMetadata(f"{text[:40]!a} is not a duration such as PT6H")
    sizes = (365 * DAY, 30 * DAY, DAY, 3600.0, 60.0, 1.0)
    return sum(int(number or 0) * size for number, size in zip(found.groups(), sizes, strict=True))


def least(one: float | None, other: float | None) -> float | None:
    """The smaller of what there is."""
    return min((value for value in (one, other) if value is not None), default=None)


def day_of(at: float) -> str:
    """An epoch time for people."""
    return datetime.datetime.fromtimestamp(min(at, 253402300799.0), datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
