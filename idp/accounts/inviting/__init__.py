"""Which invitation of somebody stands: when it was sent, by whom, until when it opens something, who withdrew it (U1).

Door: `of`, `sent`, `withdraw`, `lift`, `stamp`. Rule: links are not counted; each carries the turn that it was made in,
and a withdrawal begins another turn, so that every earlier one is dead at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from idp.accounts import rows
from idp.accounts.inviting import store
from idp.accounts.person import Person
from idp.db import Database, Transaction

Way = Literal["mail", "link", "none"]
State = Literal["waiting", "expired", "withdrawn"]


@dataclass(frozen=True, slots=True)
class Invitation:
    """The latest of somebody. Times are epoch seconds; `sent_at`, `expires_at`: None where nobody knows any more.

    `way`: by mail, by a link to hand out, or none where nothing has left; `sent_by`, `withdrawn_by`: as the record
    names them.
    """

    person_id: str
    sent_at: float | None
    sent_by: str
    way: Way
    expires_at: float | None
    withdrawn_at: float | None
    withdrawn_by: str
    turn: int

    def state(self, now: float) -> State:
        """How it stands, of somebody who has set no password."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        return "waiting" if self.expires_at is not None and self.expires_at > now else "expired"


def of(db: Database | Transaction, person_id: str) -> Invitation | None:
    """The latest of a person, also where they have set a password meanwhile."""
    row = db.one(store.OF, person_id=person_id)
    return None if row is None else _invitation(row)


def of_some(db: Database, person_ids: Collection[str]) -> Mapping[str, Invitation]:
    """Those of some people, by person; one statement."""
    if not person_ids:
        return {}
    values = {f"person{at}": one for at, one in enumerate(person_ids)}
    return {row.person_id: _invitation(row) for row in db.all(store.of_some(len(values)), **values)}


def sent(tx: Transaction, person_id: str, by: str, way: Way, times: tuple[float, float]) -> int:
    """It stands from now on, whatever was withdrawn before; the turn that its link belongs to.

    `times`: now, and until when its link works. Written before the link is made: who withdraws it meanwhile ends it.
    """
    now, until = times
    tx.run(
        store.SENT, person_id=person_id, sent_at=now, sent_by=by, way=way, expires_at=until, withdrawn_at=None,
        withdrawn_by="", turn=0,
    )  # fmt: skip
    return int(tx.one(store.OF, person_id=person_id).turn)


def not_sent(db: Database, person_id: str) -> None:
    """What was to leave did not."""
    db.run(store.WAY, person_id=person_id, new_way="none")


class PasswordSet(Exception):
    """Whoever was invited has set a password meanwhile."""


def withdraw(tx: Transaction, person_id: str, by: str, now: float) -> bool:
    """No link of before opens anything any more; whether it was not so already.

    Nobody sets a password until the transaction ends. Errors: `NoSuchPerson`; `PasswordSet`.
    """
    if rows.locked(tx, person_id).password_changed_at is not None:
        raise PasswordSet
    return tx.run(
        store.WITHDRAW, person_id=person_id, sent_at=None, sent_by="", way="none", expires_at=None, withdrawn_at=now,
        withdrawn_by=by, turn=1,
    ) > 0  # fmt: skip


def lift(tx: Transaction, person_id: str) -> None:
    """An admin gives them a way in again, other than by an invitation."""
    tx.run(store.LIFT, person_id=person_id)


def is_withdrawn(db: Database | Transaction, person: Person) -> bool:
    """Whether somebody who never had a password was invited no longer: they help themselves to none either."""
    found = of(db, person.id) if person.password_changed_at is None else None
    return found is not None and found.withdrawn_at is not None


def stamp(db: Database | Transaction, person: Person) -> float | None:
    """What a link is current by: when the password was set; before that the turn, below zero, None for the first."""
    if person.password_changed_at is not None:
        return person.password_changed_at
    found = of(db, person.id)
    return -float(found.turn) if found is not None and found.turn else None


def _invitation(row: Any) -> Invitation:
    return Invitation(
        row.person_id, row.sent_at, row.sent_by, row.way, row.expires_at, row.withdrawn_at, row.withdrawn_by, row.turn
    )  # fmt: skip
