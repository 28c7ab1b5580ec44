"""The verification endpoint: an event that only says that the stream works (SSF 1.0 §8.1.4)."""

from __future__ import annotations

from typing import Final

from idp.errors import OAuthError
from idp.protocols import Services
from idp.signals import event_types, keeping, store
from idp.signals.calling import Call, body, called, wrong
from idp.signals.configuration import EVERY
from idp.signals.sets import Event
from idp.signals.stream import Stream
from idp.wire import Raw, Response

PATH: Final = "/ssf/verify"
MAX_STATE: Final = 2000  # characters


def ask(call: Call) -> Response:
    """POST (§8.1.4.2): 204."""
    sent = body(call.request)
    stream, state = call.stream(sent.get("stream_id")), sent.get("state")
    if state is not None and not (isinstance(state, str) and len(state) <= MAX_STATE):
        raise wrong("state", f"a text of at most {MAX_STATE} characters", "state is a text.")
    if stream.status == "disabled":
        raise wrong("stream_id", "a stream that is enabled", "This stream is disabled: nothing is sent by it.")
    now = call.services.clock()
    if stream.asked_at is not None and 0 <= now - stream.asked_at < EVERY:
        wait = max(1, int(stream.asked_at + EVERY - now) + 1)
        raise OAuthError(
            "temporarily_unavailable", f"A verification may be asked for every {EVERY} seconds.", status=429,
            headers=(("Retry-After", str(wait)),), field="stream_id", expected=f"one in {EVERY} seconds",
            kind="signals_too_fast", fix="Let it wait as long as min_verification_interval of its stream says.",
        )  # fmt: skip
    send(call.services, stream, state, is_asked=True)
    return Raw(status=204, headers=(("Cache-Control", "no-store"),))


def send(services: Services, stream: Stream, state: str | None = None, *, is_asked: bool = False) -> str:
    """Put a verification into a stream; answers its `jti`. `state`: of who asked for it; none of our own (§8.1.4.1)."""
    event = Event(event_types.VERIFICATION, {} if state is None else {"state": state})
    with services.db.transaction() as tx:
        if is_asked:
            tx.run(store.ASK, of_stream=stream.id, new_asked_at=services.clock())
        return keeping.put(services, tx, stream, event)


handler = called({"POST": ask})
