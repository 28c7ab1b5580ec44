"""What a person must do next, and what decides that a second factor is needed (step-up): only here.

Pure, and tested as a table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from clients.access import decide
from clients.client import Client
from idp.login import requirements
from idp.login.authn import ADMIN_CODE, amounts_to, reached
from idp.login.flow import Demands, Flow
from idp.login.requirements import DENY, SECOND, Need
from idp.login.steps import ChooseAccount, Consent, Deny, Done, Enrol, Identify, Page, Prove, Renew, Step
from idp.texts import N_

_T = TypeVar("_T", bound=Page)
STRONGER = "A stronger sign-in is needed."
More = Prove | Enrol | Renew | Deny
BY_RULE = "rule"  # the cause of a denial: see `Deny.cause`
READING = 300  # seconds between a proof and the last page of its conversation


def _none() -> Mapping[str, tuple[str, ...]]:
    return {}


@dataclass(frozen=True)
class StepUp:
    """What is needed of this person here, and what they could do about it.

    `available`: each authenticator that they could prove more by, best first, with the methods that it would show;
    looked up only when more is needed. `enrollable`: the same for what they could set up.
    """

    need: Need = requirements.NONE
    available: Callable[[], Mapping[str, tuple[str, ...]]] = _none
    enrollable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    email_is_second: bool = False
    password_expired: bool = False


NOTHING = StepUp()


def next_step(flow: Flow, session: Any, client: Client | None, now: float, needs: StepUp = NOTHING) -> Step:
    """Decide. `session` is a `sessions.Session` or None; `client` None for our own pages."""
    demands = flow.demands
    if session is None:
        return _ask(demands, Identify(), "login_required", "The person is not signed in.")
    if not demands.is_for(session.person_id):
        # Core §3.1.2.1: never silently somebody else than the hint names.
        if session.auth_time >= flow.started_at and not demands.silent:
            return Deny("login_required", "Somebody else signed in than the application asked for.")
        return _ask(
            demands, Identify(), "login_required", "Another person is signed in than the application asked for."
        )
    if demands.select and not flow.selected:
        return _ask(demands, ChooseAccount(), "account_selection_required", "The person must choose an account.")
    if not is_fresh(flow, session.auth_time, now, needs.need.max_age):
        again = Identify(notice=N_("Please sign in again to go on."))
        return _ask(demands, again, "login_required", "The sign-in is older than the application allows.")
    more = more_proof(flow, session.methods, needs, now)
    if more is not None:
        return more
    if client is None:
        return Done()
    return _admitted(flow, session, client, now)


def more_proof(flow: Flow, methods: tuple[str, ...], needs: StepUp, now: float) -> More | None:
    """What must be shown beside `methods`; None where they are enough."""
    if needs.need.level == DENY:
        return Deny("access_denied", "A sign-in rule lets nobody in here.", BY_RULE)
    step = _stronger(flow, methods, needs, now)
    # The second factor comes first: a stolen password that ran out is not replaced by its thief.
    if needs.password_expired and not isinstance(step, Prove):
        return _ask(flow.demands, Renew(), "login_required", "The person must choose a new password first.")
    return step


def _stronger(flow: Flow, methods: tuple[str, ...], needs: StepUp, now: float) -> More | None:
    if _is_enough(flow, methods, needs):
        wish = _preferred(flow, methods, needs)
        if wish is not None:
            return wish
        # Whoever came in by a code of the help desk has lost something: set up anew, before it happens again (F6).
        if ADMIN_CODE in methods and needs.enrollable and not flow.postponed and not flow.demands.silent:
            return Enrol(now + 1, needs.need.why, helped=True)
        return None
    available = needs.available()
    enough = tuple(kind for kind, shown in available.items() if _is_enough(flow, (*methods, *shown), needs))
    if enough:
        return _ask(flow.demands, Prove(enough), "login_required", STRONGER)
    # Whoever has a second factor shows it before setting up another: a stolen password must not replace it.
    has = tuple(kind for kind, shown in available.items() if requirements.is_met(SECOND, (*methods, *shown)))
    if has and not requirements.is_met(SECOND, methods):
        return _ask(flow.demands, Prove(has), "login_required", STRONGER)
    if any(_is_enough(flow, (*methods, *shown), needs) for shown in needs.enrollable.values()):
        until = needs.need.due if not flow.demands.strength else 0.0
        if until > now and (flow.postponed or flow.demands.silent):
            return None
        asked = Enrol(until if until > now else 0.0, needs.need.why)
        return _ask(flow.demands, asked, "login_required", "The person must set up a second factor first.")
    return Deny("unmet_authentication_requirements", "No way to sign in here is as strong as what is asked for.")


def _preferred(flow: Flow, methods: tuple[str, ...], needs: StepUp) -> Prove | None:
    """The most wanted class that this person can reach, where it is not reached; else they go on (Core §5.5.1.1).

    Whatever else is a second factor does, too: a wish must not lock out who has lost the one that would meet it.
    """
    if flow.demands.silent:
        return None
    for value in flow.demands.preferred:
        if amounts_to(methods, value):
            return None
        available = needs.available()
        best = [kind for kind, shown in available.items() if value in reached((*methods, *shown))]
        if best:
            others = [kind for kind, shown in available.items() if requirements.is_met(SECOND, (*methods, *shown))]
            return Prove(tuple(dict.fromkeys((*best, *others))))
    return None


def without_wishes(flow: Flow) -> Flow:
    """A flow, once somebody was asked for what an application would rather see and showed what they could."""
    return replace(flow, demands=replace(flow.demands, preferred=())) if flow.demands.preferred else flow


def _is_enough(flow: Flow, methods: tuple[str, ...], needs: StepUp) -> bool:
    if not requirements.is_met(needs.need.level, methods, email_is_second=needs.email_is_second):
        return False
    return not flow.demands.strength or bool(set(reached(methods)) & set(flow.demands.strength))


def _admitted(flow: Flow, session: Any, client: Client, now: float) -> Step:
    decision = decide(client, session.person_id, session.groups, now)
    if not decision.allowed:
        return Deny("access_denied", "This person may not use this application.", "policy", session.person_id)
    if needs_consent(flow, session, client):
        return _ask(flow.demands, Consent(), "consent_required", _why_asked(flow))
    return Done()


def is_fresh(flow: Flow, auth_time: float, now: float, by_rule: float = 0.0) -> bool:
    """Whether the proof is young enough for `prompt=login`, `ForceAuthn` and `max_age` (Core §3.1.2.1).

    `by_rule`: seconds that a sign-in rule allows; 0: it says nothing.
    """
    if flow.demands.fresh_after is not None and auth_time < flow.demands.fresh_after:
        return False
    limits = [limit for limit in (flow.demands.max_age, by_rule or None) if limit is not None]
    if not limits:
        return True
    # A proof given inside this conversation satisfies any max_age, 0 included, for as long as a page may take to read.
    allowed = max(min(limits), READING) if auth_time >= flow.started_at else min(limits)
    return now - auth_time <= allowed


def needs_consent(flow: Flow, session: Any, client: Client) -> bool:
    """Whether the remembered consent is missing, smaller than what is asked, or older than `prompt=consent`."""
    if (flow.demands.unproven or flow.demands.in_detail) and flow.agreed != session.id:
        # RFC 8252 §8.6: processed as if no previous request had been approved. And who has agreed to one payment has
        # not agreed to the next, equal as it may be.
        return True
    if flow.demands.consent:
        return bool(session.consent_at < flow.started_at or not set(flow.scopes) <= session.consent_scopes)
    # A request may name no scope at all: who they are is told all the same, and where it leads is to be seen (S53).
    is_asked = client.consent == "explicit" or flow.demands.in_detail
    return is_asked and (not session.consent_at or not set(flow.scopes) <= session.consent_scopes)


def _why_asked(flow: Flow) -> str:
    if flow.demands.unproven:
        return _UNPROVEN
    return _IN_DETAIL if flow.demands.in_detail else "The person has not agreed yet."


_IN_DETAIL = "What is asked for in detail is agreed to each time: leave prompt=none out."
_UNPROVEN = "An application that cannot prove which one it is asks the person each time: leave prompt=none out."


def _ask(demands: Demands, step: _T, code: str, description: str) -> _T | Deny:
    # Core §3.1.2.6: prompt=none never shows a page.
    return Deny(code, description) if demands.silent else step
