"""What people may call themselves: names that nobody takes for somebody else, or for the company."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from idp.accounts.person import InvalidPerson, looks_like_an_id
from idp.normal_forms import normal
from idp.texts import N_

LONGEST: Final = 100  # characters of a full name
RESERVED: Final = frozenset(
    (
        *("abuse", "account", "accounts", "admin", "administration", "administrator", "administrators", "anonymous"),
        *("api", "audit", "auditor", "billing", "bot", "bounce", "ceo", "cfo", "contact", "cto", "daemon", "doorward"),
        *("everyone", "guest", "help", "helpdesk", "hostmaster", "hr", "info", "it", "login", "mail", "mailer"),
        *("mailerdaemon", "me", "moderator", "nobody", "noreply", "null", "office", "operator", "owner", "owners"),
        *("payroll", "postmaster", "president", "register", "root", "sales", "security", "self", "service", "signin"),
        *("signup", "sso", "staff", "superuser", "support", "sysadmin", "sysop", "system", "team", "test", "undefined"),
        *("user", "users", "webmaster", "www"),
    )
)
_USERNAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,62})[a-z0-9]")
#: Those that stand in people's own names: `christopher.guest`. Alone they are nobody's.
_SURNAMES: Final = frozenset(("bot", "guest", "me", "president", "sales", "self"))
#: Digits that are read as letters: `adm1n`, `r00t`.
_LOOKS: Final = str.maketrans("013457", "oleast")
#: Joiners that some scripts are written with: between two of their letters, where they show.
_JOINED: Final = re.compile(r"(?<=[^\x00-\u02ff])[\u200c\u200d](?=[^\x00-\u02ff])")
_LINK: Final = re.compile(
    r"://|\bwww\.|@|[<>{}\[\]\\|]|\b[\w-]+\.(?:com|net|org|info|io|ru|cn|top|xyz|shop|online)\b", re.I
)


def username(typed: str, reserved: Iterable[str] = ()) -> str:
    """A username that somebody may give themselves, in lower case. Errors: `InvalidPerson`, in words for people.

    No sign but `.`, `_` and `-`, so that it looks like nobody's address; digits alone are employee numbers.
    """
    name = typed.strip().lower()
    if not _USERNAME.fullmatch(name):
        raise InvalidPerson("username", N_("Use 3 to 64 of the letters a to z, digits, and . _ - inside."))
    if not re.search("[a-z]", name):
        raise InvalidPerson("username", N_("Use a letter, too: numbers alone belong to employees."))
    if looks_like_an_id(name) or is_reserved(name, reserved):
        raise InvalidPerson("username", N_("This name is not for people to choose. Take another one."))
    return name


def is_reserved(name: str, more: Iterable[str] = ()) -> bool:
    """Whether it or a part of it reads like one of those: other signs, digits for letters, numbers around it."""
    taken = {*RESERVED, *map(_bare, more)} - {""}
    parts = {form for part in re.split("[^a-z0-9]", name) if re.search("[a-z]", part) for form in _forms(part)}
    return not (_forms(_bare(name)) | (parts - _SURNAMES)).isdisjoint(taken)


def _forms(bare: str) -> set[str]:
    """How it may be read: digits as letters, or as numbers before and behind."""
    read = {one for said in _without_numbers(bare) for one in (said, said.replace("1", "i"))}
    return {form for one in read for form in (one, *_without_numbers(one.translate(_LOOKS)))}


def _without_numbers(bare: str) -> set[str]:
    numbers = "0123456789"
    return {bare, bare.rstrip(numbers), bare.lstrip(numbers), bare.strip(numbers)}


def full_name(typed: str) -> str:
    """A name as it is shown. Errors: `InvalidPerson`, in words for people."""
    name = " ".join(normal("NFC", typed).split())
    if not name or not any(unicodedata.category(c).startswith("L") for c in name):
        raise InvalidPerson("name", N_("Type your name."))
    # Cf: signs that turn the direction of writing, or show nothing; Mn by the dozen draw over other lines.
    odd = [c for c in _JOINED.sub("", name) if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")]
    marks = re.search(r"[\u0300-\u036f\u1ab0-\u1aff\u20d0-\u20ff]{3}", normal("NFD", name))
    if len(name) > LONGEST or odd or marks or _LINK.search(name):
        raise InvalidPerson("name", N_("Type your name as others read it: no links, signs or unseen characters."))
    return name


def _bare(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
