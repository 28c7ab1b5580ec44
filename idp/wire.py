"""What comes in and what goes out, as plain values: no framework here.

Every endpoint is `handler(services, request) -> Response`. `web` turns a WSGI environment into a `Request`, and a
`Redirect`, `AutoPost`, `Json`, `Raw` or `Page` back into HTTP; so whether Flask or a thin function serves a path is
one decision, there.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import quote_plus, unquote, urlsplit, urlunsplit

MAX_BODY = 128 * 1024  # bytes of a request body that is read at all
MAX_FIELDS = 200  # parameters in one query or form
#: The address of whoever came through a proxy that says what cannot be read. It belongs to no network: rules that ask
#: for more apply, and all who have it share their throttles.
UNREADABLE = "unknown"
#: In an environ whose server tells `X_Forwarded_For` from `X-Forwarded-For`, which WSGI itself cannot (PEP 3333).
NAMES_APART = "doorward.names_apart"
#: What stands before the secret of a one-time link.
_ONE_TIME = ("/setup/", "/recovery/undo/", "/not-me/")


class BadRequest(Exception):
    """The request cannot be read: not UTF-8, too large, too many fields."""

    status = 400


class TooLarge(BadRequest):
    """The body is larger than `MAX_BODY`."""

    status = 413


@dataclass(frozen=True, slots=True)
class Cookie:
    """One cookie to set. `max_age` in seconds; None is a browser-session cookie, 0 removes it."""

    name: str
    value: str
    max_age: int | None = None
    same_site: str = "Lax"


@dataclass(frozen=True, kw_only=True)
class Response:
    """What all answers share."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[Cookie, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Redirect(Response):
    """Send the browser on. 303 after a POST, never 307 or 308 (RFC 9700 §4.12)."""

    location: str
    status: int = 303


@dataclass(frozen=True, kw_only=True)
class AutoPost(Response):
    """A page that posts `fields` to `action` by itself, with a button for browsers without JavaScript."""

    action: str
    fields: tuple[tuple[str, str], ...]
    app_name: str = ""


@dataclass(frozen=True, kw_only=True)
class Json(Response):
    """A JSON object. `no-store` unless the handler says otherwise."""

    body: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Raw(Response):
    """Bytes made beforehand (discovery, JWKS), or nothing at all."""

    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Page(Response):
    """A template of ours with its values. `form_action`: origins the page's form may end up at, for the CSP."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    form_action: tuple[str, ...] = ()


class Params:
    """Decoded parameters in order, duplicates kept: a duplicated one is an error (RFC 6749 §3.1), not a choice."""

    __slots__ = ("first", "pairs", "repeated")

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.pairs = pairs
        self.first: dict[str, str] = {}
        self.repeated: tuple[str, ...] = ()
        for name, value in pairs:
            if name in self.first:
                self.repeated += (name,)
            else:
                self.first[name] = value

    @classmethod
    def parse(cls, text: str) -> Params:
        """Decode `application/x-www-form-urlencoded`. Errors: `BadRequest`."""
        try:
            return cls(_decoded(text))
        except (ValueError, UnicodeDecodeError) as error:
            raise BadRequest("the parameters are not UTF-8 form encoding, or there are too many") from error

    def get(self, name: str) -> str | None:
        """The value, or None where it is absent or empty (RFC 6749 §3.1: an empty one counts as omitted)."""
        return self.first.get(name) or None

    def __contains__(self, name: str) -> bool:
        return name in self.first


def _decoded(text: str) -> list[tuple[str, str]]:
    """What `urllib.parse.parse_qsl` gives, blank values kept, at a third of its price: few values need decoding."""
    parts = text.split("&")
    if len(parts) > MAX_FIELDS:
        raise ValueError("too many fields")
    pairs = []
    for part in parts:
        if part:
            name, _, value = part.partition("=")
            pairs.append((_unquoted(name), _unquoted(value)))
    return pairs


def _unquoted(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    return unquote(text, errors="strict") if "%" in text else text


_T = TypeVar("_T")


class lazy(Generic[_T]):  # noqa: N801  reads as a decorator
    """Computed at first use, then an attribute. `functools.cached_property` locks across all instances before 3.12."""

    def __init__(self, compute: Callable[[Any], _T]) -> None:
        self._compute, self._name = compute, compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, instance: Any, owner: Any = None) -> _T:
        value = instance.__dict__[self._name] = self._compute(instance)
        return value


class Visitor(NamedTuple):
    """Who is at the other end of a request, as far as it is known by now; each value '' until then."""

    client_id: str = ""  # the application that has authenticated: CORS answers only its origins
    for_client: str = ""  # the application that somebody is signing in for, for the record
    language: str = ""  # chosen by this very request, see language.py
    ui_locales: str = ""  # the languages that the application asked for
    person_claims: str = ""  # JSON: claims of the person, signed in or not yet, for their language and time zone


class Request:
    """One HTTP request, read lazily. `segment`: what a route's trailing `<name>` matched."""

    environ: Mapping[str, Any]
    method: str
    path: str
    segment: str
    visitor: Visitor
    _proxies: tuple[Any, ...]
    _read: dict[Any, Any]

    def __init__(self, environ: Mapping[str, Any], trusted_proxies: tuple[Any, ...] = (), segment: str = "") -> None:
        self.__dict__.update(
            environ=environ, method=environ["REQUEST_METHOD"], segment=segment, visitor=Visitor(), _read={},
            _proxies=trusted_proxies,
            # WSGI hands the path over as Latin-1; it was UTF-8 on the wire (PEP 3333).
            path=environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8", "replace"),
        )  # fmt: skip

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a request is what came: {name} is to be passed on, or learnt of its visitor")

    def once(self, read: Callable[[Any, Request], _T], services: Any) -> _T:
        """What `read(services, request)` says of the visitor, at the first call: a cookie is unsealed once."""
        if read not in self._read:
            self._read[read] = read(services, self)
        found: _T = self._read[read]
        return found

    def read_as(self, read: Callable[[Any, Request], _T], found: _T) -> None:
        """From now on `once` says this: a form that was posted knew better than the cookie."""
        self._read[read] = found

    def learn(self, **found: str) -> None:
        """More of the visitor is known now, also for the page of an error that comes. Names: those of `Visitor`."""
        self.__dict__["visitor"] = self.visitor._replace(**found)

    @property
    def shown_path(self) -> str:
        """The path for logs and events: a one-time link is a secret."""
        for mark in _ONE_TIME:
            head, found, _ = self.path.partition(mark)
            if found:
                return f"{head}{mark}…"
        return self.path

    @lazy
    def id(self) -> str:
        """Stands in every log line and audit event of this request."""
        return os.urandom(8).hex()

    @lazy
    def query(self) -> Params:
        """The parameters of the URL. Errors: `BadRequest`."""
        text = self.environ.get("QUERY_STRING") or ""
        if text.isascii():
            return Params.parse(text)
        try:
            return Params.parse(text.encode("latin-1").decode("utf-8"))  # WSGI handed over octets (PEP 3333)
        except UnicodeError as error:
            raise BadRequest("the parameters are not UTF-8") from error

    @lazy
    def body(self) -> bytes:
        """The body, at most `MAX_BODY` bytes. Errors: `TooLarge`."""
        try:
            announced = int(self.environ.get("CONTENT_LENGTH") or 0)
        except ValueError as error:
            raise BadRequest("Content-Length is not a number") from error
        if announced < 0:
            raise BadRequest("Content-Length is negative")
        if announced > MAX_BODY:
            raise TooLarge(f"the body has more than {MAX_BODY} bytes")
        if not announced and "chunked" not in self.environ.get("HTTP_TRANSFER_ENCODING", ""):
            return b""
        body: bytes = self.environ["wsgi.input"].read(announced or MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise TooLarge(f"the body has more than {MAX_BODY} bytes")
        return body

    @lazy
    def form(self) -> Params:
        """The parameters of a form body; empty where the body is something else."""
        if self.content_type != "application/x-www-form-urlencoded":
            return Params([])
        try:
            return Params.parse(self.body.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise BadRequest("the body is not UTF-8") from error

    @property
    def content_type(self) -> str:
        """The media type without its parameters, lower-case."""
        return str(self.environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """A header's value, or ''."""
        return str(self.environ.get("HTTP_" + name.upper().replace("-", "_"), ""))

    @lazy
    def cookies(self) -> Mapping[str, str]:
        """Cookies by name; an unreadable header is no cookie at all."""
        header = self.environ.get("HTTP_COOKIE")
        if not header:
            return {}
        found: dict[str, str] = {}
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            found.setdefault(name, value)
        return found

    @lazy
    def remote_address(self) -> str:
        """The client's address: the socket's, or what trusted proxies say of it (RFC 9700 §4.13).

        `UNREADABLE` where a proxy says something else than an address: that is never the proxy, nor what stands left
        of it, which the client may have written.
        """
        address = _unmapped(str(self.environ.get("REMOTE_ADDR") or ""))
        # An empty element is a hop that did not say, as "unknown" is: never a reason to believe what stands before it.
        said = self.header("X-Forwarded-For").split(",") if "HTTP_X_FORWARDED_FOR" in self.environ else []
        while said and self._is_proxy(address):
            address = _address_of(said.pop().strip()) if self._names_are_apart() else UNREADABLE
        return address

    def _is_proxy(self, address: str) -> bool:
        import ipaddress

        if not self._proxies:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    def _names_are_apart(self) -> bool:
        """False under granian's own WSGI side, which lets the client's X_Forwarded_For stand for the proxy's header."""
        return NAMES_APART in self.environ or self.environ.get("SERVER_SOFTWARE") != "Granian"

    @property
    def user_agent(self) -> str:
        """The browser's own words, capped at 400 characters."""
        return self.header("User-Agent")[:400]


def _address_of(hop: str) -> str:
    """The address in one element of X-Forwarded-For: alone, or as `ip:port` and `[v6]:port` (RFC 7239 §6)."""
    import ipaddress

    hop = hop.strip('"')
    if hop.startswith("["):
        hop, closed, port = hop[1:].partition("]")
        hop = hop if closed and (not port or _PORT.fullmatch(port)) else ""
    elif hop.count(":") == 1:
        hop, _, port = hop.partition(":")
        hop = hop if _PORT.fullmatch(":" + port) else ""
    try:
        # Without a zone: it means something on the proxy's machine alone, and may hold any text (RFC 4007 §11).
        return _unmapped(str(ipaddress.ip_address(hop.partition("%")[0])))
    except ValueError:
        return UNREADABLE


_PORT = re.compile(r":[0-9]{1,5}", re.ASCII)


def _unmapped(address: str) -> str:
    """An IPv4 address as such, where a dual-stack socket calls it ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2)."""
    import ipaddress

    if not address.lower().startswith("::ffff:"):
        return address
    try:
        return str(getattr(ipaddress.ip_address(address), "ipv4_mapped", None) or address)
    except ValueError:
        return address


Handler = Callable[[Any, Request], Response]


@dataclass(frozen=True, slots=True)
class Route:
    """One path and who answers it.

    `path` is literal, or ends in `/<name>` for one trailing segment (`Request.segment`). `hot` paths are served without
    Flask. `api` answers errors in JSON, else on a page. `cors` opens a path to the registered origins of browser apps,
    `public` to any origin: the same for everybody, read without credentials.
    `form`: a POST must carry the page's anti-forgery key; False where the handler has a proof of its own.
    `open`: its form acts for nobody's session, so one from before a sign-in is taken after it, too.
    """

    path: str
    methods: tuple[str, ...]
    handler: Handler
    hot: bool = False
    api: bool = False
    cors: bool = False
    public: bool = False
    form: bool = True
    open: bool = False


def with_parameters(uri: str, parameters: list[tuple[str, str]], *, fragment: bool = False) -> str:
    """`uri` with parameters added to its query, or as its fragment; what it has already is kept byte for byte."""
    encoded = "&".join([f"{_quoted(name)}={_quoted(value)}" for name, value in parameters])
    if fragment:
        return urlunsplit(urlsplit(uri)._replace(fragment=encoded))
    head, _, tail = uri.partition("#")
    return head + ("&" if "?" in head else "?") + encoded + (f"#{tail}" if tail else "")


_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*")


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else quote_plus(text)


_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode  # `json.dumps` makes one per call


def dumps(value: Any) -> bytes:
    """Compact JSON, UTF-8."""
    return _encode(value).encode()


__all__ = [
    "AutoPost",
    "BadRequest",
    "Cookie",
    "Handler",
    "Json",
    "Page",
    "Params",
    "Raw",
    "Redirect",
    "Request",
    "Response",
    "Route",
    "TooLarge",
    "Visitor",
    "dumps",
    "with_parameters",
]
