"""What an application would get of a person, and where each value comes from; nothing is sent or saved (R3, R5, U7)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from clients.access import Decision, decide
from clients.client import Client
from idp.accounts.person import Person
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.oidc import claims
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Line:
    """One value. `value`: as it is sent, JSON where it is no text; `source`: what gives it."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`decision`: whether they may open it at all, by which rule. `missing`: what the application would get if known.

    `subject`: the `sub`, or the NameID with its format; `problem`: why there is none.
    """

    decision: Decision
    subject: tuple[Line, ...]
    id_token: tuple[Line, ...]
    userinfo: tuple[Line, ...]
    attributes: tuple[Line, ...]
    missing: tuple[str, ...]
    problem: str = ""


def of_person(services: Services, actor: Actor, client: Client, person: Person) -> Preview:
    """The preview; that it was looked at is on record, as it shows somebody's data. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client.id)
    detail = {"client_id": client.id, "person_id": person.id}
    actor.record(services)(services.db, "client:previewed", detail)
    decision = decide(client, person.id, person.groups, services.clock())
    if client.saml is not None:
        found = _service_provider(services, client, person, decision)
    else:
        found = _relying_party(client, person, decision)
    # Who looks after applications decides what they get, and is not shown the attributes of everybody for that.
    may_see = person.id == actor.id or actor.may_person(Permission.PEOPLE_READ, person.groups)
    return found if may_see else _hidden(found)


def _hidden(found: Preview) -> Preview:
    def without_values(lines: tuple[Line, ...]) -> tuple[Line, ...]:
        return tuple(replace(line, value="…") for line in lines)

    return replace(
        found, id_token=without_values(found.id_token), userinfo=without_values(found.userinfo),
        attributes=without_values(found.attributes), subject=without_values(found.subject),
    )  # fmt: skip


def _relying_party(client: Client, person: Person, decision: Decision) -> Preview:
    scopes = sorted(client.oidc.scopes)
    got = claims.of_person(client, row_of(person), scopes, {})
    source = sources_of(client, scopes)
    lines = tuple(Line(name, _text(value), source.get(name, "")) for name, value in got.items())
    named = "openid" in client.oidc.scopes
    return Preview(
        decision=decision,
        subject=(Line("sub", claims.subject(client, person.id), "the person's id; never given to anybody else"),),
        id_token=lines if named and client.oidc.id_token_claims else (),
        userinfo=lines if named else (),
        attributes=(),
        missing=tuple(name for name in source if name not in got),
    )


def _service_provider(services: Services, client: Client, person: Person, decision: Decision) -> Preview:
    from idp.saml.assertions import attributes, issuing

    provider = issuing.provider_of(client)
    name = issuing.preview_name(services, client, person.id)
    released = issuing.preview_attributes(services, client, person.id)
    lines = tuple(
        Line(
            one.attribute.name, ", ".join(value or "" for value in one.values), one.attribute.source or "a fixed value"
        )
        for one in released
    )
    there = {one.attribute.name for one in released}
    return Preview(
        decision=decision,
        subject=() if name.problem else (Line("NameID", name.value or "…", name.format),),
        id_token=(), userinfo=(), attributes=lines,
        missing=tuple(one.name for one in attributes.to_release(provider) if one.name not in there),
        problem=name.problem,
    )  # fmt: skip


def sources_of(client: Client, scopes: list[str]) -> dict[str, str]:
    """What gives each claim that these scopes may give."""
    source = {claim: f"scope {scope}" for scope in scopes for claim in claims.BY_SCOPE.get(scope, ())}
    return source | {claim: f"claims_map: {attribute}" for claim, attribute in client.oidc.claims_map.items()}


def row_of(person: Person) -> Any:
    """A person with the columns that claims are made of."""
    return SimpleNamespace(
        person_claims=json.dumps(dict(person.claims)), name=person.name, username=person.username, email=person.email,
        email_verified=person.email_verified, employee_number=person.employee_number,
        groups=json.dumps(list(person.groups)), roles=json.dumps(list(person.roles)), changed_at=person.changed_at,
    )  # fmt: skip


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
