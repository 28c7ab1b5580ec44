"""By which address somebody came: at another one than the issuer's no cookie fits, forms bounce, passkeys are refused.

A request tells what the browser shows only as far as proxies pass that on. What they say here is told and counted; it
decides nothing that counts, and no address of ours is ever made of it (RFC 9700 §4.13).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from idp.browser import is_navigation
from idp.config import is_loopback
from idp.errors import Explanation, Refused
from idp.services import Services
from idp.texts import N_
from idp.wire import Request

_HOST: Final = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9_.-]{1,253})(:[0-9]{1,5})?")
#: What only a proxy sends.
_OF_PROXIES: Final = (
    "HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_FORWARDED", "HTTP_VIA",
    "HTTP_X_REAL_IP",
)  # fmt: skip
#: Browsers that send Fetch Metadata to every https address, and to no http one (Fetch Metadata §2, "potentially
#: trustworthy").
_SENDS_METADATA: Final = re.compile(r"(?:Chrome/(?:[89]\d|\d{3})|Firefox/(?:9\d|\d{3}))[\d.]*\b")
#: What a proxy may put before a path of ours: the advice names it, and anybody may have sent it.
_HEAD: Final = re.compile(r"/[A-Za-z0-9._~/-]{1,200}")
_PORTS: Final = {"http": "80", "https": "443"}


@dataclass(frozen=True, slots=True)
class Reached:
    """`scheme`, `host`: of the address that the browser shows, '' where nobody says.

    `inner`: a Host that is the proxy's own name for us, so that the browser's is not known; `proxied`: something
    stands between.
    """

    scheme: str
    host: str
    inner: str
    proxied: bool

    @property
    def shown(self) -> str:
        """The address as far as it is known; a host is made of harmless characters alone."""
        return f"{self.scheme}://{self.host}" if self.scheme else self.host


def of(services: Services, request: Request) -> Reached:
    """How this request came."""
    return request.once(_read, services)


def is_elsewhere(services: Services, reached: Reached) -> bool:
    """Whether it is known to be another address than the issuer's."""
    issuer = urlsplit(services.issuer)
    return bool(reached.host) and (
        reached.host != issuer.netloc or (reached.scheme == "http" and issuer.scheme == "https")
    )


def check(services: Services, request: Request, here: str) -> None:
    """For a form that did not fit its browser. Errors: `Refused`, where the address explains that.

    `here`: an address of ours to go on at.
    """
    reached = of(services, request)
    if not is_elsewhere(services, reached):
        reached = _in_clear(services, request, reached)
        request.read_as(_read, reached)
    if is_elsewhere(services, reached):
        raise refused(services, request, reached, here)


def refused(services: Services, request: Request, reached: Reached, here: str) -> Refused:
    """The page for somebody at another address, with the right one; all that it leads to is the issuer's."""
    issuer = services.issuer
    return Refused(
        "wrong_address", N_("This page was opened at %(used)s. Signing in works at %(right)s only.",
                            used=reached.shown, right=issuer),
        title=N_("Please open the other address"),
        advice=N_("Open the page at %(right)s, and use that address in bookmarks and links.", right=issuer),
        detail=f"the cookies and forms of {issuer} do not work at {reached.shown}",
        explanation=Explanation("doorward", advice_on(services, reached), "server.issuer", _as_much(services, reached),
                                reached.shown),
        way_on=here,
    )  # fmt: skip


def _as_much(services: Services, reached: Reached) -> str:
    """What belongs there, with as much of the address as is known of the other: two that are compared look alike."""
    return services.issuer if reached.scheme else urlsplit(services.issuer).netloc


def advice_on(services: Services, reached: Reached) -> str:
    """What the operator does about it; the likeliest first."""
    issuer, parts = services.issuer, urlsplit(services.issuer)
    host = _name(reached.host)
    port = reached.host[len(host) + 1 :]
    if reached.host == parts.netloc:
        return (
            f"Send http on to https at the proxy, before anything is passed to Doorward (nginx: return 301 "
            f"https://$host$request_uri): browsers keep no secure cookie of an http page. People sign in at {issuer}."
        )
    used = reached.shown
    what = f"redirect {used} to {issuer} at the proxy"
    if _is_address(host):
        what = f"redirect {used} to {issuer} at the proxy, with a name in DNS"
    elif host == parts.hostname:
        what = f"redirect port {port or _PORTS.get(reached.scheme, '')} to {issuer}"
    return (
        f"(1) Most likely a link or bookmark leads to {used} where people are to use {issuer} – mend it, and {what}. "
        f"(2) If the browser does show {issuer}, the proxy changes the Host header – have it pass the browser's own "
        "(nginx: proxy_set_header Host $host; Apache: ProxyPreserveHost On). "
        f"(3) Only if people are meant to come by {used}, set server.issuer to it – that changes the issuer of every "
        "token, so every application must be set to it as well."
    )


# -- what the request says ---------------------------------------------------------------------------------------------


def _read(services: Services, request: Request) -> Reached:
    environ = request.environ
    host = _host_of(str(environ.get("HTTP_HOST") or ""))
    forwarded = _forwarded(request.header("Forwarded"))
    said = _host_of(_first(request.header("X-Forwarded-Host")) or forwarded.get("host", ""))
    scheme = (_first(request.header("X-Forwarded-Proto")) or forwarded.get("proto", "")).lower()
    is_fetched = bool(request.header("Sec-Fetch-Site"))
    proxied = (
        any(name in environ for name in _OF_PROXIES)
        or str(environ.get("SERVER_PROTOCOL")) == "HTTP/1.0"  # no browser's; nginx's own
        or request.is_of_proxy
        or (is_fetched and environ.get("wsgi.url_scheme") != "https" and not is_loopback(_name(host)))
    )
    if scheme not in ("http", "https"):
        scheme = "https" if is_fetched and not is_loopback(_name(host)) else ""
        scheme = scheme or ("" if proxied else str(environ.get("wsgi.url_scheme") or ""))
    issuer = urlsplit(services.issuer)
    inner = ""
    if said:
        host = said
    elif proxied and host != issuer.netloc and _is_inner(services, host):
        host, inner = "", host
    return Reached(scheme, _without_port(host, scheme or issuer.scheme), inner, proxied)


def _in_clear(services: Services, request: Request, reached: Reached) -> Reached:
    """For a form that came without a cookie: a browser of today tells by its silence that the page is not https."""
    issuer = urlsplit(services.issuer)
    agent = _SENDS_METADATA.search(request.user_agent)
    if issuer.scheme == "https" and not reached.scheme and agent and is_navigation(request):
        return Reached("http", reached.host or issuer.netloc, reached.inner, reached.proxied)
    return reached


def _host_of(text: str) -> str:
    """A host with its port, lower-case; '' for what is none."""
    host = text.strip().lower()
    if _HOST.fullmatch(host) is None:
        return ""
    name, mark, port = host.rpartition(":") if not host.endswith("]") else (host, "", "")
    return f"{name.rstrip('.')}{mark}{port}" if mark else host.rstrip(".")


def _name(host: str) -> str:
    """A host without its port."""
    return host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]


def _without_port(host: str, scheme: str) -> str:
    return host.removesuffix(":" + _PORTS.get(scheme, "?"))


def _is_inner(services: Services, host: str) -> bool:
    """Whether a Host is what proxies call us by: our own port, this machine, or a name that no browser knows."""
    port = host[len(_name(host)) + 1 :]
    if is_loopback(_name(host)) or port == str(services.settings.server.port):
        return True
    return not port and ("." not in host or "_" in host) and not host.startswith("[")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _first(listed: str) -> str:
    return listed.partition(",")[0].strip()


def _forwarded(text: str) -> Mapping[str, str]:
    """The first element of a Forwarded header (RFC 7239 §4)."""
    pairs = (part.partition("=") for part in text.partition(",")[0].split(";"))
    return {name.strip().lower(): value.strip().strip('"') for name, _, value in pairs}


# -- a path that a proxy cuts or adds to -------------------------------------------------------------------------------


def path_cut(services: Services, path: str, known: Iterable[str]) -> Explanation | None:
    """Why nothing is at a path of ours: the issuer's own path is missing before it, as a proxy took it away."""
    prefix = services.settings.server.issuer_path
    if not prefix or path not in frozenset(known):
        return None
    fix = (
        f"The proxy takes {prefix} off the path: pass the path on whole (nginx: proxy_pass without a path or slash "
        f"behind the port; Traefik: no StripPrefix). Or, if Doorward is meant to be at the root of its host, set "
        "server.issuer without a path."
    )
    return Explanation("doorward", fix, "server.issuer", f"{prefix}{path}", path)


def path_added(services: Services, path: str, known: Iterable[str]) -> Explanation | None:
    """The same where another path stands before one of ours, and the issuer has none."""
    tails = (one for one in known if path.endswith(one) and path != one and one.count("/") > 1)
    tail = "" if services.settings.server.issuer_path else max(tails, key=len, default="")
    head = path.removesuffix(tail)
    if not tail or _HEAD.fullmatch(head) is None:
        return None
    fix = (
        f"{head} stands before an address of ours. If a proxy serves Doorward below {head}, set server.issuer to "
        f"{services.issuer}{head}, and have it pass the path on whole; else mend the link that leads there."
    )
    return Explanation("doorward", fix, "server.issuer", tail, path)
