"""Provisioning clients, and the resources that they wrote (RFC 7643)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)

from idp.accounts.grouping.store import group_above, group_nesting
from idp.accounts.store import _PERSON, groups, identifiers, memberships, metadata, people
from idp.db import upsert

MANY: Final = 200  # resources of one look

provisioners = Table(
    "provisioners",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of the token's secret
    Column("earlier_hash", Text),  # of the token before, as long as it works beside
    Column("earlier_until", Double),
    Column("used_at", Double),  # when the token came first; null: not yet
    Column("earlier_used_at", Double),  # when the one before came last
    Column("users", Text, nullable=False),  # write, read, no
    Column("groups", Text, nullable=False),
    Column("attributes", Text),  # JSON array of what it may write of people; NULL: all there is
    Column("adopts", Integer, nullable=False),  # 1: it may change people and groups that it did not make
    Column("trusts_mail", Integer, nullable=False),  # 1: its addresses count as proven
    Column("invites", Integer, nullable=False),  # 1: whom it makes is sent an invitation
    Column("created_at", Double, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("last_used_at", Double),
    Column("is_off", Integer, nullable=False, server_default="0"),
    Column("faults", Text, nullable=False, server_default="[]"),  # JSON array: what was refused last
)

#: What a client said of a person, as it said it: most of it has no place of ours.
provisioned_people = Table(
    "provisioned_people",
    metadata,
    Column("person_id", Text, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Column("source", Text, nullable=False),  # `scim:` and the client's id; '': it is gone
    Column("external_id", Text),
    Column("document", Text, nullable=False),  # JSON
    Column("made", Integer, nullable=False),  # 1: the client made the person
)
Index("provisioned_people_source", provisioned_people.c.source, provisioned_people.c.external_id)

_v, _d, _p, _i, _g, _m = (
    provisioners.c, provisioned_people.c, people.c, identifiers.c, groups.c, memberships.c,
)  # fmt: skip

LIST = select(provisioners).order_by(_v.name, _v.id)
FIND = select(provisioners).where(_v.id == bindparam("of_id"))
INSERT = insert(provisioners)
#: Its own row is locked first, so that changes queue up.
LOCK = update(provisioners).where(_v.id == bindparam("of_id")).values(name=_v.name)
RENEW = (
    update(provisioners)
    .where(_v.id == bindparam("of_id"))
    .values(
        hash=bindparam("hash"),
        earlier_hash=bindparam("earlier_hash"),
        earlier_until=bindparam("earlier_until"),
        used_at=null(),
        earlier_used_at=bindparam("earlier_used_at"),
    )
)
TURN = update(provisioners).where(_v.id == bindparam("of_id")).values(is_off=bindparam("off"))
CHANGE = (
    update(provisioners)
    .where(_v.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in ("users", "groups", "attributes", "adopts", "trusts_mail",
                                                        "invites")})
)  # fmt: skip
NOTE_FAULTS = update(provisioners).where(_v.id == bindparam("of_id")).values(faults=bindparam("new_faults"))
REMOVE = delete(provisioners).where(_v.id == bindparam("of_id"))
#: By the hash as well: a call that came before a renewal says nothing of the token that it made.
TOUCH = (
    update(provisioners)
    .where(
        _v.id == bindparam("of_id"), _v.hash == bindparam("of_hash"),
        or_(_v.used_at.is_(None), _v.last_used_at.is_(None), _v.last_used_at < bindparam("before")),
    )
    .values(last_used_at=bindparam("now"), used_at=func.coalesce(_v.used_at, bindparam("now")))
)  # fmt: skip
TOUCH_EARLIER = (
    update(provisioners)
    .where(_v.id == bindparam("of_id"), _v.earlier_hash == bindparam("of_hash"))
    .values(last_used_at=bindparam("now"), earlier_used_at=bindparam("now"))
)

#: What was sent is put in place of what was sent before; who made the person stays.
PUT = upsert(provisioned_people, "person_id", change=("source", "external_id", "document"))
RELEASE = (
    update(provisioned_people).where(_d.source == bindparam("of_source")).values(source="", made=literal_column("0"))
)

_said = (*_PERSON, _d.source, _d.external_id, _d.document, _d.made)
_resources = select(*_said).select_from(people.outerjoin(provisioned_people, _d.person_id == _p.id))
ONE = _resources.where(_p.id == bindparam("person_id"))
BY_KEY = _resources.where(_p.id.in_(select(_i.person_id).where(_i.key == bindparam("key"))))
BY_EXTERNAL_ID = _resources.where(
    _p.id.in_(
        select(_d.person_id).where(_d.source == bindparam("of_source"), _d.external_id == bindparam("external_id"))
    )
)
COUNT = select(func.count().label("n")).select_from(people)
_by_name = (
    select(*_said)
    .select_from(identifiers.join(people, _p.id == _i.person_id).outerjoin(provisioned_people, _d.person_id == _p.id))
    .where(_i.kind == "username")
    .order_by(_i.key)
    .limit(bindparam("many"))
)
#: Those that are passed over are read of the index of names alone.
_names = (
    select(_i.person_id, _i.key)
    .where(_i.kind == "username")
    .order_by(_i.key)
    .limit(bindparam("many"))
    .offset(bindparam("skip"))
    .subquery("names")
)
PAGE = (
    select(*_said)
    .select_from(_names.join(people, _p.id == _names.c.person_id).outerjoin(provisioned_people, _d.person_id == _p.id))
    .order_by(_names.c.key)
)
ONWARD = _by_name.where(_i.key > bindparam("after"))

_SLOTS = tuple(f"of_{number}" for number in range(MANY))
_these: list[Any] = [bindparam(slot) for slot in _SLOTS]
#: Each group of these people; `way` 0: they were put in, 1: it has a group in it that they are in.
GROUPS_OF = (
    select(_m.person_id, _g.id, _g.name, literal_column("0").label("way"))
    .join_from(memberships, groups)
    .where(_m.person_id.in_(_these))
    .union(
        select(_m.person_id, _g.id, _g.name, literal_column("1").label("way"))
        .select_from(
            memberships.join(group_above, group_above.c.group_id == _m.group_id).join(
                groups, _g.id == group_above.c.above_id
            )
        )
        .where(_m.person_id.in_(_these))
    )
)

_group = (_g.id, _g.name, _g.source, _g.external_id, _g.changed_at, _g.added_only)
GROUP_COUNT = select(func.count().label("n")).select_from(groups)
GROUP_PAGE = select(*_group).order_by(_g.key).limit(bindparam("many")).offset(bindparam("skip"))
GROUP_ONE = select(*_group).where(_g.id == bindparam("of_group"))
#: Its row is locked first, so that changes queue up.
LOCK_GROUP = update(groups).where(_g.id == bindparam("of_group")).values(changed_at=_g.changed_at)
#: Another version, also where the clock stands still.
MOVE_GROUP = (
    update(groups)
    .where(_g.id == bindparam("of_group"), _g.changed_at <= bindparam("before"))
    .values(changed_at=bindparam("before") + 0.001)
)
GROUP_BY_KEY = select(*_group).where(_g.key == bindparam("key"))
GROUP_BY_EXTERNAL_ID = select(*_group).where(
    _g.source == bindparam("of_source"), _g.external_id == bindparam("external_id")
)
GROUPS_WITH = select(*_group).where(
    _g.id.in_(
        select(_m.group_id)
        .where(_m.person_id == bindparam("member"))
        .union(select(group_nesting.c.parent_id).where(group_nesting.c.group_id == bindparam("member")))
    )
)
MEMBER_COUNT = select(func.count().label("n")).where(_m.group_id.in_(_these))
#: As text of the statement: a value that nobody gives would be missing.
_LINE_END: Any = literal_column("'\n'")
_listed = (
    select(_m.group_id, _m.person_id).where(_m.group_id.in_(_these)).order_by(_m.group_id, _m.person_id).subquery()
)
#: Of each group one text, with a line for each person: ten thousand rows are as many objects, which whoever collects
#: what is done with walks through. No id has a line's end in it.
MEMBERS = (
    select(_listed.c.group_id, func.aggregate_strings(_listed.c.person_id, _LINE_END).label("people"))
    .group_by(_listed.c.group_id)
)  # fmt: skip
INNER = (
    select(group_nesting.c.parent_id, _g.id, _g.name)
    .join_from(group_nesting, groups, _g.id == group_nesting.c.group_id)
    .where(group_nesting.c.parent_id.in_(_these))
)
MEMBERSHIPS = select(_m.person_id, _m.source).where(_m.group_id == bindparam("of_group"))
#: The same of so many people alone: a large group is not read for one who comes or goes.
MEMBERSHIPS_OF = MEMBERSHIPS.where(_m.person_id.in_(_these))


def listed(ids: Any) -> dict[str, str]:
    """The values of a statement for so many ids."""
    found = list(ids)
    return {slot: found[n] if n < len(found) else "" for n, slot in enumerate(_SLOTS)}
