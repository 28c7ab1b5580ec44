"""What is known of all readers at one moment."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

JWKS: Final = "jwks"
METADATA: Final = "metadata"
#: Before the id of a client that proved itself when it fetched; an address never looks so.
ITSELF: Final = "client:"


@dataclass(frozen=True, slots=True)
class Seen:
    """`fetched`: document and reader (an address, or `ITSELF` and a client's id) to the last time, epoch seconds.

    `came`: client id to the addresses that it proved itself from, each with the last time. `told`: client id and
    kid, where an admin said that it has the key.
    """

    fetched: Mapping[tuple[str, str], float]
    came: Mapping[str, Mapping[str, float]]
    told: Mapping[tuple[str, str], float]

    def users_of(self) -> Mapping[str, frozenset[str]]:
        """Address to the clients that came from it: where there are several, a fetch may be any one's."""
        found: dict[str, set[str]] = {}
        for client_id, addresses in self.came.items():
            for address in addresses:
                found.setdefault(address, set()).add(client_id)
        return {address: frozenset(clients) for address, clients in found.items()}


def place_of(address: str) -> str:
    """What an application's address is told apart by: IPv4 whole, IPv6 by /64, as one host changes the rest (RFC 8981).

    '' for what is no address.
    """
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
