"""Recovery addresses and numbers, and how a change of them is taken back."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, MetaData, Table, Text, bindparam, delete, insert, select, update

from idp.db import sweep, upsert

metadata = MetaData()

#: One of each kind per person; only confirmed ones stand here.
contacts = Table(
    "recovery_contacts",
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),  # email, phone
    Column("value", Text, nullable=False),
    Column("key", Text, nullable=False),  # `person.fold`ed
    Column("confirmed_at", Double, nullable=False),
    Column("reviewed_at", Double, nullable=False),
    Column("suspended_at", Double),  # until the person confirms it anew it helps nobody; NULL: it does
)
Index("recovery_contacts_key", contacts.c.key)

undos = Table(
    "recovery_undos",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("before", Text),  # what stood there, to be put back; NULL: nothing
    Column("confirmed_at", Double),  # when that was confirmed
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
    Column("reach", Text),  # who holds the link: `own`, the account's address, or `contact`; NULL: made before, void
    Column("after", Text),  # what the change put there; NULL: nothing
)
Index("recovery_undos_person_id", undos.c.person_id)
Index("recovery_undos_expires_at", undos.c.expires_at)

_c, _u = contacts.c, undos.c
_OWNED = (_c.person_id == bindparam("owner_id"), _c.kind == bindparam("wanted"))

OF_PERSON = select(contacts).where(_c.person_id == bindparam("owner_id")).order_by(_c.kind)
ONE = select(contacts).where(*_OWNED).with_for_update()
OF_KEY = (
    select(_c.person_id)
    .where(_c.key == bindparam("wanted_key"), _c.kind == "email", _c.suspended_at.is_(None))
    .order_by(_c.person_id)
    .limit(20)
)
SUSPEND = (
    update(contacts)
    .where(_c.person_id == bindparam("owner_id"), _c.suspended_at.is_(None))
    .values(suspended_at=bindparam("now"))
)
REMOVE = delete(contacts).where(*_OWNED)
REVIEWED = update(contacts).where(_c.person_id == bindparam("owner_id")).values(reviewed_at=bindparam("now"))
#: A contact, in place of the one of its kind.
KEEP = upsert(
    contacts, "person_id", "kind", change=("value", "key", "confirmed_at", "reviewed_at", "suspended_at")
)  # fmt: skip
ADD_UNDO = insert(undos)
UNDO = select(undos).where(_u.token_hash == bindparam("wanted"))
#: Of any number of racing callers one hears 1.
USE_UNDO = (
    update(undos)
    .where(_u.token_hash == bindparam("wanted"), _u.used_at.is_(None), _u.expires_at > bindparam("now"))
    .values(used_at=bindparam("now"))
)
VOID = update(undos).where(_u.person_id == bindparam("owner_id"), _u.used_at.is_(None)).values(used_at=bindparam("now"))
VOID_EVERY = update(undos).where(_u.used_at.is_(None)).values(used_at=bindparam("now"))
VOID_OF_CONTACTS = VOID.where(_u.reach != "own")
#: Whoever made a later change cannot undo the undoing.
VOID_LATER = (
    update(undos)
    .where(
        _u.person_id == bindparam("owner_id"),
        _u.kind == bindparam("wanted"),
        _u.created_at >= bindparam("since"),
        _u.used_at.is_(None),
    )
    .values(used_at=bindparam("now"))
)
SWEEP = sweep(_u.expires_at, _u.token_hash)

#: Everything of a person, who is removed.
FORGET = tuple(delete(table).where(table.c.person_id == bindparam("person_id"))
               for table in (contacts, undos))  # fmt: skip
