"""Roles of programs: what an application may do that acts for itself (C4), with limits and ends as people's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict

from idp.accounts.person import InvalidPerson, check_roles, to_json
from idp.accounts.roles import store
from idp.accounts.roles.granting import RoleGrant, check_grant
from idp.audit import Recorder
from idp.db import Database


def grants_of_program(db: Database, client_id: str, now: float) -> tuple[RoleGrant, ...]:
    """What a program has at this moment; a grant that ran out is none. One read."""
    return tuple(
        RoleGrant(row.role, None if row.scope is None else tuple(json.loads(row.scope)), row.until)
        for row in db.all(store.OF_PROGRAM, of_client=client_id)
        if row.until is None or now < row.until
    )


def change_program(
    db: Database, client_id: str, name: str, *, give: Sequence[RoleGrant] = (), take: Sequence[str] = (), by: str,
    now: float, record: Recorder,
) -> tuple[RoleGrant, ...]:  # fmt: skip
    """Give roles, or change their limits, and take others back, all in one. Errors: `InvalidPerson`."""
    check_roles((*(grant.role for grant in give), *take))
    if set(take) & {grant.role for grant in give}:
        raise InvalidPerson("roles", "a role is given or taken, not both at once")
    for grant in give:
        check_grant(grant, now)
    with db.transaction() as tx:
        before = [row.role for row in tx.all(store.OF_PROGRAM, of_client=client_id)]
        for role in (*take, *(grant.role for grant in give)):
            tx.run(store.TAKE, of_client=client_id, of_role=role)
        for grant in give:
            scope = None if grant.scope is None else to_json(sorted(set(grant.scope)))
            tx.run(
                store.INSERT, client_id=client_id, role=grant.role, scope=scope, until=grant.until, granted_at=now,
                granted_by=by,
            )  # fmt: skip
        after = [row.role for row in tx.all(store.OF_PROGRAM, of_client=client_id)]
        if give or before != after:
            limits = [asdict(grant) for grant in give if grant.scope is not None or grant.until is not None]
            record(tx, "client:roles", {"client_id": client_id, "name": name, "before": before, "after": after,
                                        **({"limits": limits} if limits else {})})  # fmt: skip
    return grants_of_program(db, client_id, now)


def programs(db: Database) -> tuple[str, ...]:
    """The client ids of those that have been given a role."""
    return tuple(row.client_id for row in db.all(store.PROGRAMS))


def forget_program(db: Database, client_id: str) -> None:
    """The application is gone for good."""
    db.run(store.FORGET, of_client=client_id)


def sweep_programs(db: Database, now: float) -> int:
    """Forget grants that ran out; answers how many."""
    return db.run(store.SWEEP, before=now)
