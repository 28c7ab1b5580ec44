"""Somebody asks for an account: a mail to the address that they name, with a link and a code.

The page that asks looks nobody up: a job does, and the mail says either how it goes on or that there is an account
already. So whoever does not read that address learns nothing of it, by text, status or time (L7, S55 V6.3.8).
Nothing that was typed stands in the mail, which would carry a stranger's words under the company's name.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

from idp import mail
from idp.accounts.person import fold
from idp.accounts.recovery import contacts
from idp.accounts.registering import addresses, terms, waiting
from idp.audit import Event, record
from idp.ids import digest, new_secret

if TYPE_CHECKING:
    from idp.accounts.services import Services

JOB: Final = "registering.ask"
PREFIX: Final = "dwl_"  # as all links of ours: for secret scanners
CODE_DIGITS: Final = 8
CODE_TRIES: Final = 5
CODE_MINUTES: Final = 10
HOUR: Final = 3600.0
MAILS_PER_ADDRESS: Final = 3  # an hour
_MAILS_A_DAY: Final = 8  # to one mailbox, whatever stands behind the +
_SEAL: Final = "self-registration"


@dataclass(frozen=True, slots=True)
class Proven:
    """What a link or a code stands for: this address is read by whoever has it. `client_id`: where they came from."""

    email: str
    client_id: str
    locale: str


def is_too_much(services: Services) -> bool:
    """Whether no more mails leave in this hour, whoever asks: counts one. Told on the page, for every address alike."""
    return services.state.count("registering:whole", HOUR) > services.settings.self_registration.mails_per_hour


def ask(services: Services, email: str, client_id: str, locale: str, about: Mapping[str, str]) -> str:
    """Queue the mail; answers a ticket with which the same browser may type the code. Errors: `JobsUnavailable`."""
    ticket = new_secret()
    asked = {
        "email": email, "client_id": client_id, "ticket": digest(ticket), "locale": locale, "about": dict(about),
        "at": services.clock(),
    }  # fmt: skip
    services.jobs.enqueue(JOB, {"sealed": services.sealer.seal(_SEAL, json.dumps(asked).encode())})
    return ticket


def perform(services: Services, payload: Mapping[str, Any]) -> None:
    """The job: find out whether there is an account, and mail what is so."""
    asked = json.loads(services.sealer.open(_SEAL, payload["sealed"]))
    email, minutes = asked["email"], services.settings.self_registration.link_minutes
    found = terms.find(services, asked["client_id"])
    if found is None or services.clock() >= asked["at"] + minutes * 60:
        return
    mailbox = digest(addresses.without_tag(email))
    sent = services.state.count(f"registering:mails:{digest(fold(email))}", HOUR)
    today = services.state.count(f"registering:mails-of-day:{mailbox}", 24 * HOUR)
    mails = sent <= MAILS_PER_ADDRESS and today <= _MAILS_A_DAY
    is_known, waits = _is_known(services, email), waiting.of_address(services.db, email) is not None
    why = "" if mails else "too many mails to this address"
    _record(services, asked, {"domain": addresses.domain_of(email), "mails": int(mails), "why": why})
    if not mails:
        return
    if is_known:
        mail.send(services, email, "registration_known", asked["locale"], {"link": services.url("/help/password")})
        return
    if waits:
        mail.send(services, email, "registration_again", asked["locale"])
        return
    proven = {"email": email, "client_id": asked["client_id"], "locale": asked["locale"]}
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    kept = {**proven, "hash": _hash(services, asked["ticket"], code)}
    services.state.put(_code_key(asked["ticket"]), kept, CODE_MINUTES * 60.0)
    values = {
        "link": services.url(f"/register/{make_link(services, Proven(**proven))}"), "minutes": minutes,
        "code": f"{code[:4]} {code[4:]}", "code_minutes": CODE_MINUTES,
    }  # fmt: skip
    mail.send(services, email, "registration_confirm", asked["locale"], values)


def make_link(services: Services, proven: Proven) -> str:
    """A token that stands for a proven address: 256 bits, of which State holds the digest."""
    token = PREFIX + new_secret()
    value = {"email": proven.email, "client_id": proven.client_id, "locale": proven.locale}
    services.state.put(link_key(token), value, services.settings.self_registration.link_minutes * 60.0)
    return token


def peek(services: Services, token: str) -> Proven | None:
    """What a link stands for, without using it up; None where it is unknown, used or too old."""
    kept = services.state.get(link_key(token))
    return None if kept is None else Proven(**kept)


def redeem_code(services: Services, ticket: str, typed: str) -> str | None:
    """The token of a link in exchange for the code of the mail, once; None where the code is wrong, late or spent."""
    name, code = digest(ticket), re.sub(r"[\s-]", "", typed)
    tries = services.state.count(f"registering:code-tries:{name}", 2 * CODE_MINUTES * 60.0)
    kept = services.state.get(_code_key(name))
    if kept is None or tries > CODE_TRIES or not hmac.compare_digest(kept["hash"], _hash(services, name, code)):
        return None
    if services.state.take(_code_key(name)) is None:
        return None
    return make_link(services, Proven(kept["email"], kept["client_id"], kept["locale"]))


def link_key(token: str) -> str:
    """Where State keeps what the token of a link stands for."""
    return "registering:link:" + digest(token)


# -- below -------------------------------------------------------------------------------------------------------------


def _is_known(services: Services, email: str) -> bool:
    """Whether somebody signs in with it, or gets back in by it."""
    return services.directory.find_by_login(email) is not None or bool(contacts.owners_of(services, email))


def _record(services: Services, asked: Mapping[str, Any], detail: Mapping[str, Any]) -> None:
    """Without the address: it may be anybody's, and whoever it is has not asked to stand in the record."""
    about = asked["about"]
    event = Event(
        "registration:asked", client_id=asked["client_id"] or None, address=about.get("address", ""),
        request_id=about.get("request_id", ""), detail={name: value for name, value in detail.items() if value != ""},
    )  # fmt: skip
    record(services.db, event, services.clock())


def _hash(services: Services, ticket: str, code: str) -> str:
    return hmac.new(services.sealer.mac_key(_SEAL), f"{ticket}:{code}".encode(), sha256).hexdigest()


def _code_key(ticket: str) -> str:
    return "registering:code:" + ticket
