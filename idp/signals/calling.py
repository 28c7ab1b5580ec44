"""Who calls, may they, and what do they send: before each of the endpoints (SSF 1.0 §9, RFC 6750)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from clients.client import Client
from idp import audit
from idp.audit import Recorder
from idp.errors import OAuthError
from idp.oidc import bearer
from idp.oidc.protected_resources import guarded
from idp.oidc.scopes import SIGNALS
from idp.protocols import Services
from idp.signals import keeping
from idp.signals.stream import Stream
from idp.state import StateUnavailable
from idp.wire import Handler, Request, Response

#: The scopes that the CAEP interoperability profile names (§2.7.2): to read, and to change.
READ: Final = SIGNALS[0]
MANAGE: Final = SIGNALS[1]
RESOURCE: Final = "/ssf/streams"  # what a token for any of the endpoints is for
MOST_BYTES: Final = 64 * 1024
A_MINUTE: Final = 600  # calls of one receiver


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a receiver that has proven itself. `may_manage`: whether it may change as well as read."""

    services: Services
    request: Request
    client: Client
    may_manage: bool

    @property
    def record(self) -> Recorder:
        """Writes what it changes into the record."""
        actor = f"client:{self.client.id}"
        return audit.recorder(
            self.services.clock, actor, address=self.request.remote_address, request_id=self.request.id
        )

    def stream(self, stream_id: Any) -> Stream:
        """A stream of this very receiver. Errors: `OAuthError` (404)."""
        if not isinstance(stream_id, str) or not stream_id:
            raise wrong("stream_id", "a text", "Send stream_id, the name that the stream was given.")
        found = keeping.find(self.services.db, stream_id[:60]) if stream_id.isascii() else None
        if found is None or found.client_id != self.client.id:
            raise unknown()
        return found


Answers = Callable[[Call], Response]


def called(
    answers: Mapping[str, Answers], *, reads: tuple[str, ...] = ("GET",), resource: str = RESOURCE
) -> Handler:  # fmt: skip
    """An endpoint of these methods; of those in `reads` the scope to read is enough."""

    def answer(services: Services, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return answers[method](_proven(services, request, method in reads))

    return guarded(resource, answer)


def _proven(services: Services, request: Request, is_read: bool) -> Call:
    """The receiver, by a token for itself that it shows in the header. Errors: `OAuthError`."""
    access = bearer.required(services, request)
    may_manage = MANAGE in access.scope
    if not may_manage and not (is_read and READ in access.scope):
        needed = READ if is_read else MANAGE
        raise bearer.denied(
            "insufficient_scope", f"The access token lacks the scope {needed}.", status=403, scope=needed,
            kind="access_token_scope",
        )  # fmt: skip
    if access.person_id is not None or access.exchanged is not None:
        raise bearer.denied(
            "insufficient_scope", "The access token is a person's; get one for the application itself.", status=403,
            kind="signals_token",
        )  # fmt: skip
    client = services.registry.get(access.client_id)
    _pace(services, client)
    return Call(services, request, client, may_manage)


def _pace(services: Services, client: Client) -> None:
    try:
        total = services.state.count(f"signals:pace:{client.id}", 60)
    except StateUnavailable:
        return
    if total > A_MINUTE:
        raise OAuthError(
            "temporarily_unavailable", "This receiver calls too often; try again in a minute.", status=429,
            headers=(("Retry-After", "60"),), field="client_id", expected=f"at most {A_MINUTE} calls a minute",
            fix="Let it wait for events: push them, or poll without returnImmediately.", kind="signals_too_fast",
        )  # fmt: skip


def body(request: Request) -> dict[str, Any]:
    """The JSON object that was sent. Errors: `OAuthError` (400)."""
    if request.content_type != "application/json":
        raise wrong("Content-Type", "application/json", "Send one JSON object as application/json.")
    if len(request.body) > MOST_BYTES:
        raise wrong("body", f"at most {MOST_BYTES} bytes", "The body is too long.")
    try:
        found = json.loads(request.body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise wrong("body", "a JSON object", "The body is no JSON.") from None
    if not isinstance(found, dict):
        raise wrong("body", "a JSON object", "The body is JSON, and no object.")
    return found


def wrong(field: str, expected: str, description: str) -> OAuthError:
    """What was sent cannot be taken (400)."""
    return OAuthError(
        "invalid_request", description, field=field, expected=expected, kind="signals_request"
    )  # fmt: skip


def held(status: str, command: str, got: str = "") -> OAuthError:
    """An admin has stopped a stream (403): its receiver gets round that neither by a status nor by another stream."""
    return OAuthError(
        "access_denied", "An admin has stopped a stream of this application: only an admin lets it go on.", status=403,
        field="status", expected=status, got=got, fix=f"Let it go on: {command}", kind="signals_held",
    )  # fmt: skip


def unknown() -> OAuthError:
    """No such stream of this receiver (404): another one's is as unknown as none."""
    return OAuthError(
        "not_found", "This application has no such stream.", status=404, field="stream_id", kind="signals_stream",
        fix="Let it read its streams: a GET of the configuration endpoint lists them. A removed one is made anew.",
    )  # fmt: skip
