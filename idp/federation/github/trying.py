"""All of GitHub that can be tried without a person: I11."""

from __future__ import annotations

import secrets

from idp.errors import Refused
from idp.federation import calling
from idp.federation.github import addresses, redeeming
from idp.federation.ports import Found, Question
from idp.protocols import Services


def test(services: Services, question: Question) -> tuple[Found, ...]:
    """Whether the API is where it should be, and whether our client is known."""
    return _api(services, question), _code(services, question)


def _api(services: Services, question: Question) -> Found:
    url = addresses.api(question.provider, "/user")
    try:
        fetched = calling.get(services, question.provider, url)
    except Refused as error:
        return Found("API", False, _told(error))
    if fetched.status == 401:  # it asks who we are, as it should
        return Found(f"API: {url.removesuffix('/user')}", True)
    return Found("API", False, f"{url} answered with status {fetched.status}; expected 401: compare the issuer")


def _code(services: Services, question: Question) -> Found:
    """A code that there is not: whoever says so knows us."""
    try:
        redeeming.redeem(services, question, "doorward-test-" + secrets.token_urlsafe(16))
    except Refused as error:
        return Found(
            "client id and secret", error.code == "upstream_code", _told(error) * (error.code != "upstream_code")
        )
    return Found("client id and secret", False, "it gave a token for a code that there is not")


def _told(error: Refused) -> str:
    said = error.explanation
    return f"{said.fix} ({said.got or error.detail})" if said.got or error.detail else said.fix
