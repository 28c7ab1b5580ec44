"""Subjects are added and removed (SSF 1.0 §8.1.3): the same answer whomever a receiver names: it learns nothing."""

from __future__ import annotations

from typing import Final

from idp.errors import OAuthError
from idp.signals import subjects
from idp.signals.calling import Call, body, called, wrong
from idp.wire import Raw, Response

ADD: Final = "/ssf/subjects/add"
REMOVE: Final = "/ssf/subjects/remove"


def add(call: Call) -> Response:
    """POST (§8.1.3.2): 200, empty."""
    _name(call, wanted=True)
    return Raw(status=200, headers=(("Cache-Control", "no-store"),))


def remove(call: Call) -> Response:
    """POST (§8.1.3.3): 204."""
    _name(call, wanted=False)
    return Raw(status=204, headers=(("Cache-Control", "no-store"),))


def _name(call: Call, *, wanted: bool) -> None:
    sent = body(call.request)
    stream = call.stream(sent.get("stream_id"))
    subject = sent.get("subject")
    if not isinstance(subject, dict):
        raise wrong("subject", "a subject identifier (RFC 9493)", "Send subject, an object with format.")
    if not isinstance(sent.get("verified", True), bool):
        raise wrong("verified", "true or false", "verified is true or false.")
    try:
        person_id = subjects.read(call.services, call.client, subject)
    except ValueError as error:
        raise wrong("subject", "a subject identifier (RFC 9493)", f"{error}.") from None
    if person_id is None:
        return
    try:
        with call.services.db.transaction() as tx:
            subjects.name(tx, stream, person_id, wanted=wanted)
    except subjects.TooManyNamed:
        raise OAuthError(
            "temporarily_unavailable", "This stream has as many subjects as it may have.", status=429,
            field="subject", expected=f"at most {subjects.MOST_NAMED}", kind="signals_subjects",
            fix="Whoever has opened the application is told of without being added.",
        ) from None  # fmt: skip


adding = called({"POST": add})
removing = called({"POST": remove})
