"""Authenticators, backup codes, and codes that an admin issued."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
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

from idp.db import sweep

metadata = MetaData()

factors = Table(
    "factors",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("key", Text, unique=True),
    Column("sealed", Text),
    Column("data", Text, nullable=False),  # JSON object of the kind's own
    Column("counter", BigInteger, nullable=False),  # TOTP: the last step used; WebAuthn: the signature counter
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double),
)
Index("factors_person_id", factors.c.person_id)

backup_codes = Table(
    "backup_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("slot", Text, nullable=False),  # the code's first character, which is no secret
    Column("code_hash", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double),
)
Index("backup_codes_person_id", backup_codes.c.person_id)

admin_codes = Table(
    "admin_codes",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("issued_by", Text, nullable=False),
    Column("approved_by", Text),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
)
Index("admin_codes_person_id", admin_codes.c.person_id)
Index("admin_codes_expires_at", admin_codes.c.expires_at)

_f = factors.c
_ITS_ID = _f.id == bindparam("factor_id")
_OWNED = _f.person_id == bindparam("owner_id")

OF_PERSON = select(factors).where(_OWNED).order_by(_f.id)
LOCKED = OF_PERSON.with_for_update()  # SQLite has one writer anyway
BY_ID = select(factors).where(_ITS_ID)
OF_KIND = (
    select(factors)
    .where(_f.kind == bindparam("wanted"), _f.id > bindparam("after"))
    .order_by(_f.id)
    .limit(bindparam("many"))
)
BY_KEY = select(factors).where(_f.key == bindparam("wanted"))
INSERT = insert(factors)
RENAME = update(factors).where(_ITS_ID, _OWNED).values(label=bindparam("label"))
DELETE = delete(factors).where(_ITS_ID, _OWNED)
#: Two persons are one.
MOVE = (
    update(factors)
    .where(_ITS_ID, _f.person_id == bindparam("from_id"))
    .values(person_id=bindparam("to_id"), data=bindparam("data"), sealed=bindparam("resealed"))
)
ADVANCE = (
    update(factors)
    .where(_ITS_ID, _f.counter < bindparam("counter"))
    .values(counter=bindparam("counter"), last_used_at=bindparam("now"))
)
TOUCH = update(factors).where(_ITS_ID).values(last_used_at=bindparam("now"))
SET_DATA = update(factors).where(_ITS_ID).values(data=bindparam("data"))
TOUCH_WITH = update(factors).where(_ITS_ID).values(last_used_at=bindparam("now"), data=bindparam("data"))

_b = backup_codes.c
BACKUP_IN_SLOT = select(_b.id, _b.code_hash).where(
    _b.person_id == bindparam("owner_id"), _b.slot == bindparam("wanted"), _b.used_at.is_(None)
)
BACKUP_USED = select(_b.code_hash).where(
    _b.person_id == bindparam("owner_id"), _b.slot == bindparam("wanted"), _b.used_at.is_not(None)
)
BACKUP_LEFT = (
    select(func.count().label("n"))
    .select_from(backup_codes)
    .where(_b.person_id == bindparam("owner_id"), _b.used_at.is_(None))
)
BACKUP_MADE = select(func.max(_b.created_at).label("at")).where(_b.person_id == bindparam("owner_id"))
ADD_BACKUP = insert(backup_codes)
USE_BACKUP = (
    update(backup_codes).where(_b.id == bindparam("code_id"), _b.used_at.is_(None)).values(used_at=bindparam("now"))
)
DROP_BACKUPS = delete(backup_codes).where(_b.person_id == bindparam("owner_id"))

_a = admin_codes.c
_OPEN = (_a.used_at.is_(None), _a.expires_at > bindparam("now"))
#: The one that counts: issuing another voids those before.
ADMIN_OPEN = select(admin_codes).where(_a.person_id == bindparam("owner_id"), *_OPEN).order_by(_a.id.desc()).limit(1)
ADMIN_USED = (
    select(_a.code_hash)
    .where(_a.person_id == bindparam("owner_id"), _a.used_at.is_not(None), _a.expires_at > bindparam("now"))
    .order_by(_a.id.desc())
    .limit(1)
)
END_EVERY_ADMIN = update(admin_codes).where(*_OPEN).values(expires_at=bindparam("now"))
ADD_ADMIN = insert(admin_codes)
USE_ADMIN = update(admin_codes).where(_a.id == bindparam("code_id"), *_OPEN).values(used_at=bindparam("now"))
APPROVE_ADMIN = (
    update(admin_codes)
    .where(_a.id == bindparam("code_id"), _a.approved_by.is_(None), *_OPEN)
    .values(approved_by=bindparam("approver"))
)
VOID_ADMIN = (
    update(admin_codes).where(_a.person_id == bindparam("owner_id"), *_OPEN).values(expires_at=bindparam("now"))
)
SWEEP_ADMIN = sweep(_a.expires_at, _a.id)

# Where a person is not asked for the second step: see `trusted_devices`.
trusted_devices = Table(
    "trusted_devices",
    metadata,
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("secret_hash", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("address", Text, nullable=False),
    Column("browser", Text, nullable=False),
)
Index("trusted_devices_person_id", trusted_devices.c.person_id)
Index("trusted_devices_expires_at", trusted_devices.c.expires_at)

_t = trusted_devices.c
TRUST = insert(trusted_devices)
IS_TRUSTED = select(_t.id).where(
    _t.person_id == bindparam("owner_id"), _t.secret_hash == bindparam("secret_hash"), _t.expires_at > bindparam("now")
)
TRUSTED = (
    select(_t.id, _t.created_at, _t.expires_at, _t.address, _t.browser)
    .where(_t.person_id == bindparam("owner_id"), _t.expires_at > bindparam("now"))
    .order_by(_t.id.desc())
)
DISTRUST = delete(trusted_devices).where(_t.person_id == bindparam("owner_id"), _t.id == bindparam("device_id"))
DISTRUST_ALL = delete(trusted_devices).where(_t.person_id == bindparam("owner_id"))
DISTRUST_EVERY = delete(trusted_devices)
SWEEP_TRUSTED = sweep(_t.expires_at, _t.id)

#: Everything of a person, who is removed.
FORGET = tuple(delete(table).where(table.c.person_id == bindparam("person_id"))
               for table in (factors, backup_codes, admin_codes, trusted_devices))  # fmt: skip
