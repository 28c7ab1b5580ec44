"""The page for a name and a password, and what it says above its form."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Final

from idp.accounts.registering import terms
from idp.login import pages
from idp.login.authenticators import passkeys
from idp.login.browser import last_account, robots
from idp.login.flow import Flow
from idp.login.services import Services
from idp.login.throttle import Pause
from idp.login.upstream import Offers
from idp.showing import form_targets
from idp.texts import N_
from idp.wire import Page, Request

#: How a pause without an end is told: an admin lifts it.
STOPPED = N_(
    "Too many wrong passwords: signing in with this name is stopped until the help desk unlocks it "
    "or the password is reset."
)


@dataclass(frozen=True, slots=True)
class Said:
    """What the page says, and what stands in its form already.

    `check`: somebody must show that they are no program; `kept`: what they have typed, sealed, so that showing it is
    all that is left to do. `error_id`: what to read out to the help desk. `anew`: as of `Identify`.
    """

    typed: str = ""
    error: str | None = None
    error_id: str = ""
    notice: str = ""
    pause: Pause | None = None
    check: bool = False
    kept: str = ""
    anew: bool = False

    @property
    def until(self) -> float | None:
        """When the pause ends; None where there is none, or only an admin ends it."""
        return self.pause.until if self.pause is not None else None

    @property
    def shown_error(self) -> str | None:
        """The error, or that the pause has no end."""
        return STOPPED if self.pause is not None and self.until is None else self.error


NOTHING: Final = Said()


def page(services: Services, request: Request, flow: Flow, said: Said = NOTHING) -> Page:
    """The name and password page."""
    last = None if said.anew or flow.beside else last_account.recall(services, request, flow.demands.subject)
    # So that it comes back from the pages of help. What was typed, or the application says, comes first.
    hint = said.typed[:255] or flow.login_hint or (last.login if last is not None else "")
    flow = replace(flow, login_hint=hint)
    elsewhere = services.upstream.offers(services, request, flow)
    wait = math.ceil(said.until - services.clock()) if said.until is not None else None
    check = said.check or robots.is_expected(services, request)
    return Page(
        template="login/login.html",
        headers=(("Retry-After", str(wait)),) if wait is not None else (),
        values={
            **pages.about(services, request, flow),
            "login": hint,
            "last": last if last is not None and last.is_called(hint) else None,
            **_name_first(services, request, flow, elsewhere),
            "upstream": elsewhere.buttons,
            "ticked": [box for box in ("stay", "shared") if request.method == "POST" and request.form.get(box)],
            "error": said.shown_error,
            "error_id": said.error_id,
            "notice": said.notice,
            "notices": _notices(services, flow),
            "retry_at": math.ceil(said.until) if said.until is not None else None,
            "retry_in": max(1, wait) if wait is not None else 0,
            "stay_days": services.settings.session.stay_days,
            "may_register": terms.find(services, flow.client_id) is not None,
            "passkey": passkeys.offer(services, request),
            "signals": "",
            "check": robots.offer(services, request) if check else None,
            "kept": said.kept,
        },
        form_action=tuple(dict.fromkeys((*form_targets(flow.destination), *elsewhere.targets))),
    )


def _name_first(services: Services, request: Request, flow: Flow, elsewhere: Offers) -> dict[str, Any]:
    """Whether the form asks for the name alone: it may lead to another provider, or the settings want it so."""
    by_password = request.form.get("action") == "password" or "password" in request.form
    by_name = elsewhere.by_name and not by_password and (not flow.login_hint or elsewhere.leads)
    name_first = services.settings.session.name_first
    return {
        "name_first": name_first or elsewhere.by_name,
        "only_name": by_name or (name_first and not flow.login_hint),
        "with_password": by_name,
    }


def _notices(services: Services, flow: Flow) -> list[dict[str, str]]:
    """What admins announce to everybody, or to the users of this application."""
    shown = services.notices.shown("login")
    return [{"text": told.text, "app": ""} for told in shown if told.client_id in (None, flow.client_id)]
