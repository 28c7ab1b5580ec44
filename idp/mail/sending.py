"""Hand a message to the queue: sealed, and without ever failing the page that sends it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from idp.accounts import not_me
from idp.language import of_person
from idp.mail import delivery
from idp.mail.messages import MESSAGES, check

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.services import Services


def tell(
    services: Services,
    person: Person,
    message: str,
    values: Mapping[str, Any] = {},
    *,
    also: Iterable[str] = (),
) -> None:
    """Tell a person about their account, in their language, at their verified address and those of `also`.

    Call it after the change's transaction. A security message gets its "This was not me" link here (A3).
    """
    addresses = ([person.email] if person.email and person.email_verified else []) + [*also]
    about = {"name": person.name, "zone": person.claims.get("zoneinfo", ""), **values}
    if MESSAGES[message].security:
        token = not_me.make(services.sealer, person.id, message, services.clock())
        about["not_me_url"] = services.url(f"/not-me/{token}")
    if not addresses:
        check(message, about, services.issuer)
        delivery.failed(services, message, "", "the person has no verified address", person_id=person.id)
    for address in dict.fromkeys(addresses):
        send(services, address, message, of_person(services, person.claims), about, person_id=person.id)


def send(
    services: Services,
    to: str,
    message: str,
    locale: str = "",
    values: Mapping[str, Any] = {},
    *,
    person_id: str | None = None,
) -> None:
    """Queue a message to an address; never raises for a mail server or a queue that is down.

    `to` empty: queued all the same, and dropped by the worker, so that a page takes as long for names that nobody
    has (L7). Errors: `LookupError`, `ValueError` for a mistake in the call (see `messages.check`).
    """
    check(message, values, services.issuer)
    delivery.queue(services, to, message, locale, values, person_id)
