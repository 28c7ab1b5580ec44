"""Device Bound Session Credentials (W3C draft): a session that is worth nothing without a key of the device.

With the cookie of a new session goes `Secure-Session-Registration`. A browser that knows it makes a key that nobody can
copy, and registers it; from then on the session needs a second cookie, which lives for minutes and which the browser
fetches anew with a proof of its key. A browser that does not know it is asked for nothing. Only where
`session.device_bound` is on.
"""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from idp.browser import cookie_name, header_with_answer
from idp.login import store
from idp.login.recording import recorder
from idp.login.services import Services
from idp.wire import Cookie, Json, Request, Response

REGISTER: Final = "/login/device/register"
REFRESH: Final = "/login/device/refresh"
LASTS: Final = 600  # seconds that the cookie is good for
#: Seconds that a challenge is good for; the one for a key goes with the latest proof alone.
SOON: Final = 300.0
UNDER_WAY: Final = 60.0  # seconds after the cookie's first use in which requests without it are taken
A_MINUTE: Final = 30  # answers for one session and address
ALGS: Final = ("ES256", "RS256")
_TYP: Final = "dbsc+jwt"
_PUBLIC: Final = ("kty", "crv", "x", "y", "n", "e")


def offer(services: Services, request: Request, session_id: str) -> None:
    """A session has begun, or was proven anew: whatever is answered offers to bind it (§8.3)."""
    if services.settings.session.device_bound:
        path, challenge = urlsplit(services.url(REGISTER)).path, _challenge(services, session_id)
        offered = f'({" ".join(ALGS)});path="{path}";challenge="{challenge}"'
        header_with_answer(request, ("Secure-Session-Registration", offered))


def is_here(services: Services, request: Request, row: Any) -> bool:
    """Whether a session that is bound to a key comes from the device that has it: its short-lived cookie says so.

    Asked for from its first use on: an answer with it may be lost, and requests may be under way without it.
    """
    if not row.bound_key or not services.settings.session.device_bound:
        return True
    now = services.clock()
    if not _is_good(services, request, row, now):
        return row.bound_at is None or bool(now - row.bound_at < UNDER_WAY)
    if row.bound_at is None:
        services.db.run(store.BOUND_USED, durable=False, session_id=row.id, now=now)
    return True


def _is_good(services: Services, request: Request, row: Any, now: float) -> bool:
    until, _, mark = request.cookies.get(_name(services, row.id), "").partition(".")
    if not until.isdecimal() or len(until) > 12 or int(until) < now:
        return False
    return hmac.compare_digest(mark.encode(), _mark(services, "cookie", row.id, row.bound_key, until).encode())


def register(services: Services, request: Request, session_id: str) -> Response:
    """The browser's key for a session that has just begun (§8.4)."""
    from keys.verifying import InvalidToken, read_object, verify_possession  # JOSE, for the few that are bound

    if _is_too_often(services, request, session_id):
        return _refused("slow down", 429)
    try:
        text = _token(request)
        claims, _ = verify_possession(text, algs=ALGS, typ=_TYP)
        _check(services, request, session_id, claims, REGISTER)
    except InvalidToken as error:
        return _refused(error.reason)
    jwk = read_object(text.partition(".")[0], "header")["jwk"]
    key = json.dumps({name: jwk[name] for name in _PUBLIC if name in jwk}, sort_keys=True)
    with services.db.transaction() as tx:
        # One key, once: a copy of the cookie must not bring another.
        row = tx.one(store.BIND, session_id=session_id, key=key)
        if row is not None:
            recorder(services, request, row.person_id)(tx, "session:bound", {"session_id": session_id})
    return _refused("this session takes no key any more", 403) if row is None else _instructions(services, row.id, key)


def refresh(services: Services, request: Request) -> Response:
    """A new short-lived cookie for a proof of the key (§8.5); without one, what is to be proven."""
    from keys.verifying import InvalidToken, read_jwks, verify

    session_id = request.header("Sec-Secure-Session-Id").strip().strip('"')
    row = services.db.one(store.BOUND, session_id=session_id)
    if row is None or not row.bound_key or row.ended_at is not None or services.clock() >= row.expires_at:
        return Json(body={"session_identifier": session_id[:40], "continue": False})  # §9.3
    if _is_too_often(services, request, session_id):
        return _refused("slow down", 429)
    if not request.header("Secure-Session-Response"):
        return _asked(services, session_id)
    try:
        keys = read_jwks([json.loads(row.bound_key)])
        _, claims = verify(_token(request), keys, algs=ALGS, now=services.clock(), types={_TYP}, required=())
        _check(services, request, session_id, claims, REFRESH)
    except InvalidToken:
        return _asked(services, session_id)
    return _instructions(services, session_id, row.bound_key)


def _token(request: Request) -> str:
    return request.header("Secure-Session-Response").strip().strip('"')  # a string of RFC 9651 §3.3.3


def _check(services: Services, request: Request, session_id: str, claims: Mapping[str, Any], path: str) -> None:
    """The challenge is ours, for this session, young, and proven once. Errors: `InvalidToken`."""
    from keys.verifying import InvalidToken

    jti = claims.get("jti")
    made_at, _, _ = jti.partition(".") if isinstance(jti, str) else ("", "", "")
    if not made_at.isdecimal() or len(made_at) > 12 or not isinstance(jti, str):
        raise InvalidToken("jti is no challenge of ours")
    if not hmac.compare_digest(jti.encode(), _challenge(services, session_id, int(made_at)).encode()):
        raise InvalidToken("jti is no challenge of ours")
    if not 0 <= services.clock() - int(made_at) < SOON:
        raise InvalidToken("the challenge is too old")
    if "aud" in claims and claims["aud"] != services.url(path):
        raise InvalidToken("aud is not this endpoint")
    once = sha256(_token(request).encode()).hexdigest()
    if not services.state.add(f"dbsc:{once}", 1, SOON):
        raise InvalidToken("it was used before")


def _challenge(services: Services, session_id: str, made_at: int | None = None) -> str:
    text = str(int(services.clock()) if made_at is None else made_at)
    return f"{text}.{_mark(services, 'challenge', session_id, text)}"


def _mark(services: Services, *parts: str) -> str:
    mac = hmac.new(services.sealer.mac_key("session-bound"), json.dumps(parts).encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def _name(services: Services, session_id: str) -> str:
    """One for each session: a browser may have several, and fetches each one's cookie anew."""
    return cookie_name(services, f"bound_{session_id[-8:]}")


def _instructions(services: Services, session_id: str, key: str) -> Response:
    """What the browser keeps (§9): which cookie it is to have before it sends anything to us, and the cookie."""
    until = str(int(services.clock()) + LASTS)
    cookie = Cookie(_name(services, session_id), f"{until}.{_mark(services, 'cookie', session_id, key, until)}", LASTS)
    issuer = urlsplit(services.issuer)
    secure = "; Secure" if services.settings.is_https else ""
    return Json(
        body={
            "session_identifier": session_id,
            "refresh_url": urlsplit(services.url(REFRESH)).path,
            "scope": {"origin": f"{issuer.scheme}://{issuer.netloc}", "include_site": False, "scope_specification": []},
            "credentials": [
                {"type": "cookie", "name": cookie.name, "attributes": f"Path=/; HttpOnly; SameSite=Lax{secure}"}
            ],
        },
        cookies=(cookie,),
        headers=(("Secure-Session-Challenge", f'"{_challenge(services, session_id)}";id="{session_id}"'),),
    )


def _asked(services: Services, session_id: str) -> Response:
    challenge = f'"{_challenge(services, session_id)}";id="{session_id}"'
    return Json(status=403, body={"error": "proof_required"}, headers=(("Secure-Session-Challenge", challenge),))


def _refused(why: str, status: int = 400) -> Response:
    return Json(status=status, body={"error": "refused", "error_description": why})


def _is_too_often(services: Services, request: Request, session_id: str) -> bool:
    # By address, too: applications know the id, and must not use up what the browser needs.
    return services.state.count(f"dbsc-pace:{session_id}:{request.remote_address}", 60) > A_MINUTE
