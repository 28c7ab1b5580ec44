"""Moments as they are typed: days, times, so long ago, or from now on."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from idp.cli.events import moment
from idp.installation.failures import Refused

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def named(option: str, given: str, now: float) -> tuple[float, float]:
    """The beginning and the end of what was named: a day in this machine's time zone, a moment. Errors: `Refused`."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
            day = datetime.strptime(given, "%Y-%m-%d")  # noqa: DTZ007  this machine's own time zone
            return day.timestamp(), (day + timedelta(days=1)).timestamp()
    except (ValueError, OverflowError):
        raise Refused(f"{option}: expected a day such as 2026-03-31, or a time") from None
    at = moment(option, given, now) or 0.0
    return at, at


def ahead(option: str, given: str | None, now: float) -> tuple[float, float] | None:
    """The same, where 8h and 30d are counted from now on. Errors: `Refused`."""
    if not given:
        return None
    if found := re.fullmatch(r"(\d{1,5})\s*([mhdw])", given.strip().lower()):
        at = float(round(now + int(found[1]) * _UNITS[found[2]]))
        return at, at
    return named(option, given, now)
