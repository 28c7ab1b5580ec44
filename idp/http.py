"""The one guarded client for requests that Doorward makes itself (jwks_uri, logout delivery, webhooks): S42.

https and public addresses only, after DNS resolution, and the address that was checked is the one connected to;
no proxies, no cookies, no compression; redirects only where asked for, each checked again; one deadline for the whole
exchange; a cap on the answer.
Settings let single origins through (loopback and private hosts for tests and intranets) and name a CA bundle.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

if TYPE_CHECKING:
    import httpcore  # imported where it is used: the cold start does without

MAX_URL = 8192  # characters

#: (host, port) to the addresses of the host, as text.
Resolver = Callable[[str, int], Sequence[str]]


class OutboundRefused(Exception):
    """The guard let nothing out. The reason is for the log and the admin, not for the answer to a stranger."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class OutboundFailed(Exception):
    """The other side did not answer as it should. The reason never repeats what it answered."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Redirected(Exception):
    """It answered with a redirect. `location` as sent."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(status)
        self.status, self.location = status, location


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that was not a redirect. `content_type` as sent, empty where it is missing."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads: parsed once, by one rule, so that the guard and the connection cannot read it differently."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What an allow-list entry is compared with."""
        return (self.scheme, self.host, self.port)

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


# No userinfo, no backslash, no control character, nothing that is not ASCII: RFC 3986 §3.2 and stricter.
_URL = re.compile(
    r"(?P<scheme>https?)://(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<host>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?))"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>[/?][\x21-\x7e]*)?",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)$")


def parse(url: str) -> Target:
    """Take a URL apart. The fragment is dropped. Errors: `OutboundRefused`."""
    match = _URL.fullmatch(url.partition("#")[0]) if len(url) <= MAX_URL and "\\" not in url else None
    if match is None:
        raise OutboundRefused("not a plain http(s) URL: host, numeric port and path in ASCII, no user name")
    scheme = match["scheme"].lower()
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65536:
        raise OutboundRefused(f"port {port} does not exist")
    path = match["path"] or "/"
    return Target(scheme, _host(match["v6"], match["host"]), port, path if path[0] == "/" else "/" + path)


def _host(v6: str | None, name: str | None) -> str:
    if v6 is not None:
        try:
            return str(ipaddress.IPv6Address(v6))
        except ValueError:
            raise OutboundRefused("the host in brackets is not an IPv6 address") from None
    host = (name or "").lower()
    # WHATWG URL "ends in a number": 2130706433, 0177.1 and 0x7f.1 are spellings of 127.0.0.1 that resolvers accept.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise OutboundRefused("the host is a number, but not an IPv4 address in its usual form") from None
    return host


# -- addresses -------------------------------------------------------------------------------------------------------

_GLOBAL_V6 = ipaddress.ip_network("2000::/3")  # IANA: the global unicast space; NAT64, mapped, local lie outside
_REFUSED = [
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # RFC 6598: shared by carriers
        "192.0.0.0/24",  # RFC 6890: protocol assignments
        "192.88.99.0/24",  # RFC 7526: 6to4 relays
        "198.18.0.0/15",  # RFC 2544: benchmarks
        "240.0.0.0/4",  # RFC 1112: reserved
        "2001::/23",  # RFC 2928: protocol assignments, Teredo among them
        "2001:db8::/32",  # RFC 3849: documentation
        "2002::/16",  # RFC 3056: 6to4, carries any IPv4 address
        "3fff::/20",  # RFC 9637: documentation
    )
]


def is_public(address: str) -> bool:
    """Whether an address is one that anybody on the internet may be sent to."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False  # a scoped (fe80::1%eth0) or malformed one
    if not ip.is_global or ip.is_multicast or (ip.version == 6 and ip not in _GLOBAL_V6):
        return False
    return not any(ip in network for network in _REFUSED if network.version == ip.version)


def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


# -- the wire --------------------------------------------------------------------------------------------------------


class _Wire:
    """What httpcore connects and talks through (its NetworkBackend and NetworkStream in one, for one connection).

    It goes to the checked addresses whatever name it is told, and not past the deadline, however slowly bytes drip.
    """

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses, self._deadline = addresses, deadline
        self._socket: Any = None

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def connect_tcp(self, host: str, port: int, **_: object) -> _Wire:
        for tried, address in enumerate(self._addresses):
            share = self._left() / (len(self._addresses) - tried)
            with contextlib.suppress(OSError):
                self._socket = socket.create_connection((address, port), share)
                return self
        raise ConnectionError

    def start_tls(self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, **_: object) -> _Wire:
        self._socket.settimeout(self._left())
        self._socket = ssl_context.wrap_socket(self._socket, server_hostname=server_hostname)
        return self

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(self._left())
        data: bytes = self._socket.recv(max_bytes)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        rest = memoryview(buffer)
        while rest:
            self._socket.settimeout(self._left())
            rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        return self._socket if info == "ssl_object" and isinstance(self._socket, ssl.SSLSocket) else None


@dataclass(frozen=True, slots=True)
class _Sink:
    """Where an answer's body goes. `whole`: a longer one counts as failed; else the rest is left unread."""

    write: Callable[[bytes], object]
    max_bytes: int
    whole: bool = True


# -- the client ------------------------------------------------------------------------------------------------------


class Outbound:
    """`allow`: origins let through, whatever their scheme and address. `ca`: a PEM file, in place of the system's.

    `timeout`: seconds for the whole exchange, name resolution included. `max_bytes`: of the answer's body.
    Errors of the verbs: `OutboundRefused` (nothing was sent), `OutboundFailed`. Of the constructor: `ValueError`.
    """

    def __init__(
        self,
        allow: Iterable[str] = (),
        ca: str | None = None,
        *,
        timeout: float = 5.0,
        max_bytes: int = 64 * 1024,
        resolver: Resolver = resolve,
    ) -> None:
        self._allow = frozenset(_origin(entry) for entry in allow)
        self._ca = ca or None
        self._timeout, self._max_bytes, self._resolver = timeout, max_bytes, resolver
        if self._ca is not None:
            self._tls  # noqa: B018 - read now, so that a bad file is told at the start

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cafile=self._ca)
        except (OSError, ssl.SSLError) as error:
            raise ValueError(f"{self._ca}: expected a file of CA certificates in PEM form ({error})") from error

    def get(
        self,
        url: str,
        accept: str = "application/json",
        *,
        redirects: int = 0,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> Fetched:
        """Fetch a document. Longer than `max_bytes`, or encoded, it counts as failed.

        `redirects`: how many are followed, each through the same guard, none from https to http, and none from
        outside to an origin that only the settings let through. The deadline is one for all.
        """
        limit = self._max_bytes if max_bytes is None else max_bytes
        body = bytearray()
        fetched = self._follow(url, accept, redirects, timeout, lambda: _Sink(body.extend, limit))
        return Fetched(fetched.status, fetched.content_type, bytes(body))

    def download(
        self, url: str, write: Callable[[bytes], object], accept: str, *, redirects: int, max_bytes: int, timeout: float
    ) -> Fetched:
        """The same for what is too big for memory: the parts go to `write`, and the answer's `body` is empty."""
        return self._follow(url, accept, redirects, timeout, lambda: _Sink(write, max_bytes))

    def _follow(
        self, url: str, accept: str, redirects: int, timeout: float | None, sink: Callable[[], _Sink]
    ) -> Fetched:
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        inside = parse(url).origin in self._allow
        failure = OutboundFailed("no answer")
        for hop in range(redirects + 1):
            try:
                return self._fetch("GET", url, {"accept": accept}, b"", sink(), deadline, inside)
            except _Redirected as redirect:
                words = "too many redirects" if hop else "redirects are not followed"
                failure = OutboundFailed(f"it answered with a redirect ({redirect.status}); {words}")
                if not redirect.location or hop == redirects:
                    break
                url = _next(url, redirect.location)
        raise failure

    def post(
        self, url: str, data: Mapping[str, str] | bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Send a form (a mapping) or bytes. Of the answer's body at most `max_bytes` are read."""
        sent = {"accept": "*/*", **{name.lower(): value for name, value in (headers or {}).items()}}
        if isinstance(data, Mapping):
            data = urlencode(data).encode()
            sent.setdefault("content-type", "application/x-www-form-urlencoded")
        sent["content-length"] = str(len(data))
        body = bytearray()
        deadline = time.monotonic() + self._timeout
        try:
            fetched = self._fetch("POST", url, sent, data, _Sink(body.extend, self._max_bytes, whole=False), deadline)
        except _Redirected as redirect:
            status = redirect.status
        else:
            return Fetched(fetched.status, fetched.content_type, bytes(body))
        raise OutboundFailed(f"it answered with a redirect ({status}); redirects are not followed")

    def check(self, url: str, timeout: float = 1.0) -> None:
        """Whether the guard would let a request there; nothing is sent. Errors: `OutboundRefused`, `OutboundFailed`."""
        self._vet(parse(url), time.monotonic() + timeout, True)

    def is_refused(self, url: str, timeout: float = 0.5) -> bool:
        """Whether nobody listens there: every address of the host refuses the connection. Nothing is sent.

        False where that cannot be told: no answer in time, or an address that the guard keeps.
        """
        deadline = time.monotonic() + timeout
        try:
            target = parse(url)
            addresses = self._vet(target, deadline, True)
        except (OutboundRefused, OutboundFailed):
            return False
        return all(_is_closed(address, target.port, deadline) for address in addresses)

    def _fetch(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: bytes,
        sink: _Sink,
        deadline: float,
        inside: bool = True,
    ) -> Fetched:
        target = parse(url)
        addresses = self._vet(target, deadline, inside)
        headers |= {"host": target.authority, "user-agent": "Doorward", "accept-encoding": "identity"}
        failure = OutboundFailed("no answer")
        try:
            return self._exchange(method, target, addresses, headers, content, deadline, sink)
        except _Redirected:
            raise
        except OutboundFailed as error:
            failure = error
        except Exception as error:  # of httpcore, h11, ssl, socket: all of them "failed"
            failure = OutboundFailed(_explain(error))
        # Raised out here, without the cause: a protocol error's text, or its traceback, may hold what was answered.
        raise failure

    def _vet(self, target: Target, deadline: float, inside: bool) -> Sequence[str]:
        """The addresses that may be connected to: resolved once, each of them checked.

        `inside`: whether the settings' exceptions count; not where somebody outside sent us there.
        """
        is_allowed = inside and target.origin in self._allow
        if target.scheme != "https" and not is_allowed:
            raise OutboundRefused("https is required")
        addresses = self._resolve(target, deadline)
        if not is_allowed:
            for address in addresses:
                if not is_public(address):
                    raise OutboundRefused(f"{target.host} is {address}, which is not a public address")
        return addresses

    def _resolve(self, target: Target, deadline: float) -> Sequence[str]:
        with contextlib.suppress(ValueError):
            return [str(ipaddress.ip_address(target.host))]
        found: list[Sequence[str]] = []

        def ask() -> None:
            with contextlib.suppress(OSError, UnicodeError):
                found.append(self._resolver(target.host, target.port))

        # getaddrinfo knows no timeout, so it is given a thread to be left behind in.
        asker = threading.Thread(target=ask, daemon=True, name="resolve")
        asker.start()
        asker.join(max(0.0, deadline - time.monotonic()))
        if not found or not found[0]:
            raise OutboundFailed(f"{target.host} has no address, or the name server did not answer in time")
        return found[0]

    def _exchange(
        self,
        method: str,
        target: Target,
        addresses: Sequence[str],
        headers: Mapping[str, str],
        content: bytes,
        deadline: float,
        sink: _Sink,
    ) -> Fetched:
        import httpcore

        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path.encode("ascii"))
        wire: Any = _Wire(addresses, deadline)
        tls = self._tls if target.scheme == "https" else None
        with (
            contextlib.closing(wire),
            httpcore.HTTPConnection(origin, ssl_context=tls, network_backend=wire) as connection,
            connection.stream(method, url, headers=list(headers.items()), content=content) as response,
        ):
            return self._read(response, sink)

    def _read(self, response: httpcore.Response, sink: _Sink) -> Fetched:
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if 300 <= response.status < 400:
            raise _Redirected(response.status, headers.get(b"location", "") if response.status in _FOLLOWED else "")
        if sink.whole and headers.get(b"content-encoding", "identity").lower() != "identity":
            raise OutboundFailed("it answered compressed, which was not asked for")
        left = sink.max_bytes
        for chunk in response.iter_stream():
            if len(chunk) > left and sink.whole:
                raise OutboundFailed(f"its answer is longer than {sink.max_bytes} bytes")
            sink.write(chunk[:left])
            left -= min(left, len(chunk))
            if not left and not sink.whole:
                break
        return Fetched(response.status, headers.get(b"content-type", ""), b"")


def _is_closed(address: str, port: int, deadline: float) -> bool:
    try:
        socket.create_connection((address, port), max(0.05, deadline - time.monotonic())).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


#: IIP-MD02 names 301, 302 and 307; 308 is 301 for those who mean it.
_FOLLOWED = (301, 302, 307, 308)


def _next(url: str, location: str) -> str:
    """Where a redirect leads. Errors: `OutboundRefused`."""
    try:
        target = urljoin(url, location)
    except ValueError:
        raise OutboundRefused("it redirects to something that is no URL") from None
    if parse(url).scheme == "https" and parse(target).scheme != "https":
        raise OutboundRefused("it redirects from https to http")
    return target


def _origin(entry: str) -> tuple[str, str, int]:
    try:
        target = parse(entry)
    except OutboundRefused as error:
        raise ValueError(f"outbound.allow: {entry!r}: {error.reason}") from error
    if target.path != "/":
        raise ValueError(f"outbound.allow: {entry!r}: expected an origin, such as https://intranet.example:8443")
    return target.origin


def _explain(error: BaseException) -> str:
    """The failure in our words; of the error itself only what this side found out."""
    cause: Any = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate was not accepted: {cause.verify_message}"
        cause = cause.__cause__
    name = type(error).__name__
    if "Timeout" in name:
        return "it did not answer in time"
    if "Connect" in name:
        return "it did not accept the connection"
    return f"it did not answer in proper HTTP ({name})"
