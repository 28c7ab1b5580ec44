"""A forgotten username (P5): a mail lists everybody who has the address, to that address; the page says nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from idp import mail
from idp.accounts.person import MAX_LOGIN, Person, fold, spellings
from idp.accounts.recovery import contacts
from idp.audit import Event, record
from idp.ids import digest
from idp.language import dates_of_person

if TYPE_CHECKING:
    from idp.accounts.services import Services

JOB = "recovery.usernames"
_SEAL = "recovery-usernames"


def is_open(services: Services) -> bool:
    """Whether mail can leave."""
    return mail.is_ready(services)


def ask(services: Services, typed: str, locale: str, about: contacts.About) -> None:
    """Queue the look-up. Errors: `JobsUnavailable`."""
    asked = {"typed": typed[:MAX_LOGIN], "locale": locale, "about": dict(about), "at": services.clock()}
    services.jobs.enqueue(JOB, {"sealed": services.sealer.seal(_SEAL, json.dumps(asked).encode())})


def perform(services: Services, payload: Mapping[str, Any]) -> None:
    """The job: one mail to the address, in the form in which it was confirmed; none where nobody has it."""
    asked = json.loads(services.sealer.open(_SEAL, payload["sealed"]))
    found = _holders(services, asked["typed"])
    late = services.clock() >= asked["at"] + services.settings.recovery.link_minutes * 60
    if late or not found:
        return
    address = next(a for a in contacts.addresses(services, found[0]) if fold(a) == fold(asked["typed"]))
    sent = services.state.count(f"recovery:usernames:{digest(fold(address))}", 3600.0)
    names = sorted(person.username for person in found) if sent <= services.settings.recovery.mails_per_hour else []
    about, now = asked["about"], services.clock()
    for person in found:
        event = Event(
            "recovery:usernames", person_id=person.id, address=about.get("address", ""),
            request_id=about.get("request_id", ""), detail={"mails": int(bool(names))},
        )  # fmt: skip
        record(services.db, event, now)
    if names:
        locale = dates_of_person(services, found[0].claims, asked["locale"])
        mail.send(services, address, "usernames", locale, {"usernames": names}, person_id=found[0].id)


def _holders(services: Services, typed: str) -> tuple[Person, ...]:
    """Everybody whose account has this address, or who confirmed it for recovery."""
    key = fold(typed)
    own = services.directory.find_by_login(typed)
    is_own = own is not None and own.enabled and key in spellings(own.email or "")
    found = {}
    if own is not None and is_own and own.email in contacts.addresses(services, own):
        found[own.id] = own
    found |= {person.id: person for person in contacts.owners_of(services, typed)}
    return tuple(found.values())
