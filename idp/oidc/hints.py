"""ID token hints: an ID token of ours that comes back to say whom an application means (Core §3.1.2.1, RPI §2).

A hint is only compared. URLs stand in histories and logs, so none that we make holds an ID token: what is compared of
it goes on sealed, and whatever cannot be used as a word that says so.
"""

from __future__ import annotations

import json
from typing import Any

from idp.accounts import pairwise
from idp.protocols import Services
from idp.wire import Params
from keys.sealing import BrokenSeal
from keys.verifying import InvalidToken, verify_own

PARAMETER = "id_token_hint"
UNUSABLE = "unusable"
_PREFIX, _PURPOSE = "dwh_", "id-token-hint"
_COMPARED = ("iss", "aud", "sub", "sid")


def read_hint(services: Services, hint: str) -> dict[str, Any]:
    """The claims of an ID token of ours, which may have expired; `aud` is the caller's to check.

    Errors: `InvalidToken`.
    """
    if hint.startswith(_PREFIX):
        try:
            opened = services.sealer.open(_PURPOSE, hint.removeprefix(_PREFIX))
        except BrokenSeal:
            raise InvalidToken("its seal is broken") from None
        claims: dict[str, Any] = json.loads(opened)
    else:
        claims = verify_own(services.ring, hint, types=("JWT",), now=services.clock(), hint=True)
    if claims.get("iss") != services.issuer:
        raise InvalidToken("it was issued by somebody else")
    if not isinstance(claims.get("sub"), str):  # a JWT of ours of another kind, as an answer in one (JARM)
        raise InvalidToken("it is no ID token")
    return _ours(services, claims)


def read_live(services: Services, client_id: str, token: str) -> dict[str, Any]:
    """The claims of an ID token of ours to this very client that has not ended. Errors: `InvalidToken`."""
    claims = verify_own(services.ring, token, types=("JWT",), now=services.clock())
    if claims.get("iss") != services.issuer or audiences(claims) != [client_id]:
        raise InvalidToken("it was not issued here, to this application alone")
    if not all(name in claims for name in ("sub", "sid", "auth_time", "iat")):  # a JWT of ours of another kind
        raise InvalidToken("it is no ID token of a session")
    return _ours(services, claims)


def read_signed_in(services: Services, token: str) -> dict[str, Any]:
    """The claims of an ID token of ours, of a session and to one application; it may have expired.

    Errors: `InvalidToken`.
    """
    claims = verify_own(services.ring, token, types=("JWT",), now=services.clock(), hint=True)
    if claims.get("iss") != services.issuer or len(audiences(claims)) != 1:
        raise InvalidToken("it was not issued here, to one application alone")
    if not all(name in claims for name in ("sub", "sid", "auth_time", "iat")):  # a JWT of ours of another kind
        raise InvalidToken("it is no ID token of a session")
    return {**_ours(services, claims), "aud": audiences(claims)[0]}


def _ours(services: Services, claims: dict[str, Any]) -> dict[str, Any]:
    """The claims with our own ids of person and session, where the client has names for them."""
    own = {name: pairwise.read(services.sealer, str(claims[name])) for name in ("sub", "sid") if name in claims}
    return {**claims, **{name: value for name, value in own.items() if value}}


def audiences(claims: dict[str, Any]) -> list[Any]:
    """Whom an ID token is for."""
    found = claims.get("aud", [])
    return found if isinstance(found, list) else [found]


def for_url(services: Services, pairs: Params | list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A request's parameters as they may stand in a URL of ours."""
    own = pairs.pairs if isinstance(pairs, Params) else pairs
    return [(name, _sealed(services, value) if name == PARAMETER and value else value) for name, value in own]


def _sealed(services: Services, hint: str) -> str:
    try:
        claims = read_hint(services, hint)
    except InvalidToken:
        return UNUSABLE
    compared = {name: claims[name] for name in _COMPARED if name in claims}
    return _PREFIX + services.sealer.seal(_PURPOSE, json.dumps(compared, separators=(",", ":")).encode())
