"""Who may open an application, as a form asks it: nobody, groups, everyone; never everyone without a word (R4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from clients.access import EVERYONE, Access
from idp.accounts import groups
from idp.accounts.person import InvalidPerson
from idp.admin import groups as verbs
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request

SHOWN: Final = 60  # groups to tick; more are typed
MOST: Final = 200  # groups of one application
_TOO_MANY = N_("At most 200 groups may be named. Make one group of them.")
_NOBODY_YET = N_("Choose a group, or “Nobody yet”.")
_SAY = N_("Say who may open it: nobody yet, some groups, or everyone.")


@dataclass(frozen=True, slots=True)
class Whom:
    """What was chosen. `typed`: names of groups, one a line. `problem`: what is wrong with it, a sentence."""

    who: str = "nobody"
    ticked: tuple[str, ...] = ()
    typed: str = ""
    problem: str = ""


def of(access: Access, known: tuple[str, ...] = ()) -> Whom:
    """The rule that stands, as the form has it. `known`: groups that can be ticked."""
    ticked = tuple(sorted(access.groups & set(known)))
    others = "\n".join(sorted(access.groups - set(known)))
    who = "everyone" if access.everyone else "groups" if access.groups or access.persons else "nobody"
    return Whom(who, ticked, others)


def offered(services: Services) -> tuple[groups.Group, ...]:
    """Groups to tick."""
    return groups.page(services.db, many=SHOWN)


def read(request: Request) -> Whom:
    """What was sent."""
    form = request.form
    ticked = tuple(value for name, value in form.pairs if name == "group" and value)
    return Whom(form.get("who") or "", ticked, form.get("more_groups") or "")


def checked(services: Services, whom: Whom, persons: frozenset[str] = frozenset()) -> tuple[Access | None, Whom]:
    """The rule; or None, and the form with what is wrong. `persons`: who is named already, and stays."""
    if whom.who == "everyone":
        return EVERYONE, whom
    if whom.who == "nobody":
        return Access.only(), whom
    if whom.who != "groups":
        return None, replace(whom, problem=_SAY)
    typed = [line.strip() for line in whom.typed.splitlines() if line.strip()]
    if len(typed) + len(whom.ticked) > MOST:
        return None, replace(whom, problem=_TOO_MANY)
    try:
        names = verbs.meant(services, (*whom.ticked, *typed)).names
    except InvalidPerson as error:
        return None, replace(whom, problem=error.problems[0].message)
    if not names and not persons:
        return None, replace(whom, problem=_NOBODY_YET)
    return Access.only(groups=names, persons=persons), whom
