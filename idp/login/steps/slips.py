"""A page that a form of the sign-in led to has an address: for Back, in browsers without JavaScript (L8).

What a form led to cannot be loaded again: Back onto it ends in the browser's own question whether to send the form once
more. JavaScript gives such a page another address. Without it the form says so, and is answered by a redirect to the
page, with its error after a slip. All that it says stands sealed in the address, for this browser, and no password.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from idp import browser, language
from idp.login.browser import sessions
from idp.login.flow import Flow, dump, load, open_value, seal_value
from idp.login.services import Services
from idp.texts import Text, translate
from idp.wire import Page, Redirect, Request, Response

PATH: Final = "/login/slip"
FIELD: Final = "plain"  # of forms that a browser without JavaScript sends
KEPT_FOR: Final = 600.0  # seconds; later the sign-in begins anew
MAX_URL: Final = 7000  # characters of a URL that every browser and proxy carries
_PURPOSE: Final = "slip"


@dataclass(frozen=True, slots=True)
class Slip:
    """What an address stands for. `said`: what the step said on its page; `at`: when, epoch seconds."""

    flow: Flow
    step: str
    said: Mapping[str, Any]
    at: float


def by_address(services: Services, request: Request, page: Page, slip: Slip) -> Response:
    """The page; where there is no JavaScript, a redirect to it."""
    if not request.form.get(FIELD) or not browser.comes_from_own_page(services, request):
        return page
    locale = language.locale_for(services, request)
    words = {name: translate(locale, one) if isinstance(one, Text) else one for name, one in slip.said.items()}
    value = [dump(slip.flow), slip.step, words, slip.at]
    sealed = seal_value(services.sealer, _PURPOSE, value, browser.identify(services, request))
    url = services.url(f"{PATH}?said={sealed}")
    return Redirect(location=url, cookies=page.cookies) if len(url) <= MAX_URL else page


def find(services: Services, request: Request) -> Slip | Response:
    """What was said; a redirect to where it begins anew, if that was long ago or somebody has signed in since."""
    sealed = request.query.get("said") or ""
    value = open_value(services.sealer, _PURPOSE, sealed, browser.identify(services, request))
    if value is None:
        return Redirect(location=services.url("/"))
    slip = Slip(load(value[0]), *value[1:])
    session = sessions.current(services, request)
    is_over = session is not None and session.auth_time >= slip.at
    return begin_anew(services, slip) if is_over or services.clock() >= slip.at + KEPT_FOR else slip


def begin_anew(services: Services, slip: Slip) -> Response:
    """The same request from its beginning: to the application, for whoever is signed in."""
    return Redirect(location=services.protocols[slip.flow.protocol].restart_url(services, slip.flow))
