"""Who has asked for an account and waits for an admin: kept in the database, since somebody counts on an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from idp import mail
from idp.accounts.person import fold
from idp.accounts.registering import store
from idp.db import Conflict, Executor
from idp.errors import new_spoken_id

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.audit import Recorder
    from idp.db import Database, Transaction

MOST: Final = 2000  # that wait at once; nobody reads more
_TOLD_EVERY: Final = 3600.0  # seconds


class TooManyWait(Exception):
    """Nobody has decided for so long that no more are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applicant:
    """Somebody whose address is proven, with what they said of themselves, checked. `address`: of their network."""

    email: str
    username: str
    name: str
    claims: Mapping[str, Any]
    reason: str = ""
    client_id: str = ""
    locale: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Applicant):
    """One that an admin decides on. `asked_at`: epoch seconds."""

    id: str
    asked_at: float


def of_address(db: Executor, email: str) -> Waiting | None:
    """Whether somebody waits with this address."""
    row = db.one(store.OF_ADDRESS, email_key=fold(email))
    return None if row is None else _waiting(row)


def find(db: Executor, id: str) -> Waiting | None:
    """One by its id, in any spelling of it."""
    wanted = id.strip().upper()
    row = db.one(store.BY_ID, id=wanted) if wanted.isascii() and wanted.isprintable() else None
    return None if row is None else _waiting(row)


def list_of(db: Database, many: int = 200, search: str = "") -> tuple[Waiting, ...]:
    """Those that wait, who has waited longest first; `search`: a part of name, username, address or id."""
    wanted = fold(search)
    if not wanted:
        return tuple(map(_waiting, db.all(store.LIST, many=many)))
    rows = db.all(store.LIST, many=MOST + 100)  # all there are: some may have come at the same moment as the last
    found = [row for row in rows if wanted in fold(f"{row.id} {row.email} {row.username} {row.name}")]
    return tuple(map(_waiting, found[:many]))


def count(db: Executor) -> int:
    """How many wait."""
    return int(db.one(store.COUNT).n)


def add(services: Services, who: Applicant, record: Recorder) -> bool:
    """Let somebody wait, and tell the admins; False where their address waits already. Errors: `TooManyWait`."""
    if count(services.db) >= MOST:
        raise TooManyWait
    id = new_spoken_id("R")
    try:
        with services.db.transaction() as tx:
            tx.run(
                store.ADD, id=id, email=who.email, email_key=fold(who.email), username=who.username, name=who.name,
                claims=json.dumps(dict(who.claims)), reason=who.reason, client_id=who.client_id, locale=who.locale,
                address=who.address, asked_at=services.clock(),
            )  # fmt: skip
            record(tx, "registration:waiting", {"registration": id, "client_id": who.client_id or None})
    except Conflict:
        return False
    if services.state.add("registering:told", 1, _TOLD_EVERY):  # spent by who waits now, not by who did already
        with services.db.transaction() as tx:
            _tell_admins(services, tx)
    return True


def take(tx: Transaction, id: str) -> bool:
    """Whoever gets it decides: of any number of admins one."""
    return tx.run(store.DROP, id=id) > 0


def sweep(db: Database, before: float, many: int = 1000) -> int:
    """Delete at most `many` that nobody has answered since that moment; answers how many."""
    with db.transaction() as tx:
        return tx.run(store.SWEEP, before=before, many=many)


def _tell_admins(services: Services, tx: Transaction) -> None:
    """One mail an hour, without anything that somebody typed."""
    values = {"link": services.url("/admin/people/registrations")}
    notify = services.settings.self_registration.notify
    for address in notify:
        mail.send(services, address, "registration_waiting", "", values, tx=tx)
    for owner in () if notify else services.directory.owners():
        if owner.enabled and owner.email:
            mail.tell(services, owner, "registration_waiting", values, tx=tx)


def _waiting(row: Any) -> Waiting:
    kept = {name: getattr(row, name) for name in Waiting.__dataclass_fields__}
    return Waiting(**{**kept, "claims": json.loads(row.claims)})
