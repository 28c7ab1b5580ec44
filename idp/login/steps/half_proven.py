"""What the steps share that somebody half-proven meets: who it is, whether they still are, what their pages show.

A half-proven person never has a session; where somebody who is signed in shall prove more, theirs waits (`session_id`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from idp.accounts.factors import kinds
from idp.accounts.person import Person, to_json
from idp.login import authenticators, pages, pending
from idp.login.browser import accounts, devices, elsewhere
from idp.login.browser.sessions import Session
from idp.login.flow import Flow
from idp.login.pending import Pending
from idp.login.services import Services
from idp.login.steps.outcomes import Proven
from idp.texts import N_
from idp.wire import Request

LATE = N_("That took longer than a quarter of an hour. Please sign in again.")


@dataclass(frozen=True, slots=True)
class HalfProven:
    """Somebody who has more to prove, and what waits for it."""

    kept: Pending
    person: Person


def step_up(services: Services, request: Request, flow: Flow, session: Session | None) -> Proven | None:
    """What somebody who is signed in has proven so far; None where there is no such person."""
    person = services.directory.find(session.person_id) if session is not None else None
    if session is None or person is None:
        return None
    stays = session.idle_seconds > services.settings.session.idle_minutes * 60
    shared = devices.known(services, request, person.id) is None
    return Proven(flow, person, session.methods, stay=stays, shared=shared, session_id=session.id)


def begin(services: Services, proven: Proven, allowed: tuple[str, ...] = ()) -> HalfProven:
    """Keep what was proven while more is asked for. `allowed`: the authenticators that would do."""
    kept = pending.begin(
        services, proven.flow, proven.person, proven.methods, stay=proven.stay, shared=proven.shared, allowed=allowed,
        session_id=proven.session_id, auth_time=proven.auth_time, began=elsewhere.dump(proven.began),
    )  # fmt: skip
    return HalfProven(kept, proven.person)


def find(services: Services, request: Request, flow: Flow) -> HalfProven | None:
    """The conversation and its person, where they are still who they were when it began."""
    kept = pending.find(services, flow)
    person = services.directory.find(kept.person_id) if kept is not None else None
    if kept is None or person is None or not person.enabled or person.password_changed_at != kept.password_changed_at:
        return None
    if kept.session_id and not accounts.is_here(services, request, kept.session_id):
        return None  # signed out meanwhile: what that session had shown is worth nothing any more
    return HalfProven(kept, person)


def about(services: Services, request: Request, half: HalfProven) -> dict[str, Any]:
    """What each of their pages shows."""
    kept, person = half.kept, half.person
    request.learn(person_claims=to_json(person.claims))  # their language, although they are not signed in yet
    return {
        "app": pages.app(services, kept.flow),
        "flow": pages.sealed(services, request, kept.flow),
        "here": services.protocols[kept.flow.protocol].restart_url(services, kept.flow),
        "person": None,  # nobody is signed in yet: no menu, no sign-out
        "account": {"name": person.name or person.username, "username": person.username},
        "ways": [
            {"kind": one.kind, "label": kinds.title(one.kind)}
            for one in authenticators.every()
            if one.kind in kept.allowed and one.is_ready(services, person)
        ],
    }
