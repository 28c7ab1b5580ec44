"""The pages that ask for more proof: one authenticator, the list of them, and the end that is no dead end."""

from __future__ import annotations

import math
from dataclasses import replace

from idp.login import step_up
from idp.login.authenticators import Authenticator
from idp.login.services import Services
from idp.login.steps import half_proven
from idp.login.steps.half_proven import HalfProven
from idp.login.throttle import Pause
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Page, Request

PAUSED = N_("Too many wrong codes. Please wait, then use the newest code.")
STOPPED = N_("Too many wrong codes: the help desk must unlock this account first.")


def ask(services: Services, request: Request, half: HalfProven, chosen: Authenticator, error: str = "") -> Page:
    """One way of proving more."""
    template, values = chosen.show(services, request, half.kept)
    return Page(
        template=template,
        values={
            **half_proven.about(services, request, half),
            "resume": True,
            "days_off": _days_off(services, request, half),
            "way": chosen.kind,
            "error": error,
            "pause": None,
            **values,
        },
        form_action=form_targets(half.kept.flow.destination),
    )


def paused(services: Services, request: Request, half: HalfProven, chosen: Authenticator, pause: Pause) -> Page:
    """The same page while nothing is looked at: until when, or that the help desk ends it."""
    page = ask(services, request, half, chosen, PAUSED if pause.until is not None else STOPPED)
    left = math.ceil(pause.until - services.clock()) if pause.until is not None else None
    until = math.ceil(pause.until) if pause.until is not None else None
    said = {"retry_at": until, "retry_in": max(1, left) if left is not None else 0}
    headers = (("Retry-After", str(left)),) if left is not None else ()
    return replace(page, values={**page.values, "pause": said}, headers=headers)


def _days_off(services: Services, request: Request, half: HalfProven) -> int:
    """What the tick of this page offers; a shared computer is never let off."""
    return 0 if half.kept.shared else step_up.days_off(services, request, half.kept.flow, half.person)


def choose(services: Services, request: Request, half: HalfProven) -> Page:
    """The authenticators that this person has, and the help desk at the end (F7)."""
    return Page(
        template="login/factor_ways.html",
        values={**half_proven.about(services, request, half), "resume": True, "way": ""},
        form_action=form_targets(half.kept.flow.destination),
    )


def stuck(services: Services, request: Request, half: HalfProven, case_id: str) -> Page:
    """None of them works: a case with an id, for the help desk (F7)."""
    return Page(
        template="login/factor_stuck.html",
        values={**half_proven.about(services, request, half), "case_id": case_id},
        form_action=form_targets(half.kept.flow.destination),
    )
