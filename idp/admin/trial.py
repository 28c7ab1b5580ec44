"""A trial sign-in: what an application would be sent of a sign-in that was just made, decoded (R3).

Nothing here is signed, kept or sent: there is no code, no token, no assertion that anybody would take.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from clients.access import Decision, decide
from clients.client import Client
from idp.accounts.person import Person
from idp.admin import person_attributes, preview
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.admin.preview import Line, about_sub, hidden, row_of_anybody, sources_of
from idp.answers import products
from idp.login import step_up
from idp.login.authn import PASSWORD
from idp.login.flow import Demands, Flow
from idp.login.policy import BY_RULE, more_proof
from idp.login.steps import Deny, Enrol, Prove, Renew
from idp.oidc import claims as claim_rules
from idp.oidc import tokens
from idp.oidc.ledger import Holder, Issued, Terms
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request

PROTOCOL: Final = "trial"
KEPT_FOR: Final = 900.0  # seconds in which the page of a trial can be looked at
_MADE_ANEW: Final = "…"
#: What a value of a token is, beside what is known of the person.
_SOURCES: Final = {
    "iss": "our issuer; it never changes",
    "aud": "for whom it is",
    "exp": "until when it holds",
    "iat": "when it was made",
    "auth_time": "when the person proved who they are",
    "acr": "how strongly",
    "amr": "by what",
    "azp": "the client id",
    "client_id": "the client id",
    "at_hash": "ties it to the access token",
    "sid": "the person’s session, for signing out",
    "nonce": "repeats what the application sent",
    "jti": "made anew each time",
    "fam": "what a sign-out ends",
    "scope": "what was asked for and may be had",
}
_TIMES: Final = ("exp", "iat", "auth_time")
#: Of these nothing depends on who signs in.
_OF_THE_APPLICATION: Final = frozenset(("iss", "aud", "azp", "client_id", "scope", "exp", "iat"))


@dataclass(frozen=True, slots=True)
class Section:
    """One part of what would be sent. `name`: ID token, userinfo …"""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """`sections` as the application would get them; `lacking`: what the product reads and would not get.

    `why_not`: the rule that keeps the person out, "" where they may open it; `problem`: why there would be no answer.
    `is_hidden`: as it would be of anybody, for somebody who may not know this person.
    """

    at: float
    methods: tuple[str, ...]
    sections: tuple[Section, ...]
    lacking: tuple[str, ...]
    why_not: str = ""
    problem: str = ""
    is_hidden: bool = False


def flow_of(services: Services, actor: Actor, client: Client, username: str) -> Flow:
    """A sign-in to the application in which only the actor can sign in, and has to. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client.id)
    now = services.clock()
    return Flow(
        protocol=PROTOCOL, client_id=client.id, demands=Demands(fresh_after=now, subject=actor.id),
        scopes=_consented(client), started_at=now, login_hint=username,
    )  # fmt: skip


def keep(services: Services, person_id: str, client_id: str, methods: tuple[str, ...], auth_time: float) -> None:
    """How somebody has just proven who they are, for the page that shows what would be sent of it."""
    said = {"methods": list(methods), "auth_time": auth_time, "at": services.clock()}
    services.state.put(_key(person_id, client_id), said, KEPT_FOR)


def find(services: Services, actor: Actor, client: Client) -> Trial | None:
    """The actor's own latest trial, as it would be sent now. Errors: `NotAllowed`."""
    actor.check_app(Permission.APPS_READ, client.id)
    kept, person = services.state.get(_key(actor.id, client.id)), services.directory.find(actor.id)
    if not kept or person is None:
        return None
    decision, methods = decide(client, person.id, person.groups, services.clock()), tuple(kept["methods"])
    unseen = person_attributes.hidden_of(services, actor, person)
    shown = preview.without_values(person, unseen)
    found = _trial(services, client, shown, decision, methods, float(kept["auth_time"]), float(kept["at"]))
    return _masked(client, found, unseen)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a colleague would meet, in its order, and what would be sent then. Nobody is signed in for it (U7)."""

    asked: tuple[str, ...]
    trial: Trial


_IDENTIFY: Final = N_("They prove who they are, by password or passkey.")
_TURNED_OFF: Final = N_("They are not let in: the account is turned off.")
_MORE: Final[Mapping[type, str]] = {
    Prove: N_("A second step is asked for: a rule or they themselves want it."),
    Enrol: N_("They are led through setting up a second factor, since they have none that would do."),
    Renew: N_("They choose a new password first: theirs ran out."),
    Deny: N_("They cannot be let in: nothing that they could show is strong enough."),
}
_BY_RULE: Final = N_("A sign-in rule lets them in only under certain conditions, and they are told so.")
_PROTECTED: Final = N_("They do what protects their account: what that is, only those are shown who may see people.")
_CONSENT: Final = N_("They are asked whether the application may have it, unless they agreed before.")
_BACK: Final = N_("They are back in the application.")
_REFUSED: Final = N_("They are told that they may not open it, and whom to ask.")


def foresee(services: Services, actor: Actor, request: Request, client: Client, person: Person) -> Foreseen:
    """The way of this person to the application from where the actor is; recorded, as it shows somebody's data.

    Errors: `NotAllowed`. Who may not see this person learns whether they may open it, and what it is set up to get: not
    by what their sign-in is protected, nor which attributes they have.
    """
    actor.check_app(Permission.APPS_READ, client.id)
    actor.record(services)(services.db, "client:previewed", {"client_id": client.id, "person_id": person.id})
    now, is_hidden = services.clock(), not preview.may_see(actor, person)
    decision = decide(client, person.id, person.groups, now)
    unseen = frozenset[str]() if is_hidden else person_attributes.hidden_of(services, actor, person)
    shown = None if is_hidden else preview.without_values(person, unseen)
    found = _masked(client, _trial(services, client, shown, decision, (PASSWORD,), now, now), unseen)
    if is_hidden:
        return Foreseen((_IDENTIFY, _PROTECTED, *_after_proof(client, decision)), found)
    if not person.enabled:
        return Foreseen((_TURNED_OFF,), found)
    flow = replace(flow_of(services, actor, client, person.username), demands=Demands())
    more = more_proof(flow, (PASSWORD,), step_up.of_person(services, request, flow, person, (PASSWORD,)), now)
    if more is None:
        return Foreseen((_IDENTIFY, *_after_proof(client, decision)), found)
    if isinstance(more, Deny):
        return Foreseen((_IDENTIFY, _BY_RULE if more.cause == BY_RULE else _MORE[Deny]), found)
    return Foreseen((_IDENTIFY, _MORE[type(more)], *_after_proof(client, decision)), found)


def _after_proof(client: Client, decision: Decision) -> tuple[str, ...]:
    if not decision.allowed:
        return (_REFUSED,)
    return (_CONSENT, _BACK) if client.consent == "explicit" else (_BACK,)


def _masked(client: Client, found: Trial, unseen: frozenset[str]) -> Trial:
    """An assertion is made of what is kept of the person: what the actor may not see of it is taken out here."""
    if client.saml is None or not unseen:
        return found
    rules = client.saml.claim_rules
    return replace(
        found, sections=tuple(replace(one, lines=preview.masked(one.lines, unseen, rules)) for one in found.sections)
    )


def _trial(
    services: Services, client: Client, person: Person | None, decision: Decision, methods: tuple[str, ...],
    auth_time: float, at: float,
) -> Trial:  # fmt: skip
    """`person`: None for what would be sent of anybody, without a value of theirs."""
    problem = ""
    if client.saml is not None:
        from idp.admin import trial_saml

        sections, problem = trial_saml.sections(services, client, person, methods, auth_time, at)
    else:
        sections = tuple(_of_relying_party(services, client, person, methods, auth_time, at))
    told = {line.name for section in sections for line in section.lines}
    told |= {line.name.rpartition("/")[2] for section in sections for line in section.lines}
    told |= {line.source for section in sections for line in section.lines}
    lacking = [name for name in products.names_read(products.of_client(client)) if name not in told]
    why_not = "" if decision.allowed else decision.reason
    return Trial(at, methods, sections, tuple(lacking), why_not, problem, is_hidden=person is None)


def _of_relying_party(
    services: Services, client: Client, person: Person | None, methods: tuple[str, ...], auth_time: float, at: float
) -> Iterator[Section]:
    row = claim_rules.row_of(person) if person else row_of_anybody(claim_rules.to(services, client))
    sections = _tokens(
        services, client, person.id if person else "", row, methods, auth_time, at,
    )  # fmt: skip
    for one in sections:
        yield one if person is not None else replace(one, lines=_of_anybody(one.lines))


def _of_anybody(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    return tuple(line if line.name in _OF_THE_APPLICATION else hidden((line,))[0] for line in lines)


def _tokens(
    services: Services, client: Client, person_id: str, row: Any, methods: tuple[str, ...], auth_time: float, at: float
) -> Iterator[Section]:
    scopes = [scope for scope in sorted(client.oidc.scopes) if scope != "offline_access"]
    holder = Holder(_MADE_ANEW, person_id, _MADE_ANEW, auth_time, methods, {}, row)
    lifetime = client.oidc.access_token_lifetime or services.settings.tokens.access_token
    issued = Issued("", _MADE_ANEW, lifetime, lifetime, Terms(" ".join(scopes), []), None, holder, at, _MADE_ANEW)
    about = {**sources_of(claim_rules.to(services, client), scopes), "sub": about_sub(client)}
    if "openid" in scopes:
        said = {**tokens.id_token_claims(services, client, issued, holder, ""), "at_hash": _MADE_ANEW}
        yield Section("ID token", _lines(said, about))
        body = {"sub": said["sub"], **claim_rules.of_person(claim_rules.to(services, client), row, scopes, {})}
        yield Section("Userinfo", _lines(body, about))
    if client.oidc.access_token_format == "jwt":
        said = tokens.access_token_claims(services, client, issued)
        yield Section("Access token", _lines(said, about))
    else:
        word = Line("access_token", _MADE_ANEW, "a random text that only we can read")
        yield Section("Access token", (word, Line("scope", " ".join(scopes), _SOURCES["scope"])))


def _lines(said: Mapping[str, Any], about: Mapping[str, str]) -> tuple[Line, ...]:
    return tuple(
        Line(name, _text(name, value), about.get(name) or _SOURCES.get(name, "")) for name, value in said.items()
    )


def _text(name: str, value: Any) -> str:
    if name in _TIMES:
        return f"{value} ({datetime.fromtimestamp(value, UTC).isoformat()})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _consented(client: Client) -> tuple[str, ...]:
    """What the consent page names, where there is one."""
    if client.saml is None:
        return tuple(sorted(client.oidc.scopes))
    from idp.saml.assertions import attributes

    return tuple(dict.fromkeys(one.scope for one in attributes.to_release(client.saml, None)))


def _key(person_id: str, client_id: str) -> str:
    return f"trial:{person_id}:{client_id}"
