"""An account there was turned off, or on again (RISC 1.0 §2.3, §2.4): so is whoever has no other way in here (I9).

Who has a password, a passkey, or an account at another provider is not that provider's to turn off: what the account
there has opened ends, and no more. On again is whom this turned off, by the same provider.
"""

from __future__ import annotations

from typing import Final

from idp import audit
from idp.accounts import break_glass
from idp.accounts.person import InvalidPerson, Person
from idp.audit import Recorder
from idp.federation import links, store
from idp.federation.links import Link, giver
from idp.federation.openid.id_token import LEEWAY
from idp.federation.openid.security_event import ACCOUNT_DISABLED, MAX_AGE, Believed
from idp.federation.provider import Provider
from idp.ids import digest
from idp.login import signout
from idp.protocols import Services
from idp.wire import Request

_NOTE: Final = "upstream:account-on:"


def switch(services: Services, request: Request, provider: Provider, believed: Believed) -> None:
    """Do what the event says. Errors: `Unavailable`: it may be said again."""
    note = _NOTE + digest(f"{provider.id}\n{believed.about}")
    link = links.find(services.db, provider.id, believed.about)
    person = None if link is None else services.directory.find(link.person_id)
    if link is None or person is None:
        return
    record = audit.recorder(
        services.clock, giver(provider.id), person_id=person.id, address=request.remote_address,
        request_id=request.id, also={"provider": provider.name, "by": "security event"},
    )  # fmt: skip
    if believed.account != ACCOUNT_DISABLED:
        services.state.put(note, believed.said_at, MAX_AGE)
        _turn_on(services, provider, person, record)
        return
    newer = services.state.get(note)  # one that comes late is over by now
    is_late = isinstance(newer, (int, float)) and newer >= believed.said_at
    is_late = is_late or link.used_at - LEEWAY > believed.said_at  # or they have signed in by it since
    if person.enabled and not is_late and _is_its_own(services, person, link):
        _turn_off(services, provider, person, record)


def _is_its_own(services: Services, person: Person, link: Link) -> bool:
    """Whether this account is all that lets the person in."""
    others = [one for one in links.of_person(services.db, person.id) if one != link]
    return not others and not links.has_way_in(services.db, person) and not break_glass.is_one(services.db, person)


def _turn_off(services: Services, provider: Provider, person: Person, record: Recorder) -> None:
    try:
        services.directory.disable(person.id, record=record)
    except InvalidPerson:  # the last owner: turned off by a person only
        return
    with services.db.transaction() as tx:
        tx.run(store.DROP_TURNED_OFF, person_id=person.id)
        tx.run(store.ADD_TURNED_OFF, person_id=person.id, provider_id=provider.id, at=services.clock())
    signout.tell_ended(services)


def _turn_on(services: Services, provider: Provider, person: Person, record: Recorder) -> None:
    if person.id not in {row.person_id for row in services.db.all(store.TURNED_OFF, provider_id=provider.id)}:
        return
    if not person.enabled:
        services.directory.enable(person.id, record=record)
    with services.db.transaction() as tx:
        tx.run(store.DROP_TURNED_OFF, person_id=person.id)
