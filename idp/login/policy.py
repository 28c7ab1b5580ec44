"""What a person must do next: the only place that decides it. Pure, and tested as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from clients.access import decide
from clients.client import Client
from idp.login import requirements
from idp.login.authn import ADMIN_CODE, amounts_to, reached
from idp.login.flow import Demands, Denial, Flow
from idp.login.requirements import SECOND, Need
from idp.texts import N_


@dataclass(frozen=True)
class Ask:
    """Show the person a page: `password`, `account`, `consent`, `factor`, `enrol` or `renew` (the password).

    `ways`: of `factor`, what would do, the best first. `until`: of `enrol`, when it can be put off no longer; 0: now.
    """

    what: str
    notice: str = ""
    ways: tuple[str, ...] = ()
    until: float = 0.0
    helped: bool = False  # of `enrol`: nobody asks but we, since a code of the help desk let them in


@dataclass(frozen=True)
class Done:
    """Proven: the protocol may answer."""


Step = Ask | Denial | Done
READING = 300  # seconds between a proof and the last page of its conversation


def _none() -> Mapping[str, tuple[str, ...]]:
    return {}


@dataclass(frozen=True)
class Standing:
    """What is needed of this person here, and what they could do about it.

    `available`: each way that they could prove more by, best first, with the methods that it would show; looked up only
    when more is needed. `enrollable`: the same for what they could set up.
    """

    need: Need = requirements.NONE
    available: Callable[[], Mapping[str, tuple[str, ...]]] = _none
    enrollable: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    email_is_second: bool = False
    password_expired: bool = False


NOTHING = Standing()


def next_step(flow: Flow, session: Any, client: Client | None, now: float, standing: Standing = NOTHING) -> Step:
    """Decide. `session` is a `sessions.Session` or None; `client` None for our own pages."""
    demands = flow.demands
    if session is None:
        return _ask(demands, "password", "login_required", "The person is not signed in.")
    if demands.subject is not None and demands.subject != session.person_id:
        # Core §3.1.2.1: never silently somebody else than the hint names.
        if session.auth_time >= flow.started_at and not demands.silent:
            return Denial("login_required", "Somebody else signed in than the application asked for.")
        return _ask(
            demands, "password", "login_required", "Another person is signed in than the application asked for."
        )
    if demands.select and not flow.selected:
        return _ask(demands, "account", "account_selection_required", "The person must choose an account.")
    if not is_fresh(flow, session.auth_time, now):
        return _ask(
            demands, "password", "login_required", "The sign-in is older than the application allows.", again=True
        )
    more = more_proof(flow, session.methods, standing, now)
    if more is not None:
        return more
    if client is None:
        return Done()
    return _admitted(flow, session, client)


def more_proof(flow: Flow, methods: tuple[str, ...], standing: Standing, now: float) -> Ask | Denial | None:
    """What must be shown beside `methods`; None where they are enough."""
    step = _stronger(flow, methods, standing, now)
    # The second factor comes first: a stolen password that ran out is not replaced by its thief.
    if standing.password_expired and not (isinstance(step, Ask) and step.what == "factor"):
        return _ask(flow.demands, "renew", "login_required", "The person must choose a new password first.")
    return step


def _stronger(flow: Flow, methods: tuple[str, ...], standing: Standing, now: float) -> Ask | Denial | None:
    if _is_enough(flow, methods, standing):
        wish = _preferred(flow, methods, standing)
        if wish is not None:
            return wish
        # Whoever came in by a code of the help desk has lost something: set up anew, before it happens again (F6).
        if ADMIN_CODE in methods and standing.enrollable and not flow.postponed and not flow.demands.silent:
            return Ask("enrol", until=now + 1, helped=True)
        return None
    available = standing.available()
    ways = tuple(way for way, shown in available.items() if _is_enough(flow, (*methods, *shown), standing))
    if ways:
        return _ask_factor(flow.demands, ways)
    # Whoever has a second factor shows it before setting up another: a stolen password must not replace it.
    has = tuple(way for way, shown in available.items() if requirements.is_met(SECOND, (*methods, *shown)))
    if has and not requirements.is_met(SECOND, methods):
        return _ask_factor(flow.demands, has)
    if any(_is_enough(flow, (*methods, *shown), standing) for shown in standing.enrollable.values()):
        until = standing.need.due if not flow.demands.strength else 0.0
        if until > now and (flow.postponed or flow.demands.silent):
            return None
        silent = _ask(flow.demands, "enrol", "login_required", "The person must set up a second factor first.")
        return silent if isinstance(silent, Denial) else Ask("enrol", until=until if until > now else 0.0)
    return Denial("unmet_authentication_requirements", "No way to sign in here is as strong as what is asked for.")


def _preferred(flow: Flow, methods: tuple[str, ...], standing: Standing) -> Ask | None:
    """The most wanted class that this person can reach, where it is not reached; else they go on (Core §5.5.1.1).

    Whatever else is a second factor does, too: a wish must not lock out who has lost the one that would meet it.
    """
    if flow.demands.silent:
        return None
    for value in flow.demands.preferred:
        if amounts_to(methods, value):
            return None
        available = standing.available()
        best = [way for way, shown in available.items() if value in reached((*methods, *shown))]
        if best:
            others = [way for way, shown in available.items() if requirements.is_met(SECOND, (*methods, *shown))]
            return Ask("factor", ways=tuple(dict.fromkeys((*best, *others))))
    return None


def without_wishes(flow: Flow) -> Flow:
    """The same, once somebody was asked for what an application would rather see and showed what they could."""
    return replace(flow, demands=replace(flow.demands, preferred=())) if flow.demands.preferred else flow


def _ask_factor(demands: Demands, ways: tuple[str, ...]) -> Ask | Denial:
    asked = _ask(demands, "factor", "login_required", "A stronger sign-in is needed.")
    return replace(asked, ways=ways) if isinstance(asked, Ask) else asked


def _is_enough(flow: Flow, methods: tuple[str, ...], standing: Standing) -> bool:
    if not requirements.is_met(standing.need.level, methods, email_is_second=standing.email_is_second):
        return False
    return not flow.demands.strength or bool(set(reached(methods)) & set(flow.demands.strength))


def _admitted(flow: Flow, session: Any, client: Client) -> Step:
    decision = decide(client, session.person_id, session.groups)
    if not decision.allowed:
        return Denial("access_denied", "This person may not use this application.", "policy")
    if needs_consent(flow, session, client):
        why = _UNPROVEN if flow.demands.unproven else "The person has not agreed yet."
        return _ask(flow.demands, "consent", "consent_required", why)
    return Done()


def is_fresh(flow: Flow, auth_time: float, now: float) -> bool:
    """Whether the proof is young enough for `prompt=login`, `ForceAuthn` and `max_age` (Core §3.1.2.1)."""
    if flow.demands.fresh_after is not None and auth_time < flow.demands.fresh_after:
        return False
    if flow.demands.max_age is None:
        return True
    # A proof given inside this conversation satisfies any max_age, 0 included, for as long as a page may take to read.
    allowed = max(flow.demands.max_age, READING) if auth_time >= flow.started_at else flow.demands.max_age
    return now - auth_time <= allowed


def needs_consent(flow: Flow, session: Any, client: Client) -> bool:
    """Whether the remembered consent is missing, smaller than what is asked, or older than `prompt=consent`."""
    if flow.demands.unproven and flow.agreed != session.id:
        return True  # RFC 8252 §8.6: processed as if no previous request had been approved
    if flow.demands.consent:
        return bool(session.consent_at < flow.started_at or not set(flow.scopes) <= session.consent_scopes)
    return client.consent == "explicit" and not set(flow.scopes) <= session.consent_scopes


_UNPROVEN = "An application that cannot prove which one it is asks the person each time: leave prompt=none out."


def _ask(demands: Demands, what: str, code: str, description: str, *, again: bool = False) -> Ask | Denial:
    # Core §3.1.2.6: prompt=none never shows a page.
    if demands.silent:
        return Denial(code, description)
    return Ask(what, N_("Please sign in again to go on.") if again else "")
