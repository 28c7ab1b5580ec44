"""Streams as they are kept: made, said otherwise, turned, forgotten; and events put into them."""

from __future__ import annotations

import json
from typing import Any, Final

from idp.accounts import signalled
from idp.accounts.own import uses
from idp.audit import Recorder
from idp.db import Database, Executor, Transaction
from idp.ids import new_id
from idp.protocols import Services
from idp.signals import event_types, sets, store
from idp.signals.stream import By, Said, Status, Stream
from keys.sealing import Sealer

PURPOSE: Final = "signals-authorization"
MOST: Final = 4  # streams of one receiver
MOST_WAITING: Final = 10_000  # events of one stream


class UnknownStream(LookupError):
    """There is no such stream."""


class TooMany(Exception):
    """The receiver has as many streams as it may have."""


class Held(Exception):
    """An admin has stopped the stream: only an admin lets it go on."""


def list_of(db: Executor, client_id: str = "") -> tuple[Stream, ...]:
    """Every stream, or those of one receiver, in the order in which they came."""
    rows = db.all(store.OF_CLIENT, of_client=client_id) if client_id else db.all(store.STREAMS)
    return tuple(map(_stream, rows))


def find(db: Executor, stream_id: str) -> Stream | None:
    """A stream by its id."""
    row = db.one(store.STREAM, of_stream=stream_id)
    return None if row is None else _stream(row)


def get(db: Executor, stream_id: str) -> Stream:
    """The same. Errors: `UnknownStream`."""
    found = find(db, stream_id)
    if found is None:
        raise UnknownStream(stream_id)
    return found


def waiting(db: Executor, stream_id: str) -> tuple[int, float | None]:
    """How many events wait, and since when the first does, epoch seconds."""
    row = db.one(store.COUNT, of_stream=stream_id)
    return row.many, row.first


def authorization(sealer: Sealer, stream: Stream) -> str:
    """The header that its receiver wants to see; '' for none. Errors: `BrokenSeal`."""
    return sealer.open(PURPOSE, stream.sealed, stream.id.encode()).decode() if stream.sealed else ""


def add(services: Services, client_id: str, said: Said, *, record: Recorder) -> Stream:
    """A new stream, enabled. Errors: `TooMany`, `Held` where an admin has stopped another one of this receiver."""
    now, stream_id = services.clock(), new_id(services.clock())
    with services.db.transaction() as tx:
        known = list_of(tx, client_id)
        if any(one.is_held for one in known):
            raise Held
        if len(known) >= MOST:
            raise TooMany
        tx.run(store.ADD, **{
            **dict.fromkeys(store.COLUMNS), **_said(services.sealer, stream_id, said), "id": stream_id,
            "client_id": client_id, "status": "enabled", "status_by": "receiver", "reason": "", "created_at": now,
            "changed_at": now, "failures": 0, "problem": "", "delivered": 0,
        })  # fmt: skip
        signalled.listen(tx, stream_id)
        record(tx, "signals:added", {"client_id": client_id, "stream": stream_id, "said": _told(said)})
        return get(tx, stream_id)


def change(services: Services, stream_id: str, said: Said, *, record: Recorder) -> Stream:
    """Say something else of it; what waits is tried at once. Errors: `UnknownStream`."""
    with services.db.transaction() as tx:
        before = _locked(tx, stream_id)
        values = {f"new_{name}": value for name, value in _said(services.sealer, stream_id, said).items()}
        tx.run(store.SAY, of_stream=stream_id, new_changed_at=services.clock(), **values)
        tx.run(store.FRESH, of_stream=stream_id, now=services.clock())
        record(tx, "signals:changed", {"client_id": before.client_id, "stream": stream_id, "said": _told(said)})
        return get(tx, stream_id)


def turn(
    services: Services, stream_id: str, status: Status, by: By, reason: str = "", *, record: Recorder,
    db: Database | None = None,
) -> Stream:  # fmt: skip
    """Another status (SSF §8.1.2). A disabled stream holds nothing; its receiver is told what others have said.

    `db`: a transaction that stands open, joined. Errors: `UnknownStream`, `Held`.
    """
    with (db or services.db).transaction() as tx:
        before = _locked(tx, stream_id)
        if by == "receiver" and before.is_held and status == "enabled":
            raise Held
        if by == "receiver" and before.is_held:
            by = "admin"  # it may say less of itself, and has not let itself go on
        now = services.clock()
        tx.run(store.TURN, of_stream=stream_id, new_status=status, new_status_by=by, new_reason=reason[:300],
               new_changed_at=now)  # fmt: skip
        if status == "disabled":
            tx.run(store.FORGET_WAITING, of_stream=stream_id)
            signalled.leave(tx, stream_id)
        else:
            signalled.listen(tx, stream_id)
        if before.status != status:
            if by != "receiver":
                put(services, tx, before, _updated(status, reason), is_control=True)
            about = {"client_id": before.client_id, "stream": stream_id, "before": before.status, "after": status}
            record(tx, "signals:turned", {**about, "by": by, **({"reason": reason[:300]} if reason else {})})
        if status == "enabled":
            tx.run(store.FRESH, of_stream=stream_id, now=now)
        return get(tx, stream_id)


def remove(services: Services, stream_id: str, by: By, *, record: Recorder) -> None:
    """Forget it, with all that waits. Errors: `UnknownStream`, `Held`."""
    with services.db.transaction() as tx:
        stream = _locked(tx, stream_id)
        if by == "receiver" and stream.is_held:
            raise Held  # a new one in its place would go on
        for statement in (*store.DROP_REST, store.DROP):
            tx.run(statement, of_stream=stream_id)
        signalled.leave(tx, stream_id)
        record(tx, "signals:removed", {"client_id": stream.client_id, "stream": stream_id})


def put(
    services: Services, tx: Transaction, stream: Stream, event: sets.Event, *, person_id: str = "",
    is_control: bool = False,
) -> str:  # fmt: skip
    """One more event that waits for its receiver; answers its `jti`."""
    now = services.clock()
    jti = new_id(now)
    claims = sets.claims(services, stream, event, jti, now)
    tx.run(store.PUT, id=jti, stream_id=stream.id, person_id=person_id, claims=json.dumps(claims),
           is_control=int(is_control), at=now)  # fmt: skip
    tx.run(store.WAKE, of_stream=stream.id, now=now)
    return jti


def forget(tx: Transaction, person_id: str) -> None:
    """Somebody is removed: whoever knew them hears of it. What waits about them goes as it is delivered."""
    named = {row.stream_id: row.wanted for row in tx.all(store.NAMING, of_person=person_id)}
    signalled.note(tx, "purged", person_id, clients=uses.clients_of(tx, person_id), named=named)
    tx.run(store.FORGET_PERSON, of_person=person_id)


def _updated(status: Status, reason: str) -> sets.Event:
    """SSF 1.0 §8.1.5."""
    return sets.Event(event_types.STREAM_UPDATED, {"status": status, **({"reason": reason[:300]} if reason else {})})


def _locked(tx: Transaction, stream_id: str) -> Stream:
    tx.run(store.LOCK, of_stream=stream_id)
    return get(tx, stream_id)


def _said(sealer: Sealer, stream_id: str, said: Said) -> dict[str, Any]:
    secret = said.authorization.encode()
    return {
        "method": said.method, "endpoint": said.endpoint, "description": said.description,
        "sealed": sealer.seal(PURPOSE, secret, stream_id.encode()) if secret else "",
        "requested": None if said.requested is None else json.dumps(said.requested),
    }  # fmt: skip


def _told(said: Said) -> dict[str, Any]:
    """For the record: no secret."""
    requested = None if said.requested is None else list(said.requested)[:20]
    return {"method": said.method, "endpoint": said.endpoint, "requested": requested}


def _stream(row: Any) -> Stream:
    requested = None if row.requested is None else tuple(json.loads(row.requested))
    return Stream(**{**row._asdict(), "requested": requested})
