"""What to do when signing in does not work (L5); truthful about what there is."""

from __future__ import annotations

from typing import Any

from idp.accounts import cases
from idp.browser import cookie_name
from idp.login.browser import accounts, answered, sessions
from idp.portal import resuming, troubles
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Cookie, Page, Redirect, Request, Response

#: The cookies of ours that a browser may hold.
COOKIES = ("session", "accounts", "browser", "device", "check", "language", "steps", "rounds", "last")
TOO_MANY = N_("Very many cases came from your network just now. Please call the help desk.")


def cannot_sign_in(services: Services, request: Request) -> Response:
    """GET /help: troubles to choose from; the pending sign-in and the name that was typed go along."""
    return Page(template="login/help.html", values={**_along(services, request), "troubles": troubles.TROUBLES})


def trouble(services: Services, request: Request) -> Response:
    """GET and POST /help/<trouble>: what to do, where; and a case where that does not help (T6)."""
    found = troubles.find(request.segment)
    if found is None:
        return Redirect(location=services.url("/help"))
    if request.method != "POST":
        return _trouble_page(services, request, found)
    login, note = request.form.get("login") or "", request.form.get("note") or ""
    session = sessions.current(services, request)
    text = f"{found.title} (help). They gave the name: {login[:120] or 'none'}. They say: {note[:800] or 'nothing'}"
    try:
        who = session.person_id if session is not None else None
        case = cases.open_case(services, who, cases.HELP, text, request, about=found.name)
    except cases.TooManyCases:
        return _trouble_page(services, request, found, error=TOO_MANY, status=429)
    return _trouble_page(services, request, found, case_id=case.id)


def _trouble_page(
    services: Services, request: Request, found: troubles.Trouble, *, case_id: str = "", error: str = "",
    status: int = 200,
) -> Page:  # fmt: skip
    along = _along(services, request)
    asked = {"login": request.form.first.get("login", along["login"]), "note": request.form.first.get("note", "")}
    values = {**along, **asked, "trouble": found, "case_id": case_id, "error": error, "now": int(services.clock())}
    here = services.url(f"/help/{found.name}")
    return Page(template="login/help_trouble.html", status=status, values={**values, "here": here})


def _along(services: Services, request: Request) -> dict[str, Any]:
    """What somebody who came from the sign-in page takes along: the pending request, its application, their name."""
    session = sessions.current(services, request)  # whoever is signed in reads it in their own language
    sealed = (request.form if request.method == "POST" else request.query).get("flow") or ""
    return {**resuming.along(services, request, sealed), "is_here": session is not None}


def reset_browser(services: Services, request: Request) -> Response:
    """POST /help/reset-browser: ends the session of everybody who is signed in here, and clears this host's cookies."""
    for session in accounts.to_end(services, request):
        sessions.end(services, request, session, "this browser's sign-in was reset")
    names = [*(cookie_name(services, name) for name in COOKIES), *answered.names(services, request)]
    gone = tuple(Cookie(name, "", 0) for name in names)
    return Redirect(location=services.url("/"), cookies=gone)


def change_password(services: Services, request: Request) -> Response:
    """GET /.well-known/change-password: where password managers look (W3C)."""
    return Redirect(location=services.url("/password"), status=302)
