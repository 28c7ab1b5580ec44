"""The window that a browser opens where its own dialog found nobody signed in (FedCM §3.2, `login_url`)."""

from __future__ import annotations

from dataclasses import replace

from idp import login_status
from idp.errors import Refused
from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login.browser import accounts, sessions
from idp.oidc.fedcm import LOGIN
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response


def answer(services: Services, request: Request) -> Response:
    """GET /fedcm: sign in; then the window closes itself, and the browser's dialog goes on."""
    if not services.settings.oauth.fedcm:
        raise Refused("not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404)
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, LOGIN)
    page = frame.page(services, request, session, "portal/fedcm.html")
    # Also one that began before the setting was on.
    here = [session, *(one.session for one in accounts.others(services, request))]
    return replace(
        page, headers=(*page.headers, login_status.LOGGED_IN),
        cookies=(*page.cookies, login_status.cookie(services, [(one.id, one.auth_time) for one in here])),
    )  # fmt: skip
