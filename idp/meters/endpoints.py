"""The few names that a request is counted under: what programs call each by itself, pages by the room they are of."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

#: Paths that begin so are of one room. What is not here is pages of the person's own.
_ROOMS: Final = (
    ("/admin", "console"), ("/api/", "api"), ("/scim/", "scim"), ("/errors", "errors"), ("/dev/", "outbox"),
    ("/app-", "app_pages"), ("/check/", "check"),
)  # fmt: skip
#: Paths that begin so are counted each by itself.
_ALONE: Final = ("/oauth/", "/saml/", "/login", "/logout", "/.well-known/", "/healthz", "/readyz", "/metrics")


@lru_cache(1024)
def endpoint_of(path: str) -> str:
    """The name for a route's path, such as `/oauth/token` or `console`."""
    for begin, room in _ROOMS:
        if path.startswith(begin):
            return room
    return path if path.startswith(_ALONE) else "account"
