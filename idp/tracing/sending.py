"""Sends what has ended to a collector, by OTLP over HTTP, in one thread: nobody waits for it, and it keeps little."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from idp.tracing.identifiers import new_span_id
from idp.tracing.spans import Done
from keys.spent import Mark

MAX_WAITING: Final = 1_000  # requests and jobs that have ended and are not sent
MAX_BATCH: Final = 200
EVERY: Final = 2.0  # seconds
#: The OpenTelemetry semantic conventions' words (database spans, HTTP spans).
_SYSTEMS: Final = {"sqlite": "sqlite", "postgresql": "postgresql", "redis": "redis"}
_TABLE: Final = re.compile(r"\b(?:FROM|INTO|UPDATE) \"?(\w+)")

Send = Callable[[bytes], object]


class Sending:
    """`send` posts one request; what it raises counts as lost. `about`: what is said of this process."""

    def __init__(self, send: Send, about: Mapping[str, str]) -> None:
        self.sent = self.lost = 0  # spans
        self._send, self._about = send, dict(about)
        self._waiting: queue.Queue[Done] = queue.Queue(MAX_WAITING)
        self._encode: Callable[[list[Done]], tuple[bytes, int]] = _encoder(self._about)
        threading.Thread(target=self._run, name="traces", daemon=True).start()

    def take(self, one: Done) -> None:
        """Never waits: where there is no room it is lost, and counted."""
        try:
            self._waiting.put_nowait(one)
        except queue.Full:
            self.lost += 1 + len(one.marks)

    def _run(self) -> None:
        while True:
            batch = [self._waiting.get()]
            due = time.monotonic() + EVERY
            while len(batch) < MAX_BATCH and (left := due - time.monotonic()) > 0:
                try:
                    batch.append(self._waiting.get(timeout=left))
                except queue.Empty:
                    break
            self._deliver(batch)

    def _deliver(self, batch: list[Done]) -> None:
        many = sum(1 + len(one.marks) for one in batch)
        try:
            content, many = self._encode(batch)
            self._send(content)
            self.sent += many
        except Exception:  # the collector is down, hangs or refuses: its affair, and the count says so
            self.lost += many


def _encoder(about: dict[str, str]) -> Callable[[list[Done]], tuple[bytes, int]]:
    """Loads OpenTelemetry's library. Errors: `ImportError`."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.util.instrumentation import InstrumentationScope
    from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

    resource, scope = Resource(about), InstrumentationScope("doorward", about.get("service.version"))
    kinds = {"server": SpanKind.SERVER, "consumer": SpanKind.CONSUMER, "client": SpanKind.CLIENT,
             "internal": SpanKind.INTERNAL}  # fmt: skip

    def at(trace_id: str, span_id: str) -> SpanContext:
        return SpanContext(int(trace_id, 16), int(span_id, 16), True, TraceFlags(TraceFlags.SAMPLED))

    def made(kind: str, name: str, ids: tuple[str, str, str], times: tuple[int, int], about: dict[str, Any], link: Any,
             failed: bool) -> ReadableSpan:  # fmt: skip
        trace, own, above = ids
        return ReadableSpan(
            name, at(trace, own), at(trace, above) if above else None, resource, about,
            links=[Link(at(link.trace_id, link.span_id))] if link is not None else [], kind=kinds[kind],
            instrumentation_scope=scope, status=Status(StatusCode.ERROR if failed else StatusCode.UNSET),
            start_time=times[0], end_time=times[1],
        )  # fmt: skip

    def spans(one: Done) -> Iterator[ReadableSpan]:
        trace, own, _ = one.context
        status = one.attributes.get("http.response.status_code", 0)
        failed = status >= 500 or "error.type" in one.attributes
        times = one.begun_ns, one.begun_ns + int((one.ended - one.begun) * 1e9)
        yield made(one.kind, one.name, (trace, own, one.parent), times, one.attributes, one.link, failed)
        for mark in one.marks:
            kind, name, about = described(mark)
            begin, end = (one.begun_ns + int((moment - one.begun) * 1e9) for moment in (mark.begun, mark.ended))
            yield made(kind, name, (trace, new_span_id(), own), (begin, end), about, None, "error.type" in about)

    def encode(batch: list[Done]) -> tuple[bytes, int]:
        every = [span for one in batch for span in spans(one)]
        return encode_spans(every).SerializeToString(), len(every)

    return encode


def described(mark: Mark) -> tuple[str, str, dict[str, Any]]:
    """Kind, name and attributes of a span below a request's. Of a statement its verb and table, never a value."""
    if mark.kind in _SYSTEMS:
        verb, table = str(mark.about).partition(" ")[0].upper(), _TABLE.search(str(mark.about))
        about: dict[str, Any] = {"db.system.name": _SYSTEMS[mark.kind], "db.operation.name": verb}
        if table is None:
            return "client", verb, about
        return "client", f"{verb} {table[1]}", {**about, "db.collection.name": table[1]}
    if mark.kind == "outbound":
        method, host, port, status = mark.about
        told = {"http.response.status_code": status} if status else {"error.type": "no_answer"}
        return "client", method, {"http.request.method": method, "server.address": host, "server.port": port, **told}
    if mark.kind == "sign":
        return "internal", f"sign {mark.about}", {}
    return "internal", "hash a password", {}
