"""A sign-in that is only thought of: this person, this application, from there, then: what happens, by which rule.

What decides here is what decides at the door: `requirements.needed`, `policy.next_step`. Nothing is written, and nobody
is asked for anything.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from clients.client import Client
from idp.accounts.person import Person
from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.rule import DENY, Rule
from idp.admin.actor import Actor, NotAllowed
from idp.admin.permissions import Permission
from idp.login import policy, requirements, step_up
from idp.login.authenticators import available, enrollable
from idp.login.authn import PASSKEY, PASSWORD
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.policy import StepUp, next_step
from idp.login.requirements import Circumstances, Need
from idp.login.step_up import Place
from idp.login.steps import Consent, Deny, Done, Enrol, Identify, Prove, Renew
from idp.protocols import Services

Outcome = Literal["in", "denied", "no_access", "unmet", "off"]
_MOST: Final = 8  # steps of one sign-in


class BadAddress(ValueError):
    """The network address cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is thought of.

    `client`: None for our own pages; `at`: epoch seconds; `signed_in_for`: seconds since a sign-in that stands, None:
    there is none; `has`: the kinds of second factors to suppose, None: those that they have; `first`: what they begin
    with.
    """

    person: Person
    client: Client | None
    address: str
    is_known_device: bool
    at: float
    signed_in_for: float | None = None
    has: tuple[str, ...] | None = None
    first: Literal["password", "passkey"] = "password"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule. `why_not`: the first condition that does not hold, `off`, or ''; `decides`: `level`, `age` or ''."""

    rule: Rule
    why_not: str
    decides: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the sign-in. `kinds`: of the authenticators that would do; `until`: may be put off until then."""

    kind: Literal["first", "session", "again", "prove", "enrol", "renew", "consent"]
    kinds: tuple[str, ...] = ()
    until: float = 0.0


@dataclass(frozen=True, slots=True)
class Simulated:
    """What would happen. `own`: a second factor is asked for since the person set one up, by no rule."""

    verdicts: tuple[Verdict, ...]
    need: Need
    steps: tuple[Step, ...]
    outcome: Outcome
    own: bool = False
    reason: str = ""


def simulate(services: Services, actor: Actor, wanted: Situation) -> Simulated:
    """Errors: `NotAllowed`, `BadAddress`."""
    actor.check(Permission.RULES_READ)
    if not actor.may_person(Permission.PEOPLE_READ, wanted.person.groups):
        raise NotAllowed(Permission.PEOPLE_READ)
    if wanted.client is not None and not actor.may_app(Permission.APPS_READ, wanted.client.id):
        raise NotAllowed(Permission.APPS_READ)
    try:
        ipaddress.ip_address(wanted.address.partition("%")[0])
    except ValueError:
        raise BadAddress(wanted.address) from None
    services.rules.refresh()
    place = Place(wanted.address, lambda: wanted.is_known_device, wanted.at)
    flow = Flow("", wanted.client.id if wanted.client else "", scopes=("openid",), started_at=wanted.at, selected=True)
    need = step_up.needed_at(services, place, flow, wanted.person)
    verdicts = _verdicts(services, wanted, need)
    if not wanted.person.enabled:
        return Simulated(verdicts, need, (), "off")
    return _walked(services, wanted, place, flow, Simulated(verdicts, need, (), "in"))


def _verdicts(services: Services, wanted: Situation, need: Need) -> tuple[Verdict, ...]:
    person, client_id = wanted.person, wanted.client.id if wanted.client else ""
    every = [*services.rules.fixed, *(kept.rule for kept in keeping.list_of(services.db))]
    here = Circumstances(
        person.groups, client_id, wanted.address, lambda: wanted.is_known_device, wanted.at, person.roles
    )  # fmt: skip
    found = []
    for rule in every:
        why_not = "off" if not rule.enabled else requirements.why_not(rule, here)
        decides = "level" if need.rule is not None and need.rule.id == rule.id else ""
        if not decides and need.age_rule is not None and need.age_rule.id == rule.id:
            decides = "age"
        found.append(Verdict(rule, why_not, decides))
    return tuple(found)


def _walked(services: Services, wanted: Situation, place: Place, flow: Flow, found: Simulated) -> Simulated:
    """Through the sign-in, each question answered by the best that the person has."""
    person, at = wanted.person, wanted.at
    methods: tuple[str, ...] = (PASSKEY,) if wanted.first == "passkey" else (PASSWORD,)
    steps, auth_time = [Step("first", (wanted.first,))], at
    if wanted.signed_in_for is not None:
        steps, auth_time = [Step("session")], at - wanted.signed_in_for
        flow = replace(flow, started_at=at)
    own = False
    for _ in range(_MOST):
        needs = _needs(services, wanted, place, flow, methods)
        needs = replace(needs, password_expired=needs.password_expired and Step("renew") not in steps)
        own = own or needs.need.level != found.need.level
        if wanted.signed_in_for is not None and auth_time < at:
            needs = replace(needs, need=found.need)  # what the person set up is asked for when they sign in
        step = next_step(flow, _session(person, methods, auth_time), wanted.client, at, needs)
        if isinstance(step, Identify):
            steps.append(Step("again", (wanted.first,)))
            auth_time = at
        elif isinstance(step, Prove):
            steps.append(Step("prove", step.authenticators))
            methods, auth_time = (*methods, *needs.available()[step.authenticators[0]]), at
        elif isinstance(step, Enrol):
            ways = tuple(kind for kind in needs.enrollable if _would_do(needs, methods, kind))
            steps.append(Step("enrol", ways, step.until))
            flow = replace(flow, postponed=step.until > at)
            methods = methods if flow.postponed else (*methods, *needs.enrollable[ways[0]])
        elif isinstance(step, Renew):
            steps.append(Step("renew"))
        elif isinstance(step, Consent):
            return replace(found, steps=(*steps, Step("consent")), own=own)
        elif isinstance(step, Deny):
            return replace(found, steps=tuple(steps), own=own, outcome=_outcome(step), reason=_reason(step, found))
        else:
            assert isinstance(step, Done)
            break
    return replace(found, steps=tuple(steps), own=own)


def _needs(services: Services, wanted: Situation, place: Place, flow: Flow, methods: tuple[str, ...]) -> StepUp:
    needs = step_up.of_place(services, place, flow, wanted.person, methods)
    if wanted.has is None:
        return needs
    if not wanted.has and needs.need.rule is None:  # nothing that they set up is asked for
        needs = replace(needs, need=replace(needs.need, level=""))
    return replace(needs, available=lambda: _supposed(services, wanted))


def _supposed(services: Services, wanted: Situation) -> Mapping[str, tuple[str, ...]]:
    shows = enrollable(services)
    held = available(services, wanted.person)
    return {kind: held.get(kind) or shows[kind] for kind in wanted.has or () if kind in held or kind in shows}


def _would_do(needs: StepUp, methods: Sequence[str], kind: str) -> bool:
    shown = (*methods, *needs.enrollable[kind])
    return requirements.is_met(needs.need.level, shown, email_is_second=needs.email_is_second)


def _session(person: Person, methods: tuple[str, ...], auth_time: float) -> Session:
    return Session(
        id="", person_id=person.id, username=person.username, name=person.name, groups=person.groups,
        roles=person.roles, methods=methods, created_at=auth_time, auth_time=auth_time, expires_at=auth_time,
    )  # fmt: skip


def _outcome(step: Deny) -> Outcome:
    if step.cause == policy.BY_RULE:
        return "denied"
    return "no_access" if step.code == "access_denied" else "unmet"


def _reason(step: Deny, found: Simulated) -> str:
    return found.need.why if found.need.level == DENY else step.description
