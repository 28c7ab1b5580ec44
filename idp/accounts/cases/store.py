"""Cases for the help desk, and what is noted on them."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, insert, select, tuple_, update

metadata = MetaData()

cases = Table(
    "cases",
    metadata,
    Column("id", Text, primary_key=True),  # C- and what a person can read out
    Column("person_id", Text),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("closed_at", Double),
    Column("closed_by", Text),
    Column("about", Text, nullable=False, server_default=""),  # the application, or the other thing, that it is about
)
Index("cases_opened_at", cases.c.opened_at, cases.c.id)
Index("cases_person_id", cases.c.person_id)

case_notes = Table(
    "case_notes",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("case_id", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
)
Index("case_notes_case_id", case_notes.c.case_id, case_notes.c.id)

_c, _n = cases.c, case_notes.c
_ITS_ID = _c.id == bindparam("case_id")
_LISTED = (
    select(cases)
    .where(tuple_(_c.opened_at, _c.id) < tuple_(bindparam("before"), bindparam("before_id")))
    .order_by(_c.opened_at.desc(), _c.id.desc())
    .limit(bindparam("many"))
)

INSERT = insert(cases)
BY_ID = select(cases).where(_ITS_ID)
LOCKED = BY_ID.with_for_update()
LIST = _LISTED
LIST_OPEN = _LISTED.where(_c.closed_at.is_(None))
OPEN_OF_PERSON = (
    select(cases).where(_c.person_id == bindparam("owner_id"), _c.closed_at.is_(None)).order_by(_c.opened_at).limit(50)
)
OPEN_OF_KIND = (
    select(cases)
    .where(_c.kind == bindparam("of_kind"), _c.closed_at.is_(None), _c.id > bindparam("after"))
    .order_by(_c.id)
    .limit(bindparam("many"))
)
STANDING = (
    select(cases)
    .where(
        _c.person_id == bindparam("owner_id"), _c.kind == bindparam("of_kind"), _c.about == bindparam("of_what"),
        _c.opened_at > bindparam("since"), _c.closed_at.is_(None),
    )
    .order_by(_c.opened_at.desc())
    .limit(1)
)  # fmt: skip
CLOSE = (
    update(cases)
    .where(_ITS_ID, _c.closed_at.is_(None))
    .values(closed_at=bindparam("now"), closed_by=bindparam("closed_by"))
)
NOTE = insert(case_notes)
NOTES = select(case_notes).where(_n.case_id == bindparam("of_case")).order_by(_n.id)
_OLD = select(_c.id).where(_c.opened_at < bindparam("before")).order_by(_c.opened_at).limit(bindparam("many"))
SWEEP_NOTES = delete(case_notes).where(_n.case_id.in_(_OLD))
SWEEP = delete(cases).where(_c.id.in_(_OLD))
