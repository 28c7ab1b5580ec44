"""Requests to a provider, through the one guarded client; whether it answers is noted for everybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from idp.errors import Refused
from idp.federation import failures, health
from idp.federation.provider import Provider
from idp.http import OutboundFailed, OutboundRefused
from idp.http.client import Fetched
from idp.services import Services


def get(
    services: Services, provider: Provider, url: str, *, bearer: str = "", max_bytes: int | None = None,
    redirects: int = 0,
) -> Fetched:  # fmt: skip
    """Fetch a document. Errors: `Refused` where there is no answer."""
    ask = services.outbound.get
    return _asked(
        services, provider, url, lambda: ask(url, bearer=bearer, max_bytes=max_bytes, redirects=redirects)
    )  # fmt: skip


def post(
    services: Services, provider: Provider, url: str, form: Mapping[str, str], headers: Mapping[str, str]
) -> Fetched:
    """Send a form. Errors: `Refused` where there is no answer.

    A bad answer to a form shuts nobody out: what stands in it is a stranger's word, such as a code that they made up.
    """
    return _asked(services, provider, url, lambda: services.outbound.post(url, form, headers), counts=False)


def read_object(provider: Provider, fetched: Fetched, what: str) -> dict[str, Any]:
    """The JSON object that was answered. Errors: `Refused`."""
    try:
        value = json.loads(fetched.body)
        if not isinstance(value, dict):
            raise ValueError
    except (ValueError, RecursionError):
        raise failures.answer(provider, f"{what}: status {fetched.status}, and no JSON object") from None
    return value


def _asked(
    services: Services, provider: Provider, url: str, ask: Callable[[], Fetched], *, counts: bool = True
) -> Fetched:  # fmt: skip
    down = health.may_ask(services, provider)
    if down is not None:
        raise failures.down(provider, down.reason)
    try:
        fetched = ask()
    except OutboundFailed as error:
        raise _down(services, provider, url, error.reason) from None
    except OutboundRefused as error:
        parts = urlsplit(url)
        meant = f'if it is meant, add "{parts.scheme}://{parts.netloc}" to outbound.allow in the settings and restart'
        raise _down(services, provider, url, f"{error.reason}; {meant}") from None
    if fetched.status >= 500 and not counts:
        raise failures.down(provider, f"{url.partition('?')[0]}: it answered with status {fetched.status}")
    if fetched.status >= 500:
        raise _down(services, provider, url, f"it answered with status {fetched.status}")
    health.answered(services, provider)
    return fetched


def _down(services: Services, provider: Provider, url: str, reason: str) -> Refused:
    health.failed(services, provider, f"{url.partition('?')[0]}: {reason}")
    return failures.down(provider, f"{url.partition('?')[0]}: {reason}")
