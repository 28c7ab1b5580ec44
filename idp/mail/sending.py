"""Hand a message to the queue: sealed, and without ever failing the page that sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from idp.accounts import not_me
from idp.language import dates_of_person
from idp.mail import delivery
from idp.mail.delivery import Sent
from idp.mail.messages import MESSAGES, check

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.accounts.services import Services
    from idp.db import Transaction


NO_ADDRESS = "the person has no address"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of a message: the addresses that it is on its way to, or `why` there are none.

    Whoever announces a mail announces this, and nothing else.
    """

    to: tuple[str, ...] = ()
    why: str = ""


def tell(
    services: Services,
    person: Person,
    message: str,
    values: Mapping[str, Any] = {},
    *,
    also: Iterable[str] = (),
    page: str = "",
    tx: Transaction | None = None,
) -> Told:
    """Tell a person about their account, in their language, at the account's address and those of `also`.

    The account's address is the company's word and needs no confirmation first. `page`: `language.of_page` where they
    did it themselves, for who has no language of their own. `tx`: the transaction of the change that it tells of. A
    security message gets its "This was not me" link here (A3).
    """
    addresses = tuple(dict.fromkeys(filter(None, (person.email, *also))))
    about = {"name": person.name, "zone": person.claims.get("zoneinfo", ""), **values}
    if MESSAGES[message].security:
        token = not_me.make(services.sealer, person.id, message, services.clock())
        about["not_me_url"] = services.url(f"/not-me/{token}")
    if not addresses:
        check(message, about, services.issuer)
        delivery.failed(services, Sent("", message, person.id), NO_ADDRESS, tx=tx)
        return Told(why=NO_ADDRESS)
    locale = dates_of_person(services, person.claims, page)
    refused = {
        address: send(services, address, message, locale, about, person_id=person.id, tx=tx) for address in addresses
    }
    on_their_way = tuple(address for address, why in refused.items() if not why)
    return Told(on_their_way, "" if on_their_way else next(iter(refused.values())))


def tell_gone(
    services: Services,
    person: Person,
    address: str,
    message: str,
    values: Mapping[str, Any],
    *,
    page: str = "",
    tx: Transaction,
) -> None:
    """Tell an address that has just been taken off an account; without any link that acts on the account.

    Whoever reads it may be the reason why it went.
    """
    about = {"name": person.name, "zone": person.claims.get("zoneinfo", ""), **values}
    locale = dates_of_person(services, person.claims, page)
    send(services, address, message, locale, about, person_id=person.id, tx=tx)


def send(
    services: Services,
    to: str,
    message: str,
    locale: str = "",
    values: Mapping[str, Any] = {},
    *,
    person_id: str | None = None,
    tx: Transaction | None = None,
) -> str:
    """Queue a message to an address; answers why it is not on its way, '' where it is.

    `tx`: the transaction of what it tells of. Never raises for a mail server that is down, nor, without `tx`, for the
    queue. `to` empty: queued all the same, and dropped by the worker,
    so that a page takes as long for names that nobody has (L7). Errors: `LookupError`, `ValueError` for a mistake in
    the call (see `messages.check`).
    """
    check(message, values, services.issuer)
    return delivery.queue(services, Sent(to, message, person_id), locale, values, tx=tx)
