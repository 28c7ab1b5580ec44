"""What an application would get of a person, and where each value comes from; nothing is sent or saved (R3, R5, U7)."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

from clients.access import Decision, decide
from clients.claim_rules import NO_RULES, Rules
from clients.client import Client
from idp.accounts.person import Person
from idp.admin import person_attributes
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.oidc import claims, ruled
from idp.oidc.claims import Recipient
from idp.protocols import Services

#: In place of a value that the actor may not see.
HIDDEN: Final = "…"
_SUB: Final = "the person's id; never given to anybody else"
_SUB_OF_SECTOR: Final = "a name of the person that only this application's sector has (pairwise)"
_FIXED: Final = "a fixed value"


@dataclass(frozen=True, slots=True)
class Line:
    """One value. `value`: as it is sent, JSON where it is no text; `source`: what gives it."""

    name: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`decision`: whether they may open it at all, by which rule. `missing`: what the application would get if known.

    `subject`: the `sub`, or the NameID with its format; `problem`: why there is none. `is_hidden`: it is what anybody
    would be sent of, for somebody who may not know this person.
    """

    decision: Decision
    subject: tuple[Line, ...]
    id_token: tuple[Line, ...]
    userinfo: tuple[Line, ...]
    attributes: tuple[Line, ...]
    missing: tuple[str, ...]
    problem: str = ""
    is_hidden: bool = False


def of_person(services: Services, actor: Actor, client: Client, person: Person) -> Preview:
    """The preview; that it was looked at is on record, as it shows somebody's data. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client.id)
    detail = {"client_id": client.id, "person_id": person.id}
    actor.record(services)(services.db, "client:previewed", detail)
    decision = decide(client, person.id, person.groups, services.clock())
    if not may_see(actor, person):
        return _of_anybody(services, client, decision)
    unseen = person_attributes.hidden_of(services, actor, person)
    if client.saml is not None:
        found = _service_provider(services, client, person, decision, unseen)
        return replace(found, subject=masked(found.subject, unseen), attributes=masked(found.attributes, unseen))
    return _relying_party(services, client, person.id, claims.row_of(without_values(person, unseen)), decision)


def may_see(actor: Actor, person: Person) -> bool:
    """Whether an actor sees what is known of a person.

    Who looks after applications decides what they get, and is not shown the attributes of everybody for that: neither
    their values, nor which of them somebody has.
    """
    return person.id == actor.id or actor.may_person(Permission.PEOPLE_READ, person.groups)


def without_values(person: Person, unseen: frozenset[str]) -> Person:
    """The person with `HIDDEN` in the place of each of these: what is made of them has it, under whatever name."""
    said = {name: HIDDEN if name.partition("#")[0] in unseen else value for name, value in person.claims.items()}
    return replace(person, claims=said)


def masked(lines: tuple[Line, ...], unseen: frozenset[str], rules: Rules = NO_RULES) -> tuple[Line, ...]:
    """A service provider's attributes and NameID, without the values that come from these."""
    from idp.saml.assertions.attributes import RULED
    from idp.saml.assertions.name_ids import BY_ATTRIBUTE

    def is_unseen(line: Line) -> bool:
        if line.source.startswith(RULED):
            return bool(rules.reads_of(line.source.removeprefix(RULED)) & unseen)
        source = BY_ATTRIBUTE.get(line.source, line.source).partition("#")[0]
        return source in unseen or source.removeprefix("scoped_") in unseen

    return tuple(hidden((line,))[0] if is_unseen(line) else line for line in lines)


def _of_anybody(services: Services, client: Client, decision: Decision) -> Preview:
    """What it is set up to get, whoever the person is; and whether this one may open it."""
    if client.saml is not None:
        named, lines = name_id_set_up(client), attributes_set_up(client)
        return Preview(decision, named, (), (), lines, (), is_hidden=True)
    found = _relying_party(services, client, "", row_of_anybody(claims.to(services, client)), decision)
    return replace(
        found, subject=hidden(found.subject), id_token=hidden(found.id_token), userinfo=hidden(found.userinfo),
        is_hidden=True,
    )  # fmt: skip


def about_sub(client: Client) -> str:
    """What its `sub` is."""
    return _SUB_OF_SECTOR if client.oidc.sector else _SUB


def hidden(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """The same without their values."""
    return tuple(replace(line, value=HIDDEN) for line in lines)


def attributes_set_up(client: Client) -> tuple[Line, ...]:
    """The attributes that a service provider would get of somebody of whom everything is known."""
    from idp.saml.assertions import attributes, issuing

    released = attributes.to_release(issuing.provider_of(client))
    return tuple(Line(one.name, HIDDEN, one.source or _FIXED) for one in released)


def name_id_set_up(client: Client) -> tuple[Line, ...]:
    """The NameID in the format that is preferred: which one it is in the end depends on who signs in."""
    from idp.saml.assertions import issuing, name_ids

    formats = name_ids.choose_formats(issuing.provider_of(client), None)
    return () if formats[0] == name_ids.NONE else (Line("NameID", HIDDEN, formats[0]),)


def _relying_party(services: Services, client: Client, person_id: str, row: Any, decision: Decision) -> Preview:
    scopes = sorted(client.oidc.scopes)
    recipient = claims.to(services, client)
    got = claims.of_person(recipient, row, scopes, {})
    source = sources_of(recipient, scopes)
    if client.oidc.claim_rules and person_id:
        source |= _by_rows(recipient, row)
    elif "profile" in scopes:  # of anybody: whose groups they are for is not asked
        got |= dict.fromkeys(client.oidc.claim_rules.names, HIDDEN)
    lines = tuple(Line(name, as_text(value), source.get(name, "")) for name, value in got.items())
    named = "openid" in client.oidc.scopes
    return Preview(
        decision=decision,
        subject=(Line("sub", claims.subject(services, client, person_id), about_sub(client)),),
        id_token=lines if named and client.oidc.id_token_claims else (),
        userinfo=lines if named else (),
        attributes=(),
        missing=tuple(name for name in source if name not in got),
    )


def _service_provider(
    services: Services, client: Client, person: Person, decision: Decision, unseen: frozenset[str]
) -> Preview:
    from idp.saml.assertions import attributes, issuing

    provider = issuing.provider_of(client)
    name = issuing.preview_name(services, client, person.id)
    released = issuing.preview_attributes(services, client, person.id)
    rows = issuing.preview_rows(services, client, person.id)
    lines = tuple(
        Line(one.attribute.name,
             HIDDEN if one.attribute.made_of & unseen else ", ".join(value or "" for value in one.values),
             rows.get(one.attribute.source) or one.attribute.source or _FIXED)
        for one in released
    )  # fmt: skip
    there = {one.attribute.name for one in released}
    return Preview(
        decision=decision,
        subject=() if name.problem else (Line("NameID", name.value or HIDDEN, name.format),),
        id_token=(), userinfo=(), attributes=lines,
        missing=tuple(one.name for one in attributes.to_release(provider) if one.name not in there),
        problem=name.problem,
    )  # fmt: skip


def sources_of(recipient: Recipient, scopes: list[str]) -> dict[str, str]:
    """What gives each claim that these scopes may give."""
    source = {claim: f"scope {scope}" for scope in scopes for claim in recipient.gives(scope)}
    source |= {name: f"attribute {name}" for name in recipient.release.own}
    source |= {claim: f"claims_map: {attribute}" for claim, attribute in recipient.client.oidc.claims_map.items()}
    return source | dict.fromkeys(recipient.client.oidc.claim_rules.names, "claim_rules")


def _by_rows(recipient: Recipient, row: Any) -> dict[str, str]:
    """Which row of `claim_rules` gives each claim."""
    known = recipient.release.without_hidden(claims.attributes(row))
    return {one.name: f"claim_rules: row {one.row}" for one in ruled.explain(recipient.client, known) if one.row}


def row_of_anybody(recipient: Recipient) -> Any:
    """Somebody of whom everything is known that the application could get."""
    of_scopes = (name for names in recipient.release.by_scope.values() for name in names)
    known = dict.fromkeys((*claims.SUPPORTED, *of_scopes, *recipient.own.values()), HIDDEN)
    return SimpleNamespace(
        person_claims=json.dumps(known), name=HIDDEN, username=HIDDEN, email=HIDDEN, email_verified=False,
        employee_number=HIDDEN, groups=json.dumps([HIDDEN]), roles=json.dumps([HIDDEN]), changed_at=0.0,
    )  # fmt: skip


def as_text(value: Any) -> str:
    """A value as it is shown: JSON where it is no text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
