"""WSGI's environ out of a request's head as it came: its octets kept, names with an underscore left out."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote_to_bytes

from idp.wire import NAMES_APART

_BASE: dict[str, Any] = {
    "GATEWAY_INTERFACE": "CGI/1.1",
    "SCRIPT_NAME": "",
    "SERVER_SOFTWARE": "Doorward",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.version": (1, 0),
    "wsgi.errors": sys.stderr,
    "wsgi.input_terminated": True,
    "wsgi.multiprocess": True,
    "wsgi.multithread": True,
    "wsgi.run_once": False,
    NAMES_APART: True,
}
_OFTEN = (
    "accept accept-encoding accept-language access-control-request-headers access-control-request-method authorization "
    "cache-control connection cookie dnt dpop expect forwarded host if-modified-since if-none-match origin pragma "
    "priority referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site "
    "sec-fetch-user te traceparent transfer-encoding upgrade-insecure-requests user-agent via x-forwarded-for "
    "x-forwarded-host x-forwarded-port x-forwarded-proto x-real-ip x-request-id x-requested-with"
)
#: Headers that come often, as WSGI names them. What is not here is worked out each time: nobody can make it grow.
_NAMES: Mapping[bytes, str] = {
    b"content-type": "CONTENT_TYPE",
    b"content-length": "CONTENT_LENGTH",
    **{name.encode(): "HTTP_" + name.upper().replace("-", "_") for name in _OFTEN.split()},
}


def environ_of(scope: Mapping[str, Any]) -> dict[str, Any]:
    """The environ (PEP 3333) of an ASGI scope, without `wsgi.input`.

    Texts are Latin-1, a character for an octet: what the octets mean is not for us to say (RFC 9110 §5.5).
    """
    path, query, headers = scope["raw_path"], scope["query_string"], scope["headers"]
    try:
        environ: dict[str, Any] = {_NAMES[name]: value.decode("latin-1") for name, value in headers}
    except KeyError:
        environ = {}
    if len(environ) < len(headers):
        environ = _joined(headers)
    environ.update(_BASE)
    environ["wsgi.url_scheme"] = scope.get("scheme", "http")
    environ["REQUEST_METHOD"] = scope["method"]
    environ["PATH_INFO"] = (unquote_to_bytes(path) if b"%" in path else path).decode("latin-1")
    environ["QUERY_STRING"] = query.decode("latin-1") if query else ""
    environ["SERVER_NAME"], environ["SERVER_PORT"] = scope["server"]
    environ["REMOTE_ADDR"] = scope["client"][0]
    return environ


def _joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Several lines of one name are one list (RFC 9110 §5.3), those of Cookie one header (RFC 6265 §5.4)."""
    found: dict[str, Any] = {}
    for octets, line in headers:
        name = _NAMES.get(octets)
        if name is None:
            # WSGI writes "-" and "_" alike: X_Forwarded_For, which proxies pass on unseen, would be what they wrote.
            if b"_" in octets:
                continue
            name = "HTTP_" + octets.decode("latin-1").upper().replace("-", "_")
        value = line.decode("latin-1")
        found[name] = value if name not in found else found[name] + ("; " if name == "HTTP_COOKIE" else ", ") + value
    return found
