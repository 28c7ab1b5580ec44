"""Where somebody is signed in, and the end of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from idp.accounts.person import Person
from idp.audit import Recorder
from idp.login.browser import sessions
from idp.login.browser.sessions import Open
from idp.oidc import ending
from idp.protocols import Services


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


def end(services: Services, person: Person, session_id: str, *, record: Recorder) -> None:
    """End one session, and what it opened; the applications are told. Errors: `NoSuchSession`."""
    if ending.end_one(services, person.id, session_id, record=record) is None:
        raise NoSuchSession(session_id)


def end_all(services: Services, person: Person, *, record: Recorder) -> int:
    """End all of them, and every token; answers how many sessions."""
    return ending.end_all(services, person.id, record=record)


def _applications(services: Services, session_id: str) -> tuple[str, ...]:
    session = sessions.get(services, session_id)
    names = {notice.name for door in services.protocols.values() for notice in door.notices(services, session)}
    return tuple(sorted(names))
