"""Whether two addresses are one place: RFC 3986 §6.2, and nothing looser."""

from __future__ import annotations

import re
from typing import Final

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
# No user name, no fragment, no host that is written in escapes: another reader may see another place in them.
_HTTP: Final = re.compile(
    r"(https?)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{0,5}))?(/[!-~]*)?", re.IGNORECASE | re.ASCII
)
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")


def is_same_place(one: str, other: str) -> bool:
    """Whether two http addresses differ in nothing but how they are written."""
    return one == other or (_normal(one) is not None and _normal(one) == _normal(other))


def _normal(address: str) -> tuple[str, str, int, str] | None:
    """Scheme, host, port, and path with query; None for what is no plain http address."""
    found = _HTTP.fullmatch(address)
    if found is None or "#" in address:
        return None
    # §6.2.2.1: scheme and host know no case. §6.2.3: an empty port is the scheme's own, an empty path the root.
    scheme = found[1].lower()
    port = int(found[3]) if found[3] else _DEFAULT_PORTS[scheme]
    return scheme, found[2].lower(), port, _ESCAPE.sub(_escape, found[4] or "/")


def _escape(found: re.Match[str]) -> str:
    """§6.2.2.1: hexadecimal digits in upper case; §6.2.2.2: what needs no escape has none."""
    letter = chr(int(found[1], 16))
    return letter if _UNRESERVED.fullmatch(letter) else f"%{found[1].upper()}"
