"""What requests note of an application's traffic, for what can only be inferred from it (Q2).

A note costs an append to a queue of this process: nothing is looked up, counted or written where it is made. Off the
request path `idp.answers.symptoms` takes the notes and counts them. The queues are bounded, and what anybody may send
has one of its own, so that no stranger pushes out what was proven.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any, Final, NamedTuple

MAX_PROVEN: Final = 10_000  # notes that wait; they are taken every second
MAX_SAID: Final = 1_000  # of those that anybody may cause

#: Proven: somebody signed in, a code or a token of ours was shown, or the application proved itself.
CODE, SILENT_CODE, RESPONSE, ARTIFACT, RESOLVED = "code", "silent_code", "response", "artifact", "resolved"
REDEEMED, REFRESHED, PROGRAM = "authorization_code", "refresh_token", "client_credentials"
USERINFO, INTROSPECTED, OTHERS = "userinfo", "introspected", "introspected_other"
REUSED, LOGOUT, CONSENT, AGREED = "refresh_reused", "logout", "consent_page", "agreed"
#: Said: anybody who knows a client id, or an address of ours, can cause these.
NO_COOKIE, NO_SESSION, ORIGIN = "silent_no_cookie", "silent_no_session", "origin"
DISCOVERY, KEYS, METADATA = "discovery", "jwks", "metadata"


#: What a browser writes into Origin of a page that has a host (RFC 6454 §6.2): nothing that a shell reads otherwise.
_ORIGIN: Final = re.compile(r"https?://(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def shown_origin(header: str) -> str:
    """The Origin that a request sent, '' where it is none that an application can be registered with.

    Anybody may send any text there, and what is noted stands in a command that an admin copies.
    """
    return header if _ORIGIN.fullmatch(header) else ""


class Note(NamedTuple):
    """One thing that happened. `who`: a session, a family of tokens, an address; `at`: epoch seconds, 0 for now."""

    kind: str
    client_id: str
    who: str
    about: Any
    at: float


class Granted(NamedTuple):
    """About a code or a Response, noted as a plain tuple of these.

    `scopes`: asked for; `anew`: a new proof was asked for, whoever was signed in.
    """

    code_id: str
    person_id: str
    scopes: tuple[str, ...]
    anew: bool


class Used(NamedTuple):
    """About a grant that was redeemed or refreshed, noted as a plain tuple of these."""

    address: str
    offline: bool


class Traffic:
    """One for each process."""

    def __init__(self) -> None:
        self._proven: deque[tuple[Any, ...]] = deque(maxlen=MAX_PROVEN)
        self._said: deque[tuple[Any, ...]] = deque(maxlen=MAX_SAID)
        self._fetched: deque[tuple[Any, ...]] = deque(maxlen=MAX_SAID)

    def proven(self, kind: str, client_id: str, who: str = "", about: Any = None, at: float = 0.0) -> None:
        """Note what no stranger can make up."""
        self._proven.append((kind, client_id, who, about, at))  # a tuple with names takes four times as long

    def said(self, kind: str, client_id: str = "", who: str = "", about: Any = None) -> None:
        """Note what anybody may have sent."""
        self._said.append((kind, client_id, who, about, 0.0))

    def fetched(self, kind: str, address: str) -> None:
        """Note that somebody at this address fetched a document that is for everybody."""
        self._fetched.append((kind, "", address, None, 0.0))

    def take(self) -> list[Note]:
        """What waits, in its order; it waits no more."""
        return [*_taken(self._proven), *_taken(self._said), *_taken(self._fetched)]


def _taken(queue: deque[tuple[Any, ...]]) -> list[Note]:
    return [Note._make(queue.popleft()) for _ in range(len(queue))]
