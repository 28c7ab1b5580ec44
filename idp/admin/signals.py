"""Streams of security events: which application hears of what ends and changes, and how each stream stands (Y4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from clients.documents.address import in_path
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services
from idp.signals import keeping, spreading, verification
from idp.signals.stream import Stream
from idp.texts import N_

P = Permission


@dataclass(frozen=True, slots=True)
class Standing:
    """A stream, with what waits in it: how many events, and since when the first does, epoch seconds.

    `delivered`: the events that its receiver gets.
    """

    stream: Stream
    waiting: int
    first_at: float | None
    delivered: tuple[str, ...]


def list_of(services: Services, actor: Actor) -> list[Standing]:
    """The streams of all applications that this actor looks after. Errors: `NotAllowed`."""
    actor.check(P.APPS_READ)
    found = keeping.list_of(services.db)
    return [_standing(services, one) for one in found if actor.may_app(P.APPS_READ, one.client_id)]


def of_app(services: Services, actor: Actor, client_id: str) -> list[Standing]:
    """The streams of one. Errors: `NotAllowed`."""
    actor.check_app(P.APPS_READ, client_id)
    return [_standing(services, one) for one in keeping.list_of(services.db, client_id)]


def get(services: Services, actor: Actor, stream_id: str) -> Standing:
    """One stream. Errors: `UnknownStream`, `NotAllowed`."""
    stream = keeping.get(services.db, stream_id)
    actor.check_app(P.APPS_READ, stream.client_id)
    return _standing(services, stream)


def pause(services: Services, actor: Actor, stream_id: str, reason: str = "") -> Standing:
    """Nothing is sent, and its receiver cannot let it go on; what happens meanwhile waits, for a week at most.

    Errors: `UnknownStream`, `NotAllowed`.
    """
    _check(services, actor, stream_id)
    record = actor.record(services)
    return _standing(services, keeping.turn(services, stream_id, "paused", "admin", reason, record=record))


def resume(services: Services, actor: Actor, stream_id: str) -> Standing:
    """It goes on, whoever stopped it, and what waits is tried at once. Errors: `UnknownStream`, `NotAllowed`."""
    _check(services, actor, stream_id)
    record = actor.record(services)
    return _standing(services, keeping.turn(services, stream_id, "enabled", "admin", record=record))


def test(services: Services, actor: Actor, stream_id: str) -> str:
    """Send an event that only says that the stream works; answers its `jti`. Errors: `UnknownStream`, `NotAllowed`."""
    stream = _check(services, actor, stream_id)
    jti = verification.send(services, stream)
    actor.record(services)(services.db, "signals:tested", {"client_id": stream.client_id, "stream": stream.id})
    return jti


def remove(services: Services, actor: Actor, stream_id: str) -> None:
    """Forget it with all that waits; its receiver may make another one. Errors: `UnknownStream`, `NotAllowed`."""
    _check(services, actor, stream_id)
    keeping.remove(services, stream_id, "admin", record=actor.record(services))


def findings(services: Services) -> Iterator[tuple[str, str, str, str]]:
    """Streams whose receiver takes nothing: what, its page, what it said, and the fix."""
    for stream in keeping.list_of(services.db):
        client = services.registry.find(stream.client_id)
        is_stopped = stream.status != "enabled" and stream.status_by == "us"
        if client is None or not (is_stopped or stream.failures >= _MANY):
            continue
        text = N_("%(name)s does not take security events.", name=client.name)
        page = f"/admin/apps/{in_path(client.id)}/signals"
        fix = f"mend its receiver, then: doorward signals resume {stream.id}"
        yield text, page, stream.problem or stream.reason, fix


_MANY = 3  # failures in a row, until admins are told: a restart is nobody's work


def _check(services: Services, actor: Actor, stream_id: str) -> Stream:
    stream = keeping.get(services.db, stream_id)
    actor.check_app(P.APPS_CHANGE, stream.client_id)
    return stream


def _standing(services: Services, stream: Stream) -> Standing:
    many, first = keeping.waiting(services.db, stream.id)
    client = services.registry.find(stream.client_id)
    supported = spreading.supported(client) if client is not None else ()
    wanted = tuple(one for one in supported if stream.requested is None or one in stream.requested)
    return Standing(stream, many, first, wanted)
