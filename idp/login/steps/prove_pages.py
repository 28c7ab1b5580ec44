"""The pages that ask for more proof: one way, the list of ways, setting one up, and the end that is no dead end."""

from __future__ import annotations

import math
from typing import Any

from idp import browser
from idp.accounts import choosing
from idp.accounts.person import Person, to_json
from idp.login import authenticators, standing
from idp.login.flow import Flow, seal
from idp.login.pending import Pending
from idp.login.throttle import Pause
from idp.services import Services
from idp.web import form_targets, shown_app
from idp.wire import Page, Request


def ask(
    services: Services, request: Request, pending: Pending, person: Person, way: authenticators.Authenticator, *,
    error: str = "", pause: Pause | None = None,
) -> Page:  # fmt: skip
    """One way of proving more."""
    template, values = way.show(services, request, pending)
    about = _about(services, request, pending, person)
    status = 200
    headers: tuple[tuple[str, str], ...] = ()
    if pause is not None and pause.until is not None:
        headers = (("Retry-After", str(math.ceil(pause.until - services.clock()))),)
    return Page(
        template=template,
        values={
            **about,
            "resume": True,
            "days_off": _days_off(services, request, pending, person),
            "way": way.kind,
            "error": error,
            "pause": _pause(services, pause),
            **values,
        },
        status=status,
        headers=headers,
        form_action=form_targets(pending.flow.destination),
    )


def _days_off(services: Services, request: Request, pending: Pending, person: Person) -> int:
    """What the tick of this page offers; a shared computer is never let off."""
    return 0 if pending.shared else standing.days_off(services, request, pending.flow, person)


def choose(services: Services, request: Request, pending: Pending, person: Person) -> Page:
    """The ways that this person has, and the help desk at the end (F7)."""
    return Page(
        template="login/factor_ways.html",
        values={**_about(services, request, pending, person), "resume": True, "way": ""},
        form_action=form_targets(pending.flow.destination),
    )


def stuck(services: Services, request: Request, pending: Pending, person: Person, case_id: str) -> Page:
    """None of them works: a case with an id, for the help desk (F7)."""
    return Page(
        template="login/factor_stuck.html",
        values={**_about(services, request, pending, person), "case_id": case_id},
        form_action=form_targets(pending.flow.destination),
    )


def enrol(
    services: Services, request: Request, flow: Flow, person: Any, until: float, why: str, *, helped: bool = False
) -> Page:
    """Who asks for a second factor, why, and until when it can be put off (F8). `helped`: by the help desk's code."""
    now = services.clock()
    return Page(
        template="login/enrol.html",
        values={
            "app": _app(services, flow),
            "flow": seal(services.sealer, flow, browser.identify(services, request)),
            "here": services.url("/"),
            "back": services.protocols[flow.protocol].restart_url(services, flow),
            "person": {"name": person.name or person.username, "username": person.username},
            "why": why,
            "kinds": list(authenticators.enrollable(services)),
            "until": until if until > now else 0,
            "helped": helped,
            "days_left": math.ceil((until - now) / 86400) if until > now else 0,
        },
        form_action=form_targets(flow.destination),
    )


def renew_password(services: Services, request: Request, pending: Pending, person: Person, problems: list[str]) -> Page:
    """The password has run out: a new one, inside the sign-in (P3)."""
    return Page(
        template="login/renew_password.html",
        values={
            **_about(services, request, pending, person),
            "problems": problems,
            "min_length": choosing.policy_for(services, person).min_length,
            "account": {"name": person.name or person.username, "username": person.username},
        },
        form_action=form_targets(pending.flow.destination),
    )


def _about(services: Services, request: Request, pending: Pending, person: Person) -> dict[str, Any]:
    request.person_claims = to_json(person.claims)  # their language, although they are not signed in yet
    return {
        "app": _app(services, pending.flow),
        "flow": seal(services.sealer, pending.flow, browser.identify(services, request)),
        "here": services.protocols[pending.flow.protocol].restart_url(services, pending.flow),
        "person": None,  # nobody is signed in yet: no menu, no sign-out
        "account": {"name": person.name or person.username, "username": person.username},
        "ways": [
            {"kind": way.kind, "label": way.label}
            for way in authenticators.all_authenticators()
            if way.kind in pending.allowed and way.is_ready(services, person)
        ],
    }


def _pause(services: Services, pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    until = math.ceil(pause.until) if pause.until is not None else None
    left = max(1, math.ceil(pause.until - services.clock())) if pause.until is not None else 0
    return {"retry_at": until, "retry_in": left}


def _app(services: Services, flow: Flow) -> dict[str, str] | None:
    return shown_app(services, services.registry.find(flow.client_id) if flow.client_id else None)
