"""What a change of a person sets going in other rooms, each in the transaction of the change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypedDict

from idp.accounts.person import Person
from idp.db import Transaction

#: Ends what a person has open: `ended(tx, person_id, why)`, in the transaction of the change that asks for it.
Ended = Callable[[Transaction, str, str], None]
#: How much a change takes from ways back in that somebody else may have planted: `password`, a new one was set by
#: whoever knew the old, or reads a recovery address; `reset`, the company's word was used or changed; `restrict`, an
#: admin or the person says that somebody else may be in; `off`, the same, and the account is turned off; `on`: nothing
#: but that it is turned on.
Guard = Literal["password", "reset", "restrict", "off", "on"]
#: Does so: `guarded(tx, person_id, how)`, in the transaction of the change. True where somebody else had turned the
#: account off, and would have turned it on again: whoever decides now decides alone.
Guarded = Callable[[Transaction, str, Guard], bool | None]
#: Keeps what a new password replaces: `replaced(tx, person_id, password_hash, now)`, in the same transaction.
Replaced = Callable[[Transaction, str, str, float], None]
#: Queues the mail about a change: `told(tx, person)`, in its transaction, with the person as they are after it.
Tells = Callable[[Transaction, Person], object]

#: Forgets what other rooms keep of a person: `forgotten(tx, person_id)`, in the transaction that removes them.
Forgotten = Callable[[Transaction, str], None]


class Changes(TypedDict, total=False):
    """What `Directory.update` takes; what is left out stays."""

    username: str
    email: str | None
    email_verified: bool
    employee_number: str | None
    name: str
    claims: Mapping[str, Any]


def tell_after(told: Tells | None, tx: Transaction, person: Person) -> Person:
    """Queue the mail about a change, where there is one; answers the person as they are after it."""
    if told is not None:
        told(tx, person)
    return person


def end_tokens(tx: Transaction, person_id: str) -> None:
    """Whatever else a caller lets end in its own way, no script goes on for somebody who is shut out."""
    from idp.accounts import tokens

    tokens.end_all(tx, person_id)


def nothing_to_end(_tx: Transaction, _person_id: str, _why: str) -> None:
    """For programs without sessions and recovery: tests, imports."""
