"""The configuration endpoint: a receiver makes, reads, changes, replaces and deletes its streams (SSF 1.0 §8.1.1)."""

from __future__ import annotations

from typing import Any, Final

from idp.errors import OAuthError
from idp.protocols import Services
from idp.signals import checking, keeping, spreading
from idp.signals.calling import Call, body, called, held, wrong
from idp.signals.stream import Said, Stream
from idp.wire import Raw, Response, dumps

PATH: Final = "/ssf/streams"
POLLED: Final = "/ssf/poll/"
EVERY: Final = 60  # seconds between two verifications that are asked for
_NO_STORE: Final = ("Cache-Control", "no-store")


def create(call: Call) -> Response:
    """POST (§8.1.1.1)."""
    said = checking.said(call.services, call.client, body(call.request))
    try:
        made = keeping.add(call.services, call.client.id, said, record=call.record)
    except keeping.TooMany:
        raise OAuthError(
            "conflict", f"This application has {keeping.MOST} streams, which is all that it may have.", status=409,
            field="stream_id", expected=f"at most {keeping.MOST} streams", kind="signals_streams",
            fix="Let it delete one that it does not need, or do so in the console.",
        ) from None  # fmt: skip
    except keeping.Held:
        command = f"doorward signals list --client {call.client.id} – then: doorward signals resume STREAM"
        raise held("stopped", command) from None
    return _answer(document(call, made), status=201)


def read(call: Call) -> Response:
    """GET (§8.1.1.2): one, or all of this receiver's."""
    stream_id = call.request.query.get("stream_id")
    if stream_id is not None:
        return _answer(document(call, call.stream(stream_id)))
    return _answer([document(call, one) for one in keeping.list_of(call.services.db, call.client.id)])


def update(call: Call) -> Response:
    """PATCH (§8.1.1.3): what is left out stays."""
    sent = body(call.request)
    stream = call.stream(sent.get("stream_id"))
    return _change(call, stream, sent, said_of(call.services, stream))


def replace(call: Call) -> Response:
    """PUT (§8.1.1.4): what is left out is gone."""
    sent = body(call.request)
    return _change(call, call.stream(sent.get("stream_id")), sent, None)


def delete(call: Call) -> Response:
    """DELETE (§8.1.1.5)."""
    stream = call.stream(call.request.query.get("stream_id"))
    try:
        keeping.remove(call.services, stream.id, "receiver", record=call.record)
    except keeping.Held:
        raise held(stream.status, f"doorward signals resume {stream.id}") from None
    return Raw(status=204, headers=(_NO_STORE,))


def document(call: Call, stream: Stream) -> dict[str, Any]:
    """A stream as its receiver sees it."""
    supported = spreading.supported(call.client)
    delivery: dict[str, Any] = {"method": stream.method}
    if stream.is_push:
        delivery["endpoint_url"] = stream.endpoint
        header = keeping.authorization(call.services.sealer, stream) if call.may_manage else ""
        delivery |= {"authorization_header": header} if header else {}  # it is its own, and a PUT says it again
    else:
        delivery["endpoint_url"] = call.services.url(POLLED + stream.id)
    requested = supported if stream.requested is None else stream.requested
    return {
        "stream_id": stream.id, "iss": call.services.issuer, "aud": call.client.id, "delivery": delivery,
        "events_supported": list(supported), "events_requested": list(requested),
        "events_delivered": [one for one in supported if one in requested], "min_verification_interval": EVERY,
        **({"description": stream.description} if stream.description else {}),
    }  # fmt: skip


def said_of(services: Services, stream: Stream) -> Said:
    """What its receiver has said of it, its header opened."""
    header = keeping.authorization(services.sealer, stream)
    return Said(stream.method, stream.endpoint, header, stream.requested, stream.description)


def _change(call: Call, stream: Stream, sent: dict[str, Any], before: Said | None) -> Response:
    _check_ours(call, stream, sent)
    said = checking.said(call.services, call.client, sent, before)
    return _answer(document(call, keeping.change(call.services, stream.id, said, record=call.record)))


def _check_ours(call: Call, stream: Stream, sent: dict[str, Any]) -> None:
    """§8.1.1.3: what is ours to say may come along, as it is. Errors: `OAuthError`."""
    known = document(call, stream)
    for name in ("iss", "aud", "events_supported", "events_delivered", "min_verification_interval"):
        value = sent.get(name, known[name])
        same = [known[name]] == value if name == "aud" else False
        is_list = isinstance(known[name], list) and isinstance(value, list)
        if not same and (sorted(map(str, value)) != sorted(map(str, known[name])) if is_list else value != known[name]):
            if name == "events_delivered" and "events_requested" in sent:
                continue  # it follows from what is requested now
            raise wrong(name, str(known[name])[:200], f"{name} is ours to say, and is another one.")


def _answer(found: Any, status: int = 200) -> Raw:
    return Raw(status=status, body=dumps(found), content_type="application/json", headers=(_NO_STORE,))


handler = called({"POST": create, "GET": read, "PATCH": update, "PUT": replace, "DELETE": delete})
