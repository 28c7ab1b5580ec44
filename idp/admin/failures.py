"""Why somebody's last sign-ins failed: the record's events as a few lines that can be read out (U3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from idp.accounts.device_text import describe
from idp.accounts.person import Person
from idp.audit import Event
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

WRONG_PASSWORD, WRONG_CODE, RIGHT_BUT_OFF = "wrong_password", "wrong_code", "right_but_off"
DURING_PAUSE, NO_ACCESS, OTHER = "during_pause", "no_access", "other"
_LOOKED_AT: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What failed alike, one after the other. Times: epoch seconds; `paused_until`: the pause that it led to.

    `known`: whether it was on a device that had signed in before, None where nobody looked; `message`: of `OTHER`.
    """

    code: str
    at: float
    last_at: float
    times: int
    device: str
    known: bool | None
    address: str
    client_id: str
    paused_until: float | None = None
    stopped: bool = False
    message: str = ""
    error_id: str = ""


def of(services: Services, person: Person, many: int = 8) -> tuple[Failure, ...]:
    """The last failures of a person, the latest first."""
    found = latest(services.db, Wanted(person_id=person.id, failed=True), _LOOKED_AT)
    return tuple(reversed([*_together(map(_failure, found))]))[:many]


def _together(found: Iterable[Failure]) -> Iterator[Failure]:
    """Neighbours that are alike as one; a pause ends the row that led to it."""
    last: Failure | None = None
    for one in found:
        if last is not None and _alike(last, one):
            last = replace(
                last, times=last.times + one.times, last_at=one.last_at, error_id=one.error_id,
                paused_until=one.paused_until, stopped=one.stopped,
            )  # fmt: skip
        else:
            if last is not None:
                yield last
            last = one
    if last is not None:
        yield last


def _alike(last: Failure, one: Failure) -> bool:
    return last.paused_until is None and not last.stopped and _kind(last) == _kind(one)


def _kind(one: Failure) -> tuple[object, ...]:
    return one.code, one.device, one.known, one.address, one.client_id, one.message


def _failure(event: Event) -> Failure:
    detail = event.detail
    until = detail.get("paused_until")
    known = detail.get("known_device")
    agent = str(detail.get("browser") or "")
    repeated = detail.get("repeated")
    return Failure(
        code=_code(event), at=event.at, last_at=float(detail.get("repeated_at") or event.at),
        times=1 + (repeated if isinstance(repeated, int) else 0), device=str(describe(agent)) if agent else "",
        known=known if isinstance(known, bool) else None, address=event.address, client_id=event.client_id or "",
        paused_until=float(until) if until else None, error_id=event.error_id or "",
        message=str(detail.get("message") or event.action) if _code(event) == OTHER else "",
    )  # fmt: skip


def _code(event: Event) -> str:
    detail = event.detail
    if event.action == "session:failed":
        if detail.get("right"):
            return RIGHT_BUT_OFF
        return DURING_PAUSE if detail.get("late") else WRONG_PASSWORD
    if event.action == "factor:failed":
        return WRONG_CODE
    return NO_ACCESS if event.action == "error:no_access" else OTHER
