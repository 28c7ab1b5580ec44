"""The client itself."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from idp.meters.spent import SPENT

from .addresses import Resolver, is_public, resolve
from .errors import OutboundFailed, OutboundRedirected, OutboundRefused
from .urls import FOLLOWED, Target, next_url, origin_of, parse
from .wire import Wire

if TYPE_CHECKING:
    import httpcore  # imported where it is used: the cold start does without


class _Redirected(Exception):
    """It answered with a redirect. `location` as sent."""

    def __init__(self, status: int, location: str) -> None:
        super().__init__(status)
        self.status, self.location = status, location


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer that was not a redirect. `content_type` as sent, empty where it is missing.

    `caching`: the headers that say how long it counts (RFC 9111 §5), and when to come again (RFC 9110 §10.2.3), by
    their names in lower case.
    """

    status: int
    content_type: str
    body: bytes
    caching: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Call:
    """What is sent. Header names are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class _Sink:
    """Where an answer's body goes. `whole`: a longer one counts as failed; else the rest is left unread."""

    write: Callable[[bytes], object]
    max_bytes: int
    whole: bool = True


_CACHING: Final = (b"cache-control", b"age", b"expires", b"date", b"retry-after")
#: Seconds for what somebody made us ask who is known to nobody: a thread waits for it.
STRANGERS: Final = 1.5


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
        self._allow = frozenset(origin_of(entry) for entry in allow)
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

    @cached_property
    def for_strangers(self) -> Outbound:
        """The same for addresses that nobody here vouches for: none of the settings' exceptions, and less time."""
        time_left = min(STRANGERS, self._timeout)
        return Outbound(ca=self._ca, timeout=time_left, max_bytes=self._max_bytes, resolver=self._resolver)

    def get(
        self,
        url: str,
        accept: str = "application/json",
        *,
        redirects: int = 0,
        max_bytes: int | None = None,
        timeout: float | None = None,
        bearer: str = "",
    ) -> Fetched:
        """Fetch a document. Longer than `max_bytes`, or encoded, it counts as failed.

        `bearer`: a token to show (RFC 6750 §2.1), which is sent to nobody else: no redirect is followed with it.

        `redirects`: how many are followed, each through the same guard, none from https to http, and none from
        outside to an origin that only the settings let through. The deadline is one for all.
        """
        limit = self._max_bytes if max_bytes is None else max_bytes
        body = bytearray()
        sent = {"accept": accept, **({"authorization": f"Bearer {bearer}"} if bearer else {})}
        fetched = self._follow(url, sent, 0 if bearer else redirects, timeout, lambda: _Sink(body.extend, limit))
        return Fetched(fetched.status, fetched.content_type, bytes(body), fetched.caching)

    def download(
        self, url: str, write: Callable[[bytes], object], accept: str, *, redirects: int, max_bytes: int, timeout: float
    ) -> Fetched:
        """GET what is too big for memory: the parts go to `write`, and the answer's `body` is empty."""
        return self._follow(url, {"accept": accept}, redirects, timeout, lambda: _Sink(write, max_bytes))

    def _follow(
        self, url: str, sent: Mapping[str, str], redirects: int, timeout: float | None, sink: Callable[[], _Sink]
    ) -> Fetched:
        deadline = time.monotonic() + (self._timeout if timeout is None else timeout)
        inside = parse(url).origin in self._allow
        failure = OutboundFailed("no answer")
        for hop in range(redirects + 1):
            try:
                return self._fetch(_Call("GET", url, sent), sink(), deadline, inside)
            except _Redirected as redirect:
                words = "too many redirects" if hop else "redirects are not followed"
                failure = OutboundFailed(f"it answered with a redirect ({redirect.status}); {words}")
                if not redirect.location or hop == redirects:
                    break
                url = next_url(url, redirect.location)
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
        sink = _Sink(body.extend, self._max_bytes, whole=False)
        try:
            fetched = self._fetch(_Call("POST", url, sent, data), sink, time.monotonic() + self._timeout)
        except _Redirected as redirect:
            status = redirect.status
        else:
            return Fetched(fetched.status, fetched.content_type, bytes(body))
        raise OutboundRedirected(f"it answered with a redirect ({status}); redirects are not followed")

    def send(
        self, method: str, url: str, content: bytes, headers: Mapping[str, str], *, max_bytes: int, timeout: float
    ) -> Fetched:
        """One call of an API. Of the answer's body at most `max_bytes` are read; no redirect is followed."""
        sent = {name.lower(): value for name, value in headers.items()}
        if content:
            sent["content-length"] = str(len(content))
        body = bytearray()
        sink = _Sink(body.extend, max_bytes, whole=False)
        try:
            fetched = self._fetch(_Call(method, url, sent, content), sink, time.monotonic() + timeout)
        except _Redirected as redirect:
            status = redirect.status
        else:
            return Fetched(fetched.status, fetched.content_type, bytes(body), fetched.caching)
        raise OutboundRedirected(f"it answered with a redirect ({status}); redirects are not followed")

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

    def _fetch(self, call: _Call, sink: _Sink, deadline: float, inside: bool = True) -> Fetched:
        target = parse(call.url)
        addresses = self._vet(target, deadline, inside)
        failure, begun = OutboundFailed("no answer"), time.perf_counter()
        status = 0
        try:
            fetched = self._exchange(call, target, Wire(addresses, deadline), sink)
            status = fetched.status
            return fetched
        except _Redirected as redirect:
            status = redirect.status
            raise
        except OutboundFailed as error:
            failure = error
        except Exception as error:  # of httpcore, h11, ssl, socket: all of them "failed"
            failure = OutboundFailed(_explain(error))
        finally:
            SPENT.mark("outbound", begun, time.perf_counter(), (call.method, target.host, target.port, status))
        # Raised out here, without the cause: a protocol error's text, or its traceback, may hold what was answered.
        raise failure

    def addresses_of(self, directory: Target, seconds: float) -> Sequence[str]:
        """Where an LDAP server may be connected to, by the same guard; whoever connects sees to TLS.

        Errors: `OutboundRefused`, `OutboundFailed`.
        """
        return self._vet(directory, time.monotonic() + seconds, True)

    def _vet(self, target: Target, deadline: float, inside: bool) -> Sequence[str]:
        """The addresses that may be connected to: resolved once, each of them checked.

        `inside`: whether the settings' exceptions count; not where somebody outside sent us there.
        """
        is_allowed = inside and target.origin in self._allow
        if target.scheme == "http" and not is_allowed:
            raise OutboundRefused("https is required")
        addresses = self._resolve(target, deadline)
        if not is_allowed:
            for address in addresses:
                if not is_public(address):
                    # Which one is not said: whoever may name a host here would learn the addresses of the inside (S18).
                    what = "is" if address == target.host else "leads to the inside, which is"
                    raise OutboundRefused(f"{target.host} {what} not a public address")
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

    def _exchange(self, call: _Call, target: Target, wire: Any, sink: _Sink) -> Fetched:
        import httpcore

        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        url = httpcore.URL(scheme=origin.scheme, host=origin.host, port=origin.port, target=target.path.encode("ascii"))
        own = {"host": target.authority, "user-agent": "Doorward", "accept-encoding": "identity"}
        headers = list({**call.headers, **own}.items())
        tls = self._tls if target.scheme == "https" else None
        with (
            contextlib.closing(wire),
            httpcore.HTTPConnection(origin, ssl_context=tls, network_backend=wire) as connection,
            connection.stream(call.method, url, headers=headers, content=call.content) as response,
        ):
            return self._read(response, sink)

    def _read(self, response: httpcore.Response, sink: _Sink) -> Fetched:
        headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if 300 <= response.status < 400:
            raise _Redirected(response.status, headers.get(b"location", "") if response.status in FOLLOWED else "")
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
        caching = {name.decode(): headers[name] for name in _CACHING if name in headers}
        return Fetched(response.status, headers.get(b"content-type", ""), b"", caching)


def _is_closed(address: str, port: int, deadline: float) -> bool:
    try:
        socket.create_connection((address, port), max(0.05, deadline - time.monotonic())).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False


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
