"""What a provider may say: every problem at once, in plain words, before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from idp.accounts.person import InvalidPerson, fold, group_name
from idp.attributes import ATTRIBUTES, MADE
from idp.federation import fields
from idp.federation.fields import FIELDS
from idp.federation.kinds import KINDS, rules_of
from idp.federation.ports import Wrong
from idp.federation.provider import DEFAULTS, LISTS, PROOFS, SAID, SWITCHES, TABLES, Provider, of_said

MAX_LIST: Final = 200
MAX_TEXT: Final = 500
MAX_DOCUMENT: Final = 32768  # characters: some certificates
MAX_SECRET: Final = 8192  # characters: a key is a few hundred
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+")
#: Names of ours that a mapping may fill: what is known of people; never a role, nor what we make ourselves.
FILLABLE: Final = frozenset((*(one.name for one in ATTRIBUTES if one.is_text and one.kept != MADE), "username"))


class InvalidProvider(Exception):
    """What was said of a provider cannot be kept; `problems` lists all of it."""

    def __init__(self, *problems: Wrong) -> None:
        super().__init__("; ".join(f"{one.field}: {one.message}" for one in problems))
        self.problems = problems


def checked(said: Mapping[str, Any], provider_id: str = "", *, enabled: bool = True) -> Provider:
    """The provider that was described. Errors: `InvalidProvider`, with every problem."""
    problems = [*_shapes(said)]
    if problems:
        raise InvalidProvider(*problems)
    plain = {key: _tidy(key, value) for key, value in said.items()}
    provider = of_said(provider_id, plain, enabled=enabled)
    problems = [*_meanings(provider)]
    if problems:
        raise InvalidProvider(*problems)
    return provider


def _shapes(said: Mapping[str, Any]) -> Iterator[Wrong]:
    for key, value in said.items():
        if key not in SAID:
            yield Wrong(key, "there is no such field")
        elif key in SWITCHES:
            if not isinstance(value, bool):
                yield Wrong(key, "expected yes or no")
        elif key in LISTS:
            if not isinstance(value, (list, tuple)) or len(value) > MAX_LIST or not all(map(_is_text, value)):
                yield Wrong(key, f"expected a list of at most {MAX_LIST} texts")
        elif key in TABLES:
            pairs = [*value, *value.values()] if isinstance(value, Mapping) else [None]
            if len(pairs) > 2 * MAX_LIST or not all(map(_is_text, pairs)):
                yield Wrong(key, f"expected a table of at most {MAX_LIST} texts to texts")
        elif key in FIELDS and FIELDS[key].document:
            if not isinstance(value, str) or len(value) > MAX_DOCUMENT:
                yield Wrong(key, f"expected a text of at most {MAX_DOCUMENT} characters")
        elif not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
            yield Wrong(key, f"expected a text of at most {MAX_TEXT} characters")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _tidy(key: str, value: Any) -> Any:
    if key in ("domains", "tenants"):
        return [one.strip().lower().removeprefix("@") for one in value]
    if key == "pinned_keys":  # as openssl prints them, or as browsers do
        return [one.replace(":", "").strip().lower() for one in value]
    return value.strip() if isinstance(DEFAULTS[key], str) else value


def _meanings(one: Provider) -> Iterator[Wrong]:
    if not fold(one.name) or len(one.name) > 80:
        yield Wrong("name", "give a name of at most 80 characters, as people know it")
    if one.kind not in KINDS:
        yield Wrong("kind", f"expected {' or '.join(KINDS)}")
        return
    yield from _known(one)
    for name in one.said():
        choices = FIELDS[name].choices if name in FIELDS else ()
        if choices and getattr(one, name) not in choices:
            yield Wrong(name, f"expected {', '.join(filter(None, choices))}")
    if one.secret_ends and moment_of(one.secret_ends) is None:
        yield Wrong("secret_ends", "expected a day, such as 2027-01-31")
    yield from rules_of(one).problems(one)
    yield from _whose_people(one)
    yield from _mappings(one)


def _known(one: Provider) -> Iterator[Wrong]:
    """What is said is read by somebody: a setting that is dropped would be believed to hold."""
    for name in one.said():
        if name in FIELDS and not FIELDS[name].is_of(one.kind):
            yield Wrong(name, f"a provider of the kind {one.kind} has no such field")


def _whose_people(one: Provider) -> Iterator[Wrong]:
    if bad := [name for name in one.domains if _DOMAIN.fullmatch(name) is None]:
        yield Wrong("domains", f"{bad[0]} is no mail domain, such as example.com")
    if one.join and not one.domains:
        yield Wrong("join", "name the domains for whose addresses the provider speaks")


def _mappings(one: Provider) -> Iterator[Wrong]:
    for name in one.attributes:
        if name not in FILLABLE:
            yield Wrong("attributes", f"{name} is not filled by a provider; use {', '.join(sorted(FILLABLE))}")
    for name in one.groups.values():
        try:
            group_name(name)
        except InvalidPerson as error:
            yield Wrong("groups", error.message)
    if one.groups and not one.groups_claim:
        yield Wrong("groups_claim", "is missing: the claim in which the provider names groups")
    for value, counts in one.proof.items():
        if counts not in PROOFS:
            yield Wrong("proof", f"{value} cannot count as {counts}; use {', '.join(PROOFS)}")


def check_secret(issuer: str, one: Provider, secret: str) -> None:
    """What it is authenticated by is there. Errors: `InvalidProvider`."""
    problems = [*rules_of(one).secret_problems(issuer, one, secret)]
    if secret and not KINDS[one.kind].secret:
        problems = [Wrong("secret", f"a provider of the kind {one.kind} has none")]
    elif len(secret) > MAX_SECRET:
        problems = [Wrong("secret", f"has more than {MAX_SECRET} characters")]
    if problems:
        raise InvalidProvider(*problems)


def check_secret_is_told(before: Provider, after: Provider) -> None:
    """For a change that keeps the secret: it goes nowhere that whoever typed it did not mean.

    Errors: `InvalidProvider`, where what says where it is sent, or who is believed there, is another one.
    """
    moved = [row.name for row in fields.ROWS if row.sent_there and _leads_elsewhere(before, after, row.name)]
    if moved:
        raise InvalidProvider(Wrong(
            "secret", f"{' and '.join(moved)} would be another one, and the secret kept here is not sent there: "
            "give the secret again, together with this change",
        ))  # fmt: skip


def _leads_elsewhere(before: Provider, after: Provider, name: str) -> bool:
    old, new = getattr(before, name), getattr(after, name)
    if name in LISTS:  # one that is left out, or asked later, is no new address
        return not set(new) <= set(old)
    return bool(old != new and (new or name not in SWITCHES))


def moment_of(day: str) -> float | None:
    """The beginning of a day in UTC, epoch seconds; None where it is none."""
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def needs_secret(issuer: str, one: Provider) -> bool:
    """Whether nobody comes by it without a secret."""
    return any(wrong.field == "secret" for wrong in rules_of(one).secret_problems(issuer, one, ""))


def check_same_accounts(before: Provider, after: Provider) -> None:
    """People hold links by now: the same account there has the same key. Errors: `InvalidProvider`."""
    for name in ("kind", *(row.name for row in fields.ROWS if row.fixed)):
        if getattr(before, name) != getattr(after, name):
            raise InvalidProvider(
                Wrong(name, "people sign in by it, and with another one would be others: add a new provider")
            )
