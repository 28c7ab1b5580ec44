"""Who was invited and has set no password yet, by the API (U1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import StringConstraints

from idp.admin import invitations
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Model, Paged, moment_or_none
from idp.api.operations import Call, Operation
from idp.protocols import Services

State = Literal["waiting", "expired", "withdrawn"]


class Invitation(Model):
    """The latest invitation of a person who has set no password yet."""

    person_id: str
    """Whose it is: it is mailed again and withdrawn by their id."""
    username: str
    """What they sign in with."""
    name: str
    """Their full name."""
    email: str | None
    """Their address as it is now."""
    state: State
    """waiting: its link works; expired; withdrawn."""
    way: Literal["mail", "link", "none"]
    """By mail; by a link to hand out; none: what was to leave did not."""
    sent_at: datetime | None
    """When; null: before this was kept."""
    sent_by: str
    """By whom, as the record names them."""
    expires_at: datetime | None
    """Until when its link works."""
    withdrawn_at: datetime | None
    """When it was withdrawn."""
    withdrawn_by: str | None
    """By whom, as the record names them."""


class Invitations(Model):
    """One page of invitations."""

    items: tuple[Invitation, ...]
    """By username."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class WhichInvitations(Paged):
    """Which of them, of people whom the caller looks after."""

    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Words, each of which stands somewhere in what is known of the person, or begins their id."""
    state: State | None = None
    """Only those that stand so."""


def listed(services: Services, call: Call) -> Invitations:
    """GET /invitations."""
    query: WhichInvitations = call.query
    page = invitations.listed(
        services, call.actor, query.query, state=query.state or "", after=paging.place(services, call) or "",
        many=query.limit,
    )  # fmt: skip
    return Invitations(
        items=tuple(map(_shown, page.rows)), next=paging.cursor(services, call, page.next) if page.next else None
    )


def _shown(one: invitations.Listed) -> Invitation:
    kept = one.invitation
    return Invitation(
        person_id=one.person.id, username=one.person.username, name=one.person.name, email=one.person.email,
        state=one.state, way=kept.way, sent_at=moment_or_none(kept.sent_at), sent_by=kept.sent_by,
        expires_at=moment_or_none(kept.expires_at), withdrawn_at=moment_or_none(kept.withdrawn_at),
        withdrawn_by=kept.withdrawn_by or None,
    )  # fmt: skip


OPERATIONS: Final = (
    Operation(
        method="GET", path="/invitations", id="listInvitations", permission=Permission.PEOPLE_READ, tag="People",
        summary="Who was invited and has set no password yet", handler=listed, query=WhichInvitations,
        gives=Invitations,
    ),
)  # fmt: skip
