"""Who asks for an account, by the API: looked at, let in, refused (U1)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import StringConstraints

from idp.accounts.registering.waiting import Waiting
from idp.admin import registrations
from idp.admin.permissions import Permission
from idp.api.models import Model, moment
from idp.api.operations import Call, Operation
from idp.api.people.changing import placed
from idp.api.problems import Problem, not_found
from idp.protocols import Services


class Registration(Model):
    """Somebody who asks for an account, and has shown that the address is theirs."""

    id: str
    """What it is approved or refused by."""
    email: str
    """Their address."""
    username: str
    """The username that they want."""
    name: str
    """Their name, as they typed it."""
    claims: dict[str, Any]
    """What else they typed."""
    reason: str
    """Why they ask."""
    client_id: str | None
    """The application that they came from; null: none."""
    groups: tuple[str, ...]
    """The groups that they will be in."""
    address: str
    """The network address that they asked from."""
    asked_at: datetime
    """When."""


class Registrations(Model):
    """Those that wait, who has waited longest first; at most 200."""

    items: tuple[Registration, ...]
    """The first of them."""
    total: int
    """How many wait."""


class WhichRegistrations(Model):
    """Which of them."""

    query: Annotated[str, StringConstraints(max_length=200)] = ""
    """Any part of name, address or username."""


class Approval(Model):
    """How they are let in."""

    username: Annotated[str, StringConstraints(max_length=128)] = ""
    """Another username than they asked for; empty: that one."""


class Approved(Model):
    """Somebody new."""

    id: str
    """Their id."""
    username: str
    """What they sign in with."""
    mailed_to: str | None
    """Where the link to set a password goes; null: no mail reaches them."""
    not_mailed: str
    """Why not."""


class Refusal(Model):
    """Why somebody gets no account."""

    note: Annotated[str, StringConstraints(max_length=500)] = ""
    """What they are told of why."""


class Refused(Model):
    """What became of the mail that says so."""

    not_mailed: str
    """Why none is on its way; empty: one is."""


def listed(services: Services, call: Call) -> Registrations:
    """GET /registrations."""
    found = registrations.listed(services, call.actor, search=call.query.query)
    return Registrations(
        items=tuple(_shown(services, one) for one in found), total=registrations.count(services, call.actor)
    )


def show(services: Services, call: Call) -> Registration:
    """GET /registrations/<id>."""
    return _shown(services, _get(services, call))


def approve(services: Services, call: Call) -> Approved:
    """POST /registrations/<id>/approve."""
    try:
        with placed():
            person, invited = registrations.approve(
                services, call.actor, _get(services, call), username=call.body.username
            )  # fmt: skip
    except registrations.Decided:
        raise _decided() from None
    return Approved(id=person.id, username=person.username, mailed_to=invited.to or None, not_mailed=invited.why)


def refuse(services: Services, call: Call) -> Refused:
    """POST /registrations/<id>/refuse."""
    try:
        why = registrations.refuse(services, call.actor, _get(services, call), note=call.body.note)
    except registrations.Decided:
        raise _decided() from None
    return Refused(not_mailed=why)


def _decided() -> Problem:
    return Problem("conflict", "Somebody else has decided meanwhile.")


def _get(services: Services, call: Call) -> Waiting:
    try:
        return registrations.get(services, call.actor, call.path["id"])
    except registrations.Decided:
        raise not_found("registration: nobody waits under it") from None


def _shown(services: Services, one: Waiting) -> Registration:
    return Registration(
        id=one.id, email=one.email, username=one.username, name=one.name, claims=dict(one.claims), reason=one.reason,
        client_id=one.client_id or None, groups=registrations.groups_of(services, one), address=one.address,
        asked_at=moment(one.asked_at),
    )  # fmt: skip


_TAG: Final = "People"
_ONE: Final = "/registrations/<id>"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/registrations", id="listRegistrations", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Who asks for an account and waits for an answer", handler=listed, query=WhichRegistrations,
        gives=Registrations,
    ),
    Operation(
        method="GET", path=_ONE, id="getRegistration", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Somebody who asks for an account", handler=show, gives=Registration,
    ),
    Operation(
        method="POST", path=f"{_ONE}/approve", id="approveRegistration", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Let them in: they are mailed a link to set a password", handler=approve, takes=Approval,
        gives=Approved, problems=(409,), examples={"as asked": {}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/refuse", id="refuseRegistration", permission=Permission.PEOPLE_CREATE, tag=_TAG,
        summary="Drop their request, and tell them", handler=refuse, takes=Refusal, gives=Refused, problems=(409,),
        examples={"known": {"note": "You have an account already."}},
    ),
)  # fmt: skip
