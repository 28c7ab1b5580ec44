"""The choice of a language at the foot of every page."""

from __future__ import annotations

import re

from idp.browser import cookie_name
from idp.language import COOKIE
from idp.login import engine
from idp.login.steps import prove
from idp.protocols import Services
from idp.texts import LANGUAGES
from idp.wire import Cookie, Redirect, Request, Response

#: A path of ours with its query. Whatever it is, it stays on this host: the issuer is put before it.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,8000}")


def choose(services: Services, request: Request) -> Response:
    """POST /language: kept while this browser is open, and back to the page on which it was chosen.

    A page of somebody half-proven has no address: it is made again from the pending request in it.
    """
    chosen, back = request.form.get("language") or "", request.form.get("back") or "/"
    if chosen not in LANGUAGES:
        return Redirect(location=services.url("/"))
    request.learn(language=chosen)
    if request.form.get("flow"):
        response = engine.posted(prove.submit)(services, request)
    else:
        response = Redirect(location=services.url(back if _OWN_PATH.fullmatch(back) else "/"))
    return engine.with_cookies(response, Cookie(cookie_name(services, COOKIE), chosen))


def forgotten(services: Services) -> Cookie:
    """Takes the choice back, as when somebody sets a language for their account."""
    return Cookie(cookie_name(services, COOKIE), "", 0)
