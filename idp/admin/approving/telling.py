"""Owners hear what waits for them, and whoever asked hears what became of it."""

from __future__ import annotations

from idp import mail
from idp.accounts.person import Person
from idp.admin.approving.titles import ACTIONS
from idp.db import Transaction
from idp.protocols import Services

PATH = "/admin/approvals"


def owners(
    services: Services, tx: Transaction, what: str, action: str, by: str, id: str, *, but: str = ""
) -> int:  # fmt: skip
    """Mail every owner who can sign in but whoever asked; answers how many it leaves for."""
    told = [one for one in services.directory.owners() if one.enabled and one.email and one.id != but]
    return sum(_tell(services, tx, one, what, action, _name(services, by), id, "") for one in told)


def asker(services: Services, tx: Transaction, what: str, action: str, by: str, to: str, id: str, note: str) -> None:
    """Mail whoever asked."""
    person = services.directory.find(to.removeprefix("person:"))
    if person is not None and person.enabled:
        _tell(services, tx, person, what, action, _name(services, by), id, note)


def _tell(
    services: Services, tx: Transaction, to: Person, what: str, action: str, who: str, id: str, note: str
) -> bool:  # fmt: skip
    link = services.url(f"{PATH}/{id}" if id else PATH)
    values = {"what": what, "subject": ACTIONS[action], "username": who, "link": link, "note": note}
    return bool(mail.tell(services, to, "approval", values, tx=tx).to)


def _name(services: Services, actor: str) -> str:
    person = services.directory.find(actor.removeprefix("person:"))
    return person.username if person is not None else actor
