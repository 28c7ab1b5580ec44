"""A token request (RFC 6749 §3.2): read once, its client proven; what every grant's own hook is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from clients.client import Client
from idp.errors import OAuthError
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
    for_us: bool = False  # whether one of our own resources was asked for, by its name; `resource` is without it


def is_for_us_alone(asked: TokenRequest, granted: Sequence[str], *, may_be_ours: bool) -> bool:
    """Whether one of our own resources was asked for, and nothing beside it (RFC 8707 §2.2).

    `may_be_ours`: whether what was granted is for us as well. Errors: `OAuthError` where it never was: a token for
    somebody else is not what was asked for.
    """
    if asked.for_us and not may_be_ours:
        raise OAuthError(
            "invalid_target", "This grant was never for our own resource.", field="resource",
            expected=", ".join(granted), got="one of ours", kind="resource",
            fix="Let the application ask for it by a sign-in of its own, or with the scope openid.",
        )  # fmt: skip
    return asked.for_us and not asked.resource
