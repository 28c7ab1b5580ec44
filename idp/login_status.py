"""What browsers are told of who is signed in, for FedCM: the Login Status header, and a cookie of its own.

A browser that asks for an application (FedCM §7) brings no cookie that is bound to this site, so there is a second one:
a mark of the session under a key of ours, worth something at the addresses of FedCM alone, and ended with the session
or its next proof. Only where `oauth.fedcm` is on.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from idp.browser import cookie_name
from idp.ids import digest
from idp.services import Services
from idp.wire import Cookie, Request

NAME: Final = "fedcm"
LOGGED_IN: Final = ("Set-Login", "logged-in")  # Login Status API §3
LOGGED_OUT: Final = ("Set-Login", "logged-out")
_PURPOSE: Final = "fedcm-session"


def mark(services: Services, session_id: str, secret_hash: str) -> str:
    """Which session it is, at its latest proof: whoever has this cannot make the session's own cookie of it."""
    mac = hmac.new(services.sealer.mac_key(_PURPOSE), f"{session_id}:{secret_hash}".encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def presented(services: Services, request: Request) -> tuple[str, str] | None:
    """The session's id and its mark as the cookie says, unproven; None where it is not there."""
    session_id, _, found = request.cookies.get(cookie_name(services, NAME), "").partition(".")
    return (session_id, found) if session_id and found else None


def cookie(services: Services, session: str, max_age: int | None = None) -> Cookie:
    """The cookie beside that of a session, whose value is `session`."""
    session_id, _, secret = session.partition(".")
    value = f"{session_id}.{mark(services, session_id, digest(secret))}" if secret else ""
    return Cookie(cookie_name(services, NAME), value, max_age, "None", secure=True)


def beside(
    services: Services, cookies: Sequence[Cookie]
) -> tuple[tuple[Cookie, ...], tuple[tuple[str, str], ...]]:  # fmt: skip
    """What goes with an answer that begins a session, or takes it away: the cookie, and the header."""
    own = cookie_name(services, NAME)
    session = next((one for one in cookies if one.name == cookie_name(services, "session")), None)
    if session is None or any(one.name == own for one in cookies):
        return (), ()
    status = LOGGED_IN if session.value else LOGGED_OUT
    return (cookie(services, session.value, session.max_age if session.value else 0),), (status,)
