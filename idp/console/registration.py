"""Applications that register themselves: tokens that let them, and those that came (S35)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any, Final

from clients.errors import InvalidMetadata, Problem
from clients.self_registered.policy import LEGACY, Policy
from clients.self_registered.tokens import InitialToken
from idp import flash
from idp.admin import registration_tokens
from idp.admin.permissions import Permission
from idp.console import frame, program_hosts
from idp.console.own_tokens import DAYS
from idp.console.pages import ConsolePage, Visit
from idp.ids import digest, new_id
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Params, Redirect, Request, Response

PATH: Final = "/admin/registration"
SHOWN: Final = 200  # applications
_TTL: Final = 86_400.0  # seconds that a form which was sent once is known
_PROBLEMS: Final = {
    "name": N_("Say what it is for, in at most 80 characters. Example: build server of the shop"),
    "most": N_("A number from 1 to 100,000."),
    "days": N_("Choose how long it works."),
    "scopes": N_("Scopes, one a line: openid"),
    "hosts": N_("Hosts, one a line: shop.example.com, *.example.com, loopback"),
    "resources": N_("One a line: https://api.example.com"),
    "owner": N_("Nobody who may sign in is called so."),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it came."""

    name: str = ""
    most: str = "10"
    days: str = "30"
    scopes: str = "\n".join(Policy().scopes)
    hosts: str = ""
    resources: str = ""
    owner: str = ""
    starts_off: bool = False
    vouched: bool = False
    legacy: tuple[str, ...] = ()
    problems: dict[str, str] = field(default_factory=dict)


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/registration."""
    if request.method != "POST":
        return _page(services, request, visit, Typed())
    if request.form.get("do"):
        done = program_hosts.send(services, visit, request.form, PATH)
        return _page(services, request, visit, Typed(), done) if isinstance(done, program_hosts.Typed) else done
    if end := request.form.get("end"):
        with contextlib.suppress(
            registration_tokens.NoSuchToken
        ):  # it has ended in another tab: what was asked for is so
            registration_tokens.withdraw(services, visit.actor, end)
        return flash.redirect(services, PATH, "token_ended")
    return _create(services, request, visit)


def _create(services: Services, request: Request, visit: Visit) -> Response:
    typed = _read(request.form)
    once = f"console:registration:{visit.actor.id}:{digest(request.form.get('once') or new_id(services.clock()))}"
    if not services.state.add(once, 1, _TTL):  # a reload of the answer: it was shown, and is not made anew
        return Redirect(location=services.url(PATH))
    try:
        if typed.days not in dict(DAYS):
            raise InvalidMetadata(Problem("days", ""))
        policy = Policy(
            scopes=tuple(typed.scopes.split()), hosts=tuple(typed.hosts.split()),
            resources=tuple(typed.resources.split()), starts_off=typed.starts_off, owner=typed.owner,
            vouched=typed.vouched, legacy=typed.legacy,
        )  # fmt: skip
        most = int(typed.most) if typed.most.isascii() and typed.most.isdigit() and len(typed.most) < 9 else 0
        made = registration_tokens.create(
            services, visit.actor, typed.name, policy, most=most, days=int(typed.days)
        )  # fmt: skip
    except InvalidMetadata as error:
        services.state.take(once)  # nothing was made: the form is good for another try
        typed.problems.update({one.field: _PROBLEMS.get(one.field, one.message) for one in error.problems})
        return _page(services, request, visit, typed)
    return frame.page(
        services, request, visit, "console/registration_made.html", token=made.token, value=made.value,
        endpoint=services.url("/oauth/register"),
    )  # fmt: skip


def _read(form: Params) -> Typed:
    def said(name: str) -> str:
        return form.get(name) or ""

    return Typed(
        said("name"), said("most"), said("days"), said("scopes"), said("hosts"), said("resources"),
        said("owner").strip(),
        starts_off=bool(form.get("starts_off")), vouched=bool(form.get("vouched")),
        legacy=tuple(one for one in LEGACY if form.get(one)),
    )  # fmt: skip


def _page(
    services: Services, request: Request, visit: Visit, typed: Typed, host: program_hosts.Typed | None = None
) -> Response:  # fmt: skip
    now, mode = services.clock(), services.settings.oauth.client_id_documents
    wrong = typed.problems or (host.problems if host is not None else {})
    clients = registration_tokens.registered(services, visit.actor)
    return frame.page(
        services, request, visit, "console/registration.html", status=422 if wrong else 200, typed=typed,
        problems=typed.problems, host_form=host or program_hosts.usual(services), documents=mode,
        hosts=program_hosts.shown(services, visit), days=DAYS, once=new_id(now),
        mode=services.settings.oauth.registration,
        tokens=[_shown(one, now) for one in registration_tokens.list_of(services, visit.actor)],
        clients=clients[:SHOWN],
    )  # fmt: skip


def _shown(one: InitialToken, now: float) -> dict[str, Any]:
    return {
        "id": one.id, "name": one.name, "used": one.used, "most": one.most, "made_at": one.created_at,
        "ends_at": one.expires_at, "stands": one.stands(now), "scopes": " ".join(one.policy.scopes),
        "hosts": " ".join(one.policy.hosts), "vouched": one.policy.vouched, "legacy": bool(one.policy.legacy),
    }  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.APPS_CREATE, Permission.APPS_SECRETS),)
