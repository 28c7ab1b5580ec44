"""Notes become counts: by application, kind and hour, in memory until they are written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

HOUR: Final = 3600.0
MAX_KEYS: Final = 20_000  # counts of one process that wait to be written
MAX_ABOUT: Final = 600  # characters

#: Application, kind, and the hour, or 0 for all time.
Key = tuple[str, str, int]


@dataclass(slots=True)
class Added:
    """What came to a count since it was written last."""

    many: int
    first_at: float
    last_at: float
    about: str = ""


class Counts:
    """Of one process, used by one thread at a time."""

    def __init__(self) -> None:
        self.waiting: dict[Key, Added] = {}

    def add(self, client_id: str, kind: str, at: float, about: Mapping[str, Any] | None = None) -> None:
        """One more. `about`: what an admin reads of the last one."""
        said = "" if about is None else json.dumps(about, ensure_ascii=False)
        for slot in (0, int(at // HOUR)):
            key = (client_id, kind, slot)
            found = self.waiting.get(key)
            if found is None:
                if len(self.waiting) >= MAX_KEYS:
                    return
                found = self.waiting[key] = Added(0, at, at)
            found.many += 1
            found.first_at, found.last_at = min(found.first_at, at), max(found.last_at, at)
            if said and not slot and len(said) <= MAX_ABOUT:
                found.about = said

    def take(self, many: int) -> dict[Key, Added]:
        """At most so many, those that wait longest first; they wait no more."""
        keys = list(self.waiting)[:many]
        return {key: self.waiting.pop(key) for key in keys}

    def give_back(self, taken: Mapping[Key, Added]) -> None:
        """They could not be written."""
        for key, one in taken.items():
            found = self.waiting.get(key)
            if found is None:
                if len(self.waiting) < MAX_KEYS:
                    self.waiting[key] = one
                continue
            found.many += one.many
            found.first_at, found.last_at = min(found.first_at, one.first_at), max(found.last_at, one.last_at)
            found.about = found.about or one.about
