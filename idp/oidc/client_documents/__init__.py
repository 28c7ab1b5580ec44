"""Clients that nobody registered: their id is the address of a document that says what they are (CIMD).

Door: `look`, before a client is looked for; `guests.find` finds one that nobody has let in yet, `guests.settle`
registers it when somebody does. Rule: only hosts that an admin allowed are asked, and no client with an id of ours
costs a statement more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients.documents.address import is_one
from idp.protocols import Services
from idp.wire import Request

if TYPE_CHECKING:
    from idp.oidc.destination import Untrusted  # which imports what asks for us


def look(services: Services, request: Request, client_id: str, *, proving: bool = False) -> Untrusted | None:
    """See that the document behind a client id counts; why not, where it does not.

    `proving`: a client that was let in proves itself; it goes on while its document cannot be had.
    """
    if not is_one(client_id):
        return None
    from idp.oidc.client_documents import looking

    return looking.look(services, request, client_id, proving=proving)
