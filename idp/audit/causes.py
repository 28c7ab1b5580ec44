"""What went wrong under one id, where that is several things: each with its own time, request, evidence and findings.

The id is given before anybody has looked: somebody tries one thing after the other, and what was told of the first
must stay true when the last is something else. At most `MOST` are kept, and the latest is the event's own detail.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.audit.events import Event

MOST: Final = 5
MAX_EVIDENCE: Final = 600  # characters of what is kept of one that is not the latest
_MAX_FINDINGS: Final = 3
KEPT: Final = ("beside", "own_since", "own_request", "own_times")  # of a row's detail: read by `of_event` alone
_VARIES: Final = re.compile(r"[0-9]+|[0-9a-f]{16,}")


@dataclass(frozen=True, slots=True)
class Cause:
    """One of them. Times: epoch seconds; `event`: its latest request that was looked at."""

    key: tuple[Any, ...]
    event: Event
    since: float
    last_at: float
    times: int


@dataclass(frozen=True, slots=True)
class Causes:
    """Those of one row, what came last at the end. `number`: how many requests of the row are counted in them.

    `is_about`: not all were looked at, so how often each came is not exact; `looked_at`: when one was, lately.
    """

    all: tuple[Cause, ...] = ()
    number: int = 0
    looked_at: float = 0.0
    is_about: bool = False

    def seen(self, event: Event, at: float, number: int, now: float) -> Causes:
        """With the row's `number`th request, which was looked at."""
        known, key = self.counted(number - 1, at), _key(event)
        cause = next((one for one in known.all if one.key == key), Cause(key, event, at, at, 0))
        cause = replace(cause, event=event, last_at=at, times=cause.times + 1)
        others = tuple(one for one in known.all if one.key != key)
        return Causes((*others, cause)[-MOST:], number, now, known.is_about)

    def counted(self, number: int, last_at: float) -> Causes:
        """With those until the `number`th that nobody looked at: they are taken for what came before them."""
        more = number - self.number
        if more <= 0 or not self.all:
            return replace(self, number=max(number, self.number))
        last = self.all[-1]
        last = replace(last, times=last.times + more, last_at=max(last_at, last.last_at))
        return replace(self, all=(*self.all[:-1], last), number=number, is_about=True)

    def says_else(self, event: Event) -> bool:
        """Whether a request is of another kind than the last that was looked at, as far as its own words say."""
        if not self.all:
            return True
        said = self.all[-1].event.detail
        return any(said.get(name) != event.detail.get(name) for name in ("message", "what", "evidence", "field"))

    def detail(self) -> dict[str, Any]:
        """The row's own detail: of the latest, with the others beside it."""
        last = self.all[-1]
        found = dict(last.event.detail)
        if self.number > 1:
            found |= {"own_since": last.since, "own_request": last.event.request_id}
        if len(self.all) > 1:
            about = {"is_about": True} if self.is_about else {}
            also = [{**_short(one), **about} for one in reversed(self.all[:-1])]
            found |= {"own_times": last.times, "beside": also, **about}
        return found


def of_event(event: Event) -> tuple[Event, ...]:
    """What stands under a row's id as events of their own, the latest first; of most there is one."""
    detail = event.detail
    also = [one for one in detail.get("beside") or () if isinstance(one, Mapping)]
    own = {name: value for name, value in detail.items() if name not in KEPT}
    if also:
        own["times"] = detail.get("own_times", 1)
    at, request_id = detail.get("own_since", event.at), str(detail.get("own_request", event.request_id))
    first = replace(event, at=float(at), request_id=request_id, detail=own)
    return first, *(_other(event, one) for one in also)


def _other(event: Event, said: Mapping[str, Any]) -> Event:
    own = {name: value for name, value in said.items() if name not in KEPT}
    return replace(event, at=float(said["own_since"]), request_id=str(said["own_request"]), detail=own)


def _short(one: Cause) -> dict[str, Any]:
    detail = dict(one.event.detail)
    if "evidence" in detail:
        detail["evidence"] = str(detail["evidence"])[:MAX_EVIDENCE]
    if "findings" in detail:
        detail["findings"] = detail["findings"][:_MAX_FINDINGS]
    own = {"own_since": one.since, "own_request": one.event.request_id, "times": one.times, "last_at": one.last_at}
    return {**detail, **own}


def _key(event: Event) -> tuple[Any, ...]:
    """What is wrong: as it was found, else as the error says of itself; numbers that grow tell nothing apart."""
    detail = event.detail
    wrong = [one for one in detail.get("findings") or () if one.get("weight") == "wrong"]
    if not wrong:
        return tuple(_plain(detail.get(name)) for name in ("message", "what", "field", "got"))
    return tuple((one["code"], one["field"], _plain(one["got"]), _plain(one["fix"])) for one in wrong[:_MAX_FINDINGS])


def _plain(text: Any) -> str:
    return _VARIES.sub("0", str(text or "")[:400])
