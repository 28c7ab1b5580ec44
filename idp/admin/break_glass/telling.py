"""Every owner hears of it: by mail, and by the record, which goes to whoever receives it."""

from __future__ import annotations

from typing import Any

from idp import mail
from idp.accounts.person import Person
from idp.db import Transaction
from idp.protocols import Services

PATH = "/admin/break-glass"


def owners(services: Services, tx: Transaction, about: Person, what: str, *, but: str = "", **values: Any) -> int:
    """Mail every owner who can sign in, but the account itself and whoever did it; answers how many it leaves for.

    `what`: see `templates/mail/break_glass.txt`.
    """
    told = 0
    for owner in services.directory.owners():
        if owner.enabled and owner.id not in (about.id, but) and owner.email:
            said = {"username": about.username, "what": what, "link": services.url(PATH), **values}
            told += bool(mail.tell(services, owner, "break_glass", said, tx=tx).to)
    return told
