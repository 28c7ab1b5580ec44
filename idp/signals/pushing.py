"""Events are pushed (RFC 8935): one after the other, by one process a stream, each forgotten when it is confirmed."""

from __future__ import annotations

import json
from typing import Any, Final

from clients.client import Client
from idp import reach
from idp.audit.told import UNSIGNALLED
from idp.errors import Explanation, printable
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.signals import keeping, overflowing, sets, store, subjects
from idp.signals.stream import Stream
from keys.sealing import BrokenSeal

JOB: Final = "signals.push"
LEASE: Final = 30.0  # seconds that a claim lasts past its last renewal; an exchange is shorter
#: Seconds that a claim lasts whose job has not begun: a queue that is behind must not have its turn taken from it.
QUEUED: Final = 900.0
BEFORE_RETRY: Final = 10.0  # seconds; doubled with each failure
LONGEST: Final = 3600.0
AT_ONCE: Final = 100  # events of one job, until other work has its turn
TIMEOUT: Final = 5.0
MAX_ANSWER: Final = 4096  # bytes
#: RFC 8935 §2.4: what one token alone is refused for; any other word is about all that we send.
_OF_ONE: Final = ("invalid_request",)


def register(services: Services) -> None:
    """Let the queue know how events are pushed. One job never takes longer than its lease, but for a killed process."""
    services.jobs.register(JOB, lambda payload: run(services, payload), retries=5,
                           lease=AT_ONCE * (TIMEOUT + 1) + LEASE)  # fmt: skip


class NotTaken(Exception):
    """The receiver did not take an event; the message says what it answered. `wait`: seconds that it asked for."""

    def __init__(self, message: str, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait


class Rejected(Exception):
    """The receiver has read this one and refuses it: said again it is refused again."""


def run(services: Services, payload: dict[str, Any]) -> None:
    """The job: deliver what waits in a stream. One that was killed leaves the rest to the next claim."""
    stream_id, claim = str(payload["stream"]), float(payload["claim"])
    for _ in range(AT_ONCE):
        until = _until(services, claim)
        if not services.db.run(store.RENEW, of_stream=stream_id, claim=claim, until=until):
            return  # somebody else has it, or it was said otherwise meanwhile
        claim = until
        stream = keeping.find(services.db, stream_id)
        row = _next(services, stream) if stream is not None else None
        if stream is None or row is None:
            _release(services, stream_id, claim, None)
            if stream is not None and _next(services, stream) is not None:  # it came while we let go
                services.db.run(store.WAKE, of_stream=stream_id, now=services.clock())
            return
        if not _deliver(services, stream, row, claim):
            return
    _release(services, stream_id, claim, services.clock())


def _until(services: Services, claim: float) -> float:
    """From now on, and never what it was: by its end a claim is known."""
    until = services.clock() + LEASE
    return until if until != claim else until + 0.001


def _next(services: Services, stream: Stream) -> Any:
    statement = store.FIRST if stream.status == "enabled" else store.FIRST_CONTROL
    return services.db.one(statement, of_stream=stream.id, many=1) if stream.is_push else None


def _deliver(services: Services, stream: Stream, row: Any, claim: float) -> bool:
    """Whether the next one can be tried."""
    client = services.registry.find(stream.client_id)
    if client is None or not subjects.may_listen(client):
        _release(services, stream.id, claim, services.clock() + LONGEST)  # what was taken from it may be given again
        return False
    problem = ""
    try:
        _post(services, client, stream, sets.signed(services, client, json.loads(row.claims)))
    except Rejected as error:
        problem = str(error)
        _tell(services, client, stream, error)
    except (NotTaken, OutboundFailed, OutboundRefused, BrokenSeal) as error:
        _failed(services, client, stream, claim, error)
        return False
    with services.db.transaction() as tx:
        tx.run(store.DONE, of_stream=stream.id, of_event=row.id)
        tx.run(store.DELIVERED, of_stream=stream.id, claim=claim, now=services.clock(), new_problem=problem[:300])
    return True


def _post(services: Services, client: Client, stream: Stream, token: str) -> None:
    """Errors: `NotTaken`, `Rejected`, `OutboundFailed`, `OutboundRefused`, `BrokenSeal`."""
    header = keeping.authorization(services.sealer, stream)
    headers = {"Content-Type": "application/secevent+jwt", "Accept": "application/json"}
    headers |= {"Authorization": header} if header else {}
    answer = reach.outbound(services, client.metadata).send(
        "POST", stream.endpoint, token.encode(), headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT
    )
    if answer.status in (200, 202, 204):  # RFC 8935 §2.2: 202; some frameworks make another one of an empty answer
        return
    said, words = _said(answer.body)
    what = f"it answered with status {answer.status}{words}"
    if answer.status == 400 and said in _OF_ONE:
        raise Rejected(what)
    raise NotTaken(what, _seconds(answer.caching.get("retry-after", "")))


def _said(body: bytes) -> tuple[str, str]:
    """RFC 8935 §2.3: the code of a refusal, and its words; '' where it is none."""
    try:
        found = json.loads(body)
    except ValueError:
        return "", ""
    words = [found.get(name) for name in ("err", "description")] if isinstance(found, dict) else []
    told = ": ".join(one for one in words if isinstance(one, str))
    return str(words[0]) if words else "", f" ({printable(told)[:200]})" if told else ""


def _seconds(text: str) -> float:
    return min(float(text), LONGEST) if text.isdigit() else 0.0


def _failed(services: Services, client: Client, stream: Stream, claim: float, error: Exception) -> None:
    now = services.clock()
    wait = min(BEFORE_RETRY * 2 ** min(stream.failures, 12), LONGEST)
    later = now + max(wait, getattr(error, "wait", 0.0))
    problem = str(error) or "the kept header cannot be opened"
    services.db.run(
        store.FAILED, of_stream=stream.id, claim=claim, now=now, later=later, new_problem=problem[:300]
    )  # fmt: skip
    _tell(services, client, stream, error)
    since = stream.failing_since
    if stream.status == "enabled" and since is not None and now - since >= overflowing.PAUSE_AFTER:
        overflowing.pause(services, stream)


def _tell(services: Services, client: Client, stream: Stream, error: Exception) -> None:
    """Its admins find it in what failed, once an hour a kind, however often it fails."""
    what = f"{stream.endpoint}: {error}"
    if isinstance(error, (OutboundFailed, OutboundRefused)):
        explanation = reach.explain(stream.endpoint, error, "endpoint_url")
    else:
        fix = "Let its developer look why their receiver does not take security events; they are sent until it does."
        explanation = Explanation("application", fix, "endpoint_url", "202 Accepted", str(error)[:200])
    services.faults.undelivered(client.id, what, explanation, UNSIGNALLED)


def _release(services: Services, stream_id: str, claim: float, later: float | None) -> None:
    services.db.run(store.RELEASE, of_stream=stream_id, claim=claim, later=later)
