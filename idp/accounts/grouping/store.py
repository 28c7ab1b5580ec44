"""Which group is in which, at any depth, and who answers for a group."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from sqlalchemy import Column, ForeignKey, Index, Table, Text, bindparam, delete, insert, literal_column, or_, select

from idp.accounts.store import _PERSON, groups, identifiers, memberships, metadata, people
from idp.db import upsert

MANY: Final = 200  # people of one look


def _of(table: str, name: str, **more: Any) -> Column[str]:
    # Releases before know no such row: what they remove takes it along.
    return Column(name, Text, ForeignKey(f"{table}.id", ondelete="CASCADE"), primary_key=True, **more)


#: A group that an admin put into another one.
group_nesting = Table("group_nesting", metadata, _of("groups", "group_id"), _of("groups", "parent_id"))
Index("group_nesting_parent_id", group_nesting.c.parent_id)
#: The same at any depth: derived from it, so that who is in a group is one look, however deep.
group_above = Table("group_above", metadata, _of("groups", "group_id"), _of("groups", "above_id"))
Index("group_above_above_id", group_above.c.above_id)
group_owners = Table("group_owners", metadata, _of("groups", "group_id"), _of("people", "person_id"))
Index("group_owners_person_id", group_owners.c.person_id)

_g, _m, _p, _i = groups.c, memberships.c, people.c, identifiers.c
_n, _a, _o = group_nesting.c, group_above.c, group_owners.c


def below(*conditions: Any) -> Any:
    """Ids of the groups that conditions on `groups` name, and of all that are in them: a SELECT for `IN`."""
    return (
        select(_g.id)
        .where(*conditions)
        .union(select(_a.group_id).join(groups, _g.id == _a.above_id).where(*conditions))
    )


#: Everybody with each group that they are in, in whatever way; more than once where in several ways.
EFFECTIVE = select(_m.person_id, _m.group_id).union_all(
    select(_m.person_id, _a.above_id.label("group_id")).join_from(memberships, group_above, _a.group_id == _m.group_id)
)

_direct = select(_m.group_id).where(_m.person_id == bindparam("person_id"))
_inherited = (
    select(_a.above_id)
    .join_from(memberships, group_above, _a.group_id == _m.group_id)
    .where(_m.person_id == bindparam("person_id"))
)
NAMES = select(_g.name).where(_g.id.in_(_direct.union(_inherited))).order_by(_g.key)
DIRECT = (
    select(_g.id, _g.name, _g.key, _g.source, _g.added_only, _m.source.label("by"))
    .join_from(memberships, groups)
    .where(_m.person_id == bindparam("person_id"))
    .order_by(_g.key)
)

_SLOTS = tuple(f"of_{number}" for number in range(MANY))


def listed(ids: list[str]) -> dict[str, str]:
    """The values of a statement for so many people."""
    return {slot: ids[n] if n < len(ids) else "" for n, slot in enumerate(_SLOTS)}


_these = _m.person_id.in_([bindparam(slot) for slot in _SLOTS])
NAMES_OF_MANY = (
    select(_m.person_id, _g.name, _g.key).join_from(memberships, groups).where(_these)
    .union(
        select(_m.person_id, _g.name, _g.key)
        .select_from(memberships.join(group_above, _a.group_id == _m.group_id).join(groups, _g.id == _a.above_id))
        .where(_these)
    )
)  # fmt: skip
#: People who are in a group in whatever way, in the order of their ids. Their rows are locked before their names are
#: read: a membership that somebody else takes away meanwhile would come back with what was read before.
WITHIN = (
    select(_p.id, _p.groups)
    .where(
        _p.id.in_(select(_m.person_id).where(_m.group_id.in_(below(_g.id == bindparam("of_group"))))),
        _p.id > bindparam("after"),
    )
    .order_by(_p.id)
    .limit(literal_column(str(MANY)))
    .with_for_update(of=people)
)
OF_THESE = (
    select(_p.id, _p.groups).where(_p.id.in_([bindparam(slot) for slot in _SLOTS])).order_by(_p.id)
    .with_for_update(of=people)
)  # fmt: skip
EVERYBODY = select(_p.id, _p.groups).where(_p.id > bindparam("after")).order_by(_p.id).limit(literal_column(str(MANY)))
#: The same as people, by username; `pattern` narrows them to a part of what is searched.
_people = (
    select(*_PERSON)
    .join_from(identifiers, people)
    .where(_i.kind == "username", _i.key > bindparam("after"))
    .order_by(_i.key)
    .limit(bindparam("many"))
)
PEOPLE_WITHIN = _people.where(
    _p.id.in_(select(_m.person_id).where(_m.group_id.in_(below(_g.id == bindparam("of_group")))))
)
MEMBERS_LIKE = (
    select(*_PERSON, _m.source.label("by"))
    .join_from(identifiers, people)
    .join(memberships, _m.person_id == _p.id)
    .where(_m.group_id == bindparam("of_group"), _i.kind == "username", _i.key > bindparam("after"))
    .where(or_(bindparam("pattern", type_=Text) == "%", _p.search.like(bindparam("pattern"), escape="\\")))
    .order_by(_i.key)
    .limit(bindparam("many"))
)
#: Those of them with a role: whom not everybody may move about.
WITH_ROLES = (
    select(*_PERSON)
    .where(
        _p.roles != literal_column("'[]'"),
        _p.id.in_(select(_m.person_id).where(_m.group_id.in_(below(_g.id == bindparam("of_group"))))),
    )
    .order_by(_p.id)
)

EDGES = select(_n.group_id, _n.parent_id)
ABOVE = select(_a.group_id, _a.above_id)
#: Whoever nests waits for each other here: two of them at once could close a ring.
LOCK = select(_g.id).order_by(_g.id).limit(1).with_for_update()
ANY = select(_g.id).limit(1)
LOCK_BELOW = select(_g.id).where(_g.id.in_(below(_g.id == bindparam("of_group")))).order_by(_g.id).with_for_update()
NEST = upsert(group_nesting, "group_id", "parent_id")
UNNEST = delete(group_nesting).where(_n.group_id == bindparam("of_group"), _n.parent_id == bindparam("of_parent"))
ADD_ABOVE = insert(group_above)
DROP_ABOVE = delete(group_above).where(_a.group_id == bindparam("of_group"), _a.above_id == bindparam("of_above"))
_of_group = (_g.id, _g.name)
INNER = (
    select(*_of_group).join_from(group_nesting, groups, _g.id == _n.group_id)
    .where(_n.parent_id == bindparam("of_group")).order_by(_g.key)
)  # fmt: skip
OUTER = (
    select(*_of_group).join_from(group_nesting, groups, _g.id == _n.parent_id)
    .where(_n.group_id == bindparam("of_group")).order_by(_g.key)
)  # fmt: skip

OWNERS = (
    select(*_PERSON).join_from(group_owners, people, _p.id == _o.person_id)
    .where(_o.group_id == bindparam("of_group")).order_by(_p.username)
)  # fmt: skip
ADD_OWNER = upsert(group_owners, "group_id", "person_id")
DROP_OWNER = delete(group_owners).where(_o.group_id == bindparam("of_group"), _o.person_id == bindparam("person_id"))


@cache
def by_keys(many: int) -> Any:
    """Who is in one of so many groups, `group0` and so on by their folded names, in whatever way."""
    return select(_m.person_id).where(
        _m.group_id.in_(below(_g.key.in_([bindparam(f"group{at}") for at in range(many)])))
    )
