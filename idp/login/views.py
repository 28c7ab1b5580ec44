"""The paths of the sign-in."""

from __future__ import annotations

from idp.login import engine, signout
from idp.login.authenticators import webauthn
from idp.login.browser import robots
from idp.login.steps import no_access, prove
from idp.services import Services
from idp.wire import Handler, Redirect, Request, Response, Route


def _or_home(submit: Handler) -> Handler:
    """The handler for a page's POST; whoever comes there by a bookmark or a reload is sent to the start (L8)."""

    def answer(services: Services, request: Request) -> Response:
        return submit(services, request) if request.method == "POST" else Redirect(location=services.url("/"))

    return answer


def _step(path: str, submit: Handler) -> Route:
    """These carry the sealed flow, which is bound to the browser and so is its own anti-forgery proof."""
    return Route(path, ("GET", "POST"), _or_home(submit), form=False)


ROUTES = (
    _step("/login", engine.submit_password),
    _step("/login/passkey", webauthn.submit),
    _step("/login/consent", engine.submit_consent),
    _step("/login/account", engine.submit_account),
    _step("/login/access", no_access.submit),
    _step("/login/factor", prove.submit),
    _step("/login/renew", prove.renew),
    _step("/login/enrol", prove.postpone),
    Route("/login/continue", ("GET",), prove.go_on),
    Route("/check/picture/<token>", ("GET",), robots.picture),
    Route("/check/sound/<token>", ("GET",), robots.sound),
    Route("/logout/next", ("GET",), signout.go_on),
)
