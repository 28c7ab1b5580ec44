"""An address that somebody wants an account for: read strictly, since its domain decides whether they may have one.

What is compared is what is kept and what is mailed to: one form, the domain in ASCII (RFC 5891) and lower case. So a
letter that only looks like another one is another domain, and no reader of addresses can find a second domain in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from idp import mailbox
from idp.accounts.person import InvalidPerson
from idp.texts import N_

INCOMPLETE: Final = N_("This is not a complete e-mail address. Write it like anna@example.com.")
TWO_READINGS: Final = N_(
    "This domain has a letter that mail servers read in two ways, such as ß. "
    "Write it in the form that begins with xn--."
)
#: Of RFC 5321's local parts those that every mail server and application reads alike: no quotes, comments or routes.
_LOCAL: Final = re.compile(r"[A-Za-z0-9_+-]+(?:[.'&=/A-Za-z0-9_+-]*[A-Za-z0-9_+-])?")
_DOMAIN: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])")

#: Addresses that anybody can read, or that are gone in ten minutes.
THROW_AWAY: Final = frozenset(
    (
        *("10minutemail.com", "20minutemail.com", "33mail.com", "anonbox.net", "burnermail.io", "discard.email"),
        *("dispostable.com", "dropmail.me", "emailondeck.com", "fakeinbox.com", "getairmail.com", "getnada.com"),
        *("grr.la", "guerrillamail.biz", "guerrillamail.com", "guerrillamail.de", "guerrillamail.info"),
        *("guerrillamail.net", "guerrillamail.org", "inboxkitten.com", "mail-temp.com", "mailcatch.com"),
        *("maildrop.cc", "mailinator.com", "mailinator.net", "mailnesia.com", "mailpoof.com", "mintemail.com"),
        *("moakt.com", "mohmal.com", "mytemp.email", "nada.email", "sharklasers.com", "spam4.me", "spambox.us"),
        *("spamgourmet.com", "temp-mail.io", "temp-mail.org", "tempail.com", "tempinbox.com", "tempmail.net"),
        *("tempmailo.com", "tempr.email", "throwawaymail.com", "trash-mail.com", "trashmail.com", "trashmail.de"),
        *("trashmail.net", "wegwerfmail.de", "yopmail.com", "yopmail.fr", "yopmail.net"),
    )
)


def read(typed: str) -> str:
    """The address in the one form that is compared, kept and mailed to. Errors: `InvalidPerson`, in people's words."""
    local, at, domain = typed.strip().rpartition("@")
    try:
        ascii_domain = mailbox.ascii_domain(domain.strip()).removesuffix(".")
    except mailbox.TwoReadings as error:
        raise InvalidPerson("email", TWO_READINGS) from error
    except UnicodeError:  # an empty label, one that is too long, letters that no domain has
        ascii_domain = ""
    plain = bool(at) and len(local) <= 64 and len(local) + len(ascii_domain) < 254
    if not plain or ".." in local or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(ascii_domain):
        raise InvalidPerson("email", INCOMPLETE)
    return f"{local}@{ascii_domain}"


def domain_of(address: str) -> str:
    """The domain of an address that was read."""
    return address.rpartition("@")[2]


def is_of(address: str, domains: Iterable[str]) -> bool:
    """Whether the domain is one of these; `*.` stands for subdomains, `*` for any."""
    domain = domain_of(address)
    return any(
        one == "*" or one == domain or (one.startswith("*.") and domain.endswith(one[1:])) for one in domains
    )  # fmt: skip


def is_refused(address: str, refused: Iterable[str]) -> bool:
    """Whether the domain, or one above it, is among those that are not wanted."""
    parts = domain_of(address).split(".")
    above = {".".join(parts[n:]) for n in range(len(parts) - 1)}
    return not above.isdisjoint((*THROW_AWAY, *(one.removeprefix("*.") for one in refused)))


def without_tag(address: str) -> str:
    """The mailbox that an address leads to in most places, for counting: `anna+shop@…` is anna's."""
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0]}@{domain}".lower()
