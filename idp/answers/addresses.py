"""How two addresses differ, part by part (RFC 3986 §3)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from posixpath import normpath
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def parts(got: str, expected: str) -> Iterator[str]:
    """What differs; nothing where these are no addresses, such as client ids."""
    scheme, mark, rest = expected.partition("://")
    if not mark:
        return
    if got in (rest, f"//{rest}"):
        yield f"the scheme is missing: it must begin with {scheme}://"
    elif got.startswith(f"{scheme}://{scheme}:"):
        yield f"{scheme}:// stands there twice"
    elif re.match(r"[a-z]+:(/?(?!/)|/{3,})", got, re.IGNORECASE) and got.partition(":")[0].lower() in _PORTS:
        yield f"behind {got.partition(':')[0]}: two slashes belong"
    elif "\\" in got and "\\" not in expected:
        yield "there is a backslash where a slash belongs"
    else:
        try:
            yield from _of_urls(urlsplit(got), urlsplit(expected))
        except ValueError:
            yield "it is no address"
            return
        yield from _marks(got, expected)


def _of_urls(one: SplitResult, other: SplitResult) -> Iterator[str]:
    if one.scheme != other.scheme:
        yield f"the scheme is {one.scheme or 'missing'} instead of {other.scheme}"
    if (one.hostname or "") != (other.hostname or ""):
        yield from _hosts(one.hostname or "", other.hostname or "")
    elif one.netloc.rpartition("@")[2] != other.netloc.rpartition("@")[2] and one.port == other.port:
        yield "the host is written with other upper and lower case"
    yield from _ports(one, other)
    if one.path != other.path:
        yield _paths(one.path, other.path)
    if one.query != other.query:
        yield _queries(one.query, other.query)
    if one.fragment != other.fragment:
        yield "it has a part behind “#”" if one.fragment else "the part behind “#” is missing"


def _ports(one: SplitResult, other: SplitResult) -> Iterator[str]:
    mine, theirs = (part.port or _PORTS.get(part.scheme) for part in (one, other))
    if mine != theirs and (one.scheme == other.scheme or (one.port and other.port)):
        yield f"the port is {mine} instead of {theirs}"
    elif one.port != other.port and one.scheme == other.scheme:
        yield f"the port is written out on one side alone (:{one.port or other.port})"
    elif one.port != other.port and one.port and _PORTS.get(one.scheme) != one.port:
        yield f"the port is {one.port}, and none belongs there"


def _hosts(got: str, expected: str) -> Iterator[str]:
    said = f"the host is {got or 'missing'} instead of {expected}"
    if got.rstrip(".") == expected.rstrip("."):
        yield f"the host {'has a dot at its end' if got.endswith('.') else 'lacks the dot at its end'}"
    elif got == f"www.{expected}" or expected == f"www.{got}":
        yield f"the host has www. {'too many' if len(got) > len(expected) else 'missing'}: {said}"
    elif _ascii(got) == _ascii(expected):
        yield f"it is the same host, once in letters and once in Punycode (xn--): {said}"
    elif (address := _address(got)) is not None and address == _address(expected):
        yield f"it is the same address of the network, written in another way: {said}"
    elif got in _LOOPBACK and expected in _LOOPBACK:
        yield f"both are the person's own machine, and are compared as text: {said}"
    else:
        yield said


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def _paths(got: str, expected: str) -> str:
    if got.rstrip("/") == expected.rstrip("/"):
        return f"the slash at the end is {'one too many' if len(got) > len(expected) else 'missing'}"
    if re.sub("/+", "/", got) == re.sub("/+", "/", expected):
        return "there is a double slash in the path"
    if got and expected and normpath(got) == normpath(expected):
        return "the path goes up and down by . and .., which are compared as letters"
    if got.partition(";")[0] == expected:
        return f"a part that a server added stands at the end of the path: {got[len(expected) :][:20]}…"
    if got.lower() == expected.lower():
        return f"upper and lower case differ in the path: {got} instead of {expected}"
    return f"the path is {got or 'missing'} instead of {expected or '/'}"


def _queries(got: str, expected: str) -> str:
    mine, theirs = (parse_qsl(text, keep_blank_values=True) for text in (got, expected))
    said = "what stands behind the question mark differs"
    if sorted(mine) == sorted(theirs):
        return f"{said}: the parameters stand in another order" if mine != theirs else said
    names, wanted = (dict.fromkeys(name for name, _ in pairs) for pairs in (mine, theirs))
    more, less = ([one[:40] for one in a if one not in b][:5] for a, b in ((names, wanted), (wanted, names)))
    told = [f"{', '.join(more)} is one too many"] if more else []
    told += [f"{', '.join(less)} is missing"] if less else []
    told = told or [f"the value of {', '.join(n[:40] for n in names if _of(mine, n) != _of(theirs, n))}"]
    return f"{said}: {' and '.join(told)}"


def _of(pairs: list[tuple[str, str]], name: str) -> list[str]:
    return [value for one, value in pairs if one == name]


def _marks(got: str, expected: str) -> Iterator[str]:
    """A question mark or a hash with nothing behind it, which taking apart loses."""
    for mark, called in (("?", "a question mark"), ("#", "a “#”")):
        if got.endswith(mark) and got[:-1] == expected:
            yield f"there is {called} at the end with nothing behind it"
