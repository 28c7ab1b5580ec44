"""What to do when signing in does not work (L5); truthful about what there is."""

from __future__ import annotations

from idp.browser import cookie_name
from idp.login import sessions
from idp.services import Services
from idp.wire import Cookie, Page, Redirect, Request, Response

#: The cookies of ours that a browser may hold.
COOKIES = ("session", "browser", "device")


def cannot_sign_in(services: Services, request: Request) -> Response:
    """GET /help."""
    return Page(template="login/help.html")


def password(services: Services, request: Request) -> Response:
    """GET /help/password."""
    return Page(template="login/help_password.html")


def username(services: Services, request: Request) -> Response:
    """GET /help/username."""
    return Page(template="login/help_username.html")


def reset_browser(services: Services, request: Request) -> Response:
    """POST /help/reset-browser: ends the session, if there is one, and clears this host's cookies."""
    session = sessions.to_end(services, request)
    if session is not None:
        sessions.end(services, request, session, "this browser's sign-in was reset")
    gone = tuple(Cookie(cookie_name(services, name), "", 0) for name in COOKIES)
    return Redirect(location=services.url("/"), cookies=gone)


def change_password(services: Services, request: Request) -> Response:
    """GET /.well-known/change-password: where password managers look (W3C)."""
    return Redirect(location=services.url("/password"), status=302)
