"""Reading a URI strictly: what two parsers could read in two ways is refused, never repaired."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

MAX_LENGTH = 2000  # characters
#: Hosts that are this machine, where plain http never leaves it.
LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
DEFAULT_PORTS = {"https": 443, "http": 80}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
# RFC 3986 §2: these stand in no URI; the backslash is a slash to browsers and a letter to servers.
_NEVER = re.compile(r'[\\"<>^`{|}]')
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
# Encoded dots, slashes, backslashes, percent and control characters: someone on the way may decode them.
_HIDDEN = re.compile(r"%(2e|2f|5c|25|[01][0-9a-f]|7f)", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_LOOPBACK_NET = re.compile(r"127(\.[0-9]{1,3}){3}")
_PORT = re.compile(r"[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True)
class Uri:
    """An absolute URI in its parts. `host` as it stands there, IPv6 in brackets; "" where there is no authority."""

    scheme: str
    host: str
    port: int | None
    path: str
    query: str | None

    @property
    def is_loopback(self) -> bool:
        """Whether the host is, or calls itself, this machine."""
        return self.host in LOOPBACK or self.host.endswith(".localhost") or bool(_LOOPBACK_NET.fullmatch(self.host))

    @property
    def origin(self) -> str:
        """The origin as a browser writes it: without the scheme's own port."""
        port = "" if self.port in (None, DEFAULT_PORTS.get(self.scheme)) else f":{self.port}"
        return f"{self.scheme}://{self.host}{port}"


def read(uri: str) -> Uri:
    """The parts of an absolute URI without fragment, user name, dot segment or hidden character. Errors: ValueError."""
    _check_characters(uri)
    found = _SCHEME.match(uri)
    if not found:
        raise ValueError("is not absolute; expected something like https://app.example/callback")
    scheme, rest = found[1], uri[found.end() :]
    if scheme != scheme.lower():
        raise ValueError(f"write the scheme in lower case: {scheme.lower()}:")
    rest, mark, query = rest.partition("?")
    authority, path = "", rest
    if rest.startswith("//"):
        authority, slash, tail = rest[2:].partition("/")
        path = slash + tail
    host, port = _authority(authority)
    if scheme in DEFAULT_PORTS and not host:
        raise ValueError(f"has no host; expected {scheme}://host/…")
    _check_path(path)
    return Uri(scheme, host, port, path, query if mark else None)


def _check_characters(uri: str) -> None:
    if not uri or len(uri) > MAX_LENGTH:
        raise ValueError(f"expected a URI of 1 to {MAX_LENGTH} characters")
    for place, character in enumerate(uri, 1):
        if not "!" <= character <= "~":
            kind = "a space or control character" if character < "\x80" else "a character outside ASCII"
            raise ValueError(
                f"has {kind} (U+{ord(character):04X}) at character {place};"
                " write host names as xn--… and percent-encode the rest"
            )
    if found := _NEVER.search(uri):
        raise ValueError(f"has {found[0]!r} at character {found.start() + 1}, which may not stand in a URI")
    if "#" in uri:
        # RFC 6749 §3.1.2: no fragment, not even an empty one.
        raise ValueError("has a fragment; take out '#' and what follows")
    if found := _BROKEN_PERCENT.search(uri):
        raise ValueError(f"has a '%' at character {found.start() + 1} that two hexadecimal digits must follow")


def _authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise ValueError("has a user name before the host; take out everything up to '@'")
    host, port = authority, ""
    if authority.startswith("["):
        end = authority.find("]") + 1
        host, port = authority[:end], authority[end:]
    elif ":" in authority:
        host, colon, number = authority.partition(":")
        port = colon + number
    if port and not (_PORT.fullmatch(port[1:]) and port[0] == ":" and int(port[1:]) < 65536):
        raise ValueError("has a port that is not a plain number from 1 to 65535")
    if host:
        _check_host(host)
    elif port:
        raise ValueError("has a port but no host")
    return host, int(port[1:]) if port else None


def _check_host(host: str) -> None:
    if host != host.lower():
        raise ValueError(f"write the host in lower case: {host.lower()}")
    if host.startswith("["):
        try:
            shortest = f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            raise ValueError(f"{host} is not an IPv6 address") from None
        if shortest != host:
            raise ValueError(f"write the address in its short form: {shortest}")
        return
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{host} is not a host name")
    if re.fullmatch(r"[0-9]+|0x[0-9a-f]*", labels[-1]):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(f"{host} is neither a host name nor an IPv4 address of four numbers") from None


def _check_path(path: str) -> None:
    if found := _HIDDEN.search(path):
        raise ValueError(f"has the encoded character {found[0]} in its path; use a path without it")
    # `..;/` is a parent directory to some servers.
    if any(segment.partition(";")[0] in (".", "..") for segment in path.split("/")):
        raise ValueError("has a '.' or '..' segment in its path; write the path they lead to")
