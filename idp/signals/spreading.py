"""Notes of what changed become events that wait, each in the streams whose receiver asked for it and knows the person.

Notes are gone and their events are there in one transaction, or neither: a process that is killed in between loses
nothing, and the next one tells it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from clients.client import Client
from idp.accounts import signalled
from idp.accounts.own import uses
from idp.accounts.signalled import Note
from idp.db import Transaction
from idp.ids import new_id
from idp.login.browser import sessions
from idp.oidc import ledger
from idp.protocols import Services
from idp.signals import event_types, keeping, overflowing, subjects
from idp.signals.sets import Event
from idp.signals.stream import Stream

MANY: Final = 100  # notes of one transaction


def spread(services: Services, most: int = 50) -> int:
    """Tell on what is noted, at most so many transactions; answers how many notes it were."""
    done = 0
    for _ in range(most):
        found = _some(services)
        done += found
        if found < MANY:
            break
    return done


def _some(services: Services) -> int:
    services.uses.flush()  # who has opened an application a moment ago is known to it
    with services.db.transaction() as tx:
        notes = signalled.take(tx, MANY)
        streams = _listening(services, tx) if notes else []
        for note in notes:
            _tell(services, tx, streams, note)
        overflowing.check(services, tx, [stream for stream, _ in streams])
    return len(notes)


def _listening(services: Services, tx: Transaction) -> list[tuple[Stream, Client]]:
    """The streams that take anything, each with its receiver."""
    found = ((one, services.registry.find(one.client_id)) for one in keeping.list_of(tx) if one.status != "disabled")
    return [(stream, client) for stream, client in found if client is not None and subjects.may_listen(client)]


def _tell(services: Services, tx: Transaction, streams: list[tuple[Stream, Client]], note: Note) -> None:
    clients = _knowing(services, tx, note)
    txn = new_id(services.clock())
    for stream, client in streams:
        knows = subjects.hears_of(tx, stream, note.person_id, clients)
        if note.kind == signalled.SESSION:
            knows = knows and client.id in clients
        elif note.kind == "purged":  # whom it had named is forgotten by now
            knows = bool(note.detail["named"].get(stream.id, client.id in clients))
        for type, event in _events(services, client, note) if knows else ():
            if is_delivered(stream, client, type):
                made = Event(type, event.body, event.subject or subjects.account(services, client, note.person_id), txn)
                keeping.put(services, tx, stream, made, person_id=note.person_id)


def supported(client: Client) -> tuple[str, ...]:
    """The events that a receiver can have: of addresses only where it may see those."""
    may_see = subjects.sees_addresses(client)
    return tuple(one for one in event_types.SUPPORTED if may_see or one != event_types.IDENTIFIER_CHANGED)


def is_delivered(stream: Stream, client: Client, type: str) -> bool:
    """Whether its receiver asked for this event, and can have it."""
    return type in supported(client) and (stream.requested is None or type in stream.requested)


def _knowing(services: Services, tx: Transaction, note: Note) -> frozenset[str]:
    """The applications that know the person; of a session, those that had a part in it."""
    if note.kind == signalled.SESSION:
        # By the tokens that it gave: an application that had none of this session has nothing to end.
        return frozenset(ledger.clients_of_session(services, note.session_id, revoked=True))
    if note.kind == "purged":
        return frozenset(note.detail.get("clients", ()))
    return frozenset(uses.clients_of(tx, note.person_id))


def _events(services: Services, client: Client, note: Note) -> Iterator[tuple[str, Event]]:
    now, types = int(services.clock()), event_types
    if note.kind == signalled.SESSION:
        why = sessions.why_ended(services, note.session_id)
        about = subjects.session(services, client, note.person_id, note.session_id)
        yield types.SESSION_REVOKED, Event("", types.session_revoked(why, now), about)
    elif note.kind in ("disabled", "enabled", "purged"):
        yield _OF_ACCOUNT[note.kind], Event("")
    elif note.kind == "password":
        yield types.CREDENTIAL_CHANGE, Event("", types.credential_change("password", note.detail["change"], now))
    elif note.kind == "factor":
        change = types.credential_change(note.detail["credential"], note.detail["change"], now)
        yield types.CREDENTIAL_CHANGE, Event("", change)
    elif note.kind == "recovery":
        yield types.RECOVERY_CHANGED, Event("")
    elif note.kind == "email" and subjects.sees_address_of(services, client, note.person_id):
        yield from _address(services, note)


def _address(services: Services, note: Note) -> Iterator[tuple[str, Event]]:
    """RISC §2.5: the subject is the identifier of before, the new one stands in the event."""
    person = services.directory.find(note.person_id)
    after = {"new-value": person.email} if person is not None and person.email else {}
    about = {"format": "email", "email": note.detail["before"]}
    if person is None or person.email != note.detail["before"]:
        yield event_types.IDENTIFIER_CHANGED, Event("", after, about)


_OF_ACCOUNT: Final = {
    "disabled": event_types.ACCOUNT_DISABLED, "enabled": event_types.ACCOUNT_ENABLED,
    "purged": event_types.ACCOUNT_PURGED,
}  # fmt: skip
