"""The parameters of an authorization request that have no file of their own: each read once, and checked as it is read.

Errors of all: `OAuthError`, for the application.
"""

from __future__ import annotations

import re
from typing import Any

from clients.client import Client
from idp.accounts.registering import terms
from idp.errors import OAuthError
from idp.oidc import claims_parameter, hints, protected_resources, tokens
from idp.oidc.claims import read_subject
from idp.protocols import Services
from idp.wire import Params
from keys.verifying import InvalidToken

_THUMBPRINT = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7638
PROMPTS = ("none", "login", "consent", "select_account")
CREATE = "create"  # Initiating User Registration 1.0 §4
#: Characters of a request that we keep, all parameters together: four times what fits into a URL of 8 kB, for those
#: that are posted. It stands twice in our page, sealed, and must come back with it (`wire.MAX_BODY`).
MAX_REQUEST = 32 * 1024
MAX_SUBJECTS = 100


def check_no_registration(params: Params) -> None:
    """Core §7.2.1: what is not supported is said, and never ignored."""
    if params.get("registration"):
        raise OAuthError(
            "registration_not_supported", "The registration parameter is not supported: register first.",
            field="registration", expected="(nothing)", got="client metadata",
            fix="An admin registers the application here; let it send the client id that it is given then.",
            kind="registration_parameter",
        )  # fmt: skip


def check_not_repeated(params: Params) -> None:
    """RFC 6749 §3.1: a parameter once; RFC 8707 §2: but resource as often as there are resources."""
    repeated = [name for name in params.repeated if name != "resource"]
    if repeated:
        raise OAuthError(
            "invalid_request", f"Repeated parameter: {repeated[0]}.",
            field=repeated[0][:60], expected="once", got="twice", fix="Let the application send it once.",
            kind="repeated",
        )  # fmt: skip


def check_length(params: Params) -> None:
    """All together, as long as they are in our page."""
    sizes = {name: len(name) + (len(value) if value.isascii() else 6 * len(value)) for name, value in params.pairs}
    if sum(sizes.values()) > MAX_REQUEST:
        longest = max(sizes, key=sizes.__getitem__)
        raise OAuthError(
            "invalid_request",
            f"The request is longer than {MAX_REQUEST} characters; its longest parameter is {longest}.",
            field=longest[:60], expected=f"{MAX_REQUEST} characters, all together", got=f"{sum(sizes.values())}",
            fix=f"Keep what stands in {longest[:60]} in the application, and send a short key to it.",
            kind="request_too_long",
        )  # fmt: skip


def prompts(services: Services, client_id: str = "") -> tuple[str, ...]:
    """The values of `prompt` that work: `create` where people may make an account themselves (U1)."""
    return (*PROMPTS, CREATE) if terms.find(services, client_id) is not None else PROMPTS


def read_prompt(services: Services, client: Client, params: Params) -> frozenset[str]:
    """What the person is to be asked."""
    prompt = frozenset((params.get("prompt") or "").split())
    if prompt - set(PROMPTS):
        known = prompts(services, client.id)
        if prompt - set(known):
            raise OAuthError(
                "invalid_request", f"Unknown prompt; use {', '.join(known)}.",
                field="prompt", expected=" or ".join(known), got=" ".join(sorted(prompt)),
                kind="prompt",
            )  # fmt: skip
    if "none" in prompt and len(prompt) > 1:  # Core §3.1.2.1
        raise OAuthError(
            "invalid_request", "prompt=none cannot be combined with other values.",
            field="prompt", expected="none alone", got=" ".join(sorted(prompt)), kind="prompt",
        )  # fmt: skip
    return prompt


def read_max_age(params: Params, client: Client) -> int | None:
    """Seconds since the proof; without any, as the client is registered (Registration 1.0 §2)."""
    value = params.get("max_age")
    if value is None:
        return client.oidc.default_max_age
    if not value.isascii() or not value.isdigit() or len(value) > 9:
        raise OAuthError(
            "invalid_request",
            "max_age must be a number of seconds.",
            field="max_age",
            expected="seconds",
            got=value,
            kind="max_age",
        )
    return int(value)


def read_dpop_jkt(params: Params) -> str:
    """The thumbprint of the key that the code is to be bound to (RFC 9449 §10), or ''."""
    jkt = params.get("dpop_jkt") or ""
    if jkt and not _THUMBPRINT.fullmatch(jkt):
        raise OAuthError(
            "invalid_request", "dpop_jkt must be the base64url SHA-256 thumbprint of a key: 43 characters.",
            field="dpop_jkt", expected="43 characters", got=f"{len(jkt)} characters", kind="dpop_jkt",
        )  # fmt: skip
    return jkt


def read_resource(services: Services, params: Params, client: Client) -> list[str]:
    """Whom the access tokens are for."""
    resource = protected_resources.as_asked(
        services, [value for name, value in params.pairs if name == "resource" and value]
    )
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
            raise OAuthError(
                "login_required", f"id_token_hint: {error.reason}; nobody can be told by it.",
                field="id_token_hint", expected="an ID token that this application was given", got=error.reason,
                fix="Let the application send the ID token of its own last sign-in, or leave id_token_hint out.",
                kind="id_token_hint",
            ) from None  # fmt: skip
        services.log.info("authorization_hint_not_used", client_id=client.id, reason=error.reason)
        return ""
    return str(claims.get("sub"))


def read_subjects(services: Services, client: Client, hinted: str | None, claims: dict[str, Any]) -> tuple[str, ...]:
    """The person that it must be and nobody else, by id_token_hint or the claims parameter; several: one of them."""
    subs = [_subjects_of(part.get("sub") or {}) for part in claims_parameter.members(claims)]
    wished = [[read_subject(services, client, sub) for sub in several] for several in subs]
    asked = [one for one in (*wished, [hinted] if hinted else []) if one]
    found = [one for one in asked[0] if all(one in others for others in asked)] if asked else []
    if asked and not found:
        raise OAuthError(
            "invalid_request", "id_token_hint and claims ask for different subjects.",
            field="claims", expected="the subject of id_token_hint", got="another sub", kind="id_token_hint",
        )  # fmt: skip
    return tuple(dict.fromkeys(found))


def _subjects_of(wish: dict[str, Any]) -> list[str]:
    """Core §5.5.1: this subject and no other, or one of these."""
    return [str(wish["value"])] if "value" in wish else [str(one) for one in wish.get("values", ())][:MAX_SUBJECTS]
