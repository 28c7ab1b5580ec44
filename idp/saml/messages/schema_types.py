"""What XML Schema writes as text: xs:dateTime, in and out."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

MAX_DATETIME: Final = 40  # characters
# Python reads more than XML writes: week dates, a space for the T, other scripts' digits.
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?"
)


def parse_datetime(text: str) -> float:
    """An xs:dateTime in epoch seconds; without a zone it is UTC (Core §1.3.3). Errors: `ValueError`."""
    given = text.strip()
    if len(given) > MAX_DATETIME or not _DATETIME.fullmatch(given):
        raise ValueError("not an xs:dateTime")
    moment = datetime.fromisoformat(given)
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except OverflowError:
        raise ValueError("not a moment that a clock can show") from None


def instant(at: float) -> str:
    """Epoch seconds as an xs:dateTime in UTC."""
    return _instant(int(at // 1))


@lru_cache(maxsize=64)
def _instant(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))
