"""Two persons that are one, by the API: what would happen, and done (I6)."""

from __future__ import annotations

from typing import Final

from idp.accounts.person import Person
from idp.admin import joining
from idp.admin.joining import CannotJoin, Joining
from idp.admin.permissions import Permission
from idp.api.models import Model
from idp.api.operations import Call, Operation
from idp.api.people import finding
from idp.api.problems import Problem, not_found, wrong
from idp.protocols import Services


class Other(Model):
    """Who would be no more."""

    other: str
    """Their id."""


class Sub(Model):
    """An application that knew the one who goes."""

    client_id: str
    """Its id."""
    name: str
    """Its name."""
    sub: str | None
    """As it knew them; null: by a name of its own (SAML)."""
    sub_after: str | None
    """As it knows the one who stays."""


class Elsewhere(Model):
    """An account at a provider that becomes the other's."""

    provider_id: str
    """The provider."""
    name: str
    """Its name."""
    label: str
    """What the account is called there."""


class Joined(Model):
    """All that happens when two persons are joined."""

    kept: str
    """The id of who stays."""
    gone: str
    """The id of who is no more."""
    links: tuple[Elsewhere, ...]
    """Accounts elsewhere that become theirs."""
    authenticators: tuple[str, ...]
    """Kinds of the sign-in methods that become theirs."""
    groups: tuple[str, ...]
    """Groups that they come into."""
    consents: tuple[str, ...]
    """Applications whose consent moves, by id."""
    applications: tuple[Sub, ...]
    """Applications that knew the one who goes."""
    turned_off_at: tuple[str, ...]
    """Names of applications that people are written to, where the one who goes is turned off."""
    sessions: int
    """Sign-ins that end."""
    grants: int
    """Applications whose tokens end."""


def look(services: Services, call: Call) -> Joined:
    """GET /people/<id>/join."""
    kept = finding.get(services, call, Permission.PEOPLE_REMOVE)
    gone = services.directory.find(call.query.other)
    if gone is None:
        raise not_found("person")
    try:
        return _told(joining.effect_of(services, call.actor, kept, gone))
    except CannotJoin as error:
        raise _conflict(error) from None


def join(services: Services, call: Call) -> Joined:
    """POST /people/<id>/join."""
    kept, body = finding.get(services, call, Permission.PEOPLE_REMOVE), call.body
    assert isinstance(body, Other)
    gone: Person | None = services.directory.find(body.other)
    if gone is None:
        raise wrong("other", "is nobody's id here", expected="the id of a person")
    try:
        return _told(joining.join(services, call.actor, kept, gone))
    except CannotJoin as error:
        raise _conflict(error) from None


def _conflict(error: CannotJoin) -> Problem:
    return Problem("conflict", f"{error}.".capitalize())


def _told(one: Joining) -> Joined:
    return Joined(
        kept=one.kept.id, gone=one.gone.id,
        links=tuple(
            Elsewhere(provider_id=link.provider_id, name=one.providers[link.provider_id], label=link.label)
            for link in one.links
        ),
        authenticators=tuple(each.kind for each in one.authenticators),
        groups=tuple(each.name for each in one.groups), consents=one.consents,
        applications=tuple(
            Sub(client_id=app.client_id, name=app.name, sub=app.sub or None, sub_after=app.sub_after or None)
            for app in one.applications
        ),
        turned_off_at=one.turned_off_at, sessions=one.ends.sessions, grants=one.ends.grants,
    )  # fmt: skip


_TAG: Final = "People"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/people/<id>/join", id="foreseeJoin", permission=Permission.ROLES_GRANT, tag=_TAG,
        summary="What joining another person into this one would do", handler=look, query=Other, gives=Joined,
        problems=(409,),
    ),
    Operation(
        method="POST", path="/people/<id>/join", id="joinPeople", permission=Permission.ROLES_GRANT, tag=_TAG,
        summary="Join another person into this one, for good", handler=join, takes=Other, gives=Joined,
        problems=(409,), examples={"twice": {"other": "u2z4kq7vbn5m3xw6jrt8ychd9ea"}},
    ),
)  # fmt: skip
