"""How fast one client may go, counted over all server processes in State: a directory's first cycle is quick."""

from __future__ import annotations

from typing import Final

from idp.ids import digest
from idp.protocols import Services
from idp.scim.faults import Fault
from idp.state import StateUnavailable

WINDOW: Final = 10  # seconds
MOST: Final = 1000  # calls of a window: Entra wants 25 a second, Okta sends bursts


class Pace:
    """The counter. One addition in State a call; where State is silent nobody is held up."""

    def check(self, services: Services, caller: str) -> None:
        """Errors: `Fault` (429), with when to go on."""
        window = int(services.clock() // WINDOW)
        try:
            total = services.state.count(f"scim:pace:{digest(caller)}:{window}", 2 * WINDOW, 1)
        except StateUnavailable:
            return
        if total > MOST:
            wait = max(1, int((window + 1) * WINDOW - services.clock()))
            raise Fault(429, f"at most {MOST // WINDOW} calls a second", headers=(("Retry-After", str(wait)),))
