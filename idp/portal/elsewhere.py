"""The accounts elsewhere that somebody signs in with: look, connect one more, disconnect (I6)."""

from __future__ import annotations

from typing import Any

from idp import flash
from idp.accounts.factors.kinds import UPSTREAM
from idp.accounts.person import Person
from idp.db import Transaction
from idp.federation import leaving, links, snapshot
from idp.federation.choosing import targets_of
from idp.federation.links import LastWayIn, Link
from idp.first_party import frame
from idp.first_party.door import PROTOCOL
from idp.first_party.signing_in import is_fresh, sign_in
from idp.login.browser import sessions
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.recording import recorder
from idp.portal.changing import tell
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Page, Redirect, Request, Response

PATH = "/security/elsewhere"
LAST = N_("This is the only way in that you have. Set up a password or a passkey first, then disconnect it.")


def answer(services: Services, request: Request) -> Response:
    """GET and POST /security/elsewhere. Changing needs a fresh sign-in (P7); looking does not."""
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, PATH)
    if request.method == "POST" and not is_fresh(services, session):
        return sign_in(services, request, PATH, fresh=True)
    person = services.directory.get(session.person_id)
    if request.method != "POST":
        return _page(services, request, session, person)
    if request.form.get("connect"):
        return _connect(services, request, person, request.form.get("connect") or "")
    return _disconnect(services, request, session, person)


def _connect(services: Services, request: Request, person: Person, provider_id: str) -> Response:
    flow = Flow(PROTOCOL, "", request={"path": PATH}, started_at=services.clock(), began=request.id)
    attempt = leaving.for_link(leaving.new(services, provider_id, flow), person.id)
    return leaving.begin(services, request, provider_id, attempt)


def _disconnect(services: Services, request: Request, session: Session, person: Person) -> Response:
    named = (request.form.get("provider") or "", request.form.get("subject") or "")
    held = links.of_person(services.db, person.id)
    link = next((one for one in held if (one.provider_id, one.subject) == named), None)
    if link is None:
        return Redirect(location=services.url(PATH))

    def told(tx: Transaction) -> None:
        tell(services, request, tx, person, "factor_removed", UPSTREAM, link.label)

    record = recorder(services, request, person.id)
    try:
        links.remove(services.db, person, link, services.clock(), record=record, told=told)
    except LastWayIn:
        return _page(services, request, session, person, LAST)
    return flash.redirect(services, PATH, "removed")


def _page(services: Services, request: Request, session: Session, person: Person, error: str = "") -> Page:
    held, found = links.of_person(services.db, person.id), snapshot.current(services)
    names = {one.id: one.name for one in found}
    page = frame.page(
        services, request, session, "portal/elsewhere.html", status=409 if error else 200, error=error,
        links=[_shown(one, names) for one in held],
        providers=[{"id": one.id, "name": one.name} for one in found if one.button and not one.is_directory],
    )  # fmt: skip
    targets = dict.fromkeys(target for one in found if one.issuer for target in targets_of(one))
    return Page(template=page.template, status=page.status, values=page.values, form_action=tuple(targets))


def _shown(link: Link, names: dict[str, str]) -> dict[str, Any]:
    return {
        "provider": link.provider_id, "subject": link.subject, "label": link.label,
        "name": names.get(link.provider_id, ""), "created_at": link.created_at, "used_at": link.used_at,
    }  # fmt: skip
