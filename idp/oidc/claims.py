"""What is said about a person, to whom: standard claims by scope, the claims parameter, and a client's own table."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from clients.attributes.definition import Release
from clients.client import Client
from idp.accounts import pairwise
from idp.accounts.person import Person
from idp.attributes import ATTRIBUTES
from idp.oidc import ruled
from idp.protocols import Services

#: Core §5.4, and our two array claims.
BY_SCOPE: Mapping[str, tuple[str, ...]] = {
    scope: tuple(one.name for one in ATTRIBUTES if one.scope == scope)
    for scope in dict.fromkeys(one.scope for one in ATTRIBUTES if one.scope)
}
NOBODY = "nobody"
SUPPORTED = ("sub", *dict.fromkeys(claim for claims in BY_SCOPE.values() for claim in claims))


def subject(services: Services, client: Client, person_id: str) -> str:
    """`sub`, never reassigned: the same everywhere, or one for each sector (Core §8)."""
    sector = client.oidc.sector
    return pairwise.name_of(services.sealer, sector, person_id) if sector else person_id


def subject_of(services: Services, client_id: str, person_id: str | None) -> str:
    """`sub` of a token: the person whom it speaks of, else the application itself."""
    client = services.registry.find(client_id)
    return subject(services, client, person_id) if person_id is not None and client is not None else client_id


def session(services: Services, client: Client, session_id: str) -> str:
    """`sid`: two sectors cannot tell by it either that they have the same person."""
    sector = client.oidc.sector
    return pairwise.name_of(services.sealer, sector, session_id) if sector else session_id


def read_subject(services: Services, client: Client, sub: str) -> str:
    """The person whom a client means by a `sub` that it was given; a text that is nobody's where it was not."""
    sector = client.oidc.sector
    return pairwise.read_within(services.sealer, sector, sub) or NOBODY if sector else sub


def attributes(row: Any) -> dict[str, Any]:
    """Everything that is known of a person, by claim name. `row` carries the person's columns."""
    known: dict[str, Any] = json.loads(row.person_claims)
    known |= {
        "name": row.name,
        "preferred_username": row.username,
        "username": row.username,
        "email": row.email,
        "email_verified": bool(row.email_verified),  # a JSON boolean: clients refuse "true"
        "employee_number": row.employee_number,
        "groups": json.loads(row.groups),
        "roles": json.loads(row.roles),
        "updated_at": int(row.changed_at),
    }
    if not row.email:
        known.pop("email_verified")
    return {name: value for name, value in known.items() if value not in (None, "")}


def row_of(person: Person) -> Any:
    """A person with the columns that claims are made of."""
    return SimpleNamespace(
        person_claims=json.dumps(dict(person.claims)), name=person.name, username=person.username, email=person.email,
        email_verified=person.email_verified, employee_number=person.employee_number,
        groups=json.dumps(list(person.groups)), roles=json.dumps(list(person.roles)), changed_at=person.changed_at,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recipient:
    """An application, and what the definitions of attributes say for it."""

    client: Client
    release: Release

    def gives(self, scope: str) -> tuple[str, ...]:
        """The claims that a scope gives it."""
        return (*BY_SCOPE.get(scope, ()), *self.release.by_scope.get(scope, ()))

    @property
    def own(self) -> Mapping[str, str]:
        """What its own table gives beside: claim to attribute of the person. Those that name it are of themselves."""
        names = (*self.release.own, *self.client.oidc.claim_rules.names)
        table = self.client.oidc.claims_map
        return {**{name: name for name in names}, **table} if names else table

    def scopes_giving(self, claim: str) -> list[str]:
        """The scopes that give a claim, of those that it may have."""
        every = (*BY_SCOPE, *(one for one in self.release.by_scope if one not in BY_SCOPE))
        return [scope for scope in every if scope in self.client.oidc.scopes and claim in self.gives(scope)]


def to(services: Services, client: Client) -> Recipient:
    """The application as claims are told to it. Nothing is read but after a change of a definition."""
    return Recipient(client, services.registry.release_to(client.id))


def of_person(
    recipient: Recipient, row: Any, scopes: list[str], requested: Mapping[str, Any], locales: Sequence[str] = ()
) -> dict[str, Any]:
    """The claims that these scopes and this `claims` member give; what is not known is left out (Core §5.3.2, §5.5).

    `locales`: in which languages they are wanted beside, the best first (`claims_locales`).
    """
    known, own = attributes(row), recipient.own
    if recipient.release.hidden:
        known = recipient.release.without_hidden(known)
    before = dict(known) if own else known
    for claim, attribute in own.items():
        if attribute in known:
            known[claim] = known[attribute]
    known = ruled.with_own_marks(known, before, recipient.client.oidc.claims_map) if own else known
    if recipient.client.oidc.claim_rules:
        known = ruled.placed(recipient.client, before, known)
    names = [claim for scope in scopes for claim in recipient.gives(scope)]
    names += [claim for claim in own if "profile" in scopes]
    found = {name: known[name] for name in dict.fromkeys(names) if name in known}
    for claim, wish in requested.items():
        name = _spelt(known, claim)
        if name in known and name not in found and _may_request(claim, recipient):
            value = _within(known[name], wish)
            found |= {} if value is None else {name: value}
    return found | _in_languages(known, found, locales)


def _spelt(known: Mapping[str, Any], claim: str) -> str:
    """Core §5.2: the language of `family_name#ja-Kana-JP` is compared without regard to case."""
    name, mark, language = claim.partition("#")
    if not mark or claim in known:
        return claim
    alike = (key for key in known if key.partition("#")[0] == name and key.lower() == f"{name}#{language}".lower())
    return next(alike, claim)


def _within(value: Any, wish: Mapping[str, Any] | None) -> Any:
    """What of a value was asked for (Core §5.5.1): the one value, or one of those; of a list, its members that are."""
    wished = [wish["value"]] if wish and "value" in wish else (wish or {}).get("values")
    if not wished or value in wished:
        return value
    return [one for one in value if one in wished] or None if isinstance(value, list) else None


def _in_languages(known: Mapping[str, Any], found: Mapping[str, Any], locales: Sequence[str]) -> dict[str, Any]:
    """Of what is told, the best variant that there is in one of these languages (Core §5.2; RFC 4647 §3.4)."""
    tagged = {key.lower(): key for key in known if "#" in key} if locales else {}
    if not tagged:
        return {}
    more: dict[str, Any] = {}
    for name in found:
        ranges = (f"{name}#{part}".lower() for locale in locales for part in _shorter(locale))
        key = next((tagged[one] for one in ranges if one in tagged), None)
        more |= {key: known[key]} if key else {}
    return more


def _shorter(locale: str) -> Iterator[str]:
    while locale:
        yield locale
        locale = locale.rpartition("-")[0]


def wanted_acr(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """The values of an `acr` wish of the claims parameter, the most wanted first (Core §5.5.1.1)."""
    wish = (claims.get("id_token") or {}).get("acr") or {}
    values = wish.get("values") or ([wish["value"]] if "value" in wish else ())
    return tuple(value for value in values if isinstance(value, str))


def scopes_of(requested: Mapping[str, Any], recipient: Recipient) -> list[str]:
    """The scopes that would give the claims of a `claims` member, `claim:<name>` for the client's own table."""
    needed = []
    for claim in (name.partition("#")[0] for name in requested):
        if claim in recipient.own:
            needed.append(f"claim:{claim}")
        needed += recipient.scopes_giving(claim)
    return needed


def agreed(
    recipient: Recipient, scopes: Collection[str], wishes: Mapping[str, Any], names: Iterable[str]
) -> dict[str, Any]:
    """Of these claims those that a grant or a consent covers, each as it was wished for: by a scope, or by its name."""
    found: dict[str, Any] = {}
    for name in names:
        claim = name.partition("#")[0]
        own = claim in recipient.own and ("profile" in scopes or f"claim:{claim}" in scopes)
        if own or any(claim in recipient.gives(scope) for scope in scopes):
            found[name] = None
        elif name in wishes:
            found[name] = wishes[name]
    return found


def _may_request(claim: str, recipient: Recipient) -> bool:
    # A claim asked for one by one is given only where a scope of the client's own list would give it.
    claim = claim.partition("#")[0]
    return claim in recipient.own or bool(recipient.scopes_giving(claim))
