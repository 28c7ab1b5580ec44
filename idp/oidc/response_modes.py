"""How an authorization response travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode)."""

from __future__ import annotations

from clients.client import Client
from idp.errors import OAuthError

SUPPORTED = ("query", "fragment", "form_post")


def default(response_type: str | None) -> str:
    """Multiple Response Types §3, §5; Core §3.2.2.5, §3.3.2.5: the fragment wherever a token would come this way."""
    return "fragment" if {"token", "id_token"} & set((response_type or "").split()) else "query"


def of_answer(asked: str | None, response_type: str | None) -> str:
    """The mode that even an error takes: the one asked for where it exists, else the response type's own.

    JARM's modes are not there yet; what they are built on is. A token's response type never goes by the query (§3).
    """
    usual, wanted = default(response_type), (asked or "").removesuffix(".jwt")
    return wanted if wanted in SUPPORTED and (wanted, usual) != ("query", "fragment") else usual


def check(asked: str | None, client: Client) -> None:
    """Errors: `OAuthError` where it does not exist here, or the client is registered for others."""
    mode = asked or default("code")
    if mode not in SUPPORTED:
        raise OAuthError("invalid_request", f"This response_mode is not supported; use {', '.join(SUPPORTED)}.")
    if client.response_modes and mode not in client.response_modes:
        registered = ", ".join(name for name in SUPPORTED if name in client.response_modes)
        said = f"response_mode {mode}" if asked else "A request without response_mode means query, which"
        raise OAuthError(
            "invalid_request",
            f"{said} is not registered for this application (response_modes); it has {registered}.",
            fix=f"Have the application send response_mode={registered.partition(',')[0]}, or add {mode} to its"
            " response_modes: doorward client set.",
        )
