"""The OP browser state (Session Management 1.0 §3.2): a cookie that changes with who is signed in.

A frame of ours reads it for applications, so it is no secret and no HttpOnly cookie; it is made under a key of ours
from the session's id, and says nothing of who it is. Only where `oauth.session_management` is on.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256

from idp.browser import cookie_name
from idp.services import Services
from idp.wire import Cookie

NAME = "state"
_PURPOSE = "op-browser-state"


def of_session(services: Services, session_id: str) -> str:
    """The state of a browser in which this session is in front."""
    mac = hmac.new(services.sealer.mac_key(_PURPOSE), session_id.encode(), sha256).digest()
    return urlsafe_b64encode(mac[:18]).decode("ascii")


def cookie(services: Services, value: str, max_age: int | None = None) -> Cookie:
    """The cookie as the frame finds it below applications of other sites; without https no browser takes that."""
    same_site = "None" if services.settings.is_https else "Lax"
    return Cookie(cookie_name(services, NAME), value, max_age, same_site, script=True)


def beside(services: Services, cookies: Sequence[Cookie]) -> tuple[Cookie, ...]:
    """What goes with an answer that sets a session in front, or takes it away: then it is a state that never was."""
    name, own = cookie_name(services, "session"), cookie_name(services, NAME)
    if any(one.name == own for one in cookies):
        return ()
    session = next((one for one in cookies if one.name == name), None)
    if session is None:
        return ()
    if not session.value:
        return (cookie(services, secrets.token_urlsafe(18)),)
    return (cookie(services, of_session(services, session.value.partition(".")[0]), session.max_age),)
