"""What goes with a person who is removed, and what stays.

Gone at once: name, addresses, claims, memberships, password and earlier ones, authenticators, codes, recovery contacts
and their undos, the invitation, pins, uses, verdicts, answers to offers, how the account stands. Ended at once, and
swept at the end that they have anyway: sessions and tokens.
Kept: the audit log, cases and access reviews until their retention ends, by the person's id; and SAML's persistent
names, which are random and must never be given to anybody else (SAML Core §8.3.7).
"""

from __future__ import annotations

from idp.accounts import store
from idp.accounts.break_glass import store as break_glass
from idp.accounts.factors import store as factors
from idp.accounts.inviting import store as inviting
from idp.accounts.own import store as own
from idp.accounts.planned_ends import store as planned_ends
from idp.accounts.recovery import store as recovery
from idp.accounts.standing import store as standing
from idp.db import Transaction

_STATEMENTS = (*break_glass.FORGET, *factors.FORGET, *inviting.FORGET, *own.FORGET, *planned_ends.FORGET,
               *recovery.FORGET, *standing.FORGET, *store.FORGET)  # fmt: skip


def forget(tx: Transaction, person_id: str) -> None:
    """Delete everything that is theirs in this room, in the caller's transaction; the person last."""
    for row in tx.all(store.GROUPS_OF, person_id=person_id):
        tx.run(store.NUDGE_GROUP, of_group=row.group_id)  # who knows the group with them in it knows another one
    for statement in _STATEMENTS:
        tx.run(statement, person_id=person_id)
