"""How an authorization response travels (Multiple Response Types §2.1): one file and one row for each response mode.

A row gives the answer its form. Rule: even an error takes the mode that was asked for, where it exists.
"""

from __future__ import annotations

from collections.abc import Callable

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc.response_modes import form_post, fragment, jarm, query
from idp.oidc.response_modes.sending import Answer
from idp.wire import Response

RESPONSE_MODES: dict[str, Callable[[Answer], Response]] = {
    "query": query.send,
    "fragment": fragment.send,
    "form_post": form_post.send,
    # JARM §2.3.4: "jwt" is the response type's own mode: `of_answer` has those of types with a token.
    "jwt": jarm.signed(query.send),
    "query.jwt": jarm.signed(query.send),
    "fragment.jwt": jarm.signed(fragment.send),
    "form_post.jwt": jarm.signed(form_post.send),
}


def default(response_type: str | None) -> str:
    """Multiple Response Types §3, §5; Core §3.2.2.5, §3.3.2.5: the fragment wherever a token would come this way."""
    return "fragment" if {"token", "id_token"} & set((response_type or "").split()) else "query"


def of_answer(asked: str | None, response_type: str | None) -> str:
    """The mode that even an error takes: the one asked for where it exists, else the response type's own.

    A token's response type never goes by the query (Multiple Response Types §3; JARM §2.3.1).
    """
    usual, wanted = default(response_type), asked or ""
    if usual == "fragment" and wanted in ("query", "jwt", "query.jwt"):
        return "fragment" if wanted == "query" else "fragment.jwt"
    return wanted if wanted in RESPONSE_MODES else usual


def check(asked: str | None, client: Client, response_type: str) -> str:
    """The mode of the answer. Errors: `OAuthError` where it does not exist here, is no way for a token, or the client
    is registered for others.
    """
    mode = asked or default(response_type)
    if mode not in RESPONSE_MODES:
        raise OAuthError(
            "invalid_request", f"response_mode={mode[:60]} is not supported; use {', '.join(RESPONSE_MODES)}.",
            field="response_mode", expected=" or ".join(RESPONSE_MODES), got=mode,
            kind="response_mode",
        )  # fmt: skip
    if mode in ("query", "query.jwt") and default(response_type) == "fragment":
        raise _not_by_the_query(mode, response_type)
    if client.oidc.response_modes and mode not in client.oidc.response_modes:
        registered = ", ".join(name for name in RESPONSE_MODES if name in client.oidc.response_modes)
        said = f"response_mode {mode}" if asked else f"A request without response_mode means {mode}, which"
        raise OAuthError(
            "invalid_request",
            f"{said} is not registered for this application (response_modes); it has {registered}.",
            fix=f"Have the application send response_mode={registered.partition(',')[0]}, or add {mode} to its"
            f" response_modes: doorward client set {client.id} response_modes+={mode}",
            field="response_mode", expected=registered, got=asked or "(nothing)", kind="response_mode",
        )  # fmt: skip
    return of_answer(mode, response_type)


def _not_by_the_query(mode: str, response_type: str) -> OAuthError:
    # Multiple Response Types §3; JARM §2.3.1: an address is logged, and sent on as a referrer.
    return OAuthError(
        "invalid_request", f"response_mode={mode} is no way for response_type={response_type}: a token would stand in "
        "an address. Use fragment or form_post.",
        field="response_mode", expected="fragment or form_post", got=mode, kind="response_mode",
        fix="Leave response_mode out in the application, or set it to form_post where a server reads the answer.",
    )  # fmt: skip
