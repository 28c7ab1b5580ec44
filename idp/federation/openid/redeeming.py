"""The code for tokens (Core §3.1.3): once, with the verifier of its request, and what a refusal means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from idp.errors import Refused
from idp.federation import calling, failures
from idp.federation.openid import client_auth, wording
from idp.federation.openid.metadata import Metadata
from idp.federation.ports import Question
from idp.federation.provider import Provider
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Tokens:
    """What the token endpoint gave."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def redeem(services: Services, question: Question, metadata: Metadata, code: str) -> Tokens:
    """Redeem a code. Errors: `Refused`."""
    provider = question.provider
    fields, headers = client_auth.prove(services, question, metadata)
    form = {
        "grant_type": "authorization_code", "code": code, "redirect_uri": question.redirect_uri,
        "code_verifier": question.secrets.verifier, **fields,
    }  # fmt: skip
    headers = {**headers, "Accept": "application/json"}
    fetched = calling.post(services, provider, metadata.token_endpoint, form, headers)
    said = calling.read_object(provider, fetched, "token endpoint")
    if fetched.status != 200 or "error" in said:
        raise refused(provider, said, fetched.status, question.redirect_uri)
    id_token, access_token = said.get("id_token"), said.get("access_token", "")
    if not isinstance(id_token, str):
        raise failures.claim(provider, "id_token", "an ID token; ask for the scope openid")
    # RFC 6749 §7.1: a type that is not understood is not used; the ID token needs none.
    is_bearer = isinstance(access_token, str) and str(said.get("token_type", "")).lower() == "bearer"
    return Tokens(id_token, access_token if is_bearer else "")


def refused(provider: Provider, said: dict[str, Any], status: int, redirect_uri: str = "") -> Refused:
    """What a refusal of the token endpoint means."""
    error, told = str(said.get("error", "")), str(said.get("error_description", ""))
    reason = f"status {status}, {error}: {told}"[:300]
    what = wording.about(error, told)
    if what == wording.REDIRECT_URI:
        return failures.redirect_uri(provider, redirect_uri, reason)
    if what == wording.CONSENT:
        return failures.consent(provider, reason)
    if what == wording.SECRET or error in ("invalid_client", "unauthorized_client"):
        return failures.secret(provider, reason)
    if error in ("invalid_grant", "bad_verification_code"):
        return failures.code(provider, reason)
    return failures.answer(provider, reason)
