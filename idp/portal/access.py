"""The access that somebody gave to applications, to look at and to take back."""

from __future__ import annotations

from urllib.parse import urlsplit

from clients.documents.address import is_one as is_document
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
        if request.form.get("do") == "end_all":
            for grant in _grants(services, session):
                if grant["is_program"]:
                    consent.revoke(services, request, session, str(grant["client_id"]))
            return flash.redirect(services, "/access", "taken_back")
        client = services.registry.find(request.form.get("client_id") or "")
        if client is not None:
            consent.revoke(services, request, session, client.id)
            return flash.redirect(services, "/access", "taken_back")
        return Redirect(location=services.url("/access"))
    grants = _grants(services, session)
    return frame.page(
        services, request, session, "portal/access.html",
        programs=[one for one in grants if one["is_program"]], grants=[one for one in grants if not one["is_program"]],
    )  # fmt: skip


def _grants(services: Services, session: sessions.Session) -> list[dict[str, object]]:
    shown: list[tuple[str, dict[str, object]]] = []
    for client_id, scopes in consent.given(services, session.person_id).items():
        client = services.registry.find(client_id)
        app = shown_app(services, client)
        if app is not None and client is not None:
            grant: dict[str, object] = {
                "app": app,
                "is_program": bool(client.metadata.get("self_registered")),
                "host": urlsplit(client_id).netloc if is_document(client_id) else "",
                "client_id": client_id,
                "scopes": [_title(s) for s in scopes],
            }
            shown.append((app["name"], grant))
    return [grant for _, grant in sorted(shown, key=lambda named: named[0])]


def _title(scope: str) -> str:
    is_attribute = scope.startswith(attribute_catalogue.CONSENT)
    return attribute_titles.title_of_scope(scope) if is_attribute else describe(scope)[0]
