"""RP-Initiated Logout 1.0: an application sends the person here to sign out.

A hint is no proof of who asks: ID tokens stand in URLs, histories and logs. So it ends a session at once only in the
session's own browser, or where the application proves itself; anybody else who holds one is asked (ASVS 10.6.2).
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from idp import browser, catalogue, reached
from idp.errors import OAuthError
from idp.login import pages, signout
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import open_value, seal_value
from idp.login.signout import Cause, Ending
from idp.oidc import backchannel, client_auth, cross_site, logout_request
from idp.oidc.logout_request import LogoutRequest
from idp.protocols import Services
from idp.showing import form_target, form_targets
from idp.wire import Json, Params, Redirect, Request, Response

_PURPOSE = "logout"


def end_session(services: Services, request: Request) -> Response:
    """GET and POST /oauth/logout."""
    params = request.query if request.method == "GET" else request.form
    if client_auth.is_tried(services, request):
        return _by_client(services, request, params)
    if request.method == "POST" and params.get("confirm"):
        return _confirmed(services, request)
    if request.method == "POST" and browser.cookie_name(services, "session") not in request.cookies:
        again = cross_site.again(services, "/oauth/logout", params, logout_request.KNOWN)
        if again is not None and (isinstance(again, Redirect) or _is_browser(request)):
            return again
    asked = logout_request.read(services, params)
    if asked.no_hint is not None:
        services.faults.refused(asked.no_hint, request=request, cause=asked.no_hint)
    lost = _lost_way(services, request, asked)
    here = accounts.to_end(services, request)
    # RPI §2: without a hint that names this very session, the person is asked, so that no page can sign people out.
    named = next((one for one in here if asked.names(one)), None)
    if named is not None:
        return _sign_out(services, request, asked, named, lost)
    elsewhere = _find_elsewhere(services, asked)
    if elsewhere is not None and (not here or elsewhere.person_id == here[0].person_id):
        asked = replace(asked, elsewhere=elsewhere.id)
    if not here and not asked.elsewhere:
        return _done(services, asked, ended=bool(asked.session_id), lost=lost)
    if not here and not _is_browser(request):
        raise _unproven(asked)
    return _ask(services, request, asked, here[0] if here else None, lost)


def _lost_way(services: Services, request: Request, asked: LogoutRequest) -> dict[str, str]:
    """What the page says of an address that is not followed: why, and the id under which its developer learns more."""
    problem = asked.no_way_back
    if problem is None:
        return {}
    error_id = services.faults.refused(problem, request=request)
    client = services.registry.find(problem.client_id) if problem.client_id else None
    return {
        "app": client.name if client else "", "error_id": error_id, "developer": problem.developer,
        "more_url": catalogue.url_of(services, problem.kind),
    }  # fmt: skip


def _find_elsewhere(services: Services, asked: LogoutRequest) -> Session | None:
    """The live session that the hint names, in whatever browser it is."""
    found = sessions.find_open(services, asked.session_id) if asked.session_id else None
    return found if found is not None and found.person_id == asked.subject else None


def _is_browser(request: Request) -> bool:
    """Whether somebody may be looking: a program that takes our page for an answer would tell of a sign-out."""
    return request.user_agent.startswith("Mozilla/") or "text/html" in request.header("Accept")


def _ask(
    services: Services, request: Request, asked: LogoutRequest, session: Session | None, lost: dict[str, str]
) -> Response:
    client = services.registry.find(asked.client_id) if asked.client_id else None
    kept = [asked.client_id, asked.uri, asked.state, asked.elsewhere, asked.is_hinted, lost]
    sealed = seal_value(services.sealer, _PURPOSE, kept, browser.identify(services, request))
    return pages.confirm_sign_out(
        services, session, client, sealed, "/oauth/logout", _target(asked.return_to), elsewhere=bool(asked.elsewhere),
        lost=lost,
    )  # fmt: skip


def _by_client(services: Services, request: Request, params: Params) -> Response:
    """The application itself asks, from its server: it has proven who it is, and what it names ends."""
    client = client_auth.authenticate(services, request, public=False)
    asked = logout_request.read(services, params)
    if asked.client_id != client.id:
        raise OAuthError(
            "invalid_request", "id_token_hint must be an ID token that was issued to this application.",
            field="id_token_hint", expected="an ID token of this application", got="another one", kind="logout_hint",
        )  # fmt: skip
    if not asked.session_id:
        raise OAuthError(
            "invalid_request", "Send id_token_hint: it names the session that is to end.",
            field="id_token_hint", expected="the person's last ID token", got="(nothing that names a session)",
            kind="logout_hint",
        )  # fmt: skip
    session = _find_elsewhere(services, asked)
    if session is not None:
        _end_elsewhere(services, request, asked, session)
    return Json(body={"signed_out": True})


def _unproven(asked: LogoutRequest) -> OAuthError:
    """A server that does not say who it is: nothing has ended, and it reads so."""
    return OAuthError(
        "invalid_client",
        "Nobody is signed out: the session of this id_token_hint is in a browser that did not come along. Send the "
        "person's browser here, or authenticate as the application (HTTP Basic with client_id and secret).",
        status=401, detail="id_token_hint of a live session, no cookie, no authentication", client_id=asked.client_id,
        fix="Let the application's server authenticate at the logout address; see docs/connecting.md.",
        field="Authorization", expected="the person's browser, or client authentication", got="neither",
        headers=(("WWW-Authenticate", 'Basic realm="doorward", charset="UTF-8"'),), kind="logout_unproven",
    )  # fmt: skip


def _confirmed(services: Services, request: Request) -> Response:
    value = open_value(services.sealer, _PURPOSE, request.form.get("flow") or "", browser.identify(services, request))
    if value is None or browser.of(services, request).is_new:
        reached.check(services, request, services.url("/oauth/logout"))
        return pages.stale(services, services.url("/oauth/logout"), None)
    client_id, uri, state, elsewhere, is_hinted, lost = (*value, "", False, {})[
        :6
    ]  # a page of before the upgrade has three
    client = services.registry.find(client_id) if client_id else None
    if client is None or uri not in client.oidc.post_logout_redirect_uris:
        uri = ""  # it was registered when the page was made; it is not any more
    asked = LogoutRequest(client_id, "", "", uri, state, is_hinted, elsewhere)
    here = accounts.to_end(services, request)
    other = sessions.find_open(services, elsewhere) if elsewhere else None
    if other is not None and all(other.id != one.id for one in here):
        _end_elsewhere(services, request, asked, other)
    if here:
        return _sign_out(services, request, asked, here[0], lost or {})
    return _done(services, asked, ended=bool(elsewhere), lost=lost or {})


def _sign_out(
    services: Services, request: Request, asked: LogoutRequest, session: Session, lost: dict[str, str]
) -> Response:
    ending = Ending(location=asked.return_to, values={"lost": lost} if lost else {})
    return signout.leave(services, request, [session], _cause(services, asked), ending)


def _end_elsewhere(services: Services, request: Request, asked: LogoutRequest, session: Session) -> None:
    """End a session of another browser. Who needs that browser to hear of it hears nothing; tokens end all the same."""
    signout.end(services, request, [session], _cause(services, asked))


def _cause(services: Services, asked: LogoutRequest) -> Cause:
    why = f"signed out at {asked.client_id}" if asked.client_id else "signed out"
    return Cause(why, asked.initiator, partial(backchannel.remind, services, asked.initiator))


def _done(services: Services, asked: LogoutRequest, *, ended: bool, lost: dict[str, str]) -> Response:
    if asked.return_to:
        return Redirect(location=asked.return_to)
    return pages.signed_out(services, (), lost=lost) if ended else pages.nobody_here(services, lost)


def _target(return_to: str) -> tuple[str, ...]:
    return form_targets(form_target(return_to)) if return_to else ()
