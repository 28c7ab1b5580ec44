"""A program of a host that no admin has let in yet: whoever is signed in may ask for it."""

from __future__ import annotations

from typing import Final

from clients.documents import hosts
from clients.documents.address import Address
from clients.documents.address import read as read_address
from idp import audit, flash
from idp.errors import Refused
from idp.first_party import frame
from idp.first_party.signing_in import sign_in
from idp.login.browser import sessions
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request, Response, with_parameters

PATH: Final = "/programs"
A_DAY: Final = 10  # hosts that one person asks for


def answer(services: Services, request: Request) -> Response:
    """GET and POST /programs; `program`: the address of its document."""
    address = _address(services, (request.form if request.method == "POST" else request.query).get("program") or "")
    here = with_parameters(PATH, [("program", address.url)])
    session = sessions.current(services, request)
    if session is None:
        return sign_in(services, request, here)
    known = hosts.find(services.db, address.host)
    if request.method == "POST" and known is None:
        _ask(services, request, session, address)
        return flash.redirect(services, here, "asked")
    state = known.state if known is not None else ""
    return frame.page(
        services, request, session, "portal/program.html", asks=address.host, program=address.url, state=state
    )  # fmt: skip


def _address(services: Services, given: str) -> Address:
    """Errors: `Refused`, also where nobody may ask."""
    if services.settings.oauth.client_id_documents == "approval":
        try:
            return read_address(given)
        except ValueError:
            pass
    raise Refused("not_found", N_("There is no such page."), status=404)


def _ask(services: Services, request: Request, session: sessions.Session, address: Address) -> None:
    now = services.clock()
    if services.state.count(f"client-host-asked:{session.person_id}", 86_400) > A_DAY:
        raise Refused(
            "client_document_too_often", N_("You have asked for many programs today. Try again tomorrow."), status=429
        )  # fmt: skip
    record = audit.recorder(
        services.clock, session.person_id, address=request.remote_address, request_id=request.id
    )  # fmt: skip
    with services.db.transaction() as tx:
        if hosts.ask(tx, address.host, address.url, by=session.person_id, now=now):
            record(tx, "client_host:asked", {"host": address.host, "program": address.url})
