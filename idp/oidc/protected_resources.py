"""Our own protected resources say which authorization server gives tokens for them: us (RFC 9728).

A client that knows only the resource's address is led from its 401 to the metadata, and from there to discovery.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from idp.errors import OAuthError
from idp.oidc import dpop, scopes
from idp.protocols import Services
from idp.wire import Handler, Raw, Request, Response, Route, dumps

WELL_KNOWN: Final = "/.well-known/oauth-protected-resource"
#: Their paths below the issuer's own, and the scopes by which they may be called.
RESOURCES: Final[Mapping[str, tuple[str, ...]]] = {
    "/oauth/userinfo": ("openid",),
    "/oauth/whoami": (),
    "/api/v1": (scopes.ADMIN,),
    "/ssf/streams": scopes.SIGNALS,
    "/ssf/status": scopes.SIGNALS,
}
_HEADERS: Final = (("Cache-Control", "public, max-age=300"),)


def document(services: Services, path: str) -> dict[str, Any]:
    """The metadata of one (§2). `resource` is the very address at which it is called (§3.3)."""
    wanted = RESOURCES[path]
    return {
        "resource": services.url(path),
        "authorization_servers": [services.issuer],
        **({"scopes_supported": list(wanted)} if wanted else {}),
        "bearer_methods_supported": ["header", "body"] if path == "/oauth/userinfo" else ["header"],
        "dpop_signing_alg_values_supported": list(dpop.ALGS),
    }


def url_of(services: Services, path: str) -> str:
    """Where the metadata of one stands: before the issuer's own path (§3.1)."""
    own = services.issuer.partition("://")[2].partition("/")[2]
    origin = services.issuer.removesuffix(f"/{own}") if own else services.issuer
    return f"{origin}{WELL_KNOWN}{f'/{own}' if own else ''}{path}"


def as_asked(services: Services, resource: list[str]) -> list[str]:
    """RFC 8707 §2: whom tokens are asked for, our own left out: a token that is for nobody else is for us."""
    ours = {services.url(path) for path in RESOURCES}
    return [uri for uri in resource if uri not in ours]


def challenged(services: Services, headers: tuple[tuple[str, str], ...], path: str) -> tuple[tuple[str, str], ...]:
    """The headers of a refusal, each challenge with the way to the metadata (§5.1)."""
    more = f', resource_metadata="{url_of(services, path)}"'
    return tuple((name, value + more if name == "WWW-Authenticate" else value) for name, value in headers)


def guarded(path: str, handler: Handler) -> Handler:
    """The handler of one of our resources, whose refusals lead to its metadata."""

    def answer(services: Services, request: Request) -> Response:
        try:
            return handler(services, request)
        except OAuthError as error:
            error.headers = challenged(services, error.headers, path)
            raise

    return answer


def _telling(path: str) -> Callable[[Services, Request], Response]:
    def tell(services: Services, request: Request) -> Response:
        return Raw(body=dumps(document(services, path)), content_type="application/json", headers=_HEADERS)

    return tell


ROUTES: Final = tuple(
    Route(WELL_KNOWN + path, ("GET",), _telling(path), hot=True, api=True, public=True) for path in RESOURCES
)
