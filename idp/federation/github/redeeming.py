"""The code for a token (GitHub: Authorizing OAuth apps), and what a refusal means: it comes with status 200."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl

from idp.errors import Refused
from idp.federation import calling, failures
from idp.federation.github import addresses
from idp.federation.ports import Question
from idp.federation.provider import Provider
from idp.http.client import Fetched
from idp.protocols import Services

_FORM: Final = "application/x-www-form-urlencoded"
_UNVERIFIED: Final = "Let the person verify their primary address at GitHub: until then it signs them in to nobody."


def redeem(services: Services, question: Question, code: str) -> str:
    """The access token. Errors: `Refused`."""
    provider = question.provider
    form = {
        "client_id": provider.client_id, "client_secret": question.secret, "code": code,
        "redirect_uri": question.redirect_uri, "code_verifier": question.secrets.verifier,
    }  # fmt: skip
    fetched = calling.post(services, provider, addresses.token(provider), form, {"Accept": "application/json"})
    said = _read(provider, fetched)
    if fetched.status != 200 or "error" in said:
        raise refused(provider, said, fetched.status, question.redirect_uri)
    token = said.get("access_token")
    # RFC 6749 §7.1: a type that is not understood is not used.
    if not isinstance(token, str) or not token or str(said.get("token_type", "")).lower() != "bearer":
        raise failures.claim(provider, "access_token", "a bearer token")
    return token


def refused(provider: Provider, said: dict[str, Any], status: int, redirect_uri: str) -> Refused:
    """What it means, by GitHub's own words."""
    error, told = str(said.get("error", "")), str(said.get("error_description", ""))
    reason = f"status {status}, {error}: {told}"[:300]
    if error == "incorrect_client_credentials" or status == 404:  # it knows no such client id
        return failures.secret(provider, reason)
    if error == "redirect_uri_mismatch":
        return failures.redirect_uri(provider, redirect_uri, reason)
    if error == "bad_verification_code":
        return failures.code(provider, reason)
    if error == "unverified_user_email":
        return failures.answer(provider, reason, field="email", fix=_UNVERIFIED)
    return failures.answer(provider, reason, field="error")


def _read(provider: Provider, fetched: Fetched) -> dict[str, Any]:
    """JSON, as it was asked for; or a form, as GitHub answers where that is not heard."""
    if fetched.content_type.partition(";")[0].strip().lower() != _FORM:
        return calling.read_object(provider, fetched, "token endpoint")
    try:
        return dict(parse_qsl(fetched.body.decode(), max_num_fields=20))
    except ValueError:
        raise failures.answer(provider, "token endpoint: no form that can be read") from None
