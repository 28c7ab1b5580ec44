"""The access that somebody gave to applications, to look at and to take back."""

from __future__ import annotations

from idp import flash
from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login import consent
from idp.login.browser import sessions
from idp.oidc.scopes import describe
from idp.protocols import Services
from idp.saml.assertions import attribute_catalogue, attribute_titles
from idp.showing import shown_app
from idp.wire import Redirect, Request, Response


def answer(services: Services, request: Request) -> Response:
    """GET and POST /access."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, "/access")
    if request.method == "POST":
        client = services.registry.find(request.form.get("client_id") or "")
        if client is not None:
            consent.revoke(services, request, session, client.id)
            return flash.redirect(services, "/access", "taken_back")
        return Redirect(location=services.url("/access"))
    return frame.page(services, request, session, "portal/access.html", grants=_grants(services, session))


def _grants(services: Services, session: sessions.Session) -> list[dict[str, object]]:
    shown: list[tuple[str, dict[str, object]]] = []
    for client_id, scopes in consent.given(services, session.person_id).items():
        app = shown_app(services, services.registry.find(client_id))
        if app is not None:
            grant: dict[str, object] = {
                "app": app,
                "client_id": client_id,
                "scopes": [_title(s) for s in scopes],
            }
            shown.append((app["name"], grant))
    return [grant for _, grant in sorted(shown, key=lambda named: named[0])]


def _title(scope: str) -> str:
    is_attribute = scope.startswith(attribute_catalogue.CONSENT)
    return attribute_titles.title_of_scope(scope) if is_attribute else describe(scope)[0]
