"""Addresses: which ones a host has, and which ones anybody may be sent to."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

#: (host, port) to the addresses of the host, as text.
Resolver = Callable[[str, int], Sequence[str]]

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
