"""The one guarded client for requests that Doorward makes itself (jwks_uri, logout delivery, webhooks): S42.

https and public addresses only, after DNS resolution, and the address that was checked is the one connected to;
no proxies, no cookies, no compression; redirects only where asked for, each checked again; one deadline for the whole
exchange; a cap on the answer.
Settings let single origins through (loopback and private hosts for tests and intranets) and name a CA bundle.
"""

from .addresses import Resolver, is_public
from .client import Outbound
from .errors import OutboundFailed, OutboundRedirected, OutboundRefused
from .urls import Target, parse, parse_directory

__all__ = [
    "Outbound", "OutboundFailed", "OutboundRedirected", "OutboundRefused", "Resolver", "Target", "is_public", "parse",
    "parse_directory",
]  # fmt: skip
