"""The ends of sessions: every one is written here, and with it what its applications and receivers are told.

Who may end one is decided before, by those whom docs/architecture.md lists.
"""

from __future__ import annotations

from collections.abc import Callable

from idp.accounts import signalled
from idp.accounts.factors import trusted_devices
from idp.db import Transaction
from idp.login import store


def end_in(
    tx: Transaction, person_id: str, session_id: str, now: float, why: str,
    told: Callable[[Transaction], object] | None = None,
) -> bool:  # fmt: skip
    """End one session in the caller's transaction; answers whether it was open.

    `told`: queues the notices to the applications, there; else they are told as of `end_all`.
    """
    if not tx.run(store.END, session_id=session_id, now=now, why=why):
        return False
    signalled.note(tx, signalled.SESSION, person_id, session_id)
    if told is not None:
        told(tx)
    else:
        tx.run(store.NOTE_UNTOLD_ONE, session_id=session_id, person_id=person_id, due=now)
    return True


def end_all(tx: Transaction, person_id: str, now: float, why: str, *, keep: str = "") -> int:
    """End every session of a person but `keep`, in the caller's transaction; answers how many.

    The applications are told once it has committed: `signout.tell_ended` finds what is noted here.
    """
    tx.run(store.NOTE_UNTOLD, owner_id=person_id, now=now, except_id=keep)
    tx.run(store.SIGNAL_ENDING, mark=signalled.mark(), owner_id=person_id, except_id=keep)
    trusted_devices.forget_all(tx, person_id)  # a copy of this one's mark may be among them, too
    return tx.run(store.END_ALL, owner_id=person_id, now=now, why=why, except_id=keep)


def end_everybody(tx: Transaction, now: float, why: str) -> int:
    """End every session of everybody, applications told as of `end_all`; answers how many."""
    tx.run(store.NOTE_EVERY_UNTOLD, now=now)
    tx.run(store.SIGNAL_EVERY, mark=signalled.mark(), now=now)
    trusted_devices.forget_everybody(tx)
    return tx.run(store.END_EVERY, now=now, why=why)
