"""The password that somebody has in a directory elsewhere, changed there (I3)."""

from __future__ import annotations

from idp import flash
from idp.accounts import choosing
from idp.accounts.passwords import Busy
from idp.first_party import frame
from idp.first_party.signing_in import is_fresh, sign_in
from idp.login import engine, pages, step_up
from idp.login.browser import sessions, starting
from idp.login.browser.starting import Start
from idp.login.upstream import Asked, NewPassword
from idp.portal.passwords import end_others, nothing_ends
from idp.protocols import Services
from idp.wire import Page, Redirect, Request, Response

PATH = "/password/directory"


def change(services: Services, request: Request) -> Response:
    """GET and POST /password/directory: knowing the old one, and fresh where more than a password is asked (P7)."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, PATH)
    person = services.directory.get(session.person_id)
    directory, name, login = services.upstream.changes_password(services, person.id)
    if not directory:
        return Redirect(location=services.url("/security"))
    if step_up.has_second(services, person) and not is_fresh(services, session):
        return sign_in(services, request, PATH, fresh=True)
    if request.method != "POST":
        return _page(services, request, session, (name, login))
    form = request.form.first
    if form.get("password", "") != form.get("confirm", ""):
        return _page(services, request, session, (name, login), (choosing.MISMATCH,))
    new = NewPassword(
        form.get("password", ""), nothing_ends if form.get("keep_others") else end_others(services, session)
    )
    try:
        asked = Asked(directory, login or person.username, form.get("current", ""), person)
        problems = services.upstream.change_password(services, request, asked, new).problems
    except Busy as error:
        return pages.busy(services, error.retry_after, services.url(PATH))
    if problems:
        return _page(services, request, session, (name, login), problems)
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    try:
        _, cookie = starting.start(services, request, person, session.methods, Start(stay=stays, grows=session))
    except sessions.Changed:
        return sign_in(services, request, "/")
    said = "password" if form.get("keep_others") else "password_others"
    return engine.with_cookies(flash.redirect(services, "/", said), cookie)


def _page(
    services: Services, request: Request, session: sessions.Session, named: tuple[str, str],
    problems: tuple[str, ...] = (),
) -> Page:  # fmt: skip
    return Page(
        template="login/change_password_there.html",
        values={
            "person": frame.whoever(services, request, session),
            "action_url": f"{services.settings.server.issuer_path}{PATH}",
            "here": services.url(PATH),
            "name": named[0],
            "login": named[1],
            "problems": list(problems),
        },
    )
