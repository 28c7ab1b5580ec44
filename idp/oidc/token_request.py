"""A token request (RFC 6749 §3.2): read once, its client proven; what every grant's own hook is given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clients.client import Client
from idp.wire import Params, Request


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What an application asks for at the token endpoint. `wire`: where it came from, for what is recorded."""

    client: Client
    grant_type: str
    scope: str | None  # as it was sent; None: not said
    resource: list[str]  # RFC 8707 §2.2
    form: Params
    wire: Request
    cnf: Mapping[str, str] = field(default_factory=dict)  # what its tokens are bound to (RFC 7800 §3.1)
