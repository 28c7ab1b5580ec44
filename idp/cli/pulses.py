"""A byte for each worker that moves while the worker does, so that the supervisor sees one that stands still."""

from __future__ import annotations

import mmap
import threading
import time
from collections.abc import Collection
from typing import Final

EVERY_S: Final = 0.5  # seconds between two beats
LOOKS: Final = 15  # looks of the supervisor, one a second, in which nothing has moved


class Pulses:
    """Made by the supervisor before it forks. A place without a beat yet is of a worker that is starting.

    Looks are counted, and not time: a machine that was suspended as a whole finds nobody guilty.
    """

    def __init__(self, places: int) -> None:
        self._memory = mmap.mmap(-1, places)  # anonymous and shared
        self._seen: dict[int, tuple[int, int]] = {}  # what stood there, and in how many looks

    def begin(self, place: int) -> None:
        """In a worker: beat from now on, for as long as any thread of it can run."""

        def beat() -> None:
            while True:
                self._memory[place] = self._memory[place] % 255 + 1
                time.sleep(EVERY_S)

        threading.Thread(target=beat, name="pulse", daemon=True).start()

    def clear(self, place: int) -> None:
        """Before another worker takes it."""
        self._memory[place] = 0
        self._seen.pop(place, None)

    def look(self, places: Collection[int]) -> list[int]:
        """Which of them have stood still for too long. Call it once a second."""
        found = []
        for place in places:
            now = self._memory[place]
            before, looks = self._seen.get(place, (now, 0))
            self._seen[place] = now, looks + 1 if now == before and now else 0
            if self._seen[place][1] >= LOOKS:
                found.append(place)
        return found
