"""A mailbox as admins write it in the settings: an address, or a name with the address in angle brackets."""

from __future__ import annotations

import re
from email.headerregistry import Address

from idp.normal_forms import normal

#: RFC 5321 §4.1.2 without quoted local parts, RFC 6531 with letters beyond ASCII: what could be read as two is none.
_LOCAL = re.compile(r"[^\s<>()\[\],;:\\\"@\x00-\x1f\x7f-\x9f]{1,64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*")
MAX_NAME = 128  # characters
_LONGEST_DOMAIN = 1000  # characters, in any script and form: those of DNS have 253 (RFC 1035 §2.3.4)
_DEVIATIONS = frozenset("ßẞς\u200c\u200d")


class TwoReadings(ValueError):
    """A domain that IDNA 2003 and IDNA 2008 make different ones of."""


def read(text: str) -> tuple[str, str]:
    """Name and address of `Acme, Inc. <login@example.org>` or `login@example.org`; the domain in ASCII.

    A name needs no quotes, whatever signs it has; those around all of it are taken off. Errors: `ValueError`.
    """
    name, bracket, rest = text.rpartition("<")
    if bracket and not rest.endswith(">"):
        raise ValueError("the address ends without >")
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if not name.isprintable() or "<" in name or ">" in name or len(name) > MAX_NAME:
        raise ValueError(f"the name is one line of at most {MAX_NAME} visible characters, without < and >")
    return name, address(rest[:-1].strip() if bracket else text.strip())


def ascii_domain(domain: str) -> str:
    """The domain as DNS has it. Errors: `TwoReadings`, and `UnicodeError` where it is none.

    Python's codec is of IDNA 2003 (RFC 3490), which makes `fass.de` of `faß.de`; by IDNA 2008 (RFC 5891) that is a
    domain of its own, another owner's. So what the two read differently (UTS #46 §4, deviations) is refused.
    """
    if len(domain) > _LONGEST_DOMAIN:
        raise UnicodeError("no domain is that long")
    if not _DEVIATIONS.isdisjoint((*domain, *normal("NFKC", domain))):
        raise TwoReadings("old and new rules make two domains of it; write it in the form that begins with xn--")
    return domain.encode("idna").decode("ascii").lower()


def address(text: str) -> str:
    """The one address in its wire form. Errors: `ValueError` where it is not exactly one."""
    local, at, domain = text.rpartition("@")
    try:
        domain = domain if domain.isascii() or len(domain) > _LONGEST_DOMAIN else domain.encode("idna").decode()
    except UnicodeError:
        domain = ""
    if not at or not _LOCAL.fullmatch(local) or not local.isprintable() or not _DOMAIN.fullmatch(domain):
        raise ValueError("that is not one address such as login@example.com")
    return f"{local}@{domain}"


def header(name: str, address: str) -> Address | str:
    """The value of a From or Reply-To: quoted and encoded as RFC 5322 §3.4 and RFC 2047 have it."""
    local, _, domain = address.rpartition("@")
    return Address(name, local, domain) if local.isascii() else f"{_quoted(name)} <{address}>" if name else address


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
