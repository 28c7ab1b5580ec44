"""Inviting somebody who has no password yet: a link to set one, mailed to the address that an admin gave (P4, U1).

Whoever uses the mailed link has shown that they read that address, which is confirmed by it. A link that is handed out
shows nothing of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp import mail
from idp.accounts import links
from idp.accounts.person import Person
from idp.audit import Recorder
from idp.ids import digest
from idp.language import dates_of_person
from idp.mail import delivery

if TYPE_CHECKING:
    from idp.accounts.services import Services

PURPOSE = "invitation"
MESSAGE = "invitation"
NO_ADDRESS = "they have no address"


@dataclass(frozen=True, slots=True)
class Invited:
    """What became of an invitation.

    `to`: the address that it went to, '' for none; `said`: the mail server's answer, '' while it waits in the queue;
    `why`: what kept it from leaving, now or at all.
    """

    to: str = ""
    said: str = ""
    why: str = ""


def invite(
    services: Services, person: Person, *, by_mail: bool, record: Recorder, note: str = ""
) -> tuple[Invited, str | None]:
    """An admin invites somebody: by mail, waiting for the server's word; a link to hand out where none has left."""
    invited = send(services, person, now=True, note=note) if by_mail else Invited()
    link = None if invited.said else hand_out(services, person)
    record(services.db, "link:made", {"person_id": person.id, "purpose": PURPOSE, "mails": int(bool(invited.to))})
    return invited, link


def hand_out(services: Services, person: Person) -> str:
    """A link to be given to the person by whoever asks: works once, for a day."""
    return services.url(f"/setup/{links.make(services.state, person, PURPOSE, links.OWNER_TTL)}")


def send(
    services: Services, person: Person, *, now: bool = False, note: str = "", message: str = MESSAGE
) -> Invited:  # fmt: skip
    """Mail the person a link; `now` waits for the mail server's word, else the queue has it. `note`: their words.

    `message`: another one with the same values.
    What the server puts off waits in the queue as well; what it refuses for good does not. Never raises for either.
    """
    if not person.email:
        return Invited(why=NO_ADDRESS)
    if not mail.leaves(services):
        return Invited(why=delivery.NO_SERVER)
    hours = services.settings.recovery.invitation_hours
    token = links.make(services.state, person, PURPOSE, hours * 3600.0, via=digest(person.email))
    values = {
        "link": services.url(f"/setup/{token}"), "hours": hours, "minutes": hours * 60, "username": person.username,
        "name": person.name, "note": note,
    }  # fmt: skip
    locale, problem = dates_of_person(services, person.claims), ""
    if now:
        try:
            sent = delivery.Sent(person.email, message, person.id)
            said = delivery.send_now(services, sent, locale, values)
            return Invited(person.email, said)
        except delivery.Rejected as refused:
            return Invited(why=refused.reason)
        except delivery.Undelivered as later:
            problem = str(later)
    lost = mail.send(services, person.email, message, locale, values, person_id=person.id)
    return Invited(why=problem or lost) if lost else Invited(person.email, why=problem)
