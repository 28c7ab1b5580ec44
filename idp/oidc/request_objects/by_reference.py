"""A request object behind an address of the client's own (RFC 9101 §5.2.2, Core §6.2).

Only addresses that were registered are asked (`require_request_uri_registration`): a stranger's request makes us call
nobody but the client, and that once for many.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

from clients.client import Client
from idp import reach
from idp.errors import OAuthError
from idp.http import OutboundFailed, OutboundRefused
from idp.oidc.fetched import Fetched
from idp.protocols import Services

FRESH: Final = 60.0  # seconds that an answer is used
RETRY: Final = 10.0  # seconds between two calls of an address that fails
TYPE: Final = "application/oauth-authz-req+jwt"


class _Texts(Fetched[str]):
    """Request objects by address; '' where one cannot be had."""

    nothing = ""


def fetch(services: Services, client: Client, reference: str) -> str:
    """The JWT. Errors: `OAuthError`."""
    address, _, fragment = reference.partition("#")
    if not {reference, address} & client.oidc.request_uris:
        raise OAuthError(
            "invalid_request_uri", "This request_uri is not registered for this application (request_uris).",
            detail=f"request_uri {reference[:300]!r}", field="request_uri", got=reference[:300],
            kind="request_uri_unregistered",
            expected=", ".join(sorted(client.oidc.request_uris)) or "none is registered",
            fix=f"Register it where it is meant: doorward client set {client.id} request_uris+=…",
        )  # fmt: skip
    now, cache = services.clock(), services.part(_Texts)
    # By the address alone: the fragment is anybody's to choose, and must not make us call once more.
    name = reach.kept_as(client.metadata, address)
    text = cache.find(name, now, FRESH, RETRY)
    if text is None:
        text = cache.fetch(name, now, lambda: _get(services, client, address))
    is_pinned = client.oidc.request_uri_hash == "checked"
    if not text or (is_pinned and not _is_hash_of(fragment, text)):
        raise OAuthError(
            "invalid_request_uri", "The request object cannot be read from request_uri.",
            field="request_uri", expected="an answer of 200 with the JWT",
            got=f"none that can be used: {reference[:200]}", kind="request_uri_unreadable",
            fix="Open the address from the machine that Doorward runs on: it must answer 200 with the JWT alone, over "
            "https with a certificate that is trusted there. The log says why it failed (request_object_unavailable).",
        )  # fmt: skip
    return text.strip()


def _is_hash_of(fragment: str, text: str) -> bool:
    """Core §6.2: the fragment, where there is one, is the base64url SHA-256 of what stands there."""
    made = urlsafe_b64encode(sha256(text.encode()).digest()).rstrip(b"=").decode()
    return not fragment or hmac.compare_digest(made.encode(), fragment.encode("utf-8", "replace"))


def _get(services: Services, client: Client, address: str) -> str:
    """What stands there, to the byte; '' where it cannot be used."""
    try:
        answer = reach.outbound(services, client.metadata).get(address, accept=TYPE)
        if answer.status != 200:
            raise OutboundFailed(f"it answered with status {answer.status}")
        return answer.body.decode("ascii")
    except (OutboundFailed, OutboundRefused, ValueError) as error:
        services.log.warning(
            "request_object_unavailable", client_id=client.id, uri=address[:300], reason=str(error)[:300]
        )  # fmt: skip
        return ""
