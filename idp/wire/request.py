"""What comes in: one HTTP request, which refuses to be written to."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

from .addresses import UNREADABLE, address_of, unmapped
from .parameters import BadRequest, Params, TooLarge
from .parts import Part, parts_of

MAX_BODY = 128 * 1024  # bytes of a request body that is read at all
#: Paths (below the issuer's own) of pages that take a file, and how much of a body is kept for them.
UPLOADS = ("/admin/people/import",)
MAX_UPLOAD = 10 * 1024 * 1024 + 64 * 1024
#: In an environ whose server tells `X_Forwarded_For` from `X-Forwarded-For`, which WSGI itself cannot (PEP 3333).
NAMES_APART = "doorward.names_apart"
#: What stands before the secret of a one-time link.
_ONE_TIME = ("/setup/", "/recovery/undo/", "/not-me/", "/app-check/", "/app-error/")
#: Those that clients send, RFC 9110 §16.4.1 and what is made up beside.
_SCHEMES = frozenset(
    ("basic", "bearer", "digest", "dpop", "negotiate", "ntlm", "mutual", "hoba", "gnap", "token", "apikey", "oauth")
)

_T = TypeVar("_T")


def most_of(environ: Mapping[str, Any]) -> int:
    """How large a body may be to be kept until somebody looks at it: a file comes with the cookie of a session.

    Whether that session is worth anything is for the page to say, before it reads the file.
    """
    is_for_file = str(environ.get("PATH_INFO", "")).endswith(UPLOADS) and "doorward_session=" in str(
        environ.get("HTTP_COOKIE", "")
    )
    return MAX_UPLOAD if is_for_file else MAX_BODY


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
    error_id: str = ""  # under which what went wrong with this request is recorded
    person_claims: str = ""  # JSON: claims of the person, signed in or not yet, for their language and time zone
    copied_at: str = ""  # when the sign-in that this browser brings was ended, as two had its cookie; epoch seconds
    conversation: str = ""  # the id of the request that this sign-in began with, a dot, and its time in milliseconds


class Request:
    """One HTTP request, read lazily. `segment`: what a route's trailing `<name>` matched."""

    environ: Mapping[str, Any]
    method: str
    path: str
    segment: str
    visitor: Visitor
    _proxies: tuple[Any, ...]
    _read: dict[Any, Any]
    _most: int

    def __init__(self, environ: Mapping[str, Any], trusted_proxies: tuple[Any, ...] = (), segment: str = "") -> None:
        self.__dict__.update(
            environ=environ, method=environ["REQUEST_METHOD"], segment=segment, visitor=Visitor(), _read={},
            _proxies=trusted_proxies, _most=MAX_BODY,
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

    def admit_file(self) -> None:
        """A page that takes a file, whose visitor may send one: its body may be large, and have parts (RFC 7578)."""
        self.__dict__["_most"] = MAX_UPLOAD

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
        """The body, at most `MAX_BODY` bytes, or `MAX_UPLOAD` after `admit_file`. Errors: `TooLarge`."""
        try:
            announced = int(self.environ.get("CONTENT_LENGTH") or 0)
        except ValueError as error:
            raise BadRequest("Content-Length is not a number") from error
        if announced < 0:
            raise BadRequest("Content-Length is negative")
        if announced > self._most:
            raise TooLarge(f"the body has more than {self._most} bytes")
        if not announced and "chunked" not in self.environ.get("HTTP_TRANSFER_ENCODING", ""):
            return b""
        body: bytes = self.environ["wsgi.input"].read(announced or self._most + 1)
        if len(body) > self._most:
            raise TooLarge(f"the body has more than {self._most} bytes")
        return body

    @lazy
    def form(self) -> Params:
        """The parameters of a form body; empty where the body is something else."""
        if self._most > MAX_BODY and self.content_type == "multipart/form-data":
            return Params([(part.name, part.text) for part in self.parts if part.filename is None])
        if self.content_type != "application/x-www-form-urlencoded":
            return Params([])
        try:
            return Params.parse(self.body.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise BadRequest("the body is not UTF-8") from error

    @lazy
    def parts(self) -> tuple[Part, ...]:
        """The parts of a form with a file. Errors: `BadRequest`."""
        return parts_of(str(self.environ.get("CONTENT_TYPE") or ""), self.body)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, lower-case."""
        return str(self.environ.get("CONTENT_TYPE") or "").partition(";")[0].strip().lower()

    def header(self, name: str) -> str:
        """A header's value, or ''."""
        return str(self.environ.get("HTTP_" + name.upper().replace("-", "_"), ""))

    @property
    def authorization_scheme(self) -> str:
        """By what a caller proves itself (RFC 9110 §11.4), for a record or an answer; '' where it does not.

        Of a value without one of these words nothing is said: it may be a secret that was pasted without its scheme.
        """
        scheme = self.header("Authorization").partition(" ")[0]
        if not scheme:
            return ""
        return scheme if scheme.lower() in _SCHEMES else "(a value without a scheme)"

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
        address = unmapped(str(self.environ.get("REMOTE_ADDR") or ""))
        # An empty element is a hop that did not say, as "unknown" is: never a reason to believe what stands before it.
        said = self.header("X-Forwarded-For").split(",") if "HTTP_X_FORWARDED_FOR" in self.environ else []
        while said and self._is_proxy(address):
            address = address_of(said.pop().strip(" \t")) if self.names_are_apart else UNREADABLE
        return address

    @property
    def is_of_proxy(self) -> bool:
        """Whether the socket's other end is a proxy that is trusted."""
        return self._is_proxy(unmapped(str(self.environ.get("REMOTE_ADDR") or "")))

    def _is_proxy(self, address: str) -> bool:
        import ipaddress

        if not self._proxies:
            return False
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._proxies)

    @property
    def names_are_apart(self) -> bool:
        """False under granian's own WSGI side, which lets the client's X_Forwarded_For stand for the proxy's header."""
        return NAMES_APART in self.environ or self.environ.get("SERVER_SOFTWARE") != "Granian"

    @property
    def user_agent(self) -> str:
        """The browser's own words, capped at 400 characters."""
        return self.header("User-Agent")[:400]
