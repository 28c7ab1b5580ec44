"""The parameters of an authorization request that have no file of their own: each read once, and checked as it is read.

Errors of all: `OAuthError`, for the application.
"""

from __future__ import annotations

from typing import Any

from clients.client import Client
from idp.errors import OAuthError
from idp.oidc import hints, tokens
from idp.protocols import Services
from idp.wire import Params
from keys.verifying import InvalidToken

RESPONSE_TYPES = ("code",)
PROMPTS = ("none", "login", "consent", "select_account")
#: Characters of a request that we keep, all parameters together: four times what fits into a URL of 8 kB, for those
#: that are posted. It stands twice in our page, sealed, and must come back with it (`wire.MAX_BODY`).
MAX_REQUEST = 32 * 1024


def check_response_type(params: Params, client: Client) -> None:
    """RFC 6749 §3.1.1: there, one of ours, and one that the client is registered for."""
    response_type = params.get("response_type")
    if response_type is None:
        raise OAuthError("invalid_request", "response_type is missing; use response_type=code.")
    if response_type not in RESPONSE_TYPES:
        raise OAuthError("unsupported_response_type", "This response_type is not supported; use response_type=code.")
    if response_type not in client.oidc.response_types:
        raise OAuthError("unauthorized_client", "This application is not registered for this response_type.")


def check_not_repeated(params: Params) -> None:
    """RFC 6749 §3.1: a parameter once; RFC 8707 §2: but resource as often as there are resources."""
    repeated = [name for name in params.repeated if name != "resource"]
    if repeated:
        raise OAuthError("invalid_request", f"Repeated parameter: {repeated[0]}.")


def check_length(params: Params) -> None:
    """All together, as long as they are in our page."""
    sizes = {name: len(name) + (len(value) if value.isascii() else 6 * len(value)) for name, value in params.pairs}
    if sum(sizes.values()) > MAX_REQUEST:
        longest = max(sizes, key=sizes.__getitem__)
        raise OAuthError(
            "invalid_request",
            f"The request is longer than {MAX_REQUEST} characters; its longest parameter is {longest}.",
        )


def read_prompt(params: Params) -> frozenset[str]:
    """What the person is to be asked."""
    prompt = frozenset((params.get("prompt") or "").split())
    if prompt - set(PROMPTS):
        raise OAuthError("invalid_request", f"Unknown prompt; use {', '.join(PROMPTS)}.")
    if "none" in prompt and len(prompt) > 1:  # Core §3.1.2.1
        raise OAuthError("invalid_request", "prompt=none cannot be combined with other values.")
    return prompt


def read_max_age(params: Params, client: Client) -> int | None:
    """Seconds since the proof; without any, as the client is registered (Registration 1.0 §2)."""
    value = params.get("max_age")
    if value is None:
        return client.oidc.default_max_age
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise OAuthError("invalid_request", "max_age must be a number of seconds.")
    return int(value)


def read_resource(params: Params, client: Client) -> list[str]:
    """Whom the access tokens are for."""
    resource = [value for name, value in params.pairs if name == "resource" and value]
    tokens.check_resource(client, resource)
    return resource


def read_hint(services: Services, client: Client, params: Params, prompt: frozenset[str]) -> str | None:
    """The person that id_token_hint names; '' where it is no ID token of ours to this client, None without one.

    A page with an empty storage sends "undefined": it is not used, and the person is asked who they are, never
    silently whoever is signed in. Errors: `OAuthError` (login_required) where nobody may be asked (Core §3.1.2.1).
    """
    hint = params.get("id_token_hint")
    if hint is None:
        return None
    try:
        claims = hints.read_hint(services, hint)
        if client.id not in hints.audiences(claims):
            raise InvalidToken("it was not issued to this application")
    except InvalidToken as error:
        if "none" in prompt:
            raise OAuthError("login_required", f"id_token_hint: {error.reason}; nobody can be told by it.") from None
        services.log.info("authorization_hint_not_used", client_id=client.id, reason=error.reason)
        return ""
    return str(claims.get("sub"))


def read_subject(hinted: str | None, claims: dict[str, Any]) -> str | None:
    """The person that it must be and nobody else, by id_token_hint or the claims parameter."""
    subjects = {hinted} if hinted else set()
    for part in claims.values():
        wish = part.get("sub") or {}
        if "value" in wish:  # Core §5.5.1: this subject and no other
            subjects.add(str(wish["value"]))
    if len(subjects) > 1:
        raise OAuthError("invalid_request", "id_token_hint and claims ask for different subjects.")
    return subjects.pop() if subjects else None
