"""All of a provider that can be tried without a person: I11."""

from __future__ import annotations

import secrets

from idp.errors import Refused
from idp.federation.openid import metadata, redeeming
from idp.federation.ports import Found, Question
from idp.protocols import Services


def test(services: Services, question: Question) -> tuple[Found, ...]:
    """Discovery, the keys, whether our client is known there. What cannot be told without a person is not guessed."""
    provider = question.provider
    try:
        found = metadata.read(services, provider, renewed=True)
    except Refused as error:
        return (Found("discovery", False, _told(error)),)
    seen = [Found(f"discovery: {found.issuer}", True)]
    try:
        keys = metadata.read_keys(services, provider, found)
        seen.append(Found(f"keys: {len(keys.keys)}", bool(keys.keys), "" if keys.keys else "there is none for us"))
    except Refused as error:
        seen.append(Found("keys", False, _told(error)))
    if not (provider.algorithms or found.algorithms):
        seen.append(Found("algorithms", False, "it signs ID tokens by none of ours, such as RS256"))
    method = "client_secret_post" if provider.auth_method == "apple" else provider.auth_method
    if method not in found.auth_methods:
        known = ", ".join(found.auth_methods)
        seen.append(Found(f"auth_method: {method}", False, f"its discovery names {known}"))
    return (*seen, _code(services, question, found))


def _code(services: Services, question: Question, found: metadata.Metadata) -> Found:
    """A code that there is not: whoever says so knows us, and whoever does not, says that."""
    try:
        redeeming.redeem(services, question, found, "doorward-test-" + secrets.token_urlsafe(16))
    except Refused as error:
        if error.code == "upstream_code":
            return Found("client id and secret", True)
        return Found("client id and secret", False, _told(error))
    return Found("client id and secret", False, "it gave tokens for a code that there is not")


def _told(error: Refused) -> str:
    said = error.explanation
    return f"{said.fix} ({said.got or error.detail})" if said.got or error.detail else said.fix
