"""Give a person a role, with its limits and its end, and take it back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from idp.accounts import store
from idp.accounts.person import InvalidPerson, NoSuchPerson, Person, check_roles, to_json
from idp.accounts.rows import check_an_owner_stays, locked, stored, tell, with_roles
from idp.audit import Recorder
from idp.db import Database, Transaction

#: Roles that may be limited, and to what their limit names.
SCOPED: Final[Mapping[str, str]] = {"app_admin": "applications", "help_desk": "groups"}


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role as a person has it. `scope`: client ids or group names that it is limited to, None: all.

    `until`: epoch seconds, None: no end.
    """

    role: str
    scope: tuple[str, ...] | None = None
    until: float | None = None


def grants_of(db: Database, person_id: str, roles: Iterable[str], now: float) -> tuple[RoleGrant, ...]:
    """The grants behind the roles that a person's row names; one that ran out is none. No read where there is none."""
    roles = tuple(roles)
    if not roles:
        return ()
    limits = {row.role: row for row in db.all(store.ROLE_GRANTS, person_id=person_id)}
    found = []
    for role in roles:
        row = limits.get(role)
        if row is None:
            # An app admin whose applications nobody has named has none.
            found.append(RoleGrant(role, () if role == "app_admin" else None))
        elif row.until is None or now < row.until:
            found.append(RoleGrant(role, None if row.scope is None else tuple(json.loads(row.scope)), row.until))
    return tuple(found)


def change(
    db: Database, person_id: str, *, give: Sequence[RoleGrant] = (), take: Sequence[str] = (), by: str, now: float,
    record: Recorder, if_due: bool = False,
) -> Person:  # fmt: skip
    """Give roles, or change their limits, and take others back, all in one. Roles that nobody has are taken, too.

    `by`: the giver, as the record names them. `if_due`: roles are taken whose time is over, and no others.
    Errors: `NoSuchPerson`; `InvalidPerson`, also for the last owner.
    """
    check_roles((*(grant.role for grant in give), *take))
    if set(take) & {grant.role for grant in give}:
        raise InvalidPerson("roles", "a role is given or taken, not both at once")
    for grant in give:
        check_grant(grant, now)
    with db.transaction() as tx:
        owners = tx.all(store.OWNERS_LOCKED)
        person = locked(tx, person_id)
        if if_due:  # it may have been given for longer since somebody looked
            due = {row.role for row in tx.all(store.ROLE_GRANTS, person_id=person_id) if (row.until or now + 1) <= now}
            take = [role for role in take if role in due]
        ends = any(grant.role == "owner" and grant.until is not None for grant in give)
        if "owner" in take or ends:
            check_an_owner_stays(tx, person, owners, "roles")  # else nobody would be left on the day that it ends
        for grant in give:
            _limit(tx, person_id, grant, by, now)
        given = tuple(grant.role for grant in give)
        after = with_roles(tx, person, [r for r in (*person.roles, *given) if r not in take], now)
        if give or after != person.roles:
            limits = [asdict(grant) for grant in give if grant.scope is not None or grant.until is not None]
            tell(
                record, tx, "person:roles", person, before=person.roles, after=after,
                **({"limits": limits} if limits else {}),
            )  # fmt: skip
        return stored(tx, person_id)


def check_grant(grant: RoleGrant, now: float) -> None:
    """Whether a role may be given so. Errors: `InvalidPerson`."""
    if grant.role not in SCOPED and grant.scope is not None:
        raise InvalidPerson("roles", f"the role {grant.role} is not limited to anything; only {', '.join(SCOPED)} are")
    if grant.role == "app_admin" and not grant.scope:
        raise InvalidPerson("roles", "name the applications that the app admin is to look after")
    if grant.until is not None and grant.until <= now:
        raise InvalidPerson("roles", "the end of a role must lie in the future")


def _limit(tx: Transaction, person_id: str, grant: RoleGrant, by: str, now: float) -> None:
    tx.run(store.DROP_ROLE_GRANT, person_id=person_id, role=grant.role)
    if grant.scope is not None or grant.until is not None:
        scope = None if grant.scope is None else to_json(sorted(set(grant.scope)))
        tx.run(
            store.ADD_ROLE_GRANT, person_id=person_id, role=grant.role, scope=scope, until=grant.until, granted_at=now,
            granted_by=by,
        )  # fmt: skip


def end_due(db: Database, now: float, record: Recorder, many: int = 100) -> int:
    """Take the roles back that were given for a time; answers how many. The last owner keeps theirs."""
    ended = 0
    for row in db.all(store.ROLE_GRANTS_DUE, now=now, many=many):
        try:
            change(db, row.person_id, take=(row.role,), by="doorward", now=now, record=record, if_due=True)
            ended += 1
        except (InvalidPerson, NoSuchPerson):
            continue
    return ended
