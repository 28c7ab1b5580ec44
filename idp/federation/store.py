"""The providers, and which account there is whose here."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

metadata = MetaData()

federation_providers = Table(
    "federation_providers",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # the folded name
    Column("said", Text, nullable=False),  # JSON object, without what nobody said
    Column("secret", Text, nullable=False),  # sealed; '' where there is none
    Column("enabled", Integer, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("deleted_at", Double),  # it can be brought back for a while
)
federation_links = Table(
    "federation_links",
    metadata,
    Column("provider_id", Text, ForeignKey(federation_providers.c.id, ondelete="CASCADE"), primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("label", Text, nullable=False),  # what the account is called there, for its person to know it by
    Column("groups", Text, nullable=False),  # JSON array: those here that the provider has given
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
)
Index("federation_links_person_id", federation_links.c.person_id)
federation_syncs = Table(
    "federation_syncs",  # how far a directory was read
    metadata,
    Column("provider_id", Text, ForeignKey(federation_providers.c.id, ondelete="CASCADE"), primary_key=True),
    Column("mark", Text, nullable=False),  # JSON: from where the next look goes on
    Column("began_at", Double, nullable=False),
    Column("report", Text, nullable=False),  # JSON: what came of the last one
)
federation_turned_off = Table(
    "federation_turned_off",  # who was turned off because a directory said so, and may be turned on by it again
    metadata,
    Column("person_id", Text, primary_key=True),
    Column("provider_id", Text, ForeignKey(federation_providers.c.id, ondelete="CASCADE"), nullable=False),
    Column("at", Double, nullable=False),
)

_p, _l = federation_providers.c, federation_links.c

_STANDS = _p.deleted_at.is_(None)
ALL = select(federation_providers).where(_STANDS).order_by(_p.created_at, _p.id)
REMOVED = select(federation_providers).where(_p.deleted_at > bindparam("after")).order_by(_p.deleted_at.desc())
ONE = select(federation_providers).where(_p.id == bindparam("provider_id"))
BY_KEY = select(_p.id).where(_p.key == bindparam("key"))
COUNT = select(func.count().label("many")).select_from(federation_providers).where(_STANDS)
INSERT = insert(federation_providers)
PUT = (
    update(federation_providers)
    .where(_p.id == bindparam("provider_id"))
    .values({name: bindparam(name) for name in ("key", "said", "secret", "enabled", "changed_at", "deleted_at")})
)
#: Its own row is locked first, so that changes queue up.
LOCK = update(federation_providers).where(_p.id == bindparam("provider_id")).values(changed_at=_p.changed_at)
#: The database takes its links along.
PURGE = delete(federation_providers).where(_p.deleted_at <= bindparam("before"))

LINK = select(federation_links).where(
    _l.provider_id == bindparam("provider_id"), _l.subject == bindparam("subject")
)  # fmt: skip
EVERY_LINK_OF = select(federation_links).where(_l.person_id == bindparam("owner_id")).order_by(_l.created_at)
#: Those that let somebody in, or will where their provider is turned on again.
LINKS_OF = EVERY_LINK_OF.where(_l.provider_id.in_(select(_p.id).where(_STANDS)))
COUNT_LINKS = select(func.count().label("many")).where(_l.provider_id == bindparam("provider_id"))
PEOPLE_OF = (
    select(_l.person_id).where(_l.provider_id == bindparam("provider_id")).order_by(_l.subject).limit(bindparam("most"))
)
ADD_LINK = insert(federation_links)
#: Only ever its own person's: a link is not handed on, nor made again by whoever has just disconnected it.
USED = (
    update(federation_links)
    .where(
        _l.provider_id == bindparam("of_provider"),
        _l.subject == bindparam("of_subject"),
        _l.person_id == bindparam("owner_id"),
    )
    .values({name: bindparam(name) for name in ("label", "groups", "used_at")})
)
DROP_LINK = delete(federation_links).where(
    _l.provider_id == bindparam("provider_id"),
    _l.subject == bindparam("subject"),
    _l.person_id == bindparam("owner_id"),
)
FORGET = delete(federation_links).where(_l.person_id == bindparam("person_id"))
MOVE_LINKS = update(federation_links).where(_l.person_id == bindparam("from_id")).values(person_id=bindparam("to_id"))

LINKS_AT = (
    select(federation_links)
    .where(_l.provider_id == bindparam("provider_id"), _l.subject > bindparam("after"))
    .order_by(_l.subject)
    .limit(1000)
)
_s, _o = federation_syncs.c, federation_turned_off.c
SYNC = select(federation_syncs).where(_s.provider_id == bindparam("provider_id"))
DROP_SYNC = delete(federation_syncs).where(_s.provider_id == bindparam("provider_id"))
ADD_SYNC = insert(federation_syncs)
TURNED_OFF = select(_o.person_id, _o.at).where(_o.provider_id == bindparam("provider_id"))
ADD_TURNED_OFF = insert(federation_turned_off)
DROP_TURNED_OFF = delete(federation_turned_off).where(_o.person_id == bindparam("person_id"))
