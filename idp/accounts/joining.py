"""Two persons that are one: what of the one becomes the other's, in this room (I6).

Authenticators and memberships move; a password, backup codes, recovery contacts and names do not, since the person who
stays has their own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from idp.accounts import factors, memberships, store
from idp.accounts.factors import Enrolled, totp, trusted_devices, webauthn
from idp.accounts.factors import store as factor_store
from idp.accounts.grouping import store as grouping
from idp.accounts.services import Services
from idp.db import Database, Executor, Transaction

#: Kinds of authenticators that go with their person.
KINDS: Final = (webauthn.KIND, totp.KIND)


@dataclass(frozen=True, slots=True)
class Membership:
    """A group that somebody was put into. `by`: whoever did, '' for an admin."""

    group_id: str
    name: str
    by: str


def authenticators_of(services: Services, person_id: str, tx: Transaction | None = None) -> tuple[Enrolled, ...]:
    """Those that would move. An app whose seed cannot be opened would be asked for and never right, so it is not."""
    return tuple(one for one in factors.list_of(tx or services.db, person_id) if _is_whole(services, one))


def _is_whole(services: Services, one: Enrolled) -> bool:
    return one.kind in KINDS and (one.kind != totp.KIND or totp.carried_over(services, one, one.person_id) is not None)


def is_too_many(services: Services, kept_id: str, gone_id: str) -> bool:
    """Whether one person may not have as many."""
    return len(factors.list_of(services.db, kept_id)) + len(authenticators_of(services, gone_id)) > factors.MAX_FACTORS


def groups_of(db: Executor, kept_id: str, gone_id: str) -> tuple[Membership, ...]:
    """Memberships that would move: those that the person who stays has not got. What SCIM gave goes with its person."""
    has = {row.id for row in db.all(grouping.DIRECT, person_id=kept_id)}
    rows = db.all(grouping.DIRECT, person_id=gone_id)
    return tuple(Membership(row.id, row.name, row.by) for row in rows
                 if row.id not in has and (not row.by or row.by.startswith("provider:")))  # fmt: skip


def move(tx: Transaction, services: Services, kept_id: str, gone_id: str, moving: Sequence[Enrolled]) -> None:
    """Move authenticators and memberships, in the caller's transaction, before the other person is removed."""
    now = services.clock()
    for one in moving:
        data, sealed = dict(one.data), one.sealed
        if one.kind == webauthn.KIND:  # a passkey goes on to name whom it was made for
            data.setdefault("user_handle", webauthn.user_handle(gone_id))
        if one.kind == totp.KIND:  # its seed is sealed for one person
            sealed = totp.carried_over(services, one, kept_id)
        tx.run(
            factor_store.MOVE, factor_id=one.id, from_id=gone_id, to_id=kept_id, data=json.dumps(data), resealed=sealed
        )
        factors.signal(tx, replace(one, person_id=kept_id), "create")
    if moving:
        trusted_devices.forget_all(tx, kept_id)  # as after any new one
    for group in groups_of(tx, kept_id, gone_id):
        tx.run(store.JOIN, group_id=group.group_id, person_id=kept_id, source=group.by)
        tx.run(store.TOUCH_GROUP, of_group=group.group_id, changed_at=now)
    memberships.settle(tx, kept_id, now)


def is_provisioned(db: Database, person_id: str) -> str:
    """Whoever provides somebody by SCIM; '' for nobody: they would be made anew at its next request."""
    from idp.accounts.provisioning import kept

    found = kept.one(db, person_id)
    return found.source if found is not None else ""
