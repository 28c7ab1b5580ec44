"""Connect an application: at most three questions, who may open it, and the answer has what to paste there (R1, R4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from clients.errors import InvalidMetadata, Problem
from clients.gallery import shelf
from clients.gallery.answers import InvalidAnswers
from clients.gallery.template import Question, Template
from clients.registry import Registered
from idp.admin import descriptions, gallery
from idp.admin.gallery import Unfinished
from idp.admin.permissions import Permission
from idp.console import frame
from idp.console.apps import pasting, registering, whom
from idp.console.apps.finding import no_such_app
from idp.console.apps.registering import Made, Typed
from idp.console.pages import ConsolePage, Visit
from idp.ids import digest, new_id
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

_OTHERS: Final = ("oidc", "saml")
_TTL: Final = 86_400.0  # seconds that a form which was sent once is known
#: The kinds of OpenID Connect applications, the usual one first.
PROFILES: Final[tuple[tuple[str, str], ...]] = (
    ("web", N_("A web application on a server (usual)")),
    ("legacy", N_("A web application on a server whose library has no PKCE")),
    ("spa", N_("An application that runs in the browser only")),
    ("native", N_("An application installed on a phone or computer")),
    ("machine", N_("A program that acts for itself; nobody signs in")),
)
_FIRST_THERE = N_("SAML needs this before anything can be registered: set it up there first, as the steps below say.")


@dataclass(frozen=True, slots=True)
class Form:
    """The form of one page: what is being connected, what was typed, and what is wrong with it."""

    kind: str
    template: Template | None
    typed: Typed
    whom: whom.Whom
    problems: tuple[Problem, ...] = ()


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/apps/new/<product>."""
    template = None if request.segment in _OTHERS else shelf.find(request.segment)
    if template is None and request.segment not in _OTHERS:
        raise no_such_app()
    typed = registering.read(request, request.segment, template)
    form = Form(request.segment, template, typed, whom.read(request) if request.method == "POST" else whom.Whom())
    if request.method == "POST":
        return _send(services, request, visit, form)
    return _page(services, request, visit, form)


def _send(services: Services, request: Request, visit: Visit, form: Form) -> Response:
    access, chosen = whom.checked(services, form.whom)
    form = replace(form, whom=chosen)
    if access is None:
        return _page(services, request, visit, replace(form, problems=(Problem("who", chosen.problem),)))
    # Sent twice by an impatient press or by a reload, it is one application all the same.
    key = f"console:connected:{visit.session.person_id}:{digest(form.typed.once or new_id(services.clock()))}"
    if not services.state.add(key, "", _TTL):
        there = services.state.get(key)
        return Redirect(location=services.url(f"/admin/apps/{there}" if there else "/admin/apps"))
    try:
        made = registering.register(services, visit.actor, form.template, form.typed, access)
    except Unfinished as error:
        services.state.take(key)
        needed = tuple(Problem(f"q-{one}", _FIRST_THERE) for one in error.questions)
        return _page(services, request, visit, replace(form, problems=needed))
    except (InvalidAnswers, InvalidMetadata) as error:
        services.state.take(key)
        return _page(services, request, visit, replace(form, problems=registering.named(form.template, error)))
    services.state.put(key, made.registered.client.id, _TTL)
    return _made(services, request, visit, made)


def _page(services: Services, request: Request, visit: Visit, form: Form) -> Response:
    groups, wrong = whom.offered(services), dict[str, str]()
    for problem in form.problems:
        wrong.setdefault(problem.field, problem.message)
    return frame.page(
        services, request, visit, "console/apps/new.html", status=400 if form.problems else 200,
        kind=form.kind, product=form.template, typed=form.typed, whom=form.whom, wrong=wrong,
        problems=[(problem.field, problem.message) for problem in form.problems],
        groups=groups, all_groups=len(groups) < whom.SHOWN, profiles=PROFILES,
        choices={one.id: [(value, value) for value in one.choices] for one in _questions(form)},
        once=form.typed.once or new_id(services.clock()), guide=_guide(services, form),
    )  # fmt: skip


def _questions(form: Form) -> tuple[Question, ...]:
    return () if form.template is None else form.template.questions


def _guide(services: Services, form: Form) -> Any:
    """The steps there, as far as they can be said before anything is registered; None where there are none."""
    if form.template is None or form.template.cannot:
        return None
    try:
        return gallery.shown(services, form.template, protocol=form.typed.protocol or None)
    except ValueError:
        return None


def _made(services: Services, request: Request, visit: Visit, made: Made) -> Response:
    """The only page that ever shows the secret: it stands in this answer and nowhere else."""
    return frame.page(
        services, request, visit, "console/apps/made.html", **shown(services, made.registered), filled=made.filled,
        warnings=made.warnings,
    )  # fmt: skip


def shown(services: Services, made: Registered) -> Mapping[str, Any]:
    """What a page shows of an application that has a new secret."""
    described = descriptions.described(services, made.client, made.client_secret)
    return {
        "app": made.client, "secret": made.client_secret or "", "snippet": described.get("snippet", ""),
        "fields": pasting.fields(services, made.client), "endpoints": pasting.endpoints(services, made.client),
    }  # fmt: skip


PAGES = (
    ConsolePage("/admin/apps/new/<product>", handle, Permission.APPS_CREATE, Permission.APPS_CREATE),
)  # fmt: skip
