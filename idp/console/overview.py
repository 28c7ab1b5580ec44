"""The first page: what needs attention, and how sign-ins go (B3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from idp.admin import attention
from idp.admin.activity import Names
from idp.admin.permissions import Permission
from idp.audit import counting
from idp.console import frame
from idp.console.pages import ConsolePage, Visit
from idp.protocols import Services
from idp.wire import Request, Response

_HOUR: Final = 3600.0
#: What may be looked at: how many steps of how many seconds.
_SPANS: Final[Mapping[str, tuple[int, float]]] = {"day": (24, _HOUR), "week": (7, 24 * _HOUR)}
_HEIGHT: Final = 96  # of the drawing's bars, in its own units


def home(services: Services, request: Request, visit: Visit) -> Response:
    """GET /admin; `?span=week`: the last seven days in place of the last 24 hours."""
    sees_all = visit.actor.scope(Permission.ACTIVITY_READ) is None
    span = "week" if request.query.get("span") == "week" else "day"
    return frame.page(
        services, request, visit, "console/overview.html", findings=attention.find(services, visit.actor),
        traffic=_traffic(services, span) if sees_all else None, span=span,
    )  # fmt: skip


def _traffic(services: Services, span: str) -> dict[str, Any]:
    services.uses.flush()
    steps, seconds = _SPANS[span]
    now = services.clock()
    since = (now // seconds - steps + 1) * seconds
    bars = counting.sign_ins(services.db, since, now, seconds)
    most_opened = counting.by_application(services.db, since, now, seconds, services.part(counting.Kept))
    names, most = Names(services), max((bar.good + bar.bad for bar in bars), default=0)
    return {
        "bars": [{"at": bar.at, "good": bar.good, "bad": bar.bad, "up": _HEIGHT * bar.good / (most or 1),
                  "down": _HEIGHT * bar.bad / (most or 1)} for bar in bars],
        "good": sum(bar.good for bar in bars), "bad": sum(bar.bad for bar in bars), "height": _HEIGHT,
        "apps": [(names.client(id) or id, n) for id, n in most_opened],
        "failures": list(counting.by_failure(services.db, since)),
    }  # fmt: skip


PAGES = (ConsolePage("/admin", home, Permission.OVERVIEW),)
