"""The poll endpoint (RFC 8936): a receiver fetches what waits, and says what it has taken."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

from idp.audit.told import UNSIGNALLED
from idp.errors import Explanation, printable
from idp.signals import keeping, sets, store
from idp.signals.calling import Call, body, called, wrong
from idp.signals.stream import Stream
from idp.wire import Json, Response

MOST: Final = 100  # events of one answer
MOST_NAMED: Final = 1000  # that one request says it has taken
LONGEST: Final = 10.0  # seconds that an answer waits for an event
LOOK_EVERY: Final = 0.5
AT_ONCE: Final = 4  # requests of a process that wait; the others are answered at once


class Waiting:
    """The places of a process for receivers that wait: never all of its threads."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(AT_ONCE)


def poll(call: Call) -> Response:
    """POST /ssf/poll/<stream>."""
    sent, stream = body(call.request), call.stream(call.request.segment)
    if stream.is_push:
        raise wrong("delivery.method", "urn:ietf:rfc:8936", "The events of this stream are pushed.")
    most, at_once = _asked(sent)
    taken = _names(sent.get("ack", []))
    refused = _refused(sent.get("setErrs", {}))
    if taken or refused:
        _forget(call, stream, taken, refused)
    if not most:
        return Json(body={"sets": {}})
    rows = _waiting(call, stream, most + 1)
    if not rows and not at_once:
        rows = _wait(call, stream, most + 1)
    found = {row.id: sets.signed(call.services, call.client, json.loads(row.claims)) for row in rows[:most]}
    more = {"moreAvailable": True} if len(rows) > most else {}
    return Json(body={"sets": found, **more})


def _asked(sent: Mapping[str, Any]) -> tuple[int, bool]:
    """RFC 8936 §2.2: how many, and whether to answer at once. Errors: `OAuthError`."""
    most, at_once = sent.get("maxEvents", MOST), sent.get("returnImmediately", False)
    if not isinstance(most, int) or isinstance(most, bool) or most < 0:
        raise wrong("maxEvents", "a number, 0 or more", "maxEvents is a number.")
    if not isinstance(at_once, bool):
        raise wrong("returnImmediately", "true or false", "returnImmediately is true or false.")
    return min(most, MOST), at_once


def _names(found: Any) -> list[str]:
    if not isinstance(found, list) or len(found) > MOST_NAMED or not all(isinstance(one, str) for one in found):
        raise wrong("ack", f"an array of at most {MOST_NAMED} jti", "ack is an array of jti.")
    return [one for one in found if len(one) <= 60]


def _refused(found: Any) -> dict[str, str]:
    """§2.2: of each that it refuses the reason, in its words."""
    if not isinstance(found, dict) or len(found) > MOST_NAMED:
        raise wrong("setErrs", "an object by jti", "setErrs is an object by jti.")
    told = {}
    for name, one in found.items():
        if not isinstance(one, dict) or not isinstance(one.get("err"), str):
            raise wrong("setErrs", "an object with err for each jti", "setErrs names an event without err.")
        words = [one["err"], one.get("description")]
        told[name[:60]] = printable(": ".join(word for word in words if isinstance(word, str)))[:200]
    return told


def _forget(call: Call, stream: Stream, taken: list[str], refused: Mapping[str, str]) -> None:
    services, done = call.services, 0
    with services.db.transaction() as tx:
        for name in dict.fromkeys((*taken, *refused)):
            done += tx.run(store.DONE, of_stream=stream.id, of_event=name)
        problem = next(iter(refused.values()), "")
        tx.run(store.FETCHED, of_stream=stream.id, more=done, now=services.clock(), new_problem=problem)
    if refused:
        fix = "Let its developer look why their receiver refuses the event: compare issuer, client id and our keys."
        explanation = Explanation("application", fix, "setErrs", "no error", problem)
        services.faults.undelivered(call.client.id, f"poll: {problem}", explanation, UNSIGNALLED)


def _waiting(call: Call, stream: Stream, many: int) -> list[Any]:
    statement = store.FIRST if stream.status == "enabled" else store.FIRST_CONTROL
    return call.services.db.all(statement, of_stream=stream.id, many=many)


def _wait(call: Call, stream: Stream, many: int) -> list[Any]:
    """§2.2: an answer may wait for an event, as long as there are places to wait in."""
    places = call.services.part(Waiting).free
    if not places.acquire(blocking=False):
        return []
    try:
        until = time.monotonic() + LONGEST
        rows: list[Any] = []
        while not rows and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
            now = keeping.find(call.services.db, stream.id)
            rows = _waiting(call, now, many) if now is not None else []
        return rows
    finally:
        places.release()


handler = called({"POST": poll}, reads=("POST",))
