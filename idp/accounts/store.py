"""People, what they sign in with, and their groups."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    DDL,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    case,
    delete,
    event,
    func,
    insert,
    literal_column,
    null,
    select,
    update,
)

from idp.accounts.person import Credentials, Person
from idp.db import Executor, upsert

metadata = MetaData()

people = Table(
    "people",
    metadata,
    Column("id", Text, primary_key=True),  # also the `sub` that applications see; never reassigned
    Column("username", Text, nullable=False),
    Column("email", Text),
    Column("email_verified", Integer, nullable=False),
    Column("employee_number", Text),
    Column("name", Text, nullable=False),
    Column("claims", Text, nullable=False),  # JSON object of further claims
    Column("groups", Text, nullable=False),  # JSON array of names: the memberships, copied for the hot path's one read
    Column("roles", Text, nullable=False),  # JSON array
    Column("enabled", Integer, nullable=False),
    Column("password_hash", Text),
    Column("password_changed_at", Double),
    Column("search", Text, nullable=False),  # folded, for the list's search box
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
)


class JoinedPerson(NamedTuple):
    """What statements of other rooms may carry along of a person, so that a hop is one read; the rest is ours."""

    id: Any
    username: Any
    email: Any
    email_verified: Any
    employee_number: Any
    name: Any
    claims: Any
    groups: Any
    roles: Any
    enabled: Any
    has_hash: Any
    password_changed_at: Any
    changed_at: Any


_own = people.c
joined_person = JoinedPerson(
    _own.id, _own.username, _own.email, _own.email_verified, _own.employee_number, _own.name, _own.claims,
    _own.groups, _own.roles, _own.enabled, _own.password_hash.is_not(None), _own.password_changed_at, _own.changed_at,
)  # fmt: skip
# A literal on both sides, or the planners cannot see that a query fits the partial index.
_HAS_ROLES = people.c.roles != literal_column("'[]'")
# As text, since an `Index` with a condition imports every dialect that it has one for.
_INDEX = "CREATE INDEX people_with_roles ON people (id) WHERE roles != '[]'"
event.listen(people, "after_create", DDL(_INDEX))  # type: ignore[no-untyped-call]
_SHUT_OUT = "CREATE INDEX people_shut_out ON people (id) WHERE enabled = 0"
event.listen(people, "after_create", DDL(_SHUT_OUT))  # type: ignore[no-untyped-call]
_RESET = "CREATE INDEX people_to_reset ON people (id) WHERE password_hash IS NULL AND password_changed_at IS NOT NULL"
event.listen(people, "after_create", DDL(_RESET))  # type: ignore[no-untyped-call]
_INVITED = "CREATE INDEX people_invited ON people (id) WHERE password_hash IS NULL AND password_changed_at IS NULL"
event.listen(people, "after_create", DDL(_INVITED))  # type: ignore[no-untyped-call]
#: The list of people: what a search looks at, in the order of the list, and nothing else.
Index("people_search", people.c.search, people.c.id)

#: One table for every kind, so that nobody's employee number is somebody else's username.
identifiers = Table(
    "identifiers",
    metadata,
    Column("key", Text, primary_key=True),  # `person.fold`ed
    Column("person_id", Text, ForeignKey("people.id"), nullable=False),
    Column("kind", Text, nullable=False),  # username, email, employee_number
)
Index("identifiers_person_id", identifiers.c.person_id)
Index("identifiers_kind_key", identifiers.c.kind, identifiers.c.key)

groups = Table(
    "groups",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("key", Text, nullable=False, unique=True),  # `person.fold`ed name
    Column("description", Text, nullable=False, server_default=""),
    Column("source", Text, nullable=False, server_default=""),  # who provides it; '': it is ours
    Column("added_only", Integer, nullable=False, server_default="0"),  # 1: beside its source, we put people in, too
    Column("external_id", Text),  # what its source calls it
    Column("changed_at", Double, nullable=False, server_default="0"),
)
Index("groups_source", groups.c.source, groups.c.external_id)

memberships = Table(
    "memberships",
    metadata,
    Column("group_id", Text, ForeignKey("groups.id"), primary_key=True),
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("source", Text, nullable=False, server_default=""),  # who put them in; '': we did
)
Index("memberships_person_id", memberships.c.person_id)

#: Passwords that were replaced, the latest last, sealed: a copy of the database is no collection of old passwords.
password_history = Table(
    "password_history",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("person_id", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # the argon2id hash
    Column("replaced_at", Double, nullable=False),
)
Index("password_history_person_id", password_history.c.person_id)

#: Which notice of a password's end has been given.
password_notices = Table(
    "password_notices",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("password_changed_at", Double, nullable=False),  # of the password that it is about
    Column("days", Integer, nullable=False),
)

#: What limits one of the roles that a person's row names.
role_grants = Table(
    "role_grants",
    metadata,
    Column("person_id", Text, ForeignKey("people.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Column("scope", Text),  # JSON array of client ids (app_admin) or group names (help_desk); NULL: all
    Column("until", Double),  # epoch seconds; NULL: no end
    Column("granted_at", Double, nullable=False),
    Column("granted_by", Text, nullable=False),
)
Index("role_grants_until", role_grants.c.until)

_p, _i, _g, _m = people.c, identifiers.c, groups.c, memberships.c
_h = password_history.c
_PERSON = (
    *(column for column in _p if column.key not in ("password_hash", "search")),
    _p.password_hash.is_not(None).label("has_hash"),
)
_OF_ID = _p.id == bindparam("person_id")

# -- reading -----------------------------------------------------------------------------------------------------

BY_ID = select(*_PERSON).where(_OF_ID)
#: In either spelling of an address; as it was typed comes first.
BY_KEY = (
    select(*_PERSON, _p.password_hash)
    .join_from(identifiers, people)
    .where(_i.key.in_((bindparam("key"), bindparam("other"))))
    .order_by((_i.key == bindparam("key")).desc())
    .limit(1)
)
CREDENTIALS = select(_p.id, _p.password_hash).where(_OF_ID)
OWNER_OF_KEY = select(_i.person_id, _i.kind).where(_i.key == bindparam("key"))
_LISTED = (
    select(*_PERSON)
    .join_from(identifiers, people)
    .where(_i.kind == "username", _i.key > bindparam("after"))
    .order_by(_i.key)
    .limit(bindparam("many"))
)
LIST = _LISTED
SEARCH = _LISTED.where(_p.search.like(bindparam("pattern"), escape="\\"))
#: Usernames that begin alike, some hundreds of them at most.
NEARBY = (
    select(*_PERSON)
    .join_from(identifiers, people)
    .where(_i.kind == "username", _i.key >= bindparam("first"), _i.key < bindparam("end"))
    .order_by(_i.key)
    .limit(500)
)
COUNT = select(func.count().label("n")).select_from(people)
_OWNERS = select(*_PERSON).where(_HAS_ROLES, _p.roles.like('%"owner"%')).order_by(_p.id)
OWNERS = _OWNERS

_r = role_grants.c
ROLE_GRANTS = select(_r.role, _r.scope, _r.until).where(_r.person_id == bindparam("person_id"))
ROLE_GRANTS_DUE = (
    select(_r.person_id, _r.role).where(_r.until <= bindparam("now")).order_by(_r.until).limit(bindparam("many"))
)

#: Owners who will be none one day: nobody is left in charge by them.
OWNERS_FOR_A_TIME = select(_r.person_id).where(_r.role == "owner", _r.until.is_not(None))

# -- writing: SQLite has one writer anyway and ignores FOR UPDATE ---------------------------------------------------

LOCKED = BY_ID.with_for_update()
OWNERS_LOCKED = _OWNERS.with_for_update()
INSERT = insert(people)
UPDATE = (
    update(people)
    .where(_OF_ID)
    .values(
        {
            name: bindparam(name)
            for name in (
                *("username", "email", "email_verified", "employee_number"),
                *("name", "claims", "search", "changed_at"),
            )
        }
    )
)
SET_ENABLED = update(people).where(_OF_ID).values(enabled=bindparam("enabled"), changed_at=bindparam("changed_at"))
SET_ROLES = update(people).where(_OF_ID).values(roles=bindparam("roles"), changed_at=bindparam("changed_at"))
ADD_ROLE_GRANT = insert(role_grants)
DROP_ROLE_GRANT = delete(role_grants).where(_r.person_id == bindparam("person_id"), _r.role == bindparam("role"))
SET_GROUPS = update(people).where(_OF_ID).values(groups=bindparam("groups"), changed_at=bindparam("changed_at"))
SET_PASSWORD = (
    update(people)
    .where(_OF_ID)
    .values(password_hash=bindparam("password_hash"), password_changed_at=bindparam("password_changed_at"))
)
#: The same password under another cost; only where nobody has set a new one meanwhile.
REHASH = (
    update(people)
    .where(_OF_ID, _p.password_hash == bindparam("old_hash"))
    .values(password_hash=bindparam("password_hash"))
)
#: Everything of a person, who is removed; the row that others point to last.
FORGET = (
    *(delete(table).where(table.c.person_id == bindparam("person_id"))
      for table in (identifiers, memberships, password_history, password_notices, role_grants)),
    delete(people).where(_OF_ID),
)  # fmt: skip
IDENTIFY = insert(identifiers)
FORGET_KEYS = delete(identifiers).where(_i.person_id == bindparam("person_id"))
_SAID = (_g.description, _g.source, _g.added_only, _g.external_id, _g.changed_at)
GROUP = select(_g.id, _g.name, *_SAID).where(_g.key == bindparam("key"))
_MEMBERS_OF_IT = select(func.count()).where(_m.group_id == _g.id).correlate(groups).scalar_subquery()
_GROUPS = select(_g.id, _g.name, _MEMBERS_OF_IT.label("members"), *_SAID)
GROUPS = _GROUPS.order_by(_g.key)
GROUP_PAGE = (
    select(_g.id, _g.name, _g.key, *_SAID)
    .where(_g.key.like(bindparam("pattern"), escape="\\"), _g.key > bindparam("after"))
    .order_by(_g.key)
    .limit(bindparam("many"))
)


@cache
def member_counts(many: int) -> Any:
    """How many are in each of so many groups, `group_0` and so on; one of them may stand in several places."""
    return (
        select(_m.group_id, func.count().label("n"))
        .where(_m.group_id.in_([bindparam(f"group_{number}") for number in range(many)]))
        .group_by(_m.group_id)
    )


#: Each change is another moment, also where the clock stands still or another machine's is behind: it is what whoever
#: knows the group knows it by (RFC 7644 §3.14).
_moved = case((_g.changed_at < bindparam("changed_at"), bindparam("changed_at")), else_=_g.changed_at + 0.00001)
GROUP_BY_ID = _GROUPS.where(_g.id == bindparam("of_group"))
RENAME_GROUP = (
    update(groups)
    .where(_g.id == bindparam("of_group"))
    .values(name=bindparam("name"), key=bindparam("key"), changed_at=_moved)
)
SET_GROUP = (
    update(groups)
    .where(_g.id == bindparam("of_group"))
    .values({name: bindparam(name) for name in ("description", "source", "added_only", "external_id")})
    .values(changed_at=_moved)
)
TOUCH_GROUP = update(groups).where(_g.id == bindparam("of_group")).values(changed_at=_moved)
#: Somebody has left, or a group has come or gone: whoever knows the group by its version knows another one.
NUDGE_GROUP = update(groups).where(_g.id == bindparam("of_group")).values(changed_at=_g.changed_at + 0.00001)
#: Whoever provided groups and put people in is gone: all of it is ours from now on.
RELEASE_GROUPS = (
    update(groups).where(_g.source == bindparam("of_source")).values(source="", added_only=0, external_id=null())
)
RELEASE_MEMBERS = update(memberships).where(_m.source == bindparam("of_source")).values(source="")
LIMITED_ROLES = select(_r.person_id, _r.role, _r.scope).where(_r.role == "help_desk", _r.scope.is_not(None))
LIMIT_ROLE = (
    update(role_grants)
    .where(_r.person_id == bindparam("of_person"), _r.role == bindparam("of_role"))
    .values(scope=bindparam("scope"))
)
GROUP_WITH_MEMBERS = _GROUPS.where(_g.key == bindparam("key"))
MEMBERS = (
    select(*_PERSON)
    .join_from(identifiers, people)
    .join(memberships, _m.person_id == _p.id)
    .where(_m.group_id == bindparam("of_group"), _i.kind == "username", _i.key > bindparam("after"))
    .order_by(_i.key)
    .limit(bindparam("many"))
)
#: The groups that somebody was put into, in one order for all who lock them.
GROUPS_OF = select(_m.group_id).where(_m.person_id == bindparam("person_id")).order_by(_m.group_id)
MEMBER_IDS = select(_m.person_id).where(_m.group_id == bindparam("of_group")).order_by(_m.person_id)
LEAVE_BY_ALL = delete(memberships).where(_m.group_id == bindparam("of_group"))
REMOVE_GROUP = delete(groups).where(_g.id == bindparam("of_group"))
#: Whom a source has put into which group.
GIVEN = (
    select(_m.person_id, _g.id, _g.key, _g.name)
    .join_from(memberships, groups)
    .where(_m.source == bindparam("of_source"))
    .order_by(_m.person_id, _g.key)
)
GIVEN_TO = GIVEN.where(_m.person_id == bindparam("person_id"))
LEAVE = delete(memberships).where(_m.person_id == bindparam("person_id"), _m.group_id == bindparam("group_id"))
MEMBERSHIP = select(_m.source).where(_m.person_id == bindparam("person_id"), _m.group_id == bindparam("group_id"))

KEEP_PASSWORD = insert(password_history)
EARLIER = (
    select(password_history)
    .where(_h.person_id == bindparam("person_id"))
    .order_by(_h.id.desc())
    .limit(bindparam("many"))
)
FORGET_EARLIER = delete(password_history).where(
    _h.person_id == bindparam("person_id"),
    _h.id.not_in(
        select(_h.id).where(_h.person_id == bindparam("person_id")).order_by(_h.id.desc()).limit(bindparam("many"))
    ),
)
#: People whose password was last set before a moment, in the order of their ids.
OF_OLD_PASSWORDS = (
    select(*_PERSON)
    .where(_p.id > bindparam("after"), _p.password_changed_at <= bindparam("before"), _p.enabled == 1)
    .order_by(_p.id)
    .limit(bindparam("many"))
)
NOTICE = select(password_notices).where(password_notices.c.person_id == bindparam("person_id"))
#: Remember which notice was given last.
NOTE = upsert(password_notices, "person_id", change=("password_changed_at", "days"))
#: Where there is none of that name.
ADD_GROUP = upsert(groups, "key", values={name: bindparam(name) for name in ("id", "name", "key", "changed_at")})
JOIN = upsert(memberships, "group_id", "person_id")  # where there is none yet


def to_person(row: Any) -> Person:
    """A row with the people's columns as a `Person`."""
    return Person(
        id=row.id,
        username=row.username,
        email=row.email,
        email_verified=bool(row.email_verified),
        employee_number=row.employee_number,
        name=row.name,
        claims=json.loads(row.claims),
        groups=tuple(json.loads(row.groups)),
        roles=tuple(json.loads(row.roles)),
        enabled=bool(row.enabled),
        password_changed_at=row.password_changed_at,
        must_reset=row.password_changed_at is not None and not row.has_hash,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )


def find(db: Executor, person_id: str, *, lock: bool = False) -> Person | None:
    """The person with this id; `lock` holds the row until the transaction ends."""
    row = db.one(LOCKED if lock else BY_ID, person_id=person_id)
    return None if row is None else to_person(row)


def find_by_key(db: Executor, key: str, other: str) -> tuple[Person, Credentials] | None:
    """The person who signs in with this folded key, or its other spelling, in one statement."""
    row = db.one(BY_KEY, key=key, other=other)
    return None if row is None else (to_person(row), Credentials(row.id, row.password_hash))
