"""Who has asked for an account themselves: an admin lets them in, or not (U1)."""

from __future__ import annotations

from dataclasses import replace

from idp import mail
from idp.accounts.invitations import Invited
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.registering import entering, terms, waiting
from idp.accounts.registering.waiting import Waiting
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.db import Conflict, joined
from idp.protocols import Services

MAX_NOTE = 500  # characters of what is told to whoever is refused


class Decided(LookupError):
    """Nobody waits under this id: somebody else has decided, or it was dropped."""


def listed(services: Services, actor: Actor, many: int = 200, search: str = "") -> tuple[Waiting, ...]:
    """Those that wait, who has waited longest first; `search`: who is called so. Errors: `NotAllowed`."""
    actor.check(Permission.PEOPLE_CREATE)
    return waiting.list_of(services.db, many, search)


def count(services: Services, actor: Actor) -> int:
    """How many wait. Errors: `NotAllowed`."""
    actor.check(Permission.PEOPLE_CREATE)
    return waiting.count(services.db)


def get(services: Services, actor: Actor, wanted: str) -> Waiting:
    """One by its id, or by the address. Errors: `NotAllowed`, `Decided`."""
    actor.check(Permission.PEOPLE_CREATE)
    found = waiting.find(services.db, wanted) or waiting.of_address(services.db, wanted)
    if found is None:
        raise Decided(wanted)
    return found


def groups_of(services: Services, who: Waiting) -> tuple[str, ...]:
    """The groups that they will be in."""
    return terms.groups_of(services, who.client_id)


def approve(services: Services, actor: Actor, who: Waiting, *, username: str = "") -> tuple[Person, Invited]:
    """Add them, in the groups of the settings, and mail them a link to choose a password; what became of that mail.

    `username`: another one than they asked for. Errors: `NotAllowed`, `Decided`; `InvalidPerson` where the username or
    the address is somebody's by now: they wait on.
    """
    from idp.accounts import invitations

    actor.check(Permission.PEOPLE_CREATE)
    record = actor.record(services)
    draft = entering.draft_of(replace(who, username=username.strip() or who.username), groups_of(services, who))
    try:
        with services.db.transaction() as tx:
            if not waiting.take(tx, who.id):
                raise Decided(who.id)
            within = services.directory.within(joined(tx))
            within.check(draft)  # told with everything that is wrong; then they wait on, as nothing is committed
            person = within.add(draft, record=record)
            record(tx, "registration:approved", {"person_id": person.id, "registration": who.id})
    except Conflict:
        raise InvalidPerson("username", "somebody has taken it just now; give another one") from None
    words = invitations.Words(by=actor.name, message="registration_approved")
    invited = invitations.send(services, person, words)
    detail = {"person_id": person.id, "purpose": invitations.PURPOSE, "mails": int(bool(invited.to))}
    record(services.db, "link:made", detail)
    return person, invited


def refuse(services: Services, actor: Actor, who: Waiting, *, note: str = "") -> str:
    """Drop what they asked, and tell them so; `note`: what they are told of why. Why no mail is on its way, else ''.

    Errors: `NotAllowed`, `Decided`.
    """
    actor.check(Permission.PEOPLE_CREATE)
    note = " ".join("".join(c if c.isprintable() else " " for c in note).split())[:MAX_NOTE]
    with services.db.transaction() as tx:
        if not waiting.take(tx, who.id):
            raise Decided(who.id)
        detail = {"registration": who.id, "note": note}  # nobody's: what names them could never be blanked
        actor.record(services)(tx, "registration:refused", detail)
        return mail.send(services, who.email, "registration_refused", who.locale, {"note": note}, tx=tx)
