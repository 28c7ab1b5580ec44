"""A forgotten password, set anew by a link or a typed code from a mail (P4).

Whoever asks gets one answer in one time for every name: the page only queues a job. The link is a bearer secret for
half an hour; the code is shorter, so it works in the asking browser only, for ten minutes and five tries.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from idp import mail
from idp.accounts import invitations, inviting, links
from idp.accounts.person import MAX_LOGIN, Person
from idp.accounts.recovery import contacts
from idp.audit import Event, Recorder, record
from idp.ids import digest, new_secret
from idp.language import dates_of_person

if TYPE_CHECKING:
    from idp.accounts.services import Services

JOB = "recovery.reset"
PURPOSE = "reset"  # of the links; an event of the change names it
CODE_DIGITS = 8
CODE_TRIES = 5
_SEAL = "recovery-reset"
_REMEMBERED = 30 * 86400.0  # seconds


def is_open(services: Services) -> bool:
    """Whether people can help themselves here: mail can leave, and the settings allow it."""
    return services.settings.recovery.reset_by_mail and mail.is_ready(services)


def ask(services: Services, typed: str, locale: str, about: contacts.About) -> str:
    """Queue a reset; answers a ticket with which the same browser may type the code. Errors: `JobsUnavailable`."""
    ticket, now = new_secret(), services.clock()
    asked = {"typed": typed[:MAX_LOGIN], "ticket": digest(ticket), "locale": locale, "about": dict(about), "at": now}
    services.jobs.enqueue(JOB, {"sealed": services.sealer.seal(_SEAL, json.dumps(asked).encode())})
    return ticket


def perform(services: Services, payload: Mapping[str, Any]) -> None:
    """The job: find out who is meant, and mail each of their addresses a link and a code of its own."""
    asked = json.loads(services.sealer.open(_SEAL, payload["sealed"]))
    if services.clock() >= asked["at"] + services.settings.recovery.link_minutes * 60:
        return
    codes = [made for person in _meant(services, asked["typed"]) for made in _mail(services, person, asked)]
    if codes:
        services.state.put(_code_key(asked["ticket"]), codes, services.settings.recovery.code_minutes * 60)


def send_link(services: Services, person: Person) -> mail.Told:
    """An admin starts a reset: the link goes to the person alone (ASVS 6.4.6); answers where it is on its way to."""
    found = contacts.addresses(services, person) if person.enabled else ()
    minutes = services.settings.recovery.link_minutes
    refused = {address: _send(services, person, address, minutes, "", {}) for address in found}
    on_their_way = tuple(address for address, why in refused.items() if not why)
    return mail.Told(on_their_way, "".join(list(refused.values())[:1]) if found else "the person has no address")


class ShutOut(Exception):
    """The person may not sign in, so a link would open nothing."""


def hand_out(services: Services, person: Person, *, record: Recorder) -> str:
    """An admin takes a link to give to the person: works once, for an hour. Errors: `ShutOut`."""
    if not person.enabled:
        raise ShutOut(person.username)
    stamp = _given_again(services, person)
    token = links.make(services.state, person, PURPOSE, links.TTL, stamp=stamp)
    record(services.db, "link:made", {"person_id": person.id, "purpose": PURPOSE})
    return services.url(f"/setup/{token}")


def mail_out(services: Services, person: Person, *, record: Recorder) -> mail.Told:
    """An admin has a link mailed to the person; answers where to, or why not. Errors: `ShutOut`."""
    if not person.enabled:
        raise ShutOut(person.username)
    if person.email:  # else nothing is mailed, and a withdrawn invitation stays withdrawn
        _given_again(services, person)
    told = send_link(services, person)
    if told.to:
        record(services.db, "link:made", {"person_id": person.id, "purpose": PURPOSE, "mails": len(told.to)})
    return told


def redeem_code(services: Services, ticket: str, typed: str) -> str | None:
    """The token of a link in exchange for the code of the mail, once; None where the code is wrong, late or spent."""
    name = digest(ticket)
    seconds = services.settings.recovery.code_minutes * 60.0
    code = re.sub(r"[\s-]", "", typed)
    tries = services.state.count(f"recovery:reset-tries:{name}", 2 * seconds)
    kept = services.state.get(_code_key(name)) or []
    found = [one for one in kept if hmac.compare_digest(one["hash"], _hash(services, name, code))]
    if tries > CODE_TRIES or not found or services.state.take(_code_key(name)) is None:
        return None
    one = found[0]
    person = services.directory.find(one["person"])
    if person is None or (stamp := inviting.stamp(services.db, person)) != one["stamp"]:
        return None
    if inviting.is_withdrawn(services.db, person):
        return None
    return links.make(services.state, person, PURPOSE, seconds, via=one["via"], stamp=stamp)


def is_valid(services: Services, link: links.Link, person: Person | None) -> bool:
    """Whether a link still opens something: nothing has changed since, nor the address that it was mailed to."""
    if person is None or not links.is_current(link, person, inviting.stamp(services.db, person)):
        return False
    if inviting.is_withdrawn(services.db, person):
        return False
    invited = (person.email,) if link.purpose == invitations.PURPOSE else ()  # who opens it proves the address by that
    reached = (*contacts.addresses(services, person), contacts.number(services, person), *invited)
    return not link.via or link.via in {digest(one) for one in reached if one}


def remember(services: Services, person: Person) -> None:
    """The password was set by somebody who reads the person's messages."""
    services.state.put(_set_key(person), person.password_changed_at, _REMEMBERED)


def is_by_message(services: Services, person: Person) -> bool:
    """Whether the password of now was set by a link or code from a message: then another message proves no more."""
    return person.password_changed_at is not None and services.state.get(_set_key(person)) == person.password_changed_at


# -- below -------------------------------------------------------------------------------------------------------------


def _meant(services: Services, typed: str) -> tuple[Person, ...]:
    """Who signs in with that, or everybody whose recovery address it is; nobody whose invitation was withdrawn."""
    person = services.directory.find_by_login(typed)
    if person is not None:
        found: tuple[Person, ...] = (person,) if person.enabled else ()
    else:
        found = contacts.owners_of(services, typed) if "@" in typed else ()
    return tuple(one for one in found if not inviting.is_withdrawn(services.db, one))


def _given_again(services: Services, person: Person) -> float | None:
    """Whom an admin gives a link has a way in again, whatever was withdrawn; what the link is current by."""
    with services.db.transaction() as tx:
        inviting.lift(tx, person.id)
        return inviting.stamp(tx, person)


def _mail(services: Services, person: Person, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Answers what is kept of the codes."""
    recovery, found = services.settings.recovery, contacts.addresses(services, person)
    number = contacts.number(services, person)
    sent = services.state.count(f"recovery:mails:{person.id}", 3600.0) if found or number else 0
    detail: dict[str, Any] = {"mails": len(found), "text_messages": int(bool(number))}
    if not found and not number:
        detail["why"] = "no address"
    elif sent > recovery.mails_per_hour:
        detail = {"mails": 0, "why": "too many mails in this hour"}
        found, number = (), ""
    _record(services, person, asked["about"], detail)
    made = []
    for reached in filter(None, (*found, number)):
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        if reached == number:
            _text(services, person, number, asked["locale"], code)
        else:
            values = {
                "code": f"{code[:4]} {code[4:]}", "code_minutes": recovery.code_minutes,
                "device": asked["about"].get("device", ""),
            }  # fmt: skip
            _send(services, person, reached, recovery.link_minutes, asked["locale"], values)
        hashed = _hash(services, asked["ticket"], code)
        stamp = inviting.stamp(services.db, person)
        made.append({"hash": hashed, "person": person.id, "stamp": stamp, "via": digest(reached)})
    return made


def _text(services: Services, person: Person, number: str, locale: str, code: str) -> None:
    from idp.mail import sms

    values = {"code": code, "minutes": services.settings.recovery.code_minutes}
    locale = dates_of_person(services, person.claims, locale)
    sms.send(services, number, "sign_in_code", locale, values, person_id=person.id)


def _send(
    services: Services, person: Person, address: str, minutes: int, locale: str, values: Mapping[str, Any]
) -> str:  # fmt: skip
    """Mail a link of its own to an address; answers why it is not on its way, '' where it is."""
    stamp = inviting.stamp(services.db, person)
    token = links.make(services.state, person, PURPOSE, minutes * 60.0, via=digest(address), stamp=stamp)
    about = {"link": services.url(f"/setup/{token}"), "minutes": minutes, "name": person.name, **values}
    locale = dates_of_person(services, person.claims, locale)
    return mail.send(services, address, "reset_password", locale, about, person_id=person.id)


def _record(services: Services, person: Person, about: Mapping[str, str], detail: Mapping[str, Any]) -> None:
    event = Event(
        "recovery:asked", person_id=person.id, address=about.get("address", ""),
        request_id=about.get("request_id", ""), detail=detail,
    )  # fmt: skip
    record(services.db, event, services.clock())


def _hash(services: Services, ticket: str, code: str) -> str:
    return hmac.new(services.sealer.mac_key(_SEAL), f"{ticket}:{code}".encode(), sha256).hexdigest()


def _set_key(person: Person) -> str:
    return "recovery:set-by-message:" + person.id


def _code_key(ticket: str) -> str:
    return "recovery:reset-code:" + ticket
