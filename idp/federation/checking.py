"""What a provider may say: every problem at once, in plain words, before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from idp.accounts.person import InvalidPerson, fold, group_name
from idp.attributes import ATTRIBUTES, MADE
from idp.federation.kinds import KINDS
from idp.federation.provider import DEFAULTS, LISTS, OIDC, PROOFS, SAID, SWITCHES, TABLES, Provider, of_said
from idp.http import OutboundRefused, parse
from keys.algorithms import ALGORITHMS

AUTH_METHODS: Final = ("client_secret_basic", "client_secret_post", "private_key_jwt", "apple")
RESPONSE_MODES: Final = ("", "query", "form_post")
MAX_LIST: Final = 200
MAX_TEXT: Final = 500
MAX_SECRET: Final = 8192  # characters: a key is a few hundred
_TENANT: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DOMAIN: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9-]+(\.[a-z0-9-]+)+")
#: Names of ours that a mapping may fill: what is known of people; never a role, nor what we make ourselves.
FILLABLE: Final = frozenset((*(one.name for one in ATTRIBUTES if one.is_text and one.kept != MADE), "username"))


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to mend: which field, and what belongs there."""

    field: str
    message: str


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
        elif not isinstance(value, str) or len(value) > MAX_TEXT or not value.isprintable():
            yield Wrong(key, f"expected a text of at most {MAX_TEXT} characters")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _tidy(key: str, value: Any) -> Any:
    if key in ("domains", "tenants"):
        return [one.strip().lower().removeprefix("@") for one in value]
    return value.strip() if isinstance(DEFAULTS[key], str) else value


def _meanings(one: Provider) -> Iterator[Wrong]:
    if not fold(one.name) or len(one.name) > 80:
        yield Wrong("name", "give a name of at most 80 characters, as people know it")
    if one.kind not in KINDS:
        yield Wrong("kind", f"expected {' or '.join(KINDS)}")
    yield from _addresses(one)
    if not one.client_id:
        yield Wrong("client_id", "is missing: the id under which Doorward is registered there")
    if one.auth_method not in AUTH_METHODS:
        yield Wrong("auth_method", f"expected {', '.join(AUTH_METHODS)}")
    if one.assertion_audience not in ("token_endpoint", "issuer"):
        yield Wrong("assertion_audience", "expected token_endpoint or issuer")
    if one.auth_method == "apple" and not (one.key_id and one.team_id):
        yield Wrong("key_id", "Apple's key id and team id are needed with auth_method apple")
    if one.response_mode not in RESPONSE_MODES:
        yield Wrong("response_mode", "expected query or form_post")
    if one.kind == OIDC and "openid" not in one.scopes:
        yield Wrong("scopes", "openid is missing")
    if not one.subject:
        yield Wrong("subject", "name the claims that make the key of an account, such as sub")
    # A name or an address is given to somebody else one day, and is whatever its owner types (nOAuth).
    if {"email", "upn", "preferred_username", "unique_name", "name"}.intersection(one.subject):
        yield Wrong("subject", "an address or a name is no key: use sub, or oid with tid")
    if unknown := sorted(set(one.algorithms) - set(ALGORITHMS)):
        yield Wrong("algorithms", f"{unknown[0]} is not supported; use {', '.join(ALGORITHMS)}")
    yield from _scopes_of_people(one)
    yield from _mappings(one)


def _addresses(one: Provider) -> Iterator[Wrong]:
    if one.kind != OIDC and not one.issuer:
        return
    parts = urlsplit(one.issuer)
    if parts.query or parts.fragment:
        yield Wrong("issuer", "an issuer has no query and no fragment")
    try:
        parse(one.issuer)
    except OutboundRefused as error:
        yield Wrong("issuer", f"{error.reason}; expected such as https://login.example.com")


def _scopes_of_people(one: Provider) -> Iterator[Wrong]:
    if bad := [name for name in one.domains if _DOMAIN.fullmatch(name) is None]:
        yield Wrong("domains", f"{bad[0]} is no mail domain, such as example.com")
    if bad := [name for name in one.tenants if _TENANT.fullmatch(name) is None]:
        yield Wrong("tenants", f"{bad[0]} is no tenant id, such as 5d0f3f2c-0000-0000-0000-000000000000")
    if one.join and not one.domains:
        yield Wrong("join", "name the domains for whose addresses the provider speaks")
    if one.template == "entra":
        tenant = urlsplit(one.issuer).path.casefold().split("/")[1:2]
        if tenant in (["common"], ["organizations"], ["consumers"]) and not one.tenants:
            yield Wrong("tenants", "this issuer serves every tenant of the world: name those whose people may come")


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
    if one.auth_method == "private_key_jwt":
        # What our key signs with our own name as its issuer is an ID token of ours (RFC 8725 §3.11).
        if one.client_id == issuer:
            raise InvalidProvider(Wrong("client_id", "with private_key_jwt it cannot be this issuer itself"))
    elif not secret:
        raise InvalidProvider(Wrong("secret", "is missing: the client secret, or Apple's .p8 file"))
    elif len(secret) > MAX_SECRET:
        raise InvalidProvider(Wrong("secret", f"has more than {MAX_SECRET} characters"))


def check_same_accounts(before: Provider, after: Provider) -> None:
    """People hold links by now: the same account there has the same key. Errors: `InvalidProvider`."""
    for name in ("kind", "issuer", "subject"):
        if getattr(before, name) != getattr(after, name):
            raise InvalidProvider(
                Wrong(name, "people sign in by it, and with another one would be others: add a new provider")
            )
