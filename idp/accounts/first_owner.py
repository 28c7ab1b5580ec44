"""The first owner: somebody must be able to sign in before anybody can be let in (T9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.accounts import links
from idp.accounts.person import Draft, InvalidPerson, Person
from idp.audit import Recorder

if TYPE_CHECKING:
    from idp.accounts.services import Services


def link(services: Services, username: str, email: str | None, *, record: Recorder) -> str | None:
    """A one-time link for the first owner, made where missing; None once an owner can sign in.

    Errors: `InvalidPerson`.
    """
    if services.directory.has_owner():
        return None
    owner = _waiting(services) or _add_owner(services, username, email, record)
    token = links.make(services.state, owner, "owner", links.OWNER_TTL)
    record(services.db, "link:made", {"person_id": owner.id, "purpose": "owner"})
    return services.url(f"/setup/{token}")


def _waiting(services: Services) -> Person | None:
    """An owner who has set no password yet."""
    found = (person for person in services.directory.owners() if person.enabled and not person.has_password)
    return next(found, None)


def _add_owner(services: Services, username: str, email: str | None, record: Recorder) -> Person:
    draft = Draft(username=username, email=email, roles=("owner",))
    try:
        return services.directory.add(draft, record=record)
    except InvalidPerson:
        racing = _waiting(services)  # another `init` at the same time made the owner
        if racing is not None:
            return racing
        raise
