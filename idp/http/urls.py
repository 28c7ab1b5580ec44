"""URLs that we may ask: taken apart strictly, and where a redirect leads."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin

from .errors import OutboundRefused

MAX_URL = 8192  # characters


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
#: A directory's: no path, for what is asked there stands in the message.
_DIRECTORY = re.compile(
    r"(?P<scheme>ldaps?)://(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<host>[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?))"
    r"(?::(?P<port>[0-9]{1,5}))?/?",
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


def origin(url: str) -> str:
    """The origin of a URL, as settings name it. Errors: `OutboundRefused`."""
    target = parse(url)
    return f"{target.scheme}://{target.authority}"


def parse_directory(url: str) -> Target:
    """The same for an LDAP server (RFC 4516), which has a host and a port. Errors: `OutboundRefused`."""
    match = _DIRECTORY.fullmatch(url) if len(url) <= MAX_URL else None
    if match is None:
        raise OutboundRefused("not the address of an LDAP server, such as ldaps://dc1.example.com:636")
    scheme = match["scheme"].lower()
    port = int(match["port"] or (636 if scheme == "ldaps" else 389))
    if not 0 < port < 65536:
        raise OutboundRefused(f"port {port} does not exist")
    return Target(scheme, _host(match["v6"], match["host"]), port, "/")


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


#: IIP-MD02 names 301, 302 and 307; 308 is 301 for those who mean it.
FOLLOWED = (301, 302, 307, 308)


def next_url(url: str, location: str) -> str:
    """Where a redirect leads. Errors: `OutboundRefused`."""
    try:
        target = urljoin(url, location)
    except ValueError:
        raise OutboundRefused("it redirects to something that is no URL") from None
    if parse(url).scheme == "https" and parse(target).scheme != "https":
        raise OutboundRefused("it redirects from https to http")
    return target


def origin_of(entry: str) -> tuple[str, str, int]:
    """An origin of the settings. Errors: `ValueError`."""
    try:
        target = parse_directory(entry) if entry.lower().startswith("ldap") else parse(entry)
    except OutboundRefused as error:
        raise ValueError(f"outbound.allow: {entry!r}: {error.reason}") from error
    if target.path != "/":
        raise ValueError(f"outbound.allow: {entry!r}: expected an origin, such as https://intranet.example:8443")
    return target.origin
