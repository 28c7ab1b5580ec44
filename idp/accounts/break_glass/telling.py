"""Every owner hears of it: by mail, and by the record, which goes to whoever receives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from idp import audit, mail
from idp.audit import Event

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.accounts.services import Services
    from idp.db import Transaction

PATH: Final = "/admin/break-glass"
OPENED: Final = "break_glass:opened"  # its password was given; a second factor may not have been
_AGAIN: Final = 60.0  # seconds between two mails that its password was given


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


def opened(services: Services, tx: Transaction, about: Person, event: Event, now: float) -> None:
    """Its right password was given: recorded, and mailed in the same transaction.

    So whoever gave it can turn no owner off, nor change an address, before the mail is on its way. The event says that
    it is; only who has the password pays for it, so the time tells strangers nothing.
    """
    lately = audit.of_person(tx, about.id, (OPENED,), after=now - _AGAIN, many=5)
    audit.record(tx, event, now)
    if not any(one.detail.get("told") for one in lately):
        owners(services, tx, about, "half", n=1, time=now, place=event.address)
