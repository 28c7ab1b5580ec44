"""Files that workers read at their start, and that others renew: when new workers take them up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from idp.cli.forks import BackOff
from idp.cli.workers import Look, looks

AGAIN_S: Final = 30.0  # seconds until what no worker could start with is tried again; twice as long each time
AGAIN_MOST_S: Final = 3600.0

Watched = Collection[Mapping[str, Look | None]]


class Renewal:
    """Whether the files are others than those the workers have. `watched`: what they were like, for each worker."""

    def __init__(self) -> None:
        self._seen: dict[str, Look | None] = {}  # at the last look
        self._refused: dict[str, Look | None] = {}
        self._again = BackOff(AGAIN_S, AGAIN_MOST_S)

    def is_due(self, watched: Watched) -> bool:
        """Look, about once a second; whether they have stopped changing and are to be taken up now."""
        before, self._seen = self._seen, looks({path for one in watched for path in one})
        if self._seen != self._refused:
            self._again.worked()
        return self._seen == before and not self._again.left and self.is_new(watched)

    def is_new(self, watched: Watched) -> bool:
        """Whether somebody has others than those of the last look."""
        return any(one != self._seen for one in watched)

    def refused(self) -> float:
        """No worker could start with them, which need not be their fault; answers the seconds until the next try."""
        self._refused = self._seen
        return self._again.failed()
