"""What a thread is doing now: the request or job that it has, and what that has spent its time on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from idp.meters.spent import SPENT
from idp.tracing.identifiers import Context, new_span_id, read, root
from idp.wire import Request, Route
from keys.spent import SIGNING, Mark

KEY: Final = "_traceparent"  # where a job's payload has it; the queue alone sees it


class Done(NamedTuple):
    """A request or a job that has ended, for `sending`. `begun_ns`: epoch; `marks` count from `begun`."""

    kind: str
    name: str
    context: Context
    parent: str
    link: Context | None
    attributes: dict[str, Any]
    begun_ns: int
    begun: float
    ended: float
    marks: list[Mark]


class Work:
    """A request or a job on its way, in its thread."""

    def __init__(self, tracer: Tracer, request: Request | None = None, outer: Context | None = None) -> None:
        self.request, self.outer, self.conversation = request, outer, ""
        self.link: Context | None = None
        self.marks: list[Mark] = []
        self.begun_ns, self.begun = time.time_ns(), time.perf_counter()
        self._tracer, self._own = tracer, new_span_id()

    @property
    def context(self) -> Context:
        """Its span, as far as is known by now which trace it is of."""
        if self.request is None or (self.outer is not None and not self._name):
            assert self.outer is not None
            return Context(self.outer.trace_id, self._own, self.outer.sampled)
        own = self._name in ("", self.request.id)
        first = root(self._name or self.request.id, self._tracer.sample)
        return first if own else first._replace(span_id=self._own)

    @property
    def parent(self) -> str:
        """The span above it, '' of the first one."""
        if self.request is None or (self.outer is not None and not self._name):
            assert self.outer is not None
            return self.outer.span_id
        own = self._name in ("", self.request.id)
        return "" if own else root(self._name, self._tracer.sample).span_id

    @property
    def _name(self) -> str:
        learnt = self.request.visitor.conversation.partition(".")[0] if self.request is not None else ""
        return self.conversation or learnt


class Counts(Protocol):
    """Spans that have left, and that have not."""

    sent: int
    lost: int


class _Now(threading.local):
    work: Work | None = None


_NOW: Final = _Now()


class Tracer:
    """One for each process. `done` takes what has ended; `sample` is the share of traces that are kept."""

    def __init__(self) -> None:
        self.on, self.sample = False, 0.0
        self.done: Callable[[Done], None] = lambda one: None
        self.sending: Counts | None = None

    def begin(self, request: Request, route: Route) -> Work:
        """A request begins in this thread."""
        # Trace Context §4.2, §6: anybody can send one. A proxy of ours that traces is the span above; what people
        # do in several requests is one trace of its own, and leads to the proxy's by a link.
        said = request.header("traceparent")
        outer = read(said) if said and request.is_of_proxy else None
        work = Work(self, request, outer if route.api else None)
        work.link = None if route.api else outer
        return _start(work)

    def end(self, work: Work, route: Route, status: int) -> None:
        """It is answered."""
        _stop()
        request, context = work.request, work.context
        if context.sampled and request is not None:
            about = {
                "http.request.method": request.method,
                "http.route": route.path,
                "http.response.status_code": status,
            }
            if request.visitor.error_id:
                about["doorward.error_id"] = request.visitor.error_id
            link = work.link if work.link is not None else _unused(work)
            self._tell("server", f"{request.method} {route.path}", work, link, about)

    def job(self, name: str, traceparent: str, run: Callable[[], object]) -> None:
        """Do a job that a request has caused. Errors: those of the job."""
        outer = read(traceparent)
        if not self.on or outer is None or not outer.sampled:
            run()
            return
        work, failed = _start(Work(self, None, outer)), ""
        try:
            run()
        except Exception as error:
            failed = type(error).__name__
            raise
        finally:
            _stop()
            about = {"doorward.job": name, **({"error.type": failed} if failed else {})}
            self._tell("consumer", f"job {name}", work, None, about)

    def _tell(self, kind: str, name: str, work: Work, link: Context | None, about: dict[str, Any]) -> None:
        ended = time.perf_counter()
        self.done(
            Done(kind, name, work.context, work.parent, link, about, work.begun_ns, work.begun, ended, work.marks)
        )


def _unused(work: Work) -> Context | None:
    """What a proxy sent with a request that turned out to belong to a sign-in."""
    return work.outer if work.outer is not None and work.context.trace_id != work.outer.trace_id else None


def _start(work: Work) -> Work:
    _NOW.work = work
    SPENT.marks = SIGNING.marks = work.marks
    return work


def _stop() -> None:
    _NOW.work = SPENT.marks = SIGNING.marks = None


def belongs_to(conversation: str) -> None:
    """The request of this thread goes on with a sign-in. `conversation`: its name, or the first characters of it."""
    if (work := _NOW.work) is not None and conversation:
        work.conversation = conversation


def context() -> str:
    """What a job that is caused now is given along, '' where nobody traces."""
    return str(work.context) if (work := _NOW.work) is not None and work.context.sampled else ""


def trace_id() -> str:
    """For pages and the log: the trace of what this thread does, '' where it is not kept."""
    if (work := _NOW.work) is None:
        return ""
    found = work.context
    return found.trace_id if found.sampled else ""
