"""What is shown to a target: the token that an admin pasted, or one got by client credentials (RFC 6749 §4.4)."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

from idp.http import Outbound, OutboundFailed, OutboundRefused
from idp.login.services import Services
from idp.provisioning import keeping
from idp.provisioning.target import Target

_EARLY: Final = 30.0  # seconds before its end at which a token is not used any more
_SHORTEST: Final = 60.0  # seconds that one is used whose end is not told


class NoToken(Exception):
    """The token endpoint gave none. `final`: it refuses the client; else it may give one later."""

    def __init__(self, reason: str, *, final: bool) -> None:
        super().__init__(reason)
        self.final = final


@dataclass
class _Kept:
    """Tokens of this process, by the sealed secret and the endpoint that they came by."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict, repr=False)


def get(services: Services, target: Target, outbound: Outbound) -> str:
    """What stands behind `Bearer`. Errors: `NoToken`, `BrokenSeal`."""
    secret = keeping.open_secret(services.sealer, target)
    if not target.said.token_url:
        return secret
    kept = services.part(_Kept)
    with kept.lock:
        found = kept.tokens.get(_key(target))
    if found is not None and found[1] > services.clock():
        return found[0]
    token, seconds = _asked(target, secret, outbound)
    with kept.lock:
        if len(kept.tokens) > 2 * keeping.MOST:
            kept.tokens.clear()
        kept.tokens[_key(target)] = token, services.clock() + max(1.0, seconds - _EARLY)
    return token


def forget(services: Services, target: Target) -> None:
    """It was not taken: the next request gets another one."""
    kept = services.part(_Kept)
    with kept.lock:
        kept.tokens.pop(_key(target), None)


def _key(target: Target) -> str:
    said = target.said
    return json.dumps([target.client_id, said.token_url, said.token_client, said.token_scope, target.sealed])


def _asked(target: Target, secret: str, outbound: Outbound) -> tuple[str, float]:
    said = target.said
    # RFC 6749 §2.3.1: both halves are form-encoded before they are joined.
    basic = b64encode(f"{quote_plus(said.token_client)}:{quote_plus(secret)}".encode()).decode()
    form = {"grant_type": "client_credentials", **({"scope": said.token_scope} if said.token_scope else {})}
    try:
        got = outbound.post(said.token_url, form, {"authorization": f"Basic {basic}", "accept": "application/json"})
    except (OutboundFailed, OutboundRefused) as error:
        raise NoToken(f"{said.token_url.partition('?')[0]}: {error.reason}", final=False) from None
    answer = _read(got.body)
    if got.status != 200:
        code = str(answer.get("error", ""))[:80]
        told = f" ({code})" if code and code.isprintable() else ""
        reason = f"{said.token_url.partition('?')[0]}: status {got.status}{told}"
        raise NoToken(reason, final=got.status in (400, 401, 403))
    token, kind = answer.get("access_token"), str(answer.get("token_type", ""))
    if not isinstance(token, str) or not token.isascii() or not token.isprintable() or kind.lower() != "bearer":
        raise NoToken(f"{said.token_url.partition('?')[0]}: no bearer token in its answer", final=True)
    seconds = answer.get("expires_in")
    return token, float(seconds) if isinstance(seconds, int) and 0 < seconds < 10**9 else _SHORTEST


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
