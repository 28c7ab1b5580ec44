"""For how long somebody may open an application, as a form asks it: from, until, in the person's own time zone (R4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from clients.access import Term
from idp import language
from idp.texts import N_
from idp.wire import Request

_WRONG = N_("Expected a time such as 2026-12-31T18:00")
ENDS_FIRST = N_("It ends before it begins, or is over already.")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was sent. `key`: of the group or person, see `clients.access`; `problem`: a sentence."""

    key: str
    since: str = ""
    until: str = ""
    problem: str = ""


def read(request: Request) -> tuple[Term | None, Typed]:
    """The term; or None, and what is wrong with it."""
    form, zone = request.form, ZoneInfo(language.zone_for(request))
    typed = Typed((form.get("term") or "")[:300], *((form.get(name) or "").strip()[:40] for name in ("from", "until")))
    try:
        return Term(_moment(typed.since, zone), _moment(typed.until, zone)), typed
    except (ValueError, OverflowError):
        return None, Typed(typed.key, typed.since, typed.until, _WRONG)


def shown(request: Request, at: float | None) -> str:
    """As an input of a moment has it."""
    zone = ZoneInfo(language.zone_for(request))
    return "" if at is None else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%dT%H:%M")


def _moment(typed: str, zone: ZoneInfo) -> float | None:
    if not typed:
        return None
    at = datetime.fromisoformat(typed)
    return (at.replace(tzinfo=zone) if at.tzinfo is None else at).timestamp()
