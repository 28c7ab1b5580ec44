"""Cross-origin requests (Fetch): which headers an answer carries for code of another origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Set

from idp.db import Unavailable
from idp.wire import Request, Route

from .ports import Applications

#: What scripts need beside the headers that every browser shows them (Fetch §3.2.3).
_EXPOSED = "WWW-Authenticate, Retry-After, DPoP-Nonce, ETag, Date"
_ALWAYS_ALLOWED = ("Authorization", "Content-Type", "DPoP")
_KNOWN_HEADERS = frozenset(name.lower() for name in _ALWAYS_ALLOWED)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")  # RFC 9110 §5.6.2
MAX_ASKED_HEADERS = 64


class Cors:
    """Asks the registry which applications an origin belongs to.

    `kept_out`: told of a request of an origin that is not the application's, which its browser keeps the answer from.
    """

    def __init__(self, applications: Applications, kept_out: Callable[[Request], None]) -> None:
        self._applications, self._kept_out = applications, kept_out

    def apps_of(self, request: Request) -> Set[str]:
        """The applications whose origin asks; none for other origins, and while nobody can tell."""
        origin = request.header("Origin")
        try:
            return self._applications.find_origin(origin) if origin else frozenset()
        except Unavailable:  # the answer itself is 503 then
            return frozenset()

    def headers(self, route: Route, request: Request) -> list[tuple[str, str]]:
        """The headers of an answer on a path that is open to other origins."""
        # Never on authorize (RFC 9700 §4.17), never with credentials; what everybody may read is for any origin, the
        # rest only for origins that an application registered.
        is_known = not route.public and bool(self.apps_of(request))
        if not route.public and not is_known:
            if request.method == "OPTIONS" and request.header("Origin"):
                self._kept_out(request)
            return [("Vary", "Origin")]
        headers = [("Access-Control-Allow-Origin", request.header("Origin") if is_known else "*")]
        headers += [("Vary", "Origin")] if is_known else []
        if request.method == "OPTIONS":
            headers += [
                ("Access-Control-Allow-Methods", ", ".join(route.methods)),
                ("Access-Control-Allow-Headers", _allowed_headers(request)),
                ("Access-Control-Max-Age", "600"),
            ]
        else:
            headers.append(("Access-Control-Expose-Headers", _EXPOSED))
        return headers

    def checked(self, request: Request, headers: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """The headers, now that it is known which application asks: another one's origin does not read its answer."""
        apps, client_id = self.apps_of(request), request.visitor.client_id
        is_another = bool(client_id) and client_id not in apps
        if request.header("Origin") and (is_another or not apps):
            self._kept_out(request)
        return [("Vary", "Origin")] if is_another else headers


def _allowed_headers(request: Request) -> str:
    """Whatever the call brings: tracing and libraries add headers of their own, and none that we do not know counts."""
    asked = [name.strip() for name in request.header("Access-Control-Request-Headers").split(",")]
    named = [name for name in asked[:MAX_ASKED_HEADERS] if _TOKEN.fullmatch(name)]
    return ", ".join(dict.fromkeys((*_ALWAYS_ALLOWED, *(n for n in named if n.lower() not in _KNOWN_HEADERS))))
