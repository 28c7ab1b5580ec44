"""What goes out: plain values that `web` turns into HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie to set. `max_age` in seconds; None is a browser-session cookie, 0 removes it.

    `script`: scripts of ours may read it, so it says nothing that matters. `secure`: also where we are not on https, as
    browsers take it of their own machine.
    """

    name: str
    value: str
    max_age: int | None = None
    same_site: str = "Lax"
    script: bool = False
    secure: bool = False


@dataclass(frozen=True, kw_only=True)
class Response:
    """What all answers share."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Redirect(Response):
    """Send the browser on. 303 after a POST, never 307 or 308 (RFC 9700 §4.12)."""

    location: str
    status: int = 303


@dataclass(frozen=True, kw_only=True)
class AutoPost(Response):
    """A page that posts `fields` to `action` by itself, with a button for browsers without JavaScript."""

    action: str
    fields: tuple[tuple[str, str], ...]
    app_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Json(Response):
    """A JSON object. `no-store` unless the handler says otherwise."""

    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Raw(Response):
    """Bytes made beforehand (discovery, JWKS), or nothing at all."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Stream(Response):
    """A file that is made while it is sent: the next piece is asked for when the last one is on its way.

    What can be refused is refused before: once a stream has begun, it can only break off.
    """

    pieces: Iterator[bytes]
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Page(Response):
    """A template of ours with its values. `form_action`: origins the page's form may end up at, for the CSP; `frames`:
    those that may stand in a frame of it.

    `public`: the same for everybody, in English: it has no form, no name and no cookie, and nothing is read for it.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    form_action: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()
    public: bool = False


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode  # `json.dumps` makes one per call


def dumps(value: Any) -> bytes:
    """Compact JSON, UTF-8."""
    return _encode(value).encode()
