"""The notes of one process: a queue that requests append to, and the sums that are made of it."""

from __future__ import annotations

import marshal
import threading
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.meters.board import Board, Seat, TooLarge
from idp.meters.endpoints import endpoint_of
from idp.meters.families import BUCKETS
from idp.meters.spent import SPENT
from keys.spent import SIGNING

MAX_NOTES: Final = 20_000  # that wait for the next second
MAX_APPS: Final = 200  # applications with a name of their own; those that come later are one, OTHER
MAX_SERIES: Final = 1_000  # of one metric; what would be one more is counted under OTHER, where it has an application
OF_APPS: Final = ("sign_ins", "sign_ons", "tokens")  # metrics whose first label is one
OTHER: Final = "other"
SILENT: Final = 30.0  # seconds after which a worker that writes nothing is gone

Labels = tuple[str, ...]
Sums = dict[str, dict[Labels, Any]]  # by metric and labels: a number; of a histogram [sum, a count for each bucket]
Gauges = Mapping[str, float]


class Meters:
    """One for each process. `on`: whether anybody will ask; until then nothing is noted."""

    def __init__(self) -> None:
        self.on = False
        self.lost = 0
        self.knows: Callable[[str], bool] = bool  # whether an application is registered
        self.gauges: Callable[[], Gauges] = dict  # what is read of this process when it writes its place
        self._requests: deque[tuple[str, int, float, float, float, float]] = deque(maxlen=MAX_NOTES)
        self._counts: deque[tuple[str, Labels]] = deque(maxlen=MAX_NOTES)
        self._adding = threading.Lock()
        self._sums: Sums = {}
        self._apps: dict[str, str] = {"": ""}
        self._board: Board | None = None
        self._place = 0

    # -- where it happens ----------------------------------------------------------------------------------------------

    def begin(self) -> float:
        """A request begins in this thread; answers when, for `end`."""
        SPENT.store = SPENT.hashing = SIGNING.seconds = 0.0
        return time.perf_counter()

    def end(self, path: str, status: int, begun: float) -> None:
        """It is answered. `path`: the route's."""
        if len(self._requests) == MAX_NOTES:
            self.lost += 1
        taken = time.perf_counter() - begun
        self._requests.append((path, status, taken, SPENT.store, SIGNING.seconds, SPENT.hashing))

    def count(self, name: str, *labels: str) -> None:
        """Something happened, once. `labels` in the order of the family; an application is its client id."""
        if self.on:
            if len(self._counts) == MAX_NOTES:
                self.lost += 1
            self._counts.append((name, labels))

    # -- off the path --------------------------------------------------------------------------------------------------

    def share(self, seat: Seat) -> None:
        """Write to a place of a board from now on, and go on from what the one before had counted there."""
        with self._adding:
            self._board, self._place = seat
            if before := seat.board.read(seat.place):
                self._sums = marshal.loads(before)[2]  # noqa: S302  our own memory
                named = {labels[0] for name in OF_APPS for labels in self._sums.get(name, {})} - {OTHER}
                self._apps |= {one: one for one in named}  # or their series would stand still

    def add_up(self) -> None:
        """Take what was noted, and show it to the other workers."""
        if not self.on:
            return
        with self._adding:
            for _ in range(len(self._requests)):
                self._add_request(*self._requests.popleft())
            for _ in range(len(self._counts)):
                name, labels = self._counts.popleft()
                self._add(name, labels)
            if self._board is not None:
                self._show(self._board)

    def all_workers(self) -> tuple[Sums, dict[str, Gauges]]:
        """The sums of all workers, and the gauges of each that lives."""
        self.add_up()
        with self._adding:
            sums = _copied(self._sums)
            gauges = {str(self._place): self.gauges()}
            others = self._board.others(self._place) if self._board is not None else []
        for place, content in others:
            at, theirs, counted = marshal.loads(content)  # noqa: S302  our own memory
            _merge(sums, counted)
            if time.time() - at < SILENT:
                gauges[str(place)] = theirs
        return sums, gauges

    def _show(self, board: Board) -> None:
        try:
            board.write(self._place, marshal.dumps((time.time(), dict(self.gauges()), self._sums)))
        except TooLarge:  # the bounds of series keep it from happening; this process's own numbers are shown anyway
            self.lost += 1

    def _add_request(self, path: str, status: int, taken: float, store: float, signing: float, hashing: float) -> None:
        endpoint = endpoint_of(path)
        self._add("requests", (endpoint, str(status)))
        self._observe("request_seconds", (endpoint,), taken)
        for part, seconds in (("store", store), ("sign", signing), ("hash", hashing)):
            if seconds:
                self._observe("request_part_seconds", (endpoint, part), seconds)

    def _add(self, name: str, labels: Labels) -> None:
        if name in OF_APPS:
            labels = (self._app(labels[0]), *labels[1:])
        series = self._sums.setdefault(name, {})
        if labels not in series and len(series) >= MAX_SERIES:
            self.lost += 1
            if name not in OF_APPS:
                return
            labels = (OTHER, *labels[1:])  # as many as there are methods and results, so this has an end
        series[labels] = series.get(labels, 0) + 1

    def _observe(self, name: str, labels: Labels, seconds: float) -> None:
        series = self._sums.setdefault(name, {})
        found = series.get(labels)
        if found is None:
            found = series[labels] = [0.0] * (len(BUCKETS) + 2)
        found[0] += seconds
        found[1 + bisect_left(BUCKETS, seconds)] += 1

    def _app(self, client_id: str) -> str:
        """The label of an application. What nobody registered has none: anybody can make up an id."""
        found = self._apps.get(client_id)
        if found is not None:
            return found
        if len(self._apps) > MAX_APPS or not self.knows(client_id):
            return OTHER
        return self._apps.setdefault(client_id, client_id)


def _copied(sums: Sums) -> Sums:
    return {name: {key: _copy(value) for key, value in series.items()} for name, series in sums.items()}


def _copy(value: Any) -> Any:
    return list(value) if isinstance(value, list) else value


def _merge(into: Sums, more: Sums) -> None:
    for name, series in more.items():
        known = into.setdefault(name, {})
        for labels, value in series.items():
            known[labels] = _sum(known.get(labels), value)


def _sum(one: Any, other: Any) -> Any:
    if one is None:
        return _copy(other)
    return [a + b for a, b in zip(one, other, strict=True)] if isinstance(one, list) else one + other
