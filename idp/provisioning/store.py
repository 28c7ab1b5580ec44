"""Targets, the objects of each, and who is in a group there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

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
    and_,
    bindparam,
    case,
    column,
    delete,
    event,
    exists,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    table,
    update,
)

from idp.db import upsert

MANY: Final = 200  # ids of one look
metadata = MetaData()

provision_targets = Table(
    "provision_targets",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("said", Text, nullable=False),  # JSON object
    Column("sealed", Text, nullable=False),  # the token, or the client's secret
    Column("state", Text, nullable=False),  # on, off, stopped
    Column("reason", Text, nullable=False),
    Column("retry_at", Double, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("forbidden", Integer, nullable=False),
    Column("unwell", Integer, nullable=False, server_default="0"),
    Column("braked", Integer, nullable=False, server_default="0"),  # people that would end; 0: no brake
    Column("ended", Integer, nullable=False, server_default="0"),
    Column("ended_since", Double, nullable=False, server_default="0"),
    Column("endings", Text, nullable=False, server_default="{}"),  # JSON: kind to hours to how many ended in each
    Column("let_end", Integer, nullable=False, server_default="0"),  # an admin lets so many end
    Column("let_until", Double, nullable=False, server_default="0"),
    Column("seen", Text, nullable=False),  # a digest of what bears on everybody
    Column("walk", Text),  # the username up to which everybody was looked at; null: done
    Column("again", Integer, nullable=False),
    Column("abilities", Text, nullable=False),  # JSON object
    Column("due", Double),  # of its first object; null: nothing to do
    Column("claimed_until", Double),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
)


def _of_target() -> Column[str]:
    return Column(
        "client_id", Text, ForeignKey("provision_targets.client_id", ondelete="CASCADE"), primary_key=True
    )  # fmt: skip


provision_objects = Table(
    "provision_objects",
    metadata,
    _of_target(),
    Column("kind", Text, primary_key=True),  # user, group
    Column("local_id", Text, primary_key=True),
    Column("remote_id", Text, nullable=False),
    Column("sent", Text, nullable=False),  # JSON object: attribute to a digest
    Column("attempted", Integer, nullable=False),
    Column("made", Integer, nullable=False),
    Column("ends", Integer, nullable=False, server_default="0"),  # 1: it was found to be let in no more; 2: and may end
    Column("state", Text, nullable=False),
    Column("due", Double),  # null: nothing to do
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Column("request", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("at", Double, nullable=False),
)
Index("provision_objects_due", provision_objects.c.client_id, provision_objects.c.kind, provision_objects.c.due)
# As text, since an `Index` with a condition imports every dialect that it has one for.
_ENDS = "CREATE INDEX provision_objects_ends ON provision_objects (client_id, kind, local_id) WHERE ends = 1"
event.listen(provision_objects, "after_create", DDL(_ENDS))  # type: ignore[no-untyped-call]
Index("provision_objects_local_id", provision_objects.c.local_id)
Index("provision_objects_remote_id", provision_objects.c.client_id, provision_objects.c.remote_id)

#: Whom the other side has confirmed to be in a group.
provision_members = Table(
    "provision_members",
    metadata,
    _of_target(),
    Column("group_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("remote_id", Text, nullable=False),
)
Index("provision_members_person_id", provision_members.c.client_id, provision_members.c.person_id)
Index("provision_members_of_person", provision_members.c.person_id)  # all that is kept of somebody

_t, _o, _m = provision_targets.c, provision_objects.c, provision_members.c
_target = _t.client_id == bindparam("of_client")
_here = _o.client_id == bindparam("of_client")
_this = (_here, _o.kind == bindparam("of_kind"), _o.local_id == bindparam("of_id"))

# -- targets ---------------------------------------------------------------------------------------------------------

TARGETS = select(provision_targets).order_by(_t.created_at, _t.client_id)
TARGET = select(provision_targets).where(_target)
ADD_TARGET = insert(provision_targets)
DROP_TARGET = delete(provision_targets).where(_target)
FORGET_MEMBERS = delete(provision_members).where(provision_members.c.client_id == bindparam("of_client"))
DROP_ALL = tuple(
    delete(table).where(table.c.client_id == bindparam("of_client")) for table in (provision_members, provision_objects)
)


def set_target(*names: str) -> Any:
    """UPDATE of these columns of a target, each by a parameter `new_<name>`."""
    return update(provision_targets).where(_target).values({name: bindparam(f"new_{name}") for name in names})


SAY = set_target("said", "sealed", "changed_at")
TURN = set_target("state", "reason", "retry_at", "failures", "forbidden", "unwell", "braked")
WALK = set_target("walk", "again", "seen")
STEP = set_target("walk")
KNOW = set_target("abilities")
COUNT_FAILURES = set_target("retry_at", "failures", "forbidden", "unwell")
#: Who answers slowly is left alone for as long as it took.
REST = update(provision_targets).where(_target, _t.retry_at < bindparam("until")).values(retry_at=bindparam("until"))
#: How many have ended there whom no admin had let end.
COUNT_ENDED = set_target("endings")
COUNT_LET = update(provision_targets).where(_target, _t.let_end > 0).values(let_end=_t.let_end - 1)
LET = set_target("let_end", "let_until", "ended", "endings")
#: Of any number of processes one delivers to it; after the lease another, where that one was killed.
CLAIM = (
    update(provision_targets)
    .where(_target, _t.state == "on", or_(_t.claimed_until.is_(None), _t.claimed_until <= bindparam("now")))
    .values(claimed_until=bindparam("until"))
)
RENEW = (
    update(provision_targets)
    .where(_target, _t.state == "on", _t.claimed_until == bindparam("claim"))
    .values(claimed_until=bindparam("until"))
)
_first = select(func.min(_o.due)).where(_here).scalar_subquery()
RELEASE = (
    update(provision_targets)
    .where(_target, _t.claimed_until == bindparam("claim"))
    .values(claimed_until=null(), due=_first)
)
#: Its own row is locked first, so that changes queue up.
LOCK = update(provision_targets).where(_target).values(changed_at=_t.changed_at)
#: Somebody else than who delivers has put something to do there.
WAKE = update(provision_targets).where(_target).values(due=bindparam("now"))

# -- objects ---------------------------------------------------------------------------------------------------------

OBJECT = select(provision_objects).where(*_this)
PUT_OBJECT = upsert(
    provision_objects, "client_id", "kind", "local_id",
    change=tuple(c.key for c in provision_objects.columns if not c.primary_key),
)  # fmt: skip
#: There is something to do for it: made where it is not known, due where it is. Nobody loses their place by it.
TOUCH = upsert(
    provision_objects, "client_id", "kind", "local_id",
    change=lambda new: {"due": case((_o.due < new.due, _o.due), else_=new.due), "tries": new.tries,
                        "ends": case((and_(_o.ends == literal_column("2"), new.ends == literal_column("1")), _o.ends),
                                     else_=new.ends)},
)  # fmt: skip
#: The same of one that is known already.
STIR = update(provision_objects).where(*_this).values(due=bindparam("now"), tries=0)
STIR_ALL = update(provision_objects).where(_here).values(due=bindparam("now"), tries=0)
STIR_FAILED = (
    update(provision_objects)
    .where(_here, or_(*(_o.state == state for state in ("failed", "refused", "waiting"))))
    .values(due=bindparam("now"), tries=0)
)  # fmt: skip
FORGET_SENT = update(provision_objects).where(*_this).values(sent="{}", due=bindparam("now"), tries=0)
FORGET_ALL_SENT = update(provision_objects).where(_here).values(sent="{}")
#: Another address has ids of its own: whoever is there is found anew by ours, and nobody is written over.
FORGET_IDS = (
    update(provision_objects).where(_here, _o.remote_id != "")
    .values(remote_id="", sent="{}", made=0, attempted=1, state="waiting")
)  # fmt: skip
#: Whoever delivers now does not go on.
UNCLAIM = update(provision_targets).where(_target).values(claimed_until=null())
DROP_OBJECT = delete(provision_objects).where(*_this)
#: What was said and answered about somebody who is removed here; ids stay until the other side has let go of them.
BLANK = (
    update(provision_objects)
    .where(_o.kind == "user", _o.local_id == bindparam("of_id"))
    .values(request="", answer="", problem="", sent="{}")
)  # fmt: skip
_due = select(provision_objects).where(_here, _o.due <= bindparam("now"))
#: Users come before the groups that hold them (GitHub, and common sense, want it so).
NEXT_USER = _due.where(_o.kind == "user").order_by(_o.due, _o.local_id).limit(1)
NEXT_GROUP = _due.where(_o.kind == "group").order_by(_o.due, _o.local_id).limit(1)
NEXT_KNOWN_GROUP = (
    _due.where(_o.kind == "group", _o.remote_id != "").order_by(_o.due, _o.local_id).limit(1)
)  # fmt: skip
FIRST_DUE = select(func.min(_o.due).label("due")).where(_here)
COUNTS = (
    select(_o.kind, _o.state, func.count().label("many")).where(_here).group_by(_o.kind, _o.state)
)  # fmt: skip
LEFT = select(func.count().label("many")).where(_here, _o.due.is_not(None))
REFUSED = (
    select(_o.client_id, func.count().label("many")).where(_o.state == "refused").group_by(_o.client_id)
)  # fmt: skip
#: Who would end there, of so many at most; `all_off`: also those who are turned off there already.
_ending = (
    _here, _o.kind == bindparam("of_kind"), _o.ends == literal_column("1"), _o.due.is_not(None), _o.remote_id != "",
    _o.state != "gone", or_(_o.kind == "user", _o.state != "left", _o.made == literal_column("1")),
    or_(_o.state != "off", bindparam("all_off", type_=Integer) == 1),
)  # fmt: skip
ENDING = select(func.count().label("many")).where(*_ending)
#: Those are the ones whom an admin has looked at, and lets end; who comes later is asked about anew.
LET_THEM = update(provision_objects).where(*_ending).values(ends=2)
#: The day in which they might is over.
LET_NOBODY = update(provision_objects).where(_here, _o.ends == literal_column("2")).values(ends=1)
THERE = select(func.count().label("many")).where(
    _here, _o.kind == bindparam("of_kind"), _o.remote_id != "", *(_o.state != one for one in ("gone", "off", "left"))
)  # fmt: skip
PAGE_ENDING = (
    select(provision_objects).where(*_ending, _o.local_id > bindparam("after")).order_by(_o.local_id)
    .limit(bindparam("many"))
)  # fmt: skip
_page = (
    select(provision_objects)
    .where(_here, _o.kind == bindparam("of_kind"), _o.local_id > bindparam("after"))
    .order_by(_o.local_id)
    .limit(bindparam("many"))
)
PAGE = _page
PAGE_OF_STATE = _page.where(_o.state == bindparam("of_state"))
BY_REMOTE = select(provision_objects).where(
    _here, _o.kind == bindparam("of_kind"), _o.remote_id == bindparam("of_remote")
)  # fmt: skip

_SLOTS = tuple(f"of_{number}" for number in range(MANY))
#: So many people who are there, however the last request about each went.
ARE_THERE = select(_o.local_id, _o.remote_id, _o.state, _o.sent).where(
    _here, _o.kind == "user", *(_o.state != state for state in ("off", "gone", "left")), _o.remote_id != "",
    _o.local_id.in_([bindparam(s) for s in _SLOTS]),
)  # fmt: skip

#: So many of a look are let in no more.
MARK = (
    update(provision_objects)
    .where(_here, _o.kind == bindparam("of_kind"), _o.local_id.in_([bindparam(s) for s in _SLOTS]))
    .values(ends=case((_o.ends == literal_column("2"), _o.ends), else_=1))
)
_people = table("people", column("id"))
#: Whoever is known there and is nobody here any more.
MARK_GONE = (
    update(provision_objects)
    .where(_here, _o.kind == "user", _o.ends == literal_column("0"), ~exists().where(_people.c.id == _o.local_id))
    .values(ends=1)
)


def listed(ids: Collection[str]) -> dict[str, str]:
    """The values of a statement for at most `MANY` ids."""
    found = list(ids)
    return {slot: found[n] if n < len(found) else "" for n, slot in enumerate(_SLOTS)}


# -- members ---------------------------------------------------------------------------------------------------------

_in_group = (_m.client_id == bindparam("of_client"), _m.group_id == bindparam("of_group"))
MEMBERS = select(_m.person_id, _m.remote_id).where(*_in_group)
ADD_MEMBER = upsert(provision_members, "client_id", "group_id", "person_id", change=("remote_id",))
DROP_MEMBER = delete(provision_members).where(*_in_group, _m.person_id == bindparam("of_person"))
DROP_MEMBERS = delete(provision_members).where(*_in_group)
GROUPS_WITH = select(_m.group_id).where(
    _m.client_id == bindparam("of_client"), _m.person_id == bindparam("of_person")
)  # fmt: skip
#: Their id over there is another one from now on.
DROP_PERSON = delete(provision_members).where(
    _m.client_id == bindparam("of_client"), _m.person_id == bindparam("of_person")
)  # fmt: skip
