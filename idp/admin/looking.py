"""Look for people as those who help do: by half a name, by state, among those that one may see (U1, C2)."""

from __future__ import annotations

from dataclasses import dataclass

from idp.accounts import listing
from idp.accounts.listing import Listed, Wanted
from idp.accounts.person import Person
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Page:
    """`exact`: whom the text names wholly, shown first; `found`: the others; `next`: the id to go on from, or ''."""

    exact: tuple[Listed, ...]
    found: tuple[Listed, ...]
    next: str = ""


def look(
    services: Services, actor: Actor, text: str = "", *, filters: tuple[str, ...] = (), after: str = "",
    many: int = 50, whole_first: bool = True,
) -> Page:  # fmt: skip
    """A page of the people that this actor may see; `whole_first`: whom the text names wholly stands apart.

    Errors: `NotAllowed` where that is nobody.
    """
    actor.check(Permission.PEOPLE_READ)
    now = services.clock()
    wanted = Wanted(text, filters, actor.scope(Permission.PEOPLE_READ), after)
    found = listing.page(services.db, wanted, now, many + 1)
    is_first = whole_first and bool(text.strip()) and not after and not filters
    whole = _whole(services, actor, text) if is_first else None
    exact = (listing.one(services.db, whole, now),) if whole is not None else ()
    others = tuple(row for row in found[:many] if whole is None or row.person.id != whole.id)
    return Page(exact, others, found[many - 1].person.id if len(found) > many else "")


def _whole(services: Services, actor: Actor, text: str) -> Person | None:
    """Who signs in with exactly this, or has this id; nobody's whom the actor may not see."""
    text = text.strip()
    person = services.directory.find_named(text)
    return person if person is not None and actor.may_person(Permission.PEOPLE_READ, person.groups) else None
