"""Requests that were pushed (RFC 9126): kept for some minutes under a reference that only their client may use."""

from __future__ import annotations

from typing import Final

from clients.client import Client
from idp.errors import Explanation, Refused
from idp.ids import digest, new_secret
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, Request

MAX_OPEN: Final = 86_400.0  # seconds that a page of ours may lie open; see `login.engine.MAX_OPEN`
URN: Final = "urn:ietf:params:oauth:request_uri:"


def keep(services: Services, client: Client, params: Params) -> tuple[str, int]:
    """Keep a request that was found right; its reference, and for how many seconds it holds. One write."""
    reference, life = f"{URN}{new_secret()}", services.settings.tokens.pushed_request
    services.state.put(_key(reference), {"client_id": client.id, "pairs": params.pairs}, life)
    return reference, life


def load(services: Services, client: Client, reference: str) -> Params:
    """The parameters. Two reads. Errors: `Refused`: nobody knows any more where an answer would go."""
    kept = services.state.get(_key(reference)) if len(reference) < 200 else None
    if kept is None or kept["client_id"] != client.id:  # RFC 9126 §2.2: bound to the client that pushed it
        raise _gone(services, client, is_other=kept is not None)
    if services.state.get(_used(reference)) is not None:
        raise used_up(services, client)
    return Params([(str(name), str(value)) for name, value in kept["pairs"]])


def spend(services: Services, request: Request, reference: str) -> bool:
    """Whether it is answered with a code for the first time: RFC 9126 §4, one use. One write.

    Before that a page may be loaded again as often as needed. It is remembered as long as a page may be open; what was
    pushed ends by itself, and much earlier.
    """
    key = _used(reference)
    # A request that is run again on a fresh snapshot finds its own mark.
    return services.state.add(key, request.id, MAX_OPEN) or services.state.get(key) == request.id


def _used(reference: str) -> str:
    return f"par-used:{digest(reference)}"


def _key(reference: str) -> str:
    return f"par:{digest(reference)}"


def used_up(services: Services, client: Client) -> Refused:
    """For a page that was open beside the one that was answered."""
    return _gone(services, client, is_other=False)


def _gone(services: Services, client: Client, *, is_other: bool) -> Refused:
    life = services.settings.tokens.pushed_request
    fix = (
        "It sends a reference that another client pushed: push and redirect with the same client_id."
        if is_other
        else f"A pushed request holds {life} seconds (tokens.pushed_request) and for one sign-in: let the application "
        "push right before it redirects, and push anew each time. From Back or a bookmark this is no fault."
    )
    return Refused(
        "pushed_request_gone",
        N_("This sign-in was begun too long ago, or is finished already."),
        title=N_("Please start again"),
        advice=N_("Go back to the application and sign in from there."),
        developer="request_uri is unknown, used, or expired; push the authorization request again.",
        detail="the request_uri is of another client" if is_other else "no such request_uri",
        explanation=Explanation(
            "application",
            fix,
            "request_uri",
            "one that this client pushed just before",
            "one of another client" if is_other else "one that is unknown, used or expired",
        ),
        client_id=client.id,
    )
