"""What rows of claims would make of a person, also rows that are not saved yet; nothing is sent (R5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from clients.claim_rules import CLAIM_RULES, Outcome, Rules, compiled
from clients.client import Client
from idp.accounts.person import Person
from idp.admin import person_attributes, preview
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.oidc import claims, ruled
from idp.protocols import Services

#: For so long one look at the same person is one on the record, however often the rows change meanwhile (seconds).
_ONE_LOOK: Final = 600


@dataclass(frozen=True, slots=True)
class Made:
    """One claim. `row`: which decided, from 1, 0: none is for this person; `value` '': it is left out."""

    name: str
    row: int
    value: str
    is_too_long: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """`is_hidden`: the actor may not know the person, so that only the names of the claims are told."""

    claims: tuple[Made, ...]
    is_hidden: bool = False


def of_rows(
    services: Services, actor: Actor, client: Client, person: Person, said: Sequence[Mapping[str, Any]]
) -> Shown:
    """What these rows make; that it was looked at is on record. Errors: `NotAllowed`; `ValueError` for bad rows."""
    actor.check_app(Permission.APPS_READ, client.id)
    rules = compiled(CLAIM_RULES.check(list(said), False))
    if services.state.add(f"claims_seen:{actor.id}:{client.id}:{person.id}", True, _ONE_LOOK):
        actor.record(services)(services.db, "client:previewed", {"client_id": client.id, "person_id": person.id})
    if not preview.may_see(actor, person):
        return Shown(tuple(Made(name, 0, preview.HIDDEN) for name in rules.names), is_hidden=True)
    unseen = person_attributes.hidden_of(services, actor, person)
    return Shown(tuple(_made(one, rules, unseen) for one in _explained(services, client, person, rules)))


def _explained(services: Services, client: Client, person: Person, rules: Rules) -> list[Outcome]:
    known = services.registry.release_to(client.id).without_hidden(claims.attributes(claims.row_of(person)))
    if client.saml is None:
        return ruled.explain(client, known, rules)
    return rules.explain(known, known.get("groups") or ())


def _made(one: Outcome, rules: Rules, unseen: frozenset[str]) -> Made:
    value = "" if one.value is None else preview.as_text(one.value)
    return Made(one.name, one.row, preview.HIDDEN if rules.reads_of(one.name) & unseen else value, one.is_too_long)
