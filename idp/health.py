"""Whether this process lives, whether it can serve, and since when it stands so."""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from idp.audit import tail
from idp.db import Unavailable
from idp.services import Services
from idp.state import StateUnavailable
from idp.wire import Json, Request, Response, Route

LOOKS_EVERY: Final = 10.0  # seconds
_WRITES_EVERY: Final = 60.0  # seconds between two times that State is told the same
#: After so long without a process that looks nobody was served, and what comes then begins anew. Seconds.
FORGOTTEN_AFTER: Final = 300.0
_KEY: Final = "health:standing"


class Details:
    """What rooms have to say beside, to operators alone; whoever knows them adds a line here."""

    def __init__(self) -> None:
        self.lines: dict[str, Callable[[Services], object]] = {}


class Leaving(threading.Event):
    """Set once this process is to end: it goes on answering, and asks balancers to send it nothing more."""


def healthz(services: Services, request: Request) -> Response:
    """GET /healthz: the process answers. Nothing else is asked, so that a slow database restarts nobody."""
    return Json(body={"status": "ok"})


def readyz(services: Services, request: Request) -> Response:
    """GET /readyz: store, state and keys answer; 503 names the one that does not, or that the process ends.

    Whoever shows the token of the metrics is told more, such as which provider is down; it makes nobody unready.
    """
    if services.part(Leaving).is_set():
        return Json(status=503, body={"status": "leaving", "failing": []})
    failing = look(services)
    if failing:
        services.log.warning("not_ready", **failing)
        return Json(status=503, body={"status": "unavailable", "failing": sorted(failing)})
    if not _is_operator(services, request):
        return Json(body={"status": "ready"})
    lines = services.part(Details).lines
    return Json(body={"status": "ready", "detail": {name: line(services) for name, line in lines.items()}})


def _is_operator(services: Services, request: Request) -> bool:
    token = services.settings.metrics.token
    shown = request.header("Authorization").removeprefix("Bearer ")
    return bool(token) and hmac.compare_digest(shown.encode(), token.encode())


def look(services: Services) -> Mapping[str, str]:
    """What does not answer, and the kind of its error."""
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
    return failing


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands. `since`: epoch seconds, as far as all processes together know."""

    failing: tuple[str, ...]
    since: float


class Watch:
    """What this process has seen last: whoever asks makes nobody wait."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._standing: Standing | None = None
        self._looked = self._written = float("-inf")

    def look_now_and_then(self, services: Services) -> None:
        """Look, where it is time."""
        if time.monotonic() >= self._looked + LOOKS_EVERY:
            self.look(services)

    def look(self, services: Services) -> None:
        """Look now."""
        with self._lock:
            failing = tuple(sorted(look(services)))
            before, now = self._before(services, not failing), services.clock()
            self._standing = Standing(failing, now if before is None else before)
            self._looked = time.monotonic()
            if before is None or not 0 <= now - self._written < _WRITES_EVERY:
                self._write(services, not failing, self._standing.since)

    def standing(self, services: Services) -> Standing:
        """How it stands, a few seconds old at most."""
        if self._standing is None:  # nothing looks by itself, or not yet
            self.look(services)
        assert self._standing is not None
        return self._standing

    def _before(self, services: Services, well: bool) -> float | None:
        """Since when it is so; None: it was not so before."""
        kept = None
        with suppress(StateUnavailable, Unavailable):
            kept = services.state.get(_KEY)
        if isinstance(kept, dict):
            return float(kept["since"]) if kept["well"] is well else None
        own = self._standing
        return own.since if own is not None and well is not bool(own.failing) else None

    def _write(self, services: Services, well: bool, since: float) -> None:
        with suppress(StateUnavailable, Unavailable):
            services.state.put(_KEY, {"well": well, "since": since}, FORGOTTEN_AFTER)
            self._written = services.clock()


ROUTES = (
    Route("/healthz", ("GET",), healthz, hot=True, api=True),
    Route("/readyz", ("GET",), readyz, hot=True, api=True),
)
