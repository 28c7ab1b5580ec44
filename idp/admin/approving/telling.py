"""Owners hear what waits for them, and whoever asked hears what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from idp import mail
from idp.accounts.person import Person
from idp.admin.approving.titles import ACTIONS
from idp.db import Transaction
from idp.protocols import Services

PATH = "/admin/approvals"


@dataclass(frozen=True, slots=True)
class News:
    """What became of a change. `what`: in a word of the mail's; `by`: whose name stands there; `id`: the approval."""

    what: str
    action: str
    by: str
    id: str = ""
    note: str = ""


def owners(services: Services, tx: Transaction, news: News, *, but: str = "") -> int:
    """Mail every owner who can sign in but whoever asked; answers how many it leaves for."""
    told = [one for one in services.directory.owners() if one.enabled and one.email and one.id != but]
    return sum(_tell(services, tx, one, news) for one in told)


def asker(services: Services, tx: Transaction, to: str, news: News) -> None:
    """Mail whoever asked."""
    person = services.directory.find(to.removeprefix("person:"))
    if person is not None and person.enabled:
        _tell(services, tx, person, news)


def _tell(services: Services, tx: Transaction, to: Person, news: News) -> bool:
    link = services.url(f"{PATH}/{news.id}" if news.id else PATH)
    values = {
        "what": news.what, "subject": ACTIONS[news.action], "username": _name(services, news.by), "link": link,
        "note": news.note,
    }  # fmt: skip
    return bool(mail.tell(services, to, "approval", values, tx=tx).to)


def _name(services: Services, actor: str) -> str:
    person = services.directory.find(actor.removeprefix("person:"))
    return person.username if person is not None else actor
