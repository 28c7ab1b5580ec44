"""RP-Initiated Logout 1.0: an application sends the person here to sign out.

A hint is no proof of who asks: ID tokens stand in URLs, histories and logs. So it ends a session at once only in the
session's own browser, or where the application proves itself; anybody else who holds one is asked (ASVS 10.6.2).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from clients.client import Client
from idp import browser
from idp.errors import Explanation, OAuthError, Refused
from idp.login import pages, signout
from idp.login.browser import accounts, sessions
from idp.login.browser.sessions import Session
from idp.login.flow import open_value, seal_value
from idp.login.signout import Ending
from idp.oidc import backchannel, client_auth, cross_site
from idp.protocols import Services
from idp.showing import form_target, form_targets
from idp.texts import N_
from idp.wire import Json, Params, Redirect, Request, Response, with_parameters
from keys.verifying import InvalidToken, verify_own

_PURPOSE = "logout"
KNOWN = frozenset(  # RPI §2
    ("id_token_hint", "logout_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales")
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A logout request whose parts were compared."""

    client_id: str  # "" when the request names none
    subject: str  # "" without a valid hint
    session_id: str
    uri: str  # a registered post_logout_redirect_uri, or ""
    state: str | None
    is_hinted: bool = False  # by an ID token of its own
    elsewhere: str = ""  # the id of a live session that the hint names and this browser has not shown

    @property
    def return_to(self) -> str:
        """Where the browser goes in the end, or ''."""
        return with_parameters(self.uri, [("state", self.state)]) if self.uri and self.state is not None else self.uri

    def names(self, session: Session) -> bool:
        """Whether the hint is of this very session."""
        return self.subject == session.person_id and self.session_id in ("", session.id)

    @property
    def initiator(self) -> str:
        """The application that knows by itself what comes of this: it holds the hint, or the browser goes back to it.

        '' where anybody may have written its client_id into a link.
        """
        return self.client_id if self.is_hinted or self.return_to else ""


def answer(services: Services, request: Request) -> Response:
    """GET and POST /oauth/logout."""
    params = request.query if request.method == "GET" else request.form
    if client_auth.is_tried(services, request):
        return _by_client(services, request, params)
    if request.method == "POST" and params.get("confirm"):
        return _confirmed(services, request)
    if request.method == "POST" and browser.cookie_name(services, "session") not in request.cookies:
        again = cross_site.again(services, "/oauth/logout", params, KNOWN)
        if again is not None and (isinstance(again, Redirect) or _is_browser(request)):
            return again
    asked = read(services, params)
    here = accounts.to_end(services, request)
    # RPI §2: without a hint that names this very session, the person is asked, so that no page can sign people out.
    named = next((one for one in here if asked.names(one)), None)
    if named is not None:
        return _sign_out(services, request, asked, named)
    elsewhere = _find_elsewhere(services, asked)
    if elsewhere is not None and (not here or elsewhere.person_id == here[0].person_id):
        asked = replace(asked, elsewhere=elsewhere.id)
    if not here and not asked.elsewhere:
        return _done(services, asked, ended=bool(asked.session_id))
    if not here and not _is_browser(request):
        raise _unproven(asked)
    return _ask(services, request, asked, here[0] if here else None)


def _find_elsewhere(services: Services, asked: Asked) -> Session | None:
    """The live session that the hint names, in whatever browser it is."""
    found = sessions.find_open(services, asked.session_id) if asked.session_id else None
    return found if found is not None and found.person_id == asked.subject else None


def _is_browser(request: Request) -> bool:
    """Whether somebody may be looking: a program that takes our page for an answer would tell of a sign-out."""
    return request.user_agent.startswith("Mozilla/") or "text/html" in request.header("Accept")


def _ask(services: Services, request: Request, asked: Asked, session: Session | None) -> Response:
    client = services.registry.find(asked.client_id) if asked.client_id else None
    kept = [asked.client_id, asked.uri, asked.state, asked.elsewhere, asked.is_hinted]
    sealed = seal_value(services.sealer, _PURPOSE, kept, browser.identify(services, request))
    return pages.confirm_sign_out(
        services, session, client, sealed, "/oauth/logout", _target(asked.return_to), elsewhere=bool(asked.elsewhere)
    )


def _by_client(services: Services, request: Request, params: Params) -> Response:
    """The application itself asks, from its server: it has proven who it is, and what it names ends."""
    client = client_auth.authenticate(services, request, public=False)
    asked = read(services, params)
    if asked.client_id != client.id:
        raise OAuthError("invalid_request", "id_token_hint must be an ID token that was issued to this application.")
    if not asked.session_id:
        raise OAuthError("invalid_request", "Send id_token_hint: it names the session that is to end.")
    session = _find_elsewhere(services, asked)
    if session is not None:
        _end_elsewhere(services, request, asked, session)
    return Json(body={"signed_out": True})


def _unproven(asked: Asked) -> OAuthError:
    """A server that does not say who it is: nothing has ended, and it reads so."""
    return OAuthError(
        "invalid_client",
        "Nobody is signed out: the session of this id_token_hint is in a browser that did not come along. Send the "
        "person's browser here, or authenticate as the application (HTTP Basic with client_id and secret).",
        status=401, detail="id_token_hint of a live session, no cookie, no authentication", client_id=asked.client_id,
        fix="Let the application's server authenticate at the logout address; see docs/connecting.md.",
        headers=(("WWW-Authenticate", 'Basic realm="doorward", charset="UTF-8"'),),
    )  # fmt: skip


def _confirmed(services: Services, request: Request) -> Response:
    value = open_value(services.sealer, _PURPOSE, request.form.get("flow") or "", browser.identify(services, request))
    if value is None or browser.of(services, request).is_new:
        return pages.stale(services, services.url("/oauth/logout"), None)
    client_id, uri, state, elsewhere, is_hinted = (*value, "", False)[:5]  # a page of before the upgrade has three
    client = services.registry.find(client_id) if client_id else None
    if client is None or uri not in client.post_logout_redirect_uris:
        uri = ""  # it was registered when the page was made; it is not any more
    asked = Asked(client_id, "", "", uri, state, is_hinted, elsewhere)
    here = accounts.to_end(services, request)
    other = sessions.find_open(services, elsewhere) if elsewhere else None
    if other is not None and all(other.id != one.id for one in here):
        _end_elsewhere(services, request, asked, other)
    return _sign_out(services, request, asked, here[0]) if here else _done(services, asked, ended=bool(elsewhere))


def _sign_out(services: Services, request: Request, asked: Asked, session: Session) -> Response:
    response = signout.leave(
        services, request, [session], _why(asked), Ending(location=asked.return_to), asked_by=asked.initiator
    )
    backchannel.remind(services, asked.initiator, session)
    return response


def _end_elsewhere(services: Services, request: Request, asked: Asked, session: Session) -> None:
    """End a session of another browser. Who needs that browser to hear of it hears nothing; tokens end all the same."""
    signout.end(services, request, [session], _why(asked), asked_by=asked.initiator)
    backchannel.remind(services, asked.initiator, session)


def _why(asked: Asked) -> str:
    return f"signed out at {asked.client_id}" if asked.client_id else "signed out"


def _done(services: Services, asked: Asked, *, ended: bool) -> Response:
    if asked.return_to:
        return Redirect(location=asked.return_to)
    return pages.signed_out(services, ()) if ended else pages.nobody_here(services)


def read(services: Services, params: Params) -> Asked:
    """Compare hint, client and return address. Errors: `Refused`; a return address is followed only when registered."""
    if params.repeated:
        raise _refused(
            N_("The application sent %(name)s twice.", name=params.repeated[0]), f"Send {params.repeated[0]} once."
        )
    claims = _hint(services, params)
    audiences = _as_list(claims.get("aud", []))
    client_id = params.get("client_id") or (str(audiences[0]) if audiences else "")
    client = services.registry.find(client_id) if client_id else None
    uri = params.get("post_logout_redirect_uri") or ""
    if uri and client is None and "id_token_hint" in params:
        uri = ""  # RPI §4: what needed the hint is left out, here the way back; the sign-out itself did not
    if uri:
        _check_return_address(client, uri)
    subject, session_id = str(claims.get("sub", "")), str(claims.get("sid", ""))
    return Asked(client_id if client else "", subject, session_id, uri, params.get("state"), bool(claims))


def _check_return_address(client: Client | None, uri: str) -> None:
    if client is None:
        raise _refused(
            N_("The application did not say which one it is."),
            "Send id_token_hint or client_id with post_logout_redirect_uri.",
        )
    # RPI §3: exactly as registered (ASVS 10.6.2).
    if uri not in client.post_logout_redirect_uris:
        raise _refused(
            N_("%(app)s asked to return to an address that is not registered for it.", app=client.name),
            "post_logout_redirect_uri is not registered; they are compared byte for byte.", client_id=client.id,
            detail=uri[:500],
        )  # fmt: skip


def _hint(services: Services, params: Params) -> dict[str, Any]:
    """The claims of a hint that can be believed, of this client; else none.

    RPI §4: what does not validate is not used, and nothing that did without it fails for it: the person is asked.
    """
    hint = params.get("id_token_hint")
    if hint is None:
        return {}
    try:
        # RPI §2: a hint may have expired; it is only compared.
        claims = verify_own(services.ring, hint, types=("JWT",), now=services.clock(), hint=True)
        _check_hint(services, claims, params.get("client_id"))
    except InvalidToken as error:
        services.log.info("logout_hint_not_used", client_id=params.get("client_id") or "", reason=error.reason)
        return {}
    return claims


def _check_hint(services: Services, claims: dict[str, Any], client_id: str | None) -> None:
    if claims.get("iss") != services.issuer:
        raise InvalidToken("it was issued by somebody else")
    if client_id is not None and client_id not in _as_list(claims.get("aud")):  # RPI §2: of one and the same client
        raise InvalidToken("client_id is not in its aud")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _target(return_to: str) -> tuple[str, ...]:
    return form_targets(form_target(return_to)) if return_to else ()


def _refused(message: str, developer: str, *, client_id: str | None = None, detail: str = "") -> Refused:
    return Refused(
        "logout_request", message, title=N_("You are not signed out yet"), developer=developer,
        client_id=client_id,
        advice=N_("You are still signed in. To sign out here, use “Sign out” at the top of any page."),
        explanation=Explanation("application", developer), detail=detail,
    )  # fmt: skip
