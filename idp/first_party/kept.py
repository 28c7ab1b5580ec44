"""A form that was sent after its session had ended: kept for its person until they have looked at it (B5).

While somebody proves who they are, what they typed travels sealed in the page, so that nobody unknown has us keep
anything; from the proof on it is kept for that person.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from idp.login.services import Services

TTL: Final = 1800.0  # seconds
MAX: Final = 64 * 1024  # characters of one that is kept
CARRIED: Final = 16 * 1024  # characters of one that a sign-in page carries along
_PURPOSE: Final = "kept-form"


def keep(services: Services, person_id: str, form: list[Any]) -> bool:
    """Keep a path and its pairs, sealed; False for too much. The one before is forgotten."""
    value = json.dumps(form)
    if len(value) > MAX:
        return False
    services.state.put(_key(person_id), services.sealer.seal(_PURPOSE, value.encode()), TTL)
    return True


def find(services: Services, person_id: str) -> tuple[str, list[list[str]]] | None:
    """What is kept for this person."""
    sealed = services.state.get(_key(person_id))
    if sealed is None:
        return None
    path, pairs = json.loads(services.sealer.open(_PURPOSE, str(sealed)))
    return path, pairs


def _key(person_id: str) -> str:
    return f"kept-form:{person_id}"
