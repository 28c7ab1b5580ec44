"""What a person must do next: the only place that decides it. Pure, and tested as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clients.access import decide
from clients.client import Client
from idp.login.authn import reached
from idp.login.flow import Demands, Denial, Flow


@dataclass(frozen=True)
class Ask:
    """Show the person a page: `password`, `account`, or `consent`."""

    what: str
    notice: str = ""


@dataclass(frozen=True)
class Done:
    """Proven: the protocol may answer."""


Step = Ask | Denial | Done
READING = 300  # seconds between a proof and the last page of its conversation


def next_step(flow: Flow, session: Any, client: Client | None, now: float) -> Step:
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
    if client is None:
        return Done()
    return _admitted(flow, session, client)


def _admitted(flow: Flow, session: Any, client: Client) -> Step:
    if flow.demands.strength and not set(reached(session.methods)) & set(flow.demands.strength):
        return Denial("unmet_authentication_requirements", "No way to sign in here is as strong as acr_values asks.")
    decision = decide(client, session.person_id, session.groups)
    if not decision.allowed:
        return Denial("access_denied", "This person may not use this application.", "policy")
    if needs_consent(flow, session, client):
        return _ask(flow.demands, "consent", "consent_required", "The person has not agreed yet.")
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
    if flow.demands.consent:
        return bool(session.consent_at < flow.started_at or not set(flow.scopes) <= session.consent_scopes)
    return client.consent == "explicit" and not set(flow.scopes) <= session.consent_scopes


def _ask(demands: Demands, what: str, code: str, description: str, *, again: bool = False) -> Ask | Denial:
    # Core §3.1.2.6: prompt=none never shows a page.
    if demands.silent:
        return Denial(code, description)
    return Ask(what, "Please sign in again to go on." if again else "")
