"""The times in which people had an account, and were in groups."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import (
    Column,
    Double,
    Index,
    Integer,
    Table,
    Text,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from idp.accounts.grouping.store import EFFECTIVE, group_above
from idp.accounts.store import groups, memberships, metadata, people

MANY: Final = 400

person_past = Table(
    "person_past",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double),  # NULL: it is so
    Column("username", Text, nullable=False),
    Column("enabled", Integer, nullable=False),
    Column("since_seen", Integer, nullable=False),
    Column("until_seen", Integer, nullable=False),
    Index("person_past_person_id", "person_id", "since"),
    Index("person_past_username", "username"),
    Index("person_past_until", "until"),
)
member_past = Table(
    "member_past",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("name", Text, nullable=False),  # of the group, as it was then
    Column("since", Double, nullable=False),
    Column("until", Double),
    Column("since_seen", Integer, nullable=False),
    Column("until_seen", Integer, nullable=False),
    Index("member_past_name", "name", "person_id"),
    Index("member_past_person_id", "person_id", "since"),
    Index("member_past_until", "until"),
)
_p, _m = person_past.c, member_past.c


def _end(table: Table, *conditions: Any, seen: int = 0) -> Any:
    # The column that is looked for by, and its open rows.
    return update(table).where(*conditions, table.c.until.is_(None)).values(until=bindparam("end"), until_seen=seen)


def _within(table: Table) -> Any:
    past = table.c
    return and_(
        past.since < bindparam("window_until"),
        or_(past.until.is_(None), and_(past.until > bindparam("window_since"), past.until > past.since)),
    )


ADD_PERSON = insert(person_past)
END_PERSON = _end(person_past, _p.person_id == bindparam("of_person"))
END_PERSON_SEEN = _end(person_past, _p.person_id == bindparam("of_person"), seen=1)
END_MEMBER = _end(member_past, _m.person_id == bindparam("of_person"))
_ONE = (_m.person_id == bindparam("of_person"), _m.name == bindparam("of_name"))
LEAVE, LEAVE_SEEN = _end(member_past, *_ONE), _end(member_past, *_ONE, seen=1)
LEAVE_ALL = _end(member_past, _m.name == bindparam("of_name"))
_JOINS: dict[str, Any] = {name: bindparam(name) for name in ("id", "person_id", "name", "since")}
JOIN, JOIN_SEEN = (
    insert(member_past).values(**_JOINS, until=null(), since_seen=literal(seen), until_seen=literal(0))
    for seen in (0, 1)
)
MOVE = insert(member_past).from_select(
    ["id", "person_id", "name", "since", "since_seen", "until_seen"],
    select(
        _m.id + bindparam("mark", type_=Text), _m.person_id, bindparam("new_name", type_=Text),
        bindparam("new_since", type_=Double), literal(0), literal(0),
    ).where(_m.name == bindparam("of_name"), _m.until.is_(None)),
    include_defaults=False,
)  # fmt: skip


def _of_page(table: Table, *conditions: Any) -> Any:
    return (
        select(table.c.person_id)
        .where(*conditions, table.c.person_id > bindparam("after"), _within(table))
        .group_by(table.c.person_id)
        .order_by(table.c.person_id)
        .limit(bindparam("many"))
    )


EVERYBODY = _of_page(person_past)
MEMBERS = _of_page(member_past, _m.name == bindparam("of_name"))

_SLOTS = tuple(f"of_{number}" for number in range(MANY))


def listed(ids: Collection[str]) -> dict[str, str]:
    """The values of a statement for so many people: one statement, whatever their number."""
    found = sorted(set(ids))
    if len(found) > MANY:
        raise ValueError(f"at most {MANY} people at once")
    return {slot: found[n] if n < len(found) else "" for n, slot in enumerate(_SLOTS)}


def _of_these(table: Table) -> Any:
    past = table.c
    these = past.person_id.in_([bindparam(slot) for slot in _SLOTS])
    return select(table).where(these, _within(table)).order_by(past.person_id, past.since, past.id)


PERSONS = _of_these(person_past)
MEMBERSHIPS = _of_these(member_past)
BY_USERNAME = select(_p.person_id).where(_p.username == bindparam("of_username")).order_by(_p.since.desc()).limit(1)
#: Whether it was ever a username, in whatever capitals; looks at everybody, so for rare questions.
HAD_USERNAME = select(_p.person_id).where(func.lower(_p.username) == bindparam("lowered")).limit(1)
BLANK = (
    update(person_past).where(_p.person_id == bindparam("of_person"), _p.username != literal("")).values(username="")
)

_OPEN_PERSON = and_(_p.person_id == people.c.id, _p.until.is_(None))
#: How people are, where it is otherwise kept; NULL for those who are gone.
STALE_PERSONS = (
    select(people.c.id.label("id"), people.c.username.label("username"), people.c.enabled.label("enabled"))
    .select_from(people.outerjoin(person_past, _OPEN_PERSON))
    .where(or_(_p.id.is_(None), _p.username != people.c.username, _p.enabled != people.c.enabled))
    .union_all(
        select(_p.person_id, null(), null())
        .select_from(person_past.outerjoin(people, people.c.id == _p.person_id))
        .where(_p.until.is_(None), people.c.id.is_(None))
    )
)
_e = EFFECTIVE.subquery("effective")
_effective = _e.join(groups, groups.c.id == _e.c.group_id)
_direct_member = (
    select(memberships.c.person_id)
    .select_from(memberships.join(groups, groups.c.id == memberships.c.group_id))
    .where(memberships.c.person_id == _m.person_id, groups.c.name == _m.name)
)
_nested_member = (
    select(memberships.c.person_id)
    .select_from(
        memberships.join(group_above, group_above.c.group_id == memberships.c.group_id).join(
            groups, groups.c.id == group_above.c.above_id
        )
    )
    .where(memberships.c.person_id == _m.person_id, groups.c.name == _m.name)
)
STALE_MEMBERS = select(_m.person_id, _m.name).where(
    _m.until.is_(None), ~_direct_member.exists(), ~_nested_member.exists()
)
_IS_KEPT = select(_m.id).where(_m.person_id == _e.c.person_id, _m.name == groups.c.name, _m.until.is_(None))
NEW_MEMBERS = select(_e.c.person_id, groups.c.name).distinct().select_from(_effective).where(~_IS_KEPT.exists())


def _sweep(table: Table) -> Any:
    past = table.c
    some = select(past.id).where(past.until < bindparam("before")).order_by(past.until).limit(bindparam("many"))
    return delete(table).where(past.id.in_(some))


SWEEPS = tuple(map(_sweep, (person_past, member_past)))
