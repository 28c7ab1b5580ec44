"""Notes become counts: by application, kind and hour, in memory until they are written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
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
        self._hours: dict[Key, Added] = {}

    def add(self, client_id: str, kind: str, at: float, about: Mapping[str, Any] | None = None) -> None:
        """One more. `about`: what an admin reads of the last one."""
        key = (client_id, kind, int(at // HOUR))
        found = self._hours.get(key)
        if found is None:
            if len(self._hours) >= MAX_KEYS:
                return
            found = self._hours[key] = Added(0, at, at)
        found.many += 1
        if at > found.last_at:
            found.last_at = at
        elif at < found.first_at:
            found.first_at = at
        if about is not None:
            said = json.dumps(about, ensure_ascii=False)
            found.about = said if len(said) <= MAX_ABOUT else found.about

    def take_over(self, other: Counts) -> None:
        """What another one counted is counted here."""
        self.give_back(other._hours)

    def take(self, many: int) -> dict[Key, Added]:
        """At most so many hours, those that wait longest first; they wait no more."""
        return {key: self._hours.pop(key) for key in list(self._hours)[:many]}

    def give_back(self, taken: Mapping[Key, Added]) -> None:
        """They could not be written."""
        for key, one in taken.items():
            if key in self._hours or len(self._hours) < MAX_KEYS:
                _sum(self._hours, key, one)


def rows_of(taken: Mapping[Key, Added]) -> Iterator[tuple[list[Key], list[tuple[Key, Added]]]]:
    """What belongs together: the hours of one kind, and their rows with the one of all time, which has the `about`."""
    groups: dict[tuple[str, str], list[Key]] = {}
    for key in sorted(taken):  # one order in every process, or two of them may wait for each other
        groups.setdefault(key[:2], []).append(key)
    for (client_id, kind), keys in groups.items():
        whole: dict[Key, Added] = {}
        for key in keys:
            _sum(whole, (client_id, kind, 0), taken[key])
        yield keys, [*whole.items(), *((key, replace(taken[key], about="")) for key in keys)]


def _sum(where: dict[Key, Added], key: Key, one: Added) -> None:
    found = where.get(key)
    if found is None:
        where[key] = replace(one)
        return
    found.many += one.many
    found.first_at, found.last_at = min(found.first_at, one.first_at), max(found.last_at, one.last_at)
    found.about = one.about or found.about
