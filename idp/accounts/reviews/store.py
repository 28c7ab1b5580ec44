"""Access reviews, and a row for each person who is looked at in one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    DDL,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    event,
    func,
    insert,
    or_,
    select,
    update,
)

from idp.accounts.store import _PERSON, people

metadata = MetaData()

reviews = Table(
    "reviews",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("kind", Text, nullable=False),  # app or group
    Column("about", Text, nullable=False),  # client id, or the group's id
    Column("name", Text, nullable=False),  # what it was called when the review began
    Column("reviewers", Text, nullable=False),  # JSON array of people's ids
    Column("unconfirmed", Text, nullable=False),  # what becomes of those whom nobody confirmed: withdraw or report
    Column("months", Integer, nullable=False),  # it begins again after so many; 0: never
    Column("state", Text, nullable=False),  # planned, open, ending, ended, stopped
    Column("started_by", Text, nullable=False),  # as the record names them
    Column("started_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("ended_at", Double),
    Column("total", Integer, nullable=False),
    Column("told", Integer, nullable=False),  # how many reminders have left
    Column("counts", Text, nullable=False),  # JSON object: outcome to number, once it has ended
    Column("settled_by", Text, nullable=False),
    Column("settled_at", Double),
    Column("note", Text, nullable=False),  # of whoever settled it; of a stopped one: why
)
Index("reviews_about", reviews.c.kind, reviews.c.about, reviews.c.id)
Index("reviews_state", reviews.c.state, reviews.c.id)
# Of two that begin at once, neither sees the other in its transaction. As text, since an `Index` with a condition
# imports every dialect that it has one for.
_ALONE = "CREATE UNIQUE INDEX reviews_alone ON reviews (kind, about) WHERE state = 'open'"
event.listen(reviews, "after_create", DDL(_ALONE))  # type: ignore[no-untyped-call]

review_people = Table(
    "review_people",
    metadata,
    Column("review_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("key", Text, nullable=False),  # folded username and name: the order, and what is searched
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("via", Text, nullable=False),  # member, person, group, both, everyone: by what they have it at the start
    Column("groups", Text, nullable=False),  # JSON array: through which
    Column("verdict", Text, nullable=False),  # '', keep, withdraw
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Double),
    Column("outcome", Text, nullable=False),  # '' until the end
    Column("why", Text, nullable=False),
)
Index("review_people_key", review_people.c.review_id, review_people.c.key)
Index("review_people_verdict", review_people.c.review_id, review_people.c.verdict, review_people.c.outcome)
Index("review_people_person", review_people.c.person_id)

_r, _p = reviews.c, review_people.c
_OF_ID = _r.id == bindparam("of_id")
_OF_REVIEW = _p.review_id == bindparam("of_id")

ADD = insert(reviews)
BY_ID = select(reviews).where(_OF_ID)
LOCKED = BY_ID.with_for_update()
LATEST = select(reviews).where(_r.id < bindparam("before")).order_by(_r.id.desc()).limit(bindparam("many"))
LATEST_OF_KIND = LATEST.where(_r.kind == bindparam("of_kind"))
LATEST_ABOUT = LATEST_OF_KIND.where(_r.about == bindparam("of_about"))
IN_STATE = select(reviews).where(_r.state == bindparam("in_state")).order_by(_r.id).limit(bindparam("many"))
OPEN_ABOUT = (
    select(reviews)
    .where(_r.kind == bindparam("of_kind"), _r.about == bindparam("of_about"), _r.state == "open")
    .order_by(_r.id)
    .limit(1)
)
SET_STATE = (
    update(reviews)
    .where(_OF_ID)
    .values(
        {name: bindparam(f"new_{name}") for name in ("state", "total", "started_at", "due_at", "ended_at", "counts",
                                                     "reviewers", "note", "name")}
    )
)  # fmt: skip
SET_TOLD = (
    update(reviews)
    .where(_OF_ID, _r.told < bindparam("new_told"), _r.state == "open")
    .values(told=bindparam("new_told"))
)  # fmt: skip
SETTLE = (
    update(reviews)
    .where(_OF_ID, _r.state == "ended", _r.settled_at.is_(None))
    .values({name: bindparam(f"new_{name}") for name in ("settled_by", "settled_at", "note")})
)

_ROWS = select(review_people).where(_OF_REVIEW, _p.key > bindparam("after"))
_IN_ORDER = (_p.key,)


def page(*, verdict: bool, outcome: bool, search: bool) -> Any:
    """The rows of a page in their order; made once for each way to look."""
    return _PAGES[verdict, outcome, search]


def _page(verdict: bool, outcome: bool, search: bool) -> Any:
    found = _ROWS
    if verdict:
        found = found.where(_p.verdict == bindparam("of_verdict"))
    if outcome:
        found = found.where(_p.outcome == bindparam("of_outcome"))
    if search:
        found = found.where(_p.key.like(bindparam("pattern"), escape="\\"))
    return found.order_by(*_IN_ORDER).limit(bindparam("many"))


_PAGES = {(v, o, s): _page(v, o, s) for v in (False, True) for o in (False, True) for s in (False, True)}
#: The rows with the people of now; who is gone has nothing beside their row.
STANDING = (
    select(
        _p.person_id.label("of_person"), _p.key.label("at"), _p.verdict, _p.decided_by, *_PERSON
    )
    .select_from(review_people.outerjoin(people, people.c.id == _p.person_id))
    .where(_OF_REVIEW, _p.key > bindparam("after"))
    .order_by(_p.key)
    .limit(bindparam("many"))
)  # fmt: skip
TO_END = STANDING.where(_p.outcome == "")
NEXT = select(_p.person_id).where(_OF_REVIEW, _p.outcome == "").order_by(_p.key).limit(1)
ROW = select(review_people).where(_OF_REVIEW, _p.person_id == bindparam("of_person"))
DECIDE = (
    update(review_people)
    .where(_OF_REVIEW, _p.person_id == bindparam("of_person"))
    .values({name: bindparam(f"new_{name}") for name in ("verdict", "decided_by", "decided_at")})
)
END_ROW = (
    update(review_people)
    .where(_OF_REVIEW, _p.person_id == bindparam("of_person"))
    .values(outcome=bindparam("new_outcome"), why=bindparam("new_why"))
)
COUNTS = (
    select(_p.verdict, _p.outcome, func.count().label("n")).where(_OF_REVIEW).group_by(_p.verdict, _p.outcome)
)  # fmt: skip
BY_WAY = select(_p.via, func.count().label("n")).where(_OF_REVIEW).group_by(_p.via)
BLANK = (
    update(review_people).where(_p.person_id == bindparam("of_person"))
    .values(key=_p.person_id, username="", name="", groups="[]")
)  # fmt: skip
OLD = (
    select(_r.id).where(or_(_r.state == "ended", _r.state == "stopped"), _r.ended_at < bindparam("before"))
    .limit(bindparam("many"))
)  # fmt: skip
DROP_ROWS = delete(review_people).where(_OF_REVIEW)
DROP = delete(reviews).where(_OF_ID)
