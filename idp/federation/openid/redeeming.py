"""The code for tokens (Core §3.1.3): once, with the verifier of its request, and what a refusal means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from idp.errors import Refused
from idp.federation import calling, failures
from idp.federation.openid import client_auth
from idp.federation.openid.metadata import Metadata
from idp.federation.ports import Question
from idp.federation.provider import Provider
from idp.protocols import Services

#: Entra's numbers, for the text that an admin reads and nothing else: they are not to be branched on.
_ENTRA: Final = {
    "50011": "redirect_uri", "7000215": "secret", "7000222": "secret", "7000218": "secret", "65001": "consent",
    "90094": "consent",
}  # fmt: skip


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
    number = re.match(r"AADSTS(\d+)", told)
    what = _ENTRA.get(number[1], "") if number else ""
    if what == "redirect_uri" or "redirect_uri" in error:
        return failures.redirect_uri(provider, redirect_uri, reason)
    if what == "consent" or error == "consent_required":
        return failures.consent(provider, reason)
    if what == "secret" or error in ("invalid_client", "unauthorized_client", "incorrect_client_credentials"):
        return failures.secret(provider, reason)
    if error in ("invalid_grant", "bad_verification_code"):
        return failures.code(provider, reason)
    return failures.answer(provider, reason)
