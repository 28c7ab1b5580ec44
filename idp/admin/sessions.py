"""Where somebody is signed in, and the end of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from idp.accounts.person import Person
from idp.admin.permissions import Permission
from idp.login.browser import sessions
from idp.login.browser.sessions import Open
from idp.oidc import connected, ending
from idp.oidc.connected import Connected
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor


class NoSuchSession(LookupError):
    """The person has no open session of this id."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An open session, and the applications that it has signed somebody in to, by name."""

    session: Open
    applications: tuple[str, ...]


def described(one: SignedIn) -> dict[str, Any]:
    """A session as programs see it."""
    return {**asdict(one.session), "apps": list(one.applications)}


def open_of(services: Services, person: Person) -> tuple[SignedIn, ...]:
    """Every open session of a person."""
    found = sessions.open_of(services, person.id)
    return tuple(SignedIn(one, _applications(services, one.id)) for one in found)


def connected_of(services: Services, person: Person) -> tuple[Connected, ...]:
    """The devices and applications of a person that stay connected without a browser, the latest used first."""
    return connected.of_person(services, person.id)


def end(services: Services, actor: Actor, person: Person, session_id: str) -> None:
    """End one session, and what it opened; the applications are told. Or what stays connected, by its id.

    Errors: `NotAllowed`, `NoSuchSession`.
    """
    actor.check_person(services, Permission.PEOPLE_HELP, person)
    record = actor.record(services)
    if ending.end_one(services, person.id, session_id, record=record) is not None:
        return
    if not connected.end(services, person.id, session_id, record=record, why=ending.BY_ADMIN):
        raise NoSuchSession(session_id)


def end_all(services: Services, actor: Actor, person: Person) -> int:
    """End all of them, and every token; answers how many sessions. Errors: `NotAllowed`."""
    actor.check_person(services, Permission.PEOPLE_HELP, person)
    return ending.end_all(services, person.id, record=actor.record(services))


def _applications(services: Services, session_id: str) -> tuple[str, ...]:
    session = sessions.get(services, session_id)
    names = {notice.name for door in services.protocols.values() for notice in door.notices(services, session)}
    return tuple(sorted(names))
