"""DPoP (RFC 9449): tokens that are good only with a proof, made anew for each request, by the key they are bound to.

Door: `read`, at the token endpoint, at PAR and at protected resources of ours. It makes every check of §4.3.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from clients.client import Client
from idp.errors import OAuthError, printable
from idp.ids import digest
from idp.normal_forms import taken_apart
from idp.oidc.client_auth.client_keys import algs_of
from idp.protocols import Services
from idp.wire import Request
from keys.algorithms import ALGORITHMS
from keys.verifying import InvalidToken, verify_possession

ALGS: Final = tuple(ALGORITHMS)
AGE: Final = 60.0  # seconds that a proof is taken for; so long its jti is kept (§11.1)
AHEAD: Final = 10.0  # seconds that the client's clock may be ahead (FAPI 2.0 §5.3.2.1)
NONCE_LIFE: Final = 300.0  # seconds; the one before is taken as well
_NONCES: Final = "dpop-nonce"  # the purpose of our key
_PORTS: Final = {"https": 443, "http": 80}


class _Differs(InvalidToken):
    """One value belongs there, and another came. `got`: for the admins, beside the reason."""

    def __init__(self, reason: str, got: str) -> None:
        super().__init__(reason)
        self.got = got


def read(services: Services, request: Request, client: Client | None = None, *, access_token: str = "") -> str:
    """The thumbprint of the key whose proof the request brings (RFC 7638), '' where it brings none.

    `access_token`: what is shown with the proof, at a resource. Errors: `OAuthError` (invalid_dpop_proof,
    use_dpop_nonce). One write, of the proof's jti.
    """
    text = request.header("DPoP")
    if not text:
        return ""
    algs = algs_of(client, "") if client is not None else ALGS
    try:
        if "," in text:  # §4.3 (1); the server joins headers of one name
            raise InvalidToken("more than one DPoP header came")
        claims, jkt = verify_possession(text, algs=algs, typ="dpop+jwt")
        _check(services, request, claims, access_token)
    except InvalidToken as error:
        got = error.got if isinstance(error, _Differs) else ""
        raise refused(services, error.reason, is_resource=bool(access_token), kind="dpop_proof", got=got) from None
    _check_nonce(services, claims, is_resource=bool(access_token))
    _spend(services, request, jkt, str(claims["jti"]), is_resource=bool(access_token))
    return jkt


def nonce_headers(services: Services) -> tuple[tuple[str, str], ...]:
    """§8.2: the nonce for the next proof, where they are asked for."""
    return (("DPoP-Nonce", _nonce(services, 0)),) if services.settings.oauth.dpop_nonces else ()


def refused(
    services: Services, reason: str, *, is_resource: bool, kind: str, code: str = "invalid_dpop_proof", got: str = ""
) -> OAuthError:
    """§5, §7.1: 400 at the token endpoint, 401 with a challenge at a resource."""
    description = f"The DPoP proof: {reason}."
    headers = nonce_headers(services)
    if is_resource:
        headers = (("WWW-Authenticate", challenge(code, description)), *headers)
    return OAuthError(
        code, description, status=401 if is_resource else 400, headers=headers, field="DPoP", got=got or reason,
        expected="a proof made for this very request", kind=kind,
        fix=f"{reason[:1].upper()}{reason[1:]}. Let the application's library make a new proof for each request, "
        "for the address as our metadata has it and by the clock of now.",
    )  # fmt: skip


def missing(services: Services, client: Client) -> OAuthError:
    """For a client whose tokens are always bound (§5.2)."""
    return OAuthError(
        "invalid_dpop_proof", "This application's tokens are bound to a key: send a DPoP proof with the token request.",
        headers=nonce_headers(services), field="DPoP", expected="a proof", got="no DPoP header", kind="dpop_missing",
        fix="Switch DPoP on in the application, or off here: "
        f"doorward client set {client.id} dpop_bound_access_tokens=false",
    )  # fmt: skip


def challenge(code: str, description: str) -> str:
    """§7.1: how a resource asks for a proof."""
    description = printable(description)
    return f'DPoP realm="doorward", algs="{" ".join(ALGS)}", error="{code}", error_description="{description}"'


def _check(services: Services, request: Request, claims: Mapping[str, Any], access_token: str) -> None:
    """§4.3 (3), (8) to (12). Errors: `InvalidToken`."""
    missing = [name for name in ("jti", "htm", "htu", "iat") if name not in claims]
    if missing:
        raise InvalidToken(f"{', '.join(missing)} is missing")
    jti, made_at, now = claims["jti"], claims["iat"], services.clock()
    if not isinstance(jti, str) or not 0 < len(jti) <= 256:
        raise InvalidToken("jti must be 1 to 256 characters")
    if claims["htm"] != request.method:
        raise _Differs(f"htm must be {request.method}", f"htm {str(claims['htm'])[:20]}")
    if _whole(str(claims["htu"])) not in map(_whole, _addresses(services, request)):
        raise _Differs(f"htu must be {_addresses(services, request)[0]}", f"htu {str(claims['htu'])[:200]}")
    if isinstance(made_at, bool) or not isinstance(made_at, (int, float)):
        raise InvalidToken("iat is not a number of seconds")
    # With a nonce of ours the time is ours as well (§11.1).
    if not services.settings.oauth.dpop_nonces and not now - AGE <= made_at <= now + AHEAD:
        late = round(now - made_at)
        raise InvalidToken(
            f"iat lies {abs(late)} seconds in the {'past' if late > 0 else 'future'}; compare the clocks"
        )
    if access_token:
        hashed = urlsafe_b64encode(sha256(access_token.encode()).digest()).rstrip(b"=").decode()
        if not isinstance(claims.get("ath"), str) or not hmac.compare_digest(claims["ath"].encode(), hashed.encode()):
            raise InvalidToken("ath is not the hash of the access token")


def _addresses(services: Services, request: Request) -> list[str]:
    """The request's own address, without its query, as our metadata have it: no header names it.

    The second: where certificates are asked for (RFC 8705 §5).
    """
    issuer, alias = urlsplit(services.issuer), services.settings.oauth.mtls_origin
    return [f"{origin}{request.path}" for origin in (f"{issuer.scheme}://{issuer.netloc}", alias) if origin]


def _whole(address: str) -> tuple[str, str, str]:
    """§4.3 (9): compared after normalizing scheme, host, and port (RFC 3986 §6.2), without query and fragment."""
    try:
        parts = taken_apart(address)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise InvalidToken("htu is not an address") from None
    return parts.scheme, f"{parts.hostname or ''}:{port}", parts.path or "/"


def _check_nonce(services: Services, claims: Mapping[str, Any], *, is_resource: bool) -> None:
    """§8, §9. Errors: `OAuthError` (use_dpop_nonce) with the one to use."""
    if not services.settings.oauth.dpop_nonces:
        return
    shown = claims.get("nonce")
    current = [_nonce(services, past) for past in (0, 1)]
    if not isinstance(shown, str) or not any(hmac.compare_digest(shown.encode(), one.encode()) for one in current):
        raise refused(
            services, "use the nonce of the DPoP-Nonce header", is_resource=is_resource, code="use_dpop_nonce",
            kind="dpop_nonce",
        )  # fmt: skip


def _nonce(services: Services, past: int) -> str:
    """Of a stretch of time, made of our key: nothing is kept, and every process of ours knows it."""
    stretch = int(services.clock() // NONCE_LIFE) - past
    mac = hmac.digest(services.sealer.mac_key(_NONCES), str(stretch).encode(), "sha256")
    return urlsafe_b64encode(mac[:18]).decode()


def give_back(services: Services, request: Request) -> None:
    """Forget that a proof was used, of a request that got nothing: who proves nothing else must not fill the store."""
    try:
        claims, jkt = verify_possession(request.header("DPoP"), algs=ALGS, typ="dpop+jwt")
    except InvalidToken:
        return
    if services.state.get(key := _spent(jkt, str(claims["jti"]))) == request.id:
        services.state.take(key)


def _spent(jkt: str, jti: str) -> str:
    return f"dpop:{digest(f'{jkt} {jti}')}"


def _spend(services: Services, request: Request, jkt: str, jti: str, *, is_resource: bool) -> None:
    """§11.1: once. A request that is run again on a fresh snapshot brings a proof that it has had accepted itself."""
    key = _spent(jkt, jti)
    life = 2 * NONCE_LIFE if services.settings.oauth.dpop_nonces else AGE + AHEAD + 5
    if not services.state.add(key, request.id, life) and services.state.get(key) != request.id:
        raise refused(services, "its jti was used before", is_resource=is_resource, kind="dpop_proof")
