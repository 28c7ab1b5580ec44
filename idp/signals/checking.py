"""What a receiver says of its stream, checked (SSF 1.0 §8.1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from clients.client import Client
from idp import reach
from idp.http import OutboundFailed, OutboundRefused
from idp.protocols import Services
from idp.signals.calling import wrong
from idp.signals.stream import METHODS, POLL, PUSH, Said

MAX_URL: Final = 2000
MAX_HEADER: Final = 4000
MAX_EVENTS: Final = 100
MAX_TEXT: Final = 300


def said(services: Services, client: Client, sent: Mapping[str, Any], before: Said | None = None) -> Said:
    """What is said of a stream now; of what is left out `before` holds (a PATCH), or nothing. Errors: `OAuthError`."""
    known = before or Said(POLL)
    if "delivery" in sent:
        method, endpoint, authorization = _delivery(services, client, sent["delivery"])
    else:  # SSF §8.1.1.1: the receiver that names none polls
        method, endpoint, authorization = known.method, known.endpoint, known.authorization
    return Said(
        method, endpoint, authorization,
        _requested(sent["events_requested"]) if "events_requested" in sent else known.requested,
        _text(sent["description"]) if "description" in sent else known.description,
    )  # fmt: skip


def _delivery(services: Services, client: Client, found: Any) -> tuple[str, str, str]:
    if not isinstance(found, dict):
        raise wrong("delivery", "a JSON object", "delivery is an object with method.")
    method = found.get("method")
    if method not in METHODS:
        raise wrong("delivery.method", " or ".join(METHODS), "delivery.method is none that works here.")
    if method == POLL:  # §6.1.2: the address is ours, and what it was told as may come back
        return POLL, "", ""
    endpoint, header = found.get("endpoint_url"), found.get("authorization_header", "")
    if not isinstance(endpoint, str) or not endpoint.isascii() or not 0 < len(endpoint) <= MAX_URL:
        raise wrong("delivery.endpoint_url", "the address of the receiver", "Say where events are pushed to.")
    if header is None:
        header = ""
    if not isinstance(header, str) or len(header) > MAX_HEADER or not (header.isascii() and header.isprintable()):
        raise wrong("delivery.authorization_header", "the value of a header", "This cannot stand in a header.")
    try:
        reach.outbound(services, client.metadata).check(endpoint)
    except OutboundFailed:
        pass  # it has no address yet, or nobody could say; what is sent there fails aloud
    except OutboundRefused as error:
        explained = reach.explain(endpoint, error, "delivery.endpoint_url")
        problem = wrong("delivery.endpoint_url", "a public https address", f"Nothing is sent there: {error}.")
        problem.explanation = explained
        raise problem from None
    return PUSH, endpoint, header


def _requested(found: Any) -> tuple[str, ...] | None:
    """None: all that there are, for a receiver that says nothing."""
    if found is None:
        return None
    if not isinstance(found, list) or len(found) > MAX_EVENTS:
        raise wrong("events_requested", "an array of URIs", "events_requested is an array of URIs.")
    if not all(isinstance(one, str) and 0 < len(one) <= MAX_TEXT and one.isprintable() for one in found):
        raise wrong("events_requested", "an array of URIs", "events_requested has something that is no URI.")
    return tuple(dict.fromkeys(found))


def _text(found: Any) -> str:
    if found is None:
        return ""
    if not isinstance(found, str) or len(found) > MAX_TEXT or not found.isprintable():
        raise wrong("description", f"a text of at most {MAX_TEXT} characters", "This is no description.")
    return found
