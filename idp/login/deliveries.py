"""Each try to tell an application of a sign-out, and what became of it: kept as long as the record is (R6, U2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from idp.db import Database
from idp.ids import first_id, new_id
from idp.login import store
from idp.login.services import Services
from idp.meters.notes import Meters

LONGEST: Final = 300  # characters of what is kept of an error


@dataclass(frozen=True, slots=True)
class Try:
    """One try. `error`: '' where the application confirmed."""

    notice: str
    client_id: str
    person_id: str
    at: float
    error: str


@contextmanager
def trying(services: Services, payload: Mapping[str, Any]) -> Iterator[None]:
    """What is done inside tells an application: kept, whether it confirms or raises."""
    try:
        yield
    except Exception as error:
        note(services, payload, str(error) or type(error).__name__)
        raise
    note(services, payload)


def note(services: Services, payload: Mapping[str, Any], error: str = "") -> None:
    """Keep one try of a notice; '' as error: it was confirmed."""
    now = services.clock()
    services.part(Meters).count("logout_deliveries", "failed" if error else "confirmed")
    services.db.run(
        store.TRIED, id=new_id(now), notice=payload["notice"], client_id=payload.get("client_id") or "",
        person_id=payload.get("person_id") or "", at=now, error=error[:LONGEST],
    )  # fmt: skip


def of_notices(db: Database, notices: Sequence[str]) -> dict[str, list[Try]]:
    """The tries of each of these notices, the first first."""
    found: dict[str, list[Try]] = {notice: [] for notice in notices}
    for notice in found:
        found[notice] = [_try(row) for row in db.all(store.TRIES_OF_NOTICE, of=notice)]
    return found


def of_client(db: Database, client_id: str, many: int) -> list[list[Try]]:
    """The latest notices to an application, each with its tries, the latest first."""
    rows = [_try(row) for row in db.all(store.TRIES_OF_CLIENT, of=client_id, many=many * 4)]
    found: dict[str, list[Try]] = {}
    for one in rows:
        found.setdefault(one.notice, []).append(one)
    return list(found.values())[:many]


def has_confirmed(tries: Iterable[Try]) -> bool:
    """Whether one of them was confirmed."""
    return any(not one.error for one in tries)


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` of what was tried before that moment; answers how many."""
    return db.run(store.SWEEP_TRIES, before=first_id(before), many=many)


def _try(row: Any) -> Try:
    return Try(row.notice, row.client_id, row.person_id, row.at, row.error)
