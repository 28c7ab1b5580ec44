"""Somebody's own personal tokens: make one, see when each was last used, end one (C4)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from idp import flash
from idp.accounts.person import Person
from idp.accounts.tokens import MOST, Made
from idp.admin import tokens
from idp.admin.permissions import Permission
from idp.console import frame, guard
from idp.console.pages import ConsolePage, Visit
from idp.console.people.rights import TITLES, shown_tokens
from idp.ids import digest, new_id
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Redirect, Request, Response

PATH: Final = "/admin/tokens"
_TTL: Final = 86_400.0  # seconds that a form which was sent once is known
#: How long a token may work, in days.
DAYS: Final[tuple[tuple[str, str], ...]] = (
    ("7", N_("7 days")), ("30", N_("30 days")), ("90", N_("90 days")), ("180", N_("Half a year")),
    ("366", N_("A year")),
)  # fmt: skip
_PROBLEMS: Final = {
    "name": N_("Say what it is for, in at most 80 characters. Example: nightly report"),
    "days": N_("Choose how long it works."),
    "roles": N_("Choose at least one of your roles."),
    "many": N_("You have as many tokens as one person may have. End one that is not needed any more."),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it came."""

    name: str
    days: str
    roles: tuple[str, ...]


def handle(services: Services, request: Request, visit: Visit) -> Response:
    """GET and POST /admin/tokens."""
    person = services.directory.find(visit.actor.id)
    if person is None:  # removed at this very moment
        return Redirect(location=services.url("/"))
    if request.method != "POST":
        return _page(services, request, visit, person)
    if end := request.form.get("end"):
        return _end(services, visit, person, end)
    return guard.prove_again(services, request, visit) or _create(services, request, visit, person)


def _create(services: Services, request: Request, visit: Visit, person: Person) -> Response:
    form = request.form
    roles = tuple(value for name, value in form.pairs if name == "role")
    typed = Typed(form.get("name") or "", form.get("days") or "", roles)
    if typed.days not in dict(DAYS):
        return _page(services, request, visit, person, typed, "days")
    if not typed.roles:
        return _page(services, request, visit, person, typed, "roles")
    once = f"console:token:{person.id}:{digest(form.get('once') or new_id(services.clock()))}"
    if not services.state.add(once, 1, _TTL):  # a reload of the answer: it was shown, and is not made anew
        return Redirect(location=services.url(PATH))
    try:
        made = tokens.create(
            services, visit.actor, person, typed.name, days=int(typed.days),
            roles=None if set(typed.roles) >= set(person.roles) else typed.roles,
        )  # fmt: skip
    except tokens.InvalidToken as error:
        services.state.take(once)  # nothing was made: the form is good for another try
        is_full = error.field == "name" and len(tokens.list_of(services, visit.actor, person)) >= MOST
        return _page(services, request, visit, person, typed, "many" if is_full else error.field)
    return _made(services, request, visit, made)


def _made(services: Services, request: Request, visit: Visit, made: Made) -> Response:
    return frame.page(
        services, request, visit, "console/token_made.html", token=made.token, value=made.value,
        api=services.url("/api/v1"),
    )  # fmt: skip


def _end(services: Services, visit: Visit, person: Person, token_id: str) -> Response:
    with contextlib.suppress(tokens.NoSuchToken):  # it has ended in another tab: what was asked for is so
        tokens.withdraw(services, visit.actor, person, token_id)
    return flash.redirect(services, PATH, "token_ended")


def _page(
    services: Services, request: Request, visit: Visit, person: Person, typed: Typed | None = None,
    wrong: str = "",
) -> Response:  # fmt: skip
    mine = tuple(role for role in TITLES if role in person.roles)
    kept = typed or Typed("", "90", mine)
    field = "name" if wrong == "many" else wrong
    return frame.page(
        services, request, visit, "console/tokens.html", status=422 if wrong else 200,
        tokens=shown_tokens(tokens.list_of(services, visit.actor, person)), typed=kept, days=DAYS, mine=mine,
        titles=TITLES, problems={field: _PROBLEMS[wrong]} if wrong else {}, once=new_id(services.clock()),
    )  # fmt: skip


PAGES = (ConsolePage(PATH, handle, Permission.OVERVIEW, Permission.OVERVIEW),)
