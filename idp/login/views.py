"""The paths of the sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from idp.errors import Refused
from idp.login import engine, signout
from idp.login.browser import bound, robots, sessions
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.steps import (
    choose_account,
    consent,
    enrol,
    identify,
    identify_by_passkey,
    no_access,
    prove,
    renew,
    renew_there,
    slips,
)
from idp.login.steps.outcomes import Outcome
from idp.texts import N_
from idp.wire import Handler, Json, Redirect, Request, Response, Route


def _step(path: str, submit: Callable[[Services, Request, Flow], Outcome]) -> Route:
    """A page's POST; whoever comes there by a bookmark or a reload is sent to the start (L8).

    It carries the sealed flow, which is bound to the browser and so is its own anti-forgery proof.
    """
    post: Handler = engine.posted(submit)

    def answer(services: Services, request: Request) -> Response:
        return post(services, request) if request.method == "POST" else Redirect(location=services.url("/"))

    return Route(path, ("GET", "POST"), answer, form=False)


def _go_on(services: Services, request: Request) -> Response:
    """GET /login/continue: back to the application that asked for a second factor."""
    return engine.settle(services, request, enrol.go_on(services, request))


def _slipped(services: Services, request: Request) -> Response:
    """GET /login/slip: a page of the sign-in with its error, for Back without JavaScript."""
    slip = slips.find(services, request)
    if isinstance(slip, Response):
        return slip
    request.learn(for_client=slip.flow.client_id, ui_locales=slip.flow.ui_locales)
    return _SLIPPED[slip.step](services, request, slip)


def _register(services: Services, request: Request) -> Response:
    """POST /login/device/register: a browser's key for its session."""
    _check_device_bound(services)
    session = sessions.current(services, request)
    if session is None:
        return Json(status=403, body={"error": "refused", "error_description": "nobody is signed in here"})
    return bound.register(services, request, session.id)


def _refresh(services: Services, request: Request) -> Response:
    """POST /login/device/refresh: the short-lived cookie, for a proof of the key."""
    _check_device_bound(services)
    return bound.refresh(services, request)


def _check_device_bound(services: Services) -> None:
    if not services.settings.session.device_bound:
        raise Refused("not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404)


_SLIPPED: Mapping[str, Callable[[Services, Request, slips.Slip], Response]] = {
    identify.STEP: identify.slipped,
    prove.STEP: prove.slipped,
}

ROUTES = (
    # A proof by a key, and the cookie of the session that it is for, are their own anti-forgery proof.
    Route(bound.REGISTER, ("POST",), _register, api=True, form=False),
    Route(bound.REFRESH, ("POST",), _refresh, api=True, form=False),
    _step("/login", identify.submit),
    _step("/login/passkey", identify_by_passkey.submit),
    _step("/login/account", choose_account.submit),
    _step("/login/factor", prove.submit),
    _step("/login/enrol", enrol.submit),
    _step("/login/renew", renew.submit),
    _step("/login/renew-there", renew_there.submit),
    _step("/login/consent", consent.submit),
    _step("/login/access", no_access.submit),
    Route("/login/continue", ("GET",), _go_on),
    Route(slips.PATH, ("GET",), _slipped),
    Route("/check/picture/<token>", ("GET",), robots.picture),
    Route("/check/sound/<token>", ("GET",), robots.sound),
    Route("/logout/next", ("GET",), signout.go_on),
)
