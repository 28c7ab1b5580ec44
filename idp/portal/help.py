"""What to do when signing in does not work (L5); truthful about what there is."""

from __future__ import annotations

from idp.browser import cookie_name
from idp.login import sessions, several
from idp.mail import outbox
from idp.services import Services
from idp.wire import Cookie, Page, Redirect, Request, Response

#: The cookies of ours that a browser may hold.
COOKIES = ("session", "accounts", "browser", "device", "check", "language")


def cannot_sign_in(services: Services, request: Request) -> Response:
    """GET /help."""
    sessions.current(services, request)  # whoever is signed in reads it in their own language
    return Page(template="login/help.html", values={"outbox": outbox.is_open(services.settings)})


def reset_browser(services: Services, request: Request) -> Response:
    """POST /help/reset-browser: ends the session of everybody who is signed in here, and clears this host's cookies."""
    for session in several.to_end(services, request):
        sessions.end(services, request, session, "this browser's sign-in was reset")
    gone = tuple(Cookie(cookie_name(services, name), "", 0) for name in COOKIES)
    return Redirect(location=services.url("/"), cookies=gone)


def change_password(services: Services, request: Request) -> Response:
    """GET /.well-known/change-password: where password managers look (W3C)."""
    return Redirect(location=services.url("/password"), status=302)
