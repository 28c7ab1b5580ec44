"""Whether this process lives, and whether it can serve."""

from __future__ import annotations

from collections.abc import Callable

from idp.audit import tail
from idp.services import Services
from idp.wire import Json, Request, Response, Route


def healthz(services: Services, request: Request) -> Response:
    """GET /healthz: the process answers. Nothing else is asked, so that a slow database restarts nobody."""
    return Json(body={"status": "ok"})


def readyz(services: Services, request: Request) -> Response:
    """GET /readyz: store, state and keys answer; 503 names the one that does not."""
    checks: dict[str, Callable[[], object]] = {
        "database": lambda: tail(services.db, 1),
        "state": lambda: services.state.get("readyz"),
        **services.probes,
    }
    failing = {}
    for name, check in checks.items():
        try:
            check()
        except Exception as error:
            failing[name] = type(error).__name__
    if failing:
        services.log.warning("not_ready", **failing)
        return Json(status=503, body={"status": "unavailable", "failing": sorted(failing)})
    return Json(body={"status": "ready"})


ROUTES = (
    Route("/healthz", ("GET",), healthz, hot=True, api=True),
    Route("/readyz", ("GET",), readyz, hot=True, api=True),
)
