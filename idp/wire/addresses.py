"""Whose address it is, as a trusted proxy writes it (RFC 9700 §4.13)."""

from __future__ import annotations

import re

#: The address of whoever came through a proxy that says what cannot be read. It belongs to no network: rules that ask
#: for more apply, and all who have it share their throttles.
UNREADABLE = "unknown"


def address_of(hop: str) -> str:
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
        return unmapped(str(ipaddress.ip_address(hop.partition("%")[0])))
    except ValueError:
        return UNREADABLE


_PORT = re.compile(r":(?:[0-5]?[0-9]{1,4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])", re.ASCII)


def unmapped(address: str) -> str:
    """An IPv4 address as such, where a dual-stack socket calls it ::ffff:192.0.2.1 (RFC 4291 §2.5.5.2)."""
    import ipaddress

    if not address.lower().startswith("::ffff:"):
        return address
    try:
        return str(getattr(ipaddress.ip_address(address), "ipv4_mapped", None) or address)
    except ValueError:
        return address
