"""Provisioning clients: made with a token that is shown once, renewed with an overlap, ended."""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from idp.accounts import groups
from idp.accounts.provisioning import store
from idp.accounts.provisioning.attributes import WRITABLE
from idp.audit import Recorder
from idp.db import Database, Transaction
from idp.ids import digest, new_id, new_secret, split

PREFIX: Final = "dws_"  # a prefix that a secret scanner can look for
MOST: Final = 50  # clients
MAX_NAME: Final = 80  # characters
OVERLAP: Final = 7 * 86_400.0  # seconds that the token before a new one works beside it
_RECENT: Final = 86_400.0  # seconds within which a token that came is in use
FAULT_EVERY: Final = 5.0  # seconds between two notes of what was refused
MOST_FAULTS: Final = 10  # that are kept
TOUCH_EVERY: Final = 60.0  # seconds between two notes of its last use

May = Literal["write", "read", "no"]


class StillInUse(Exception):
    """Both its tokens are in use, and the one before ends at `until` as it was promised: no third one yet."""

    def __init__(self, until: float) -> None:
        where = "put the last one in place wherever the one before is, or renew at once, which ends both"
        super().__init__(f"both its tokens are in use: {where}")
        self.until = until


class ChangedMeanwhile(Exception):
    """Somebody else changed it since it was looked at."""


class InvalidProvisioner(ValueError):
    """A client cannot be made so. `field` is what to change, `message` says why."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a client may. `attributes`: of people it writes these alone, None: all. For the rest see `Provisioner`."""

    name: str
    users: May = "write"
    groups: May = "write"
    attributes: tuple[str, ...] | None = None
    adopts: bool = False
    trusts_mail: bool = False
    invites: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioner(Wanted):
    """A client as it stands. `adopts`: it may change whom it did not make; `trusts_mail`: its addresses are proven;
    `invites`: whom it makes is sent an invitation. Times are epoch seconds.
    """

    id: str
    created_at: float
    created_by: str
    last_used_at: float | None = None
    is_off: bool = False  # its token opens nothing
    faults: tuple[Mapping[str, Any], ...] = ()  # what was refused last: at, method, path, status, detail
    earlier_until: float | None = None  # the token before the last renewal works as long
    used_at: float | None = None  # when its token came first; None: not yet
    earlier_used_at: float | None = None  # when the one before came last
    shown: str = field(default="", repr=False, compare=False)  # the hash of the token that it has shown
    by_earlier: bool = field(default=False, compare=False)  # that is the one before

    @property
    def source(self) -> str:
        """As groups, memberships and the record name it."""
        return f"scim:{self.id}"

    @property
    def edition(self) -> str:
        """What stands for all that admins say of it: neither its token nor what it did."""
        said = [self.name, self.users, self.groups, self.attributes, self.adopts, self.trusts_mail, self.invites]
        return digest(json.dumps([self.id, *said, self.is_off]))[:16]


@dataclass(frozen=True, slots=True)
class Made:
    """A client with a new token. `value` is shown this once."""

    client: Provisioner
    value: str = field(repr=False)


def make(db: Database, wanted: Wanted, by: str, now: float, *, record: Recorder) -> Made:
    """Make a client. Errors: `InvalidProvisioner`."""
    check(wanted)
    name = _named(wanted.name)
    client_id, secret = new_id(now), new_secret()
    with db.transaction() as tx:
        there = tx.all(store.LIST)
        if len(there) >= MOST:
            raise InvalidProvisioner("name", f"there are {MOST} already; end one that is not needed any more")
        if any(row.name == name for row in there):
            raise InvalidProvisioner("name", "there is one of this name; the record tells them by it: use another")
        tx.run(
            store.INSERT, id=client_id, name=name, hash=digest(secret), earlier_hash=None, earlier_until=None,
            used_at=None, earlier_used_at=None,
            users=wanted.users, groups=wanted.groups,
            attributes=None if wanted.attributes is None else json.dumps(sorted(wanted.attributes)),
            adopts=int(wanted.adopts), trusts_mail=int(wanted.trusts_mail), invites=int(wanted.invites),
            created_at=now, created_by=by, last_used_at=None, is_off=0, faults="[]",
        )  # fmt: skip
        may = {"users": wanted.users, "groups": wanted.groups, "attributes": wanted.attributes}
        also = {"adopts": wanted.adopts, "trusts_mail": wanted.trusts_mail, "invites": wanted.invites}
        record(tx, "provisioner:made", {"provisioner": client_id, "name": name, **may, **also})
        made = _client(tx.one(store.FIND, of_id=client_id))
    return Made(made, f"{PREFIX}{client_id}.{secret}")


def change(
    db: Database, client_id: str, how: Callable[[Provisioner], Wanted], *, record: Recorder, seen: str = ""
) -> Provisioner | None:  # fmt: skip
    """Another scope, from its next call on; its name and its token stay. None: it is gone.

    `how`: what it may, of what stands while nobody else changes it. `seen`: its edition.
    Errors: `InvalidProvisioner`; `ChangedMeanwhile`; those of `how`.
    """
    with db.transaction() as tx:
        before = _check_edition(tx, client_id, seen)
        if before is None:
            return None
        wanted = how(before)
        check(wanted)
        attributes = None if wanted.attributes is None else json.dumps(sorted(wanted.attributes))
        tx.run(
            store.CHANGE, of_id=client_id, new_users=wanted.users, new_groups=wanted.groups, new_attributes=attributes,
            new_adopts=int(wanted.adopts), new_trusts_mail=int(wanted.trusts_mail), new_invites=int(wanted.invites),
        )  # fmt: skip
        names = ("users", "groups", "attributes", "adopts", "trusts_mail", "invites")
        changed = {
            name: [getattr(before, name), getattr(wanted, name)] for name in names
            if getattr(before, name) != getattr(wanted, name)
        }  # fmt: skip
        record(tx, "provisioner:changed", {"provisioner": client_id, "name": before.name, "changed": changed})
        return _client(tx.one(store.FIND, of_id=client_id))


def turn(db: Database, client: Provisioner, *, on: bool, record: Recorder) -> Provisioner | None:
    """Off, and its token opens nothing; on, and the same one does again. None: it is gone."""
    with db.transaction() as tx:
        if not tx.run(store.TURN, of_id=client.id, off=int(not on)):
            return None
        record(tx, "provisioner:turned", {"provisioner": client.id, "name": client.name, "on": on})
        return _client(tx.one(store.FIND, of_id=client.id))


def note_faults(db: Database, client: Provisioner, faults: Sequence[Mapping[str, Any]], now: float) -> None:
    """Keep what one call was refused, the last first: some of the last ones, and of one call in some seconds."""
    if not faults or (client.faults and now - float(client.faults[0]["at"]) < FAULT_EVERY):
        return
    new = [{**fault, "at": now} for fault in reversed(faults)]
    kept = json.dumps([*new, *client.faults][:MOST_FAULTS])
    db.run(store.NOTE_FAULTS, durable=False, of_id=client.id, new_faults=kept)


def renew(db: Database, client: Provisioner, now: float, *, at_once: bool, record: Recorder) -> Made | None:
    """Another token; the one that is in use works for a week, or `at_once` not any more. None: the client is gone.

    Within the week of a renewal: a token that was never used is given up, and the one in use keeps the end that it was
    promised; where the directory has gone over to the new one, that one is the one before now.

    Errors: `StillInUse` where both are used.
    """
    secret = new_secret()
    with db.transaction() as tx:
        tx.run(store.LOCK, of_id=client.id)
        row = tx.one(store.FIND, of_id=client.id)
        if row is None:
            return None
        earlier = (None, None, None) if at_once else _stays(row, now)
        tx.run(
            store.RENEW, of_id=client.id, hash=digest(secret), earlier_hash=earlier[0], earlier_until=earlier[1],
            earlier_used_at=earlier[2],
        )  # fmt: skip
        record(tx, "provisioner:renewed", {"provisioner": client.id, "name": client.name, "at_once": at_once})
        made = _client(tx.one(store.FIND, of_id=client.id))
    return Made(made, f"{PREFIX}{client.id}.{secret}")


def _stays(row: Any, now: float) -> tuple[str, float, float | None]:
    """The token that works beside the new one, until when, and when it came last. Errors: `StillInUse`."""
    is_between = bool(row.earlier_hash) and now < (row.earlier_until or 0.0)
    if not is_between:
        return row.hash, now + OVERLAP, row.last_used_at if row.used_at is None else row.used_at
    if row.used_at is None:
        if row.earlier_used_at is None and row.last_used_at is not None:
            raise StillInUse(row.earlier_until)  # renewed by a release that did not note which of them comes
        return row.earlier_hash, row.earlier_until, row.earlier_used_at
    if row.earlier_used_at is not None and (row.earlier_used_at >= row.used_at or _comes(row, now)):
        raise StillInUse(row.earlier_until)
    return row.hash, now + OVERLAP, row.used_at


def _comes(row: Any, now: float) -> bool:
    """Whether the earlier one has come since it was renewed, and within a day: two places share the client."""
    since = row.earlier_until - OVERLAP
    return bool(row.earlier_used_at > since and now - row.earlier_used_at < _RECENT)


def remove(db: Database, client: Provisioner, *, record: Recorder, seen: str = "") -> bool:
    """End it: its token opens nothing from now on, and what it provided is ours. False where it is gone.

    Errors: `ChangedMeanwhile`.
    """
    with db.transaction() as tx:
        _check_edition(tx, client.id, seen)
        if not tx.run(store.REMOVE, of_id=client.id):
            return False
        groups.release(tx, client.source)
        tx.run(store.RELEASE, of_source=client.source)
        record(tx, "provisioner:ended", {"provisioner": client.id, "name": client.name})
    return True


def find(db: Database, value: str, now: float) -> Provisioner | None:
    """The client of a token that was shown. One read."""
    presented = split(value, PREFIX)
    row = None if presented is None else db.one(store.FIND, of_id=presented[0])
    if presented is None or row is None or row.is_off:
        return None
    shown = digest(presented[1])
    if hmac.compare_digest(row.hash, shown):
        return replace(_client(row), shown=shown)
    is_between = bool(row.earlier_hash) and now < (row.earlier_until or 0.0)
    if is_between and hmac.compare_digest(row.earlier_hash, shown):
        return replace(_client(row), shown=shown, by_earlier=True)
    return None


def get(db: Database, client_id: str) -> Provisioner | None:
    """The client with this id."""
    row = db.one(store.FIND, of_id=client_id) if client_id.isascii() and client_id.isprintable() else None
    return None if row is None else _client(row)


def list_of(db: Database) -> tuple[Provisioner, ...]:
    """All of them, by name."""
    return tuple(map(_client, db.all(store.LIST)))


def touch(db: Database, client: Provisioner, now: float) -> None:
    """Note that it was used, and by which of its tokens: at most once a minute, but where that says something new."""
    last = client.earlier_used_at if client.by_earlier else client.last_used_at
    is_known = last is not None and (last >= (client.used_at or 0.0) if client.by_earlier else bool(client.used_at))
    if last is None or not is_known or now - last >= TOUCH_EVERY:
        statement = store.TOUCH_EARLIER if client.by_earlier else store.TOUCH
        before = {} if client.by_earlier else {"before": now - TOUCH_EVERY}
        db.run(statement, durable=False, of_id=client.id, of_hash=client.shown, now=now, **before)


def _check_edition(tx: Transaction, client_id: str, seen: str) -> Provisioner | None:
    """As it stands, locked; None: it is gone. `seen`: as it was looked at; '' for whoever has not.

    Errors: `ChangedMeanwhile`.
    """
    tx.run(store.LOCK, of_id=client_id)
    row = tx.one(store.FIND, of_id=client_id)
    before = None if row is None else _client(row)
    if seen and before is not None and seen != before.edition:
        raise ChangedMeanwhile
    return before


def check(wanted: Wanted) -> None:
    """Errors: `InvalidProvisioner` for what a client cannot be."""
    _named(wanted.name)
    unknown = sorted(set(wanted.attributes or ()) - set(WRITABLE))
    if unknown:
        raise InvalidProvisioner("attributes", f"there is no attribute {unknown[0][:60]}; see /scim/v2/Schemas")
    for kind in ("users", "groups"):
        if getattr(wanted, kind) not in ("write", "read", "no"):
            raise InvalidProvisioner(kind, "expected write, read or no")
    if wanted.users == wanted.groups == "no":
        raise InvalidProvisioner("users", "it may do nothing: let it read or write people or groups")


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not 0 < len(name) <= MAX_NAME or any(unicodedata.category(c)[0] == "C" for c in name):
        raise InvalidProvisioner("name", f"say which directory it is, in 1 to {MAX_NAME} characters, such as Entra")
    return name


def _client(row: Any) -> Provisioner:
    return Provisioner(
        id=row.id, name=row.name, users=row.users, groups=row.groups,
        attributes=None if row.attributes is None else tuple(json.loads(row.attributes)),
        adopts=bool(row.adopts), trusts_mail=bool(row.trusts_mail), invites=bool(row.invites),
        created_at=row.created_at, created_by=row.created_by, last_used_at=row.last_used_at,
        earlier_until=row.earlier_until, used_at=row.used_at,
        earlier_used_at=row.earlier_used_at, is_off=bool(row.is_off), faults=tuple(json.loads(row.faults)),
    )  # fmt: skip
