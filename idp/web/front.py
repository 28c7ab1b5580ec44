"""Hot paths, answered before Flask is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from idp.wire import Request, Route

from .bridge import Answer, Bridge

_STATUS = {
    200: "OK", 201: "Created", 204: "No Content", 302: "Found", 303: "See Other", 304: "Not Modified",
    400: "Bad Request",
    401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed", 413: "Content Too Large",
    429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable",
}  # fmt: skip
_INSERTED = (
    "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/ssf-configuration",
)  # fmt: skip
_RESOURCE = "/.well-known/oauth-protected-resource"

_OF_THE_HOST = (
    "/.well-known/webauthn", "/favicon.ico", "/apple-touch-icon.png", "/apple-touch-icon-precomposed.png",
    "/robots.txt", "/.well-known/security.txt", "/.well-known/web-identity",
)  # fmt: skip


class Front:
    """The WSGI callable: hot paths first, Flask for the rest."""

    def __init__(self, bridge: Bridge, routes: Sequence[Route], fallback: Callable[..., Iterable[bytes]]) -> None:
        self._bridge, self._fallback = bridge, fallback
        self._hot = {bridge.prefix + route.path: route for route in routes if route.hot}
        for route in routes:
            # RFC 8414 §3, §5; SSF 1.0 §7.2: the well-known part stands before the issuer's own path.
            if bridge.prefix and route.path in _INSERTED:
                self._hot[route.path + bridge.prefix] = route
            if bridge.prefix and route.path.startswith(_RESOURCE):  # RFC 9728 §3.1
                self._hot[_RESOURCE + bridge.prefix + route.path.removeprefix(_RESOURCE)] = route
            # WebAuthn level 3 §5.11.1, RFC 9309 §2.3, RFC 9116 §3, FedCM §3.1, and what browsers do: at the root of the
            # host, wherever we live.
            if bridge.prefix and route.path in _OF_THE_HOST:
                self._hot[route.path] = route

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        answer = self.answer(environ)
        if answer is None:
            return self._fallback(environ, start_response)
        status, headers, body = answer
        start_response(f"{status} {_STATUS.get(status, 'Status')}", headers)
        return [body] if isinstance(body, bytes) else body

    def answer(self, environ: dict[str, Any]) -> Answer | None:
        """The answer of a hot path, without WSGI's detours; None where another path is asked for."""
        route = self._hot.get(environ.get("PATH_INFO", ""))
        return None if route is None else self._bridge.respond(route, Request(environ, self._bridge.proxies))
