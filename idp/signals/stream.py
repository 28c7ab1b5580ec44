"""What a stream is: who receives, how, and what of (SSF 1.0 §8.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

PUSH: Final = "urn:ietf:rfc:8935"
POLL: Final = "urn:ietf:rfc:8936"
METHODS: Final = (PUSH, POLL)
Status = Literal["enabled", "paused", "disabled"]
STATUSES: Final[tuple[Status, ...]] = ("enabled", "paused", "disabled")
#: Who has said the status last: the receiver itself, an admin, or we, where nothing is delivered for long.
By = Literal["receiver", "admin", "us"]


@dataclass(frozen=True, slots=True)
class Said:
    """What the receiver says of its stream. `authorization`: the header that it wants to see, a secret."""

    method: str
    endpoint: str = ""  # of a push; a poll's is ours
    authorization: str = ""
    requested: tuple[str, ...] | None = None  # None: all that there are
    description: str = ""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream as it is kept. Times are epoch seconds; `failing_since`: None while it takes what is sent.

    `due`: when there is something to push; `problem`: what its receiver answered last, '' where all is well.
    """

    id: str
    client_id: str
    method: str
    endpoint: str
    sealed: str
    requested: tuple[str, ...] | None
    description: str
    status: Status
    status_by: By
    reason: str
    created_at: float
    changed_at: float
    due: float | None
    claimed_until: float | None
    failures: int
    failing_since: float | None
    problem: str
    delivered: int
    delivered_at: float | None
    asked_at: float | None  # when its receiver last asked for a verification

    @property
    def is_push(self) -> bool:
        """Whether events are sent to it, or wait until it fetches them."""
        return self.method == PUSH

    @property
    def is_held(self) -> bool:
        """Whether an admin has stopped it: its receiver cannot turn it on again."""
        return self.status != "enabled" and self.status_by == "admin"
