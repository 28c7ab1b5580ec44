"""A password that somebody has changed in a directory elsewhere: nothing of it is kept, what it means here is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp import audit
from idp.accounts import choosing
from idp.accounts.effects import Ended
from idp.accounts.rows import locked, tell

if TYPE_CHECKING:
    from idp.accounts.services import Services
    from idp.wire import Request


def changed(services: Services, request: Request, person_id: str, provider_id: str, ended: Ended | None) -> None:
    """Record it, end what the old one opened, and mail its person, as for a password of here.

    `ended`: in place of the end of everything, to keep this browser's session, say. Errors: `NoSuchPerson`.
    """
    record = audit.recorder(
        services.clock, person_id, person_id=person_id, address=request.remote_address, request_id=request.id
    )  # fmt: skip
    with services.db.transaction() as tx:
        person = locked(tx, person_id)
        tell(record, tx, "password:set", person, purpose="directory", provider_id=provider_id)
        (ended or services.directory.ended)(tx, person_id, "password changed")
        choosing.tell(services, request, tx, person)
