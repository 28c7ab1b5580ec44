"""The pages that ask for more proof: one authenticator, the list of them, and the end that is no dead end."""

from __future__ import annotations

import math
from typing import Any

from idp.accounts.person import Person
from idp.login import step_up
from idp.login.authenticators import Authenticator
from idp.login.pending import Pending
from idp.login.services import Services
from idp.login.steps import half_proven
from idp.login.throttle import Pause
from idp.showing import form_targets
from idp.wire import Page, Request


def ask(
    services: Services, request: Request, kept: Pending, person: Person, chosen: Authenticator, *, error: str = "",
    pause: Pause | None = None,
) -> Page:  # fmt: skip
    """One way of proving more."""
    template, values = chosen.show(services, request, kept)
    about = half_proven.about(services, request, kept, person)
    headers: tuple[tuple[str, str], ...] = ()
    if pause is not None and pause.until is not None:
        headers = (("Retry-After", str(math.ceil(pause.until - services.clock()))),)
    return Page(
        template=template,
        values={
            **about,
            "resume": True,
            "days_off": _days_off(services, request, kept, person),
            "way": chosen.kind,
            "error": error,
            "pause": _pause(services, pause),
            **values,
        },
        headers=headers,
        form_action=form_targets(kept.flow.destination),
    )


def _days_off(services: Services, request: Request, kept: Pending, person: Person) -> int:
    """What the tick of this page offers; a shared computer is never let off."""
    return 0 if kept.shared else step_up.days_off(services, request, kept.flow, person)


def choose(services: Services, request: Request, kept: Pending, person: Person) -> Page:
    """The authenticators that this person has, and the help desk at the end (F7)."""
    return Page(
        template="login/factor_ways.html",
        values={**half_proven.about(services, request, kept, person), "resume": True, "way": ""},
        form_action=form_targets(kept.flow.destination),
    )


def stuck(services: Services, request: Request, kept: Pending, person: Person, case_id: str) -> Page:
    """None of them works: a case with an id, for the help desk (F7)."""
    return Page(
        template="login/factor_stuck.html",
        values={**half_proven.about(services, request, kept, person), "case_id": case_id},
        form_action=form_targets(kept.flow.destination),
    )


def _pause(services: Services, pause: Pause | None) -> dict[str, Any] | None:
    if pause is None:
        return None
    until = math.ceil(pause.until) if pause.until is not None else None
    left = max(1, math.ceil(pause.until - services.clock())) if pause.until is not None else 0
    return {"retry_at": until, "retry_in": left}
