"""What the throttle decided, noted where those who help read it, and lifted in both places at once (W3)."""

from __future__ import annotations

from idp.accounts import standing
from idp.login.services import Services
from idp.login.throttle import Pause, second_step


def note(services: Services, key: str, person_id: str | None, pause: Pause) -> None:
    """A pause has begun, or is told again. `key`: of the throttle's `Account`, also for a name that nobody has."""
    standing.paused(services.db, key, person_id, pause.until)


def note_second(services: Services, person_id: str, pause: Pause) -> None:
    """The same after wrong codes."""
    standing.paused(services.db, second_step(person_id), person_id, pause.until)


def lift(services: Services, person_id: str) -> None:
    """End every pause after wrong passwords: an admin's click, a reset, a passkey (W3)."""
    services.throttle.lift(person_id, services.clock())
    standing.lifted(services.db, person_id)


def lift_second(services: Services, person_id: str) -> None:
    """End the pause after wrong codes: an admin's click. A new password does not end it (S56 V6.4.3)."""
    services.throttle.lift(second_step(person_id), services.clock())
    standing.lifted(services.db, second_step(person_id))
