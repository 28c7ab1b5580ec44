"""Inviting somebody who has no password yet: a link to set one, mailed to the address that an admin gave (P4, U1).

Whoever uses the mailed link has shown that they read that address, which is confirmed by it. A link that is handed out
shows nothing of the kind.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from idp import mail
from idp.accounts import inviting, links
from idp.accounts.person import InvalidPerson, Person
from idp.audit import Recorder
from idp.ids import digest
from idp.language import dates_of_person
from idp.mail import delivery
from idp.normal_forms import normal

if TYPE_CHECKING:
    from idp.accounts.services import Services

PURPOSE = "invitation"
MESSAGE = "invitation"
NO_ADDRESS = "they have no address"
MAX_NOTE: Final = 1000  # characters of an own text
#: What mail programs make a link of: a scheme, and a name with a dot before letters. One that phishes needs no more.
_WEB_ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://|\b(?:mailto|tel|sms|javascript|data):\S|\bwww\.\S|"
    r"[^\s@/.]\.[^\W\d_]{2}|[^\s@/.]\.xn--|\b\d+(?:\.\d+){3}\b", re.I
)  # fmt: skip
_MAIL_ADDRESS = re.compile(r"(?!www\.)[\w.+-]+@(?:[\w-]+\.)+[^\W\d_]{2,}\.?", re.I)
_BETWEEN_WORDS = re.compile(r"[\s,;()<>\[\]{}\"“”„«»|]+")
_DOTS = str.maketrans("。｡．․", "....")  # that browsers take for one in the name of a host (UTS #46)


@dataclass(frozen=True, slots=True)
class Words:
    """What an invitation says of its own. `note`: text of whoever invites; `writer`: their name, '' for the company's.

    `by`: them, as the record names them; `message`: another one with the same values.
    """

    note: str = ""
    writer: str = ""
    by: str = "system"
    message: str = MESSAGE


def checked_note(text: str) -> str:
    """An own text as it is mailed, in one paragraph. Errors: `InvalidPerson`, of `note`.

    It leaves under the company's name beside a link that sets a password, so it brings no address of a page along.
    """
    clean = " ".join("".join(" " if unicodedata.category(c)[0] in "CZ" else c for c in text).split())
    if len(clean) > MAX_NOTE:
        raise InvalidPerson("note", f"the own text has {len(clean)} characters; write at most {MAX_NOTE}")
    found = _web_address_in(clean)
    if found:
        raise InvalidPerson(
            "note", f"“{found[:60]}” in the own text reads like a web address, and mail programs make a link "
                    "of it; leave it out (an invitation has one link, its own; a mail address may stand there)"
        )  # fmt: skip
    return clean


def _web_address_in(text: str) -> str:
    """The first word that some program would make a link of; "": there is none. A mail address alone may stand."""
    plain = normal("NFKC", text.translate(_DOTS))
    plain = "".join(c for c in plain if unicodedata.category(c)[0] not in "MC")  # what is not seen hides no name
    words = _BETWEEN_WORDS.split(plain)
    return next((one for one in words if _WEB_ADDRESS.search(one) and not _MAIL_ADDRESS.fullmatch(one)), "")


def _shown_writer(name: str) -> str:
    """Who writes; "" (the company) where the name would be a link, or is written so that it reads as another."""
    is_odd = any(unicodedata.category(one)[0] == "C" for one in name)
    return "" if is_odd or _web_address_in(name) else name


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
    services: Services, person: Person, words: Words, *, by_mail: bool, record: Recorder
) -> tuple[Invited, str | None]:
    """An admin invites somebody: by mail, waiting for the server's word; a link to hand out where none has left."""
    invited = send(services, person, words, now=True) if by_mail else Invited()
    link = None if invited.said else hand_out(services, person, words.by)
    record(services.db, "link:made", {"person_id": person.id, "purpose": PURPOSE, "mails": int(bool(invited.to))})
    return invited, link


def hand_out(services: Services, person: Person, by: str) -> str:
    """A link to be given to the person by whoever asks: works once, for a day."""
    return _link(services, person, by, "link", links.OWNER_TTL)


def send(services: Services, person: Person, words: Words, *, now: bool = False) -> Invited:
    """Mail the person a link; `now` waits for the mail server's word, else the queue has it.

    What the server puts off waits in the queue as well; what it refuses for good does not. Never raises for either.
    """
    if not person.email:
        return Invited(why=NO_ADDRESS)
    if not mail.leaves(services):
        return Invited(why=delivery.NO_SERVER)
    invited = _send(services, person, words, now)
    if not invited.to:
        inviting.not_sent(services.db, person.id)
    return invited


def _send(services: Services, person: Person, words: Words, now: bool) -> Invited:
    hours, address = services.settings.recovery.invitation_hours, person.email or ""
    values = {
        "link": _link(services, person, words.by, "mail", hours * 3600.0), "hours": hours, "minutes": hours * 60,
        "username": person.username, "name": person.name, "note": words.note, "writer": _shown_writer(words.writer),
    }  # fmt: skip
    locale, problem = dates_of_person(services, person.claims), ""
    if now:
        try:
            said = delivery.send_now(services, delivery.Sent(address, words.message, person.id), locale, values)
            return Invited(address, said)
        except delivery.Rejected as refused:
            return Invited(why=refused.reason)
        except delivery.Undelivered as later:
            problem = str(later)
    lost = mail.send(services, address, words.message, locale, values, person_id=person.id)
    return Invited(why=problem or lost) if lost else Invited(address, why=problem)


def _link(services: Services, person: Person, by: str, way: inviting.Way, seconds: float) -> str:
    """A link, after it is kept that there is one: a withdrawal that comes between the two ends it."""
    at, via = services.clock(), digest(person.email or "") if way == "mail" else ""
    with services.db.transaction() as tx:
        turn = inviting.sent(tx, person.id, by, way, (at, at + seconds))
    stamp = -float(turn) if turn else None
    return services.url(f"/setup/{links.make(services.state, person, PURPOSE, seconds, via=via, stamp=stamp)}")
