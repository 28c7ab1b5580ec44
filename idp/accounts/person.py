"""A person as the other rooms see them, and what may be written about one."""

from __future__ import annotations

import json
import re
import secrets
import unicodedata
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from idp.attributes import ATTRIBUTES, CLAIM
from idp.ids import PERSON_ID
from idp.normal_forms import normal

ROLES = ("owner", "admin", "app_admin", "help_desk", "auditor")
MAX_LOGIN = 1024  # characters of a typed name that are looked at
MAX_CLAIMS = 16 * 1024  # characters of JSON
MAX_SEARCH = 640  # characters of what a search looks at: PostgreSQL's indexes take 2,700 bytes

#: Claims that we make ourselves, or that have columns of their own; nobody may write them as further claims.
RESERVED_CLAIMS = frozenset(
    (
        *("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "auth_time", "acr", "amr", "azp", "sid", "events"),
        *("at_hash", "c_hash", "s_hash", "sub_jwk", "cnf", "act", "may_act", "scope", "client_id", "token_type"),
        *("active", "authorization_details", "_claim_names", "_claim_sources"),
        *(one.name for one in ATTRIBUTES if one.kept != CLAIM),
    )
)
#: OpenID Connect Core 1.0 §5.1: the standard claims that are strings.
_STRINGS = frozenset(one.name for one in ATTRIBUTES if one.kept == CLAIM and one.is_text)


#: The shapes of ids that we give: to people (`new_person_id`) and to applications. Nobody is called so, or they would
#: be taken for whose id it is, wherever somebody may be named by either.
_ANY_ID = re.compile(r"u[a-z2-7]{26}|c[a-z2-7]{24}")


class InvalidPerson(Exception):
    """Something about a person cannot be written. `field` is what to change, `message` says why, in plain words.

    `problems`: this one and all others that were found with it.
    """

    def __init__(self, field: str, message: str, others: Iterable[InvalidPerson] = ()) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message
        self.problems: tuple[InvalidPerson, ...] = (self, *others)


class PersonChanged(Exception):
    """The account was disabled, its password or what is known of its person changed, since the caller looked."""


class NoSuchPerson(Exception):
    """Nobody has this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is known of a person before they are added. `claims`: further OpenID Connect claims, standard or custom."""

    username: str
    email: str | None = None
    email_verified: bool = False
    employee_number: str | None = None
    name: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account. `groups` are the effective ones. Times are epoch seconds."""

    id: str
    username: str
    email: str | None
    email_verified: bool
    employee_number: str | None
    name: str
    claims: Mapping[str, Any]
    groups: tuple[str, ...]
    roles: tuple[str, ...]
    enabled: bool
    password_changed_at: float | None
    created_at: float
    changed_at: float
    must_reset: bool = False  # the password was taken away: nobody signs in until a new one is set (A3)

    @property
    def has_password(self) -> bool:
        """Whether there is a password to sign in with."""
        return self.password_changed_at is not None and not self.must_reset


@dataclass(frozen=True, slots=True)
class Credentials:
    """A person's password hash; kept apart from `Person` so that hashes do not travel."""

    person_id: str
    password_hash: str | None = field(repr=False)


def new_person_id() -> str:
    """130 random bits: tells nothing of when or in which order people came, and never comes twice (it is the `sub`)."""
    return "u" + b32encode(secrets.token_bytes(17)).decode("ascii")[:26].lower()


def is_person_id(text: str) -> bool:
    """Whether it has the shape of a person's id."""
    return PERSON_ID.fullmatch(text) is not None


def looks_like_an_id(name: str) -> bool:
    """Whether a name could be taken for the id of a person or an application, in any spelling."""
    return _ANY_ID.fullmatch(fold(name)) is not None


def fold(text: str) -> str:
    """The form in which names are compared: NFKC, case-folded, without unseen characters and outer spaces (L1)."""
    folded = _fold_once(text)
    while (again := _fold_once(folded)) != folded:  # a few letters need a second round to come to rest
        folded = again
    return folded


def _fold_once(text: str) -> str:
    if not text.isascii():
        text = "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cf", "Cs") or c.isspace())
        text = normal("NFKC", normal("NFKC", text).casefold())
    elif not text.isprintable():
        text = "".join(c for c in text if c.isprintable() or c.isspace())
    return text.casefold().strip()


def spellings(text: str) -> tuple[str, str]:
    """The folded key, and that of the same address with its domain in the other form: `bücher`, `xn--bcher-kva`.

    Twice the same where there is no other: browsers turn what is typed into a field of type=email (RFC 5890 §2.3.2.1).
    """
    key = fold(text)
    local, at, domain = key.rpartition("@")
    if not at or (domain.isascii() and "xn--" not in domain):
        return key, key
    try:
        other = domain.encode("ascii").decode("idna") if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        return key, key
    return key, fold(f"{local}@{other}")


def identifiers(person: Draft | Person) -> dict[str, str]:
    """What this person signs in with: folded key to kind. A username equal to the own e-mail address counts once."""
    found: dict[str, str] = {}
    for kind in ("username", "email", "employee_number"):
        value = getattr(person, kind)
        if value:
            found.setdefault(fold(value), kind)
    return found


def search_text(draft: Draft) -> str:
    """What a search in the list of people looks at."""
    whole = " ".join(filter(None, (draft.username, draft.name, draft.email, draft.employee_number)))
    return fold(whole)[:MAX_SEARCH]


def cleaned(draft: Draft, before: Draft | None = None) -> Draft:
    """The draft as it is stored: NFC, trimmed, empty as None. Errors: `InvalidPerson`, with every problem there is.

    `before`: what is stored of the person now; an address that stood before a rule came may go on standing.
    """
    problems = Problems()
    username = problems.of(_username, draft.username) or ""
    cleaned = replace(
        draft,
        username=username,
        email=problems.of(_email, draft.email, before.email if before else None),
        employee_number=problems.of(_identifier, "employee_number", draft.employee_number, 64),
        name=problems.of(_name, draft.name, username) or "",
        groups=tuple(problems.of(group_name, name) or "" for name in draft.groups),
        roles=tuple(role for role in ROLES if role in draft.roles),
    )
    problems.of(_check_verified, draft)
    problems.of(check_roles, draft.roles)
    problems.of(check_claims, draft.claims)
    problems.check()
    return cleaned


_T = TypeVar("_T")


class Problems:
    """What is wrong, found one after the other and told together: who mends a form wants to mend all of it."""

    def __init__(self) -> None:
        self._found: list[InvalidPerson] = []

    def of(self, check: Callable[..., _T], *arguments: Any) -> _T | None:
        """What the check answers; None where it complains."""
        try:
            return check(*arguments)
        except InvalidPerson as error:
            self._found += error.problems
            return None

    def told(self) -> tuple[InvalidPerson, ...]:
        """What was found, each thing once, whichever of the checks said it first."""
        return tuple({(one.field, one.message): one for one in self._found}.values())

    def check(self) -> None:
        """Errors: `InvalidPerson`, with all that was found."""
        _complain(self._found)


def _username(given: str) -> str:
    username = _identifier("username", given, 128)
    if username is None:
        raise InvalidPerson("username", "is missing; give a name to sign in with, such as anna.miller")
    return username


# RFC 5322 §3.2.3: what stands around an address in a header or a link, and in none that is not quoted.
_AROUND_ADDRESSES = re.compile(r'[()<>\[\]:;,\\"]|^mailto:|[\u2018\u2019\u201c-\u201e\u00ab\u00bb]', re.IGNORECASE)


def _email(given: str | None, before: str | None) -> str | None:
    email = _identifier("email", given, 254)
    if email is None:
        return None
    if not re.fullmatch(r"[^@]+@[^@.]+(\.[^@.]+)*", email):
        raise InvalidPerson("email", f"“{email}” is not an e-mail address; write it like anna@example.com")
    if email != before and (extra := _AROUND_ADDRESSES.search(email)):
        why = f"“{email}” has “{extra[0]}” in it, which no address has; write the address alone, like anna@example.com"
        raise InvalidPerson("email", why)
    return email


def _check_verified(draft: Draft) -> None:
    if draft.email_verified and not (draft.email or "").strip():
        raise InvalidPerson("email_verified", "there is no e-mail address that could be verified")


def _name(given: str, username: str) -> str:
    name = normal("NFC", given).strip() or username
    if len(name) > 256 or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise InvalidPerson("name", "has more than 256 characters or control characters")
    return name


def _identifier(kind: str, value: str | None, longest: int) -> str | None:
    value = normal("NFC", value or "").strip()
    if not value:
        return None
    if len(value) > longest:
        raise InvalidPerson(kind, f"has {len(value)} characters; at most {longest} fit")
    # Category C: control and invisible characters, with which one name could be drawn like another.
    if any(c.isspace() or unicodedata.category(c).startswith("C") for c in value) or not fold(value):
        raise InvalidPerson(kind, f"“{value}” has a space or an invisible character inside; leave it out")
    if looks_like_an_id(value):
        raise InvalidPerson(kind, f"“{value}” looks like the id of a person or an application; take another one")
    return value


def group_name(name: str) -> str:
    """A group's name as it is stored. Errors: `InvalidPerson`."""
    name = normal("NFC", name).strip()
    if not fold(name) or len(name) > 128 or any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise InvalidPerson("groups", f"“{name[:40]}” cannot be a group's name; use 1 to 128 visible characters")
    return name


def check_roles(roles: tuple[str, ...]) -> None:
    """Errors: `InvalidPerson` for a role that there is not."""
    _complain(InvalidPerson("roles", f"there is no role “{role}”; use {', '.join(ROLES)}")
              for role in roles if role not in ROLES)  # fmt: skip


def check_claims(claims: Mapping[str, Any]) -> None:
    """Errors: `InvalidPerson` for a reserved name, a wrong type (Core 1.0 §5.1), or too much."""
    _complain(problem for name, value in claims.items() for problem in _claim_problems(name, value))
    try:
        size = len(to_json(claims))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidPerson("claims", "cannot be written as JSON") from error
    if size > MAX_CLAIMS:
        raise InvalidPerson("claims", f"are {size} characters of JSON; at most {MAX_CLAIMS} fit")


def _complain(problems: Iterable[InvalidPerson]) -> None:
    found = [*problems]
    if found:
        raise InvalidPerson(found[0].field, found[0].message, found[1:])


def _claim_problems(name: str, value: Any) -> Iterator[InvalidPerson]:
    if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}", name):
        yield InvalidPerson("claims", f"“{name[:40]}” cannot be a claim's name; use letters, digits, _ - : / .")
    if name in RESERVED_CLAIMS:
        yield InvalidPerson(f"claims.{name}", "this claim has a place of its own and cannot be set as a further claim")
    if name in _STRINGS and not isinstance(value, str):
        yield InvalidPerson(f"claims.{name}", "expected text")
    if name == "phone_number_verified" and not isinstance(value, bool):
        yield InvalidPerson(f"claims.{name}", "expected true or false")
    # Core 1.0 §5.1.1
    if name == "address" and not (isinstance(value, dict) and all(isinstance(v, str) for v in value.values())):
        yield InvalidPerson("claims.address", 'expected an object of texts, such as {"country": "France"}')


def to_json(value: Any) -> str:
    """Compact JSON, ASCII, so that every driver takes it."""
    return json.dumps(dict(value) if isinstance(value, Mapping) else value, separators=(",", ":"), allow_nan=False)
