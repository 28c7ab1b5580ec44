"""How people's requests reach us, counted where it tells of a mistake of whoever runs the proxy.

Pages alone are looked at: what programs call is hot, and comes through the same proxy. Counts are kept in memory and
handed to State every few seconds, so that the checks of `doorward doctor`, another process, read the same.
"""

from __future__ import annotations

import ipaddress
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from idp import reached
from idp.browser import is_navigation
from idp.services import Services
from idp.state import StateUnavailable
from idp.wire import Request
from idp.wire.addresses import UNREADABLE

DAY: Final = 86400.0
EVERY: Final = 10.0  # seconds between two times that counts are handed over
MAX_VALUES: Final = 5  # of each pattern that are kept
BOUNCED: Final = 5  # pages that one form that came back counts for: somebody was kept out
ENOUGH: Final = 5  # pages from which a pattern is told
PAGES: Final = "pages"
OTHER_ADDRESS, HOST_REWRITTEN = "other_address", "host_rewritten"
PROXY_UNTRUSTED, PROXY_SILENT, PROXY_BEHIND, PROXY_UNREADABLE = (
    "proxy_untrusted", "proxy_silent", "proxy_behind", "proxy_unreadable",
)  # fmt: skip
#: A certificate of an application, in the header of who is no trusted proxy (RFC 8705 §6.4): one is news.
CERTIFICATE_UNTRUSTED: Final = "certificate_untrusted"
#: The same at a host where the proxy asks for none.
CERTIFICATE_ELSEWHERE: Final = "certificate_elsewhere"
_AT_ONCE: Final = (CERTIFICATE_UNTRUSTED, CERTIFICATE_ELSEWHERE)
PATTERNS: Final = (
    OTHER_ADDRESS, HOST_REWRITTEN, PROXY_UNTRUSTED, PROXY_SILENT, PROXY_BEHIND, PROXY_UNREADABLE, *_AT_ONCE,
)  # fmt: skip


#: RFC 1918 §3, RFC 6598 §7, RFC 4193 §3, RFC 3927 §2.1, RFC 4291 §2.5.6, this machine.
_PRIVATE: Final = tuple(map(ipaddress.ip_network, (
    "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7",
    "fe80::/10", "::1/128",
)))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pattern:
    """How often pages came so in the last day. `got`: what came, the latest last; times: epoch seconds."""

    kind: str
    times: int
    pages: int
    since: float
    last_at: float
    got: tuple[str, ...]

    @property
    def is_worth_telling(self) -> bool:
        """One stray visitor of many is nobody's fault; what holds for most of them is a setting."""
        if self.kind == OTHER_ADDRESS or self.kind in _AT_ONCE:
            return self.times >= (ENOUGH if self.kind == OTHER_ADDRESS else 1)
        return self.times >= ENOUGH and 2 * self.times >= self.pages


@dataclass(slots=True)
class _Count:
    times: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    got: dict[str, None] = field(default_factory=dict)


class Arrivals:
    """What this process has seen and not handed over yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[str, _Count] = {}
        self._handed_at = 0.0

    def note(self, kind: str, got: str, now: float, weight: int = 1) -> None:
        """Count one page."""
        with self._lock:
            count = self._counts.setdefault(kind, _Count(first_at=now))
            count.times, count.last_at = count.times + weight, now
            if got:
                count.got.pop(got, None)
                count.got[got[:100]] = None
                if len(count.got) > MAX_VALUES:
                    count.got.pop(next(iter(count.got)))

    def flush(self, services: Services, *, at_once: bool = False) -> None:
        """Hand the counts to State, now and then. Errors: `StateUnavailable`; the counts wait then."""
        moment = time.monotonic()
        if not self._counts or (not at_once and moment < self._handed_at + EVERY):
            return
        self._handed_at = moment
        with self._lock:
            counts, self._counts = self._counts, {}
        for kind in [*counts]:
            try:
                _hand_over(services, kind, counts[kind])
            except StateUnavailable:
                with self._lock:
                    for late in counts:  # what was handed over is gone from it
                        self._counts.setdefault(late, counts[late])
                raise
            del counts[kind]


def look(services: Services, request: Request) -> None:
    """Note how a request for a page came."""
    arrivals, now = services.part(Arrivals), services.clock()
    for kind, got in found(services, request).items():
        arrivals.note(kind, got, now)


def bounced(services: Services, request: Request) -> None:
    """Note that somebody was kept out by the address that they came by: it counts for several pages."""
    came = reached.of(services, request)
    services.part(Arrivals).note(OTHER_ADDRESS, came.shown, services.clock(), BOUNCED)


def found(services: Services, request: Request) -> Mapping[str, str]:
    """What is odd about the way of one request, and what came instead."""
    seen: dict[str, str] = {PAGES: ""}
    came = reached.of(services, request)
    if reached.is_elsewhere(services, came) and is_navigation(request):
        seen[OTHER_ADDRESS] = came.shown
    if came.inner:
        seen[HOST_REWRITTEN] = came.inner
    peer, chain = str(request.environ.get("REMOTE_ADDR") or ""), request.header("X-Forwarded-For")
    if not request.is_of_proxy:
        if untrusted_proxy(request):
            seen[PROXY_UNTRUSTED] = peer
    elif not chain:
        other = next((name for name in ("Forwarded", "X-Real-IP", "CF-Connecting-IP") if request.header(name)), "")
        seen[PROXY_SILENT] = f"{other or 'no header'} from {peer}"
    elif request.remote_address == UNREADABLE:
        seen[PROXY_UNREADABLE] = chain[-60:]
    elif is_private(request.remote_address) and "," in chain and not is_private(chain.partition(",")[0].strip()):
        seen[PROXY_BEHIND] = request.remote_address
    return seen


def untrusted_proxy(request: Request) -> str:
    """The address of a proxy that is not trusted, though it says for whom it asks; '' where there is none.

    A proxy of ours has an address of a private network: what comes from others with such a header may be anybody.
    """
    peer = str(request.environ.get("REMOTE_ADDR") or "")
    says = any(request.header(name) for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded"))
    return peer if says and not request.is_of_proxy and is_private(peer) else ""


def is_private(address: str) -> bool:
    """Whether it is an address of somebody's own network: 10/8, 192.168/16, fd00::/8, this machine, carriers' NAT."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in _PRIVATE)


def patterns(services: Services) -> tuple[Pattern, ...]:
    """What was seen in the last day, by all processes that share State; those worth telling. Errors: as State."""
    services.part(Arrivals).flush(services, at_once=True)
    pages = services.state.count(_key(PAGES), DAY, 0)
    seen = (_read(services, kind, pages) for kind in PATTERNS)
    return tuple(one for one in seen if one is not None and one.is_worth_telling)


def _read(services: Services, kind: str, pages: int) -> Pattern | None:
    times = services.state.count(_key(kind), DAY, 0)
    kept: Any = services.state.get(f"{_key(kind)}:about") if times else None
    return Pattern(kind, times, pages, kept["since"], kept["last_at"], tuple(kept["got"])) if kept else None


def _hand_over(services: Services, kind: str, count: _Count) -> None:
    state, key = services.state, _key(kind)
    total = state.count(key, DAY, count.times)
    if kind == PAGES:
        return
    kept: Any = state.get(f"{key}:about") if total > count.times else None
    got = [*dict.fromkeys([*(kept["got"] if kept else ()), *count.got])][-MAX_VALUES:]
    since = kept["since"] if kept else count.first_at
    state.put(f"{key}:about", {"since": since, "last_at": count.last_at, "got": got}, DAY)


def _key(kind: str) -> str:
    return f"arrivals:{kind}"


# -- in words ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Told:
    """What a pattern means for whoever runs the proxy. `field`: the setting, here or at the proxy."""

    field: str
    expected: str
    got: str
    fix: str


def told(services: Services, pattern: Pattern) -> Told:
    """A pattern, as an admin reads it."""
    issuer, latest = services.issuer, pattern.got[-1] if pattern.got else ""
    trusted = ", ".join(services.settings.server.trusted_proxies) or "none"
    if pattern.kind == OTHER_ADDRESS:
        scheme, _, host = latest.rpartition("://")
        return Told("server.issuer", issuer, ", ".join(pattern.got), reached.advice_on(
            services, reached.Reached(scheme, host, "", True)))  # fmt: skip
    if pattern.kind == HOST_REWRITTEN:
        fix = (
            "The proxy puts its own name for Doorward into the Host header: pass the browser's (nginx: "
            "proxy_set_header Host $host; Apache: ProxyPreserveHost On; IIS: preserveHostHeader), else people who come "
            "by another address cannot be told so."
        )
        return Told("Host", urlsplit(issuer).netloc, ", ".join(pattern.got), fix)
    if pattern.kind == PROXY_UNTRUSTED:
        got = f"{trusted}, while requests come from {', '.join(pattern.got)}"
        return Told("server.trusted_proxies", with_proxy(services, latest), got, trust_it(services, latest))
    if pattern.kind == CERTIFICATE_UNTRUSTED:
        got = f"{trusted}, while a certificate came from {', '.join(pattern.got)} and was ignored"
        return Told("server.trusted_proxies", with_proxy(services, latest), got, trust_it(services, latest))
    if pattern.kind == CERTIFICATE_ELSEWHERE:
        oauth = services.settings.oauth
        fix = (
            f"The proxy passed a certificate's header on with the Host {latest}, where it asks for none: anybody can "
            f"write it. It was ignored; have the proxy remove it there, and pass the client's Host on at "
            f"{oauth.mtls_origin}."
        )
        return Told("the header of certificates", f"at {oauth.mtls_origin} alone", ", ".join(pattern.got), fix)
    if pattern.kind == PROXY_SILENT:
        fix = (
            "Doorward reads X-Forwarded-For and nothing else: have the proxy send it (nginx: proxy_set_header "
            "X-Forwarded-For $proxy_add_x_forwarded_for; HAProxy: option forwardfor), else everybody has its address. "
            f"If no proxy is at that address, take its network out of server.trusted_proxies ({trusted})."
        )
        return Told("X-Forwarded-For", "the address of whoever asks", latest, fix)
    if pattern.kind == PROXY_BEHIND:
        fix = (
            f"One more proxy, {latest}, stands before the one that is trusted, so everybody seems to come from it: "
            f"name it in server.trusted_proxies as well ({trusted} now)."
        )
        return Told("server.trusted_proxies", with_proxy(services, latest), trusted, fix)
    fix = "The proxy writes nothing that can be read into X-Forwarded-For: have it write the client's IP address alone."
    return Told("X-Forwarded-For", "an IP address at its end", latest, fix)


def finding(services: Services, proxy: str) -> Mapping[str, Any]:
    """What an admin reads beside a pause of everybody who comes by a proxy that is not trusted."""
    trusted = ", ".join(services.settings.server.trusted_proxies) or "none"
    return {
        "code": "trusted_proxies", "side": "doorward", "field": "server.trusted_proxies",
        "expected": with_proxy(services, proxy), "got": f"{trusted}, while this request came from {proxy} for another",
        "fix": trust_it(services, proxy), "reader": "house", "weight": "wrong",
    }  # fmt: skip


def with_proxy(services: Services, proxy: str) -> str:
    """The setting with one more machine, as it is written."""
    networks = [*services.settings.server.trusted_proxies, f"{proxy}/{128 if ':' in proxy else 32}"]
    return json.dumps(networks)


def trust_it(services: Services, proxy: str) -> str:
    """What to do about a proxy that is not trusted. Anybody may send what one sends: whose it is, admins know."""
    return (
        f"If a proxy of yours is at {proxy}: set server.trusted_proxies = {with_proxy(services, proxy)} (or the "
        "network of all your proxies) in the settings and restart: "
        "until then everybody seems to come from one address, so wrong passwords of one person make others wait, and "
        "the record cannot tell people apart. If none is, leave it: whoever is trusted says where people come from."
    )
