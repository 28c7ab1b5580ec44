"""One person or group at one target: what is known of them there, and how the last request went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["user", "group"]
State = Literal["waiting", "done", "off", "gone", "left", "failed", "refused"]

#: What a state means; the words of pages are the pages' own.
STATES: Final[tuple[State, ...]] = ("waiting", "done", "off", "gone", "left", "failed", "refused")
WHOM: Final[dict[Kind, str]] = {"user": "people", "group": "groups"}
ENDS: Final = 1
LET: Final = 2  # an admin has looked at it, and lets it end
MAX_SHOWN: Final = 4000  # characters of a request or an answer that are kept
MAX_WELL: Final = 2000  # the same where all is well: of a hundred thousand people these are the most


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """How an object stands. `local_id`: its id here, which is its `externalId` there; `remote_id`: its `id` there.

    `waiting`: nothing was confirmed yet; `done`: it is there as here; `off`: turned off there; `gone`: deleted
    there, or found missing; `left`: as it was, since the rule says so; `failed`: tried again at `due`; `refused`:
    somebody must look, with the `problem`. `sent`: a digest of each attribute that was confirmed; `attempted`: a
    request to make it may have arrived; `made`: it was made, not taken over; `ends`: it was found to be let in no more
    (`ENDS`), and an admin lets it end (`LET`), else 0. Times are epoch seconds.
    """

    client_id: str
    kind: Kind
    local_id: str
    remote_id: str = ""
    sent: Mapping[str, str] = field(default_factory=dict)
    attempted: bool = False
    made: bool = False
    ends: int = 0
    state: State = "waiting"
    due: float | None = None
    tries: int = 0
    problem: str = ""
    request: str = ""
    answer: str = ""
    status: int = 0
    at: float = 0.0
