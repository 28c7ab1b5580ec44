"""A collector of traces: what OTLP over HTTP brings, kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.receiver import Receiver


class Span:
    """One span."""

    def __init__(self, resource: dict[str, Any], span: Any) -> None:
        self.name, self.resource = span.name, resource
        self.trace, self.id, self.parent = span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex()
        self.links = [(link.trace_id.hex(), link.span_id.hex()) for link in span.links]
        self.about = _values(span.attributes)
        self.seconds = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
        self.begun = span.start_time_unix_nano


class Collector(Receiver):
    """`spans`: all that has come."""

    @property
    def endpoint(self) -> str:
        return self.origin + "/v1/traces"

    @property
    def spans(self) -> list[Span]:
        return [span for body in list(self.bodies) if not body.startswith(b"logout_token=") for span in _read(body)]

    def wait(self, name: str, many: int = 1, patience: float = 30) -> list[Span]:
        """Until spans of that name have come."""
        until = time.monotonic() + patience
        while len(found := [one for one in self.spans if one.name == name]) < many:
            assert time.monotonic() < until, sorted({one.name for one in self.spans})
            time.sleep(0.05)
        return found


def _read(body: bytes) -> Iterator[Span]:
    for of_process in ExportTraceServiceRequest.FromString(body).resource_spans:
        about = _values(of_process.resource.attributes)
        for of_scope in of_process.scope_spans:
            for span in of_scope.spans:
                yield Span(about, span)


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
