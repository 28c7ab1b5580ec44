"""What is answered when something was raised: JSON for programs, a page for people."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from idp import arrivals, catalogue, claimed, language, reached
from idp.db import ReadOnly, Unavailable
from idp.db import advice as db_advice
from idp.errors import Explanation, OAuthError, Refused
from idp.services import Services
from idp.showing import describe_browser, shown_app, utc
from idp.state import StateUnavailable
from idp.state import advice as state_advice
from idp.texts import N_, plural, translate
from idp.tracing import spans
from idp.wire import BadRequest, Json, Page, Request, Response, Route
from keys.holders import HolderUnavailable

from . import strayed
from .ports import Applications

_MISTYPED = "An address that nothing of ours leads to: mistyped, an old link, or a program that looks around."
#: The same comes of it each time, until somebody elsewhere has done something.
_NOT_BY_TRYING: Final = frozenset(("upstream_consent",))
_TRY_AGAIN: Final = N_("Wait a few seconds and try again. Nothing of yours is lost.")
_SENT_AGAIN: Final = N_(
    "Wait a few seconds, then reload this page: your browser sends what you typed once more. Nothing of yours is lost."
)
_AS_A_FORM: Final = ", its parameters as a form in the body: what stands in an address stands in logs, secrets too."


class ErrorPages:
    """`know_visitor`: learns whose browser it is, for the page's language."""

    def __init__(
        self, services: Services, applications: Applications, brands: Mapping[str, Any],
        know_visitor: Callable[[Request, int], None],
    ) -> None:  # fmt: skip
        self.services, self._applications, self._brands, self._know_visitor = (
            services,
            applications,
            brands,
            know_visitor,
        )

    def failed(self, route: Route, request: Request, error: Exception) -> Response:
        """The answer to something raised: JSON for programs, a page for people; details only to the log."""
        if isinstance(error, OAuthError):
            error.client_id = self._whose(request, error)
            name = "token_error" if route.path == "/oauth/token" else "protocol_error"
            error_id = self.services.faults.told(error, request=request, name=name) if error.recorded else ""
            uri = catalogue.url_of(self.services, error.kind)
            headers = error.headers_told(error_id, uri)
            return Json(status=error.status, headers=headers, body=error.parameters(error_id, uri))
        refusal = error if isinstance(error, Refused) else _refusal(error, self.services.clock(), request.method)
        if not isinstance(error, (Refused, BadRequest, Unavailable, StateUnavailable, HolderUnavailable)):
            self.services.log.error("unexpected", exc_info=error, path=request.shown_path, request_id=request.id)
        if route.api:
            error_id = self.services.errors.keep(refusal, request=request)
            code = {503: "temporarily_unavailable", 500: "server_error"}.get(refusal.status, "invalid_request")
            retry = (("Retry-After", _wait(self.services.clock(), error)),) if refusal.status == 503 else ()
            told = {"error": code, "error_description": refusal.message, "error_id": error_id}
            uri = catalogue.url_of(self.services, refusal.kind)
            return Json(status=refusal.status, headers=retry, body={**told, "error_uri": uri} if uri else told)
        page = self.page(request, refusal)
        if _read_only(error) is not None:
            page = replace(page, headers=(("Retry-After", _wait(self.services.clock(), error)),))
        return page

    def _whose(self, request: Request, error: OAuthError | None = None) -> str:
        """The application at whose requests its admins look: proven, or as it says; '' where nobody knows it."""
        known = (error.client_id if error is not None else "") or request.visitor.client_id
        return known or claimed.client_of(request, self._applications.find)

    def page(self, request: Request, refusal: Refused) -> Page:
        """E1: plain words, what to do next, an id that an admin can look up."""
        services = self.services
        self._know_visitor(request, refusal.status)
        error_id = services.errors.keep(refusal, request=request)
        is_elsewhere = refusal.code == "wrong_address"
        if is_elsewhere:
            arrivals.bounced(services, request)
        client = self._applications.find(refusal.client_id) if refusal.client_id and refusal.status < 500 else None
        others = services.errors.others(refusal.code)
        now = services.clock()
        locale = language.locale_for(services, request)
        support = self._brands[locale]["support"]
        told = N_("Error %(id)s at %(time)s: %(text)s", id=error_id, time=utc(now), text=refusal.message)
        text = translate(locale, told, text=translate(locale, refusal.message))
        return Page(
            status=refusal.status,
            template="error.html",
            headers=(("Retry-After", "5"),) if refusal.status == 503 else (),
            values={
                "title": refusal.title,
                "message": refusal.message,
                "advice": refusal.advice,
                "developer": refusal.developer or None,
                "more_url": catalogue.url_of(services, refusal.kind),
                "error_id": error_id,
                "trace_id": spans.trace_id(),
                "at_utc": utc(now),
                "at_epoch": int(now),
                "browser": describe_browser(request.user_agent),
                "app": shown_app(services, client),
                "support": support,
                "mailto": f"mailto:{support}?subject={quote(error_id)}&body={quote(text)}"
                if "@" in support and " " not in support
                else None,
                "others_affected": plural(
                    "This happened %(n)s time here in the last ten minutes.",
                    "This happened %(n)s times here in the last ten minutes.",
                    others,
                )
                if others > 2
                else None,
                "back_url": refusal.way_on or refusal.leads_to or _way_on(self.services, client),
                "at_right_address": is_elsewhere,
                "goes_on": bool(refusal.way_on),
                "may_help": refusal.code not in _NOT_BY_TRYING,
                # No header stands in a page (RFC 9700 §4.13), but in the one whose matter it is.
                "came_to": reached.of(services, request).host if is_elsewhere else "",
            },
        )

    def not_found(self, request: Request, known: Iterable[str] = ()) -> Response:
        """No such page, nor endpoint. `known`: the paths that there are, below the issuer's own."""
        services = self.services
        cut = reached.path_cut(services, request.path, known)
        sent = strayed.find(request, services.settings.server.issuer_path) if cut is None else None
        if sent is not None:
            refused = strayed.refusal(request, sent, services.issuer, self._whose(request) or None)
            if isinstance(refused, Refused):
                return self.page(request, refused)
            error_id = services.faults.told(refused, request=request)
            return Json(status=404, body=refused.parameters(error_id, catalogue.url_of(services, refused.kind)))
        fault = cut or reached.path_added(services, request.path, known)
        if fault is not None:
            return self.page(request, _path_refused(request, fault))
        return self.page(
            request,
            Refused(
                "not_found", N_("There is no page at this address."), title=N_("Page not found"), status=404,
                advice=N_("Check the address, or start from the overview of your applications."),
                detail=request.shown_path, explanation=Explanation("person", _MISTYPED),
            ),
        )  # fmt: skip

    def wrong_method(self, route: Route, request: Request) -> Response:
        """405, with the methods that the path takes."""
        allow = ("Allow", ", ".join(route.methods))
        message = N_("This address takes %(methods)s only.", methods=", ".join(route.methods))
        if route.api:
            error = OAuthError(
                "invalid_request", translate("en", message), status=405, kind="method_not_allowed",
                field="HTTP method", expected=" or ".join(route.methods), got=request.method,
                fix=f"Let the application send its request to {route.path} by {' or '.join(route.methods)}"
                + (_AS_A_FORM if "GET" not in route.methods else "."),
            )  # fmt: skip
            error.client_id = self._whose(request)
            error_id = self.services.faults.told(error, request=request)
            told = error.parameters(error_id, catalogue.url_of(self.services, error.kind))
            return Json(status=405, headers=(allow,), body=told)
        refusal = Refused(
            "method_not_allowed", message, status=405, detail=request.method, title=N_("Please start from here"),
            advice=N_("Nothing is wrong with your account. Start from the overview of your apps."),
            explanation=Explanation("person", _MISTYPED),
        )  # fmt: skip
        page = self.page(request, refusal)
        return replace(page, headers=(*page.headers, allow))


def _way_on(services: Services, client: Any) -> str:
    """Where an error page's button leads: the application's own start, as an admin registered it, or ours."""
    start = (client.launch_url or client.metadata.get("client_uri") or "") if client is not None else ""
    if client is not None and client.metadata.get("self_registered"):  # whoever provokes the page may have written it
        start = ""
    return start if start.startswith(("https://", "http://")) else services.url("/")


def _read_only(error: BaseException | None) -> ReadOnly | None:
    """The move behind an error, where there is one; State in the database tells it in its own words."""
    found = error.__cause__ if isinstance(error, StateUnavailable) else error
    return found if isinstance(found, ReadOnly) else None


def _wait(now: float, error: Exception) -> str:
    """RFC 9110 §10.2.3: seconds after which to try again."""
    moving = _read_only(error)
    return "5" if moving is None else str(max(5, min(600, math.ceil(moving.until - now))))


def _refusal(error: Exception, now: float, method: str) -> Refused:
    if isinstance(error, BadRequest):
        return Refused(
            "unreadable_request",
            N_("The request cannot be read: %(reason)s.", reason=str(error)),
            status=error.status,
            detail=str(error),
            explanation=Explanation(
                "application", "Let whoever sends it write its parameters as a form in UTF-8, not too long: "
                f"{error}.", "body", "a form in UTF-8, not too long", str(error),
            ),
        )  # fmt: skip
    moving = _read_only(error)
    if moving is not None:
        minutes = max(1, math.ceil((moving.until - now) / 60))
        return Refused(
            "being_moved", plural("This is possible again in about %(n)s minute.",
                                  "This is possible again in about %(n)s minutes.", minutes),
            title=N_("We are moving"), status=503,
            advice=N_("Wait a little and try again. Nothing of yours is lost."), detail=str(error),
            explanation=Explanation("doorward", "Wait for `doorward move` to end; it says what to do then."),
        )  # fmt: skip
    if isinstance(error, (Unavailable, StateUnavailable)):
        return Refused(
            "store_unavailable", N_("Signing in is not possible at this moment."),
            title=N_("Please try again in a moment"), status=503,
            advice=_SENT_AGAIN if method == "POST" else _TRY_AGAIN, detail=str(error)[:400],
            explanation=_of_store(error),
        )  # fmt: skip
    if isinstance(error, HolderUnavailable):
        return Refused(
            "keys_unavailable", N_("Signing in is not possible at this moment."),
            title=N_("Please try again in a moment"), status=503,
            advice=_SENT_AGAIN if method == "POST" else _TRY_AGAIN, detail=str(error)[:400],
            explanation=Explanation("doorward", f"{error}. `doorward doctor` looks at it anew.", "keys", "a signature"),
        )  # fmt: skip
    return Refused(
        "server_error", N_("Something went wrong on our side."), status=500, detail=type(error).__name__,
        explanation=Explanation("doorward", "An unexpected error; the log has its trace under this request's id."),
    )  # fmt: skip


def _of_store(error: Unavailable | StateUnavailable) -> Explanation:
    """Which store is silent, in its own words, and what they mean for whoever runs it."""
    said = str(error)
    advice = db_advice.of(said) if isinstance(error, Unavailable) else state_advice.of(said)
    fix = f"{advice.fix} `doorward doctor` looks at it anew."
    return Explanation("doorward", fix, advice.field, "an answer", said[:300])


def _path_refused(request: Request, fault: Explanation) -> Refused:
    return Refused(
        "issuer_path", N_("There is no page at this address."), title=N_("Page not found"), status=404,
        advice=N_("Nothing is wrong with your account: the way here is set up wrongly. Send the error id to your IT."),
        detail=f"{request.shown_path} came, where {fault.expected} was expected", explanation=fault,
    )  # fmt: skip


def stale_form(request: Request) -> Refused:
    """A form without the page's own key, or with another's."""
    return Refused(
        "stale_form", N_("This page was open too long, or cookies are blocked."),
        title=N_("Please open the page again"),
        advice=N_("Go back, reload the page, and try again. If that does not help, allow cookies for this site."),
        detail=f"form key missing or of another browser at {request.shown_path}", status=403,
        explanation=Explanation(
            "person", "The form's key did not fit the browser's cookie: cookies blocked, an old page, or a forgery."
        ),
    )  # fmt: skip
