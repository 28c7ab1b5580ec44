"""A request by the public address, as people come: certificate, TLS, what the proxy says of them, cookies."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.protocols import Services

SOON, VERY_SOON = 21, 7  # days before its end that a certificate is told: half of what ACME leaves for renewing
FORGED = "203.0.113.77"  # RFC 5737 §3: nobody's
_WAIT, _MOST = 3.0, 64 * 1024  # seconds for each step; bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What came back. `ends`: epoch seconds; `came`: what the server took the request for, empty where it said none."""

    ends: float | None = None
    tls: str = ""
    status: int = 0
    came: dict[str, Any] = field(default_factory=dict)
    cookies: tuple[str, ...] = ()


def examine(services: Services) -> Found:
    """Nothing where nothing answers: the check `server` has told why."""
    try:
        seen = _ask(services)
    except (OSError, http.client.HTTPException):
        return
    if seen.ends is not None:
        yield _certificate((seen.ends - time.time()) / 86400, seen.tls)
    if seen.status == 404:
        return  # another release, or another installation, which `server` tells
    if not seen.came:
        text = f"a request with a header Authorization is answered {seen.status} on the way, not by Doorward"
        yield Finding("proxy", "warning", text, "have the proxy pass all paths and headers on: it is no second sign-in")
        return
    yield _address(services, seen.came)
    yield from _host(services, seen.came)
    yield _cookie(services, seen.cookies)


def _ask(services: Services) -> Seen:
    from idp import way_here

    url = urlsplit(services.issuer)
    connection: http.client.HTTPConnection
    if url.scheme == "https":
        connection = http.client.HTTPSConnection(
            url.hostname or "", url.port, timeout=_WAIT, context=ssl.create_default_context()
        )
    else:
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=_WAIT)
    headers = {
        "Authorization": f"Bearer {way_here.proof(services)}", "X-Forwarded-For": FORGED,
        "X-Forwarded-Host": "forged.invalid", "Forwarded": f"for={FORGED}",
    }  # fmt: skip
    try:
        connection.request("GET", url.path + way_here.PATH, headers=headers)
        sock = connection.sock
        ends, tls = None, ""
        if isinstance(sock, ssl.SSLSocket):
            certificate: Any = sock.getpeercert() or {}
            ends, tls = ssl.cert_time_to_seconds(certificate["notAfter"]), sock.version() or ""
        answer = connection.getresponse()
        body, cookies = answer.read(_MOST), _cookies(answer.headers)
    finally:
        connection.close()
    return Seen(ends, tls, answer.status, _read(answer.status, body), cookies)


def _cookies(headers: Message) -> tuple[str, ...]:
    return tuple(map(str, headers.get_all("Set-Cookie") or ()))


def _read(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body) if status == 200 else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and "address" in found else {}


def _certificate(days: float, tls: str) -> Finding:
    if days < SOON:
        text = f"server.issuer: its certificate ends in {max(0, days):.0f} days"
        fix = "renew it, have the proxy read it again, and see why that did not happen by itself"
        return Finding("server", "error" if days < VERY_SOON else "warning", text, fix)
    return Finding("server", "ok", f"its certificate is trusted here and lasts for {days:.0f} days more; {tls}")


def _address(services: Services, came: dict[str, Any]) -> Finding:
    chain = [part.strip() for part in str(came["forwarded_for"]).split(",")]
    if came["address"] != FORGED:
        return Finding("proxy", "ok", f"we come as {came['address']}, whatever address a client claims")
    if chain[-1] != FORGED:  # what stands behind it is trusted: a proxy, on which this command was run
        text = f"X-Forwarded-For is added to; this was run on a trusted proxy ({chain[-1]}), so no more can be told"
        return Finding("proxy", "ok", text)
    text = "the proxy passes on the X-Forwarded-For that a client wrote: anybody may choose the address that pauses "
    fix = "have it add the address (nginx: $proxy_add_x_forwarded_for), or overwrite the header"
    return Finding("proxy", "error", f"{text}and the record know them by", fix)


def _host(services: Services, came: dict[str, Any]) -> Found:
    wanted = urlsplit(services.issuer)
    if came["host"] == "forged.invalid" and not services.settings.is_https and not came["trusted"]:
        return  # this very server answers: nothing stands between that could remove it, and it decides nothing
    if came["host"] == "forged.invalid":  # it decides nothing here, so no more than this
        text = "the proxy passes on the X-Forwarded-Host that a client wrote"
        yield Finding("proxy", "warning", text, "overwrite or remove it there: advice and counts go by it")
    elif came["host"] and came["host"] != wanted.netloc:
        text = f"Host: expected {wanted.netloc}; came {came['host']}"
        yield Finding("proxy", "warning", text, "have the proxy pass the browser's own (nginx: $host)")
    if came["scheme"] == "http" and wanted.scheme == "https" and came["trusted"]:
        text = "X-Forwarded-Proto: expected https; came http"
        yield Finding("proxy", "warning", text, "have the proxy say https where it was (nginx: $scheme)")


def _cookie(services: Services, cookies: tuple[str, ...]) -> Finding:
    """RFC 6265bis §4.1.3.2: `__Host-` asks for Secure, Path=/ and no Domain; else browsers drop the cookie."""
    from idp.browser import cookie_name

    name = cookie_name(services, "doctor")
    found = next((one for one in cookies if one.startswith(f"{name}=")), None)
    if found is None:
        text = "a cookie of ours does not arrive: nobody can sign in"
        return Finding("proxy", "error", text, "have the proxy pass Set-Cookie on as it is, and cache nothing")
    _, *attributes = [part.strip().lower() for part in found.split(";")]
    wrong = [one for one in attributes if one.startswith("domain=")]
    wrong += [one for one in attributes if one.startswith("path=") and one != "path=/"]
    missing = ["httponly", *(["secure"] if services.settings.is_https else [])]
    wrong += [f"no {one}" for one in missing if one not in attributes]
    if wrong:
        text = f"cookies arrive changed ({', '.join(wrong)}): browsers refuse them, or others read them"
        return Finding("proxy", "error", text, "remove proxy_cookie_domain, proxy_cookie_path and the like there")
    return Finding("proxy", "ok", f"cookies arrive as they were sent, for {urlsplit(services.issuer).hostname} alone")
