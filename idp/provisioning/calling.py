"""One request to a target, and what came back, without a secret in either."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote

from idp import reach
from idp.http import Outbound, OutboundFailed, OutboundRefused
from idp.login.services import Services
from idp.provisioning import tokens
from idp.provisioning.objects import MAX_SHOWN
from idp.provisioning.target import Target

TIMEOUT: Final = 10.0  # seconds for one exchange; a lease outlasts it
MAX_ANSWER: Final = 4 * 1024 * 1024  # bytes: a group with all its members, where one is read
MAX_WAIT: Final = 86_400.0  # seconds that a Retry-After is believed
MEDIA_TYPE: Final = "application/scim+json"  # RFC 7644 §3.1


class Unreached(Exception):
    """There was no answer: the target itself is not well, whatever was asked."""


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer. `body`: its JSON object, None where there is none; `shown`: what is kept of it for admins.

    `retry_after`: seconds that the other side asks for (RFC 9110 §10.2.3), None where it does not.
    """

    status: int
    body: Mapping[str, Any] | None
    shown: str = ""
    retry_after: float | None = None

    @property
    def ok(self) -> bool:
        """RFC 7644 §3: 200 with the object, 201 where it was made, 204 without."""
        return self.status in (200, 201, 202, 204)

    @property
    def detail(self) -> str:
        """What it says went wrong (RFC 7644 §3.12), else the beginning of what it says."""
        said = self.body or {}
        words = [str(said[name]) for name in ("scimType", "detail") if said.get(name)]
        return " ".join((": ".join(words) or self.shown).split())[:300]


@dataclass
class Line:
    """A connection to one target. `before`: called before each request, such as to keep a claim; it may raise."""

    services: Services
    target: Target
    outbound: Outbound
    before: Callable[[], None] = lambda: None
    request: str = ""
    answered: Answered | None = None
    longest: float = 0.0  # seconds, of an exchange

    def call(self, method: str, path: str, body: Any = None) -> Answered:
        """One call; `path` below the base address. Errors: `Unreached`, `tokens.NoToken`."""
        self.before()
        self.request, self.answered = _told(method, path, body), None
        answered = self._sent(method, path, body)
        if answered.status == 401 and self.target.said.token_url:
            # RFC 6749 §4.4: an access token ends by itself; another one is asked for, once.
            tokens.forget(self.services, self.target)
            self.before()
            answered = self._sent(method, path, body)
        self.answered = answered
        return answered

    def _sent(self, method: str, path: str, body: Any) -> Answered:
        token = tokens.get(self.services, self.target, self.outbound)
        content = b"" if body is None else json.dumps(body, ensure_ascii=False).encode()
        headers = {"accept": MEDIA_TYPE, "authorization": f"Bearer {token}"}
        if content:
            headers["content-type"] = MEDIA_TYPE
        url = f"{self.target.said.url.rstrip('/')}/{path}"
        begun = self.services.clock()
        try:
            got = self.outbound.send(method, url, content, headers, max_bytes=MAX_ANSWER, timeout=TIMEOUT)
        except (OutboundFailed, OutboundRefused) as error:
            raise Unreached(f"{url.partition('?')[0]}: {error.reason}") from None
        finally:
            self.longest = max(self.longest, min(self.services.clock() - begun, TIMEOUT))
        wait = retry_after(got.caching.get("retry-after", ""), self.services.clock())
        body = got.body.replace(token.encode(), "…".encode())  # some repeat what they were shown
        return Answered(got.status, _object(body), _shown(body), wait)


def line_to(services: Services, target: Target) -> Line:
    """What asks this target. A stranger's application leads to nothing inside (S42)."""
    client = services.registry.find(target.client_id)
    values = client.metadata if client is not None else {"self_registered": True}
    return Line(services, target, reach.outbound(services, values))


def segment(remote_id: str) -> str:
    """An id of theirs as a part of a path: it may hold anything."""
    return quote(remote_id, safe="")


def equals(attribute: str, value: str) -> str:
    """RFC 7644 §3.4.2.2: a filter by one value, quoted as JSON quotes, as a query."""
    return "filter=" + quote(f"{attribute} eq {json.dumps(value, ensure_ascii=False)}", safe="")


def retry_after(given: str, now: float) -> float | None:
    """RFC 9110 §10.2.3: seconds, or a date. At most a day is believed."""
    text = given.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), MAX_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return min(max(0.0, at.timestamp() - now), MAX_WAIT)


def _object(body: bytes) -> Mapping[str, Any] | None:
    try:
        found = json.loads(body) if body.strip() else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _told(method: str, path: str, body: Any) -> str:
    text = "" if body is None else "\n" + json.dumps(body, ensure_ascii=False, indent=1)
    return f"{method} /{path}{text}"[:MAX_SHOWN]


def _shown(body: bytes) -> str:
    text = body[: MAX_SHOWN * 4].decode("utf-8", "replace")
    return "".join(c if c == "\n" or c.isprintable() else " " for c in text)[:MAX_SHOWN]
