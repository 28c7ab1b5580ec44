"""What browsers are told of who is signed in, for FedCM: the Login Status header, and a cookie of its own.

A browser that asks for an application (FedCM §7) brings no cookie that is bound to this site, so there is a second one:
a mark of each session in it, under a key of ours, worth something at the addresses of FedCM alone, and ended with the
session or its next proof. Only where `oauth.fedcm` is on.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final

from idp.browser import cookie_name
from idp.services import Services
from idp.wire import Cookie, Request

NAME: Final = "fedcm"
LOGGED_IN: Final = ("Set-Login", "logged-in")  # Login Status API §3
LOGGED_OUT: Final = ("Set-Login", "logged-out")
MOST: Final = 6  # accounts in one browser: one at the front, and five beside it
_PURPOSE: Final = "fedcm-session"


def mark(services: Services, session_id: str, auth_time: float) -> str:
    """Which session it is, at its latest proof: whoever has this cannot make the session's own cookie of it.

    It is not of the secret, which is turned between proofs: a request on its way meanwhile is the same session's.
    """
    mac = hmac.new(services.sealer.mac_key(_PURPOSE), f"{session_id}:{float(auth_time)!r}".encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def presented(services: Services, request: Request) -> dict[str, str]:
    """The marks as the cookie has them, unproven, by the ids of their sessions: the one at the front first."""
    pairs = [one.partition(".") for one in request.cookies.get(cookie_name(services, NAME), "").split("~")]
    return {session_id: found for session_id, _, found in pairs[:MOST] if session_id and found}


def learn(request: Request, session_id: str, auth_time: float) -> None:
    """When the session was proven whose cookie this answer sets."""
    proven: tuple[str, float] | None = (session_id, auth_time)
    request.read_as(_proven, proven)


def cookie(services: Services, sessions: Sequence[tuple[str, float]], max_age: int | None = None) -> Cookie:
    """The cookie of these sessions, by id and when each was proven, the one at the front first."""
    return _cookie(services, {one: mark(services, one, at) for one, at in sessions}, max_age)


def beside(
    services: Services, request: Request, cookies: Sequence[Cookie]
) -> tuple[tuple[Cookie, ...], tuple[tuple[str, str], ...]]:  # fmt: skip
    """What goes with an answer that begins a session, puts one to the front or takes it away: the cookie, the header.

    Those beside it stay in the cookie; the store knows which of them have ended.
    """
    own = cookie_name(services, NAME)
    session = next((one for one in cookies if one.name == cookie_name(services, "session")), None)
    if session is None or any(one.name == own for one in cookies):
        return (), ()
    if not session.value:
        return (_cookie(services, {}, 0),), (LOGGED_OUT,)
    known, session_id = presented(services, request), session.value.partition(".")[0]
    proven = request.once(_proven, services)
    first = mark(services, *proven) if proven is not None and proven[0] == session_id else known.get(session_id)
    if first is None or [*known.items()][:1] == [(session_id, first)]:  # its secret was turned, and that is all
        return (), ()
    marks = {session_id: first, **{one: found for one, found in known.items() if one != session_id}}
    return (_cookie(services, marks, session.max_age),), (LOGGED_IN,)


def _cookie(services: Services, marks: Mapping[str, str], max_age: int | None) -> Cookie:
    value = "~".join(f"{one}.{found}" for one, found in [*marks.items()][:MOST])
    return Cookie(cookie_name(services, NAME), value, max_age, "None", secure=True)


def _proven(_services: Services, _request: Request) -> tuple[str, float] | None:
    return None
