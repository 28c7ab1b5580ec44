"""Which browser this is, signed in or not: a random cookie that forms and pending requests are bound to."""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256

from idp.services import Services
from idp.wire import Cookie, Request

_FORM = "form-key"
_WELL_FORMED = re.compile(r"[A-Za-z0-9_-]{22}")


def cookie_name(services: Services, name: str) -> str:
    """`__Host-` on https, so that no sister host can set or read it (ASVS 3.3, X27)."""
    return f"__Host-doorward_{name}" if services.settings.is_https else f"doorward_{name}"


def identify(services: Services, request: Request) -> str:
    """This browser's id; a new one is set with the page that is being made."""
    if not request.browser:
        known = request.cookies.get(cookie_name(services, "browser"), "")
        request.browser_is_new = _WELL_FORMED.fullmatch(known) is None
        request.browser = secrets.token_urlsafe(16) if request.browser_is_new else known
    return request.browser


def cookie(services: Services, request: Request) -> Cookie:
    """The cookie that keeps the id for as long as the browser is open."""
    return Cookie(cookie_name(services, "browser"), request.browser)


def is_navigation(request: Request) -> bool:
    """Whether a window is on its way, and no script, frame or program."""
    destination = request.header("Sec-Fetch-Dest")
    return destination == "document" if destination else "text/html" in request.header("Accept")


def form_key(services: Services, request: Request) -> str:
    """The anti-forgery value of this browser's forms."""
    mac = hmac.new(services.sealer.mac_key(_FORM), identify(services, request).encode(), sha256).digest()
    return urlsafe_b64encode(mac).rstrip(b"=").decode("ascii")


def is_own_form(services: Services, request: Request) -> bool:
    """Whether a POST comes from a page that this browser got from us."""
    presented = request.form.get("form_key") or ""
    identify(services, request)
    return not request.browser_is_new and hmac.compare_digest(presented.encode(), form_key(services, request).encode())
