"""Devices whose apps share a sign-in (OpenID Connect Native SSO 1.0), and what of a person's grants lasts."""

from __future__ import annotations

from sqlalchemy import Column, Double, Index, Integer, Table, Text, and_, bindparam, insert, or_, select, update

from idp.db import sweep
from idp.login.store import consents, joined_session, sessions
from idp.oidc.ledger.store import FAMILY_STANDING, circumstances, families, metadata

devices = Table(
    "native_devices",
    metadata,
    Column("id", Text, primary_key=True),  # time-ordered
    Column("hash", Text, nullable=False),  # of the device secret that is the latest
    Column("previous_hash", Text),
    Column("generation", Integer, nullable=False),
    Column("person_id", Text, nullable=False),
    Column("session_id", Text, nullable=False),  # with which it ends
    Column("auth_time", Double, nullable=False),
    Column("methods", Text, nullable=False),
    Column("began_at", Double, nullable=False),  # the latest sign-in through a browser
    Column("used_at", Double, nullable=False),  # the latest change of the secret
    Column("used_from", Text, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("revoked_at", Double),
    Column("revoked_why", Text),
)
Index("native_devices_person_id", devices.c.person_id)
Index("native_devices_expires_at", devices.c.expires_at)

_d, _s, _c, _f = devices.c, joined_session, consents.c, families.c

INSERT = insert(devices)
#: A device as `chain.decide` reads it, its session, and what the person let the asking application have: one read.
DEVICE = (
    select(
        _d.id, _d.hash.label("refresh_hash"), _d.previous_hash, _d.generation, _d.person_id, _d.session_id,
        _d.auth_time, _d.methods, _d.began_at, _d.used_at, _d.expires_at, _d.revoked_at,
        _s.expires_at.label("session_expires_at"), _s.ended_at.label("session_ended_at"),
        _c.scopes.label("consent_scopes"), _c.granted_at.label("consent_granted_at"), _c.revoked_before,
    )
    .select_from(
        devices.outerjoin(sessions, _s.id == _d.session_id).outerjoin(
            consents, and_(_c.person_id == _d.person_id, _c.client_id == bindparam("client_id"))
        )
    )
    .where(_d.id == bindparam("device_id"))
)  # fmt: skip
#: Whether it still stands, held until what is issued by it is written: who ends it waits, and ends that as well.
STILL_STANDS = select(_d.revoked_at).where(_d.id == bindparam("device_id")).with_for_update()
#: The secret is replaced: once, however many apps show it at the same moment.
ROTATE = (
    update(devices)
    .where(_d.id == bindparam("device_id"), _d.hash == bindparam("presented"), _d.revoked_at.is_(None))
    .values(
        hash=bindparam("next_hash"), previous_hash=bindparam("presented"), generation=_d.generation + 1,
        used_at=bindparam("now"), used_from=bindparam("address"), expires_at=bindparam("until"),
    )
)  # fmt: skip
#: Its person has signed in anew, through a browser.
BEGIN_AGAIN = (
    update(devices)
    .where(_d.id == bindparam("device_id"), _d.revoked_at.is_(None))
    .values(
        session_id=bindparam("session_id"), auth_time=bindparam("auth_time"), methods=bindparam("methods"),
        began_at=bindparam("now"), expires_at=bindparam("until"),
    )
)  # fmt: skip
REVOKE = (
    update(devices)
    .where(_d.id == bindparam("device_id"), _d.person_id == bindparam("owner_id"), _d.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
REVOKE_FAMILIES = (
    update(families)
    .where(
        or_(_f.device_id == bindparam("device_id"), and_(_f.id == bindparam("device_id"), _f.device_id.is_(None))),
        _f.person_id == bindparam("owner_id"),
        _f.revoked_at.is_(None),
    )
    .values(revoked_at=bindparam("now"), revoked_why=bindparam("why"))
)
#: What a person's applications hold that lasts, or is of a device; whether it stands is for `families.why_dead`.
LASTING = (
    select(*FAMILY_STANDING, _f.used_from, _f.browser)
    .select_from(circumstances(families, _f.person_id, _f.session_id, _f.client_id))
    .where(
        _f.person_id == bindparam("owner_id"),
        _f.revoked_at.is_(None),
        _f.refresh_hash.is_not(None),
        or_(_f.offline == 1, _f.device_id.is_not(None)),
        _f.expires_at > bindparam("now"),
        _f.used_at + _f.idle_seconds > bindparam("now"),
    )
    .order_by(_f.id)
)

SWEEP = sweep(_d.expires_at, _d.id)
