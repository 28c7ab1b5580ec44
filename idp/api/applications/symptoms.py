"""What an application's traffic looks like, by the API (Q2)."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from idp.admin import symptoms
from idp.admin.permissions import Permission
from idp.api.applications import finding
from idp.api.models import Model, moment
from idp.api.operations import Call, Operation
from idp.protocols import Services


class Cause(Model):
    """One thing that may be behind it."""

    what: str
    """In a sentence."""
    tell: str
    """How to know that it is this one."""
    fix: str
    """What to do then."""


class Symptom(Model):
    """Something that was counted, and what it may mean."""

    code: str
    """Names its kind, such as `codes_never_redeemed`."""
    side: Literal["application", "doorward", "person"]
    """Whose the likeliest cause is to put right."""
    field: str
    """Where."""
    what: str
    """What was counted, in a sentence."""
    causes: tuple[Cause, ...]
    """The likeliest first."""
    times: int
    """How often, lately."""
    since: datetime
    """Since when."""
    last_at: datetime
    """When it was seen last."""
    expected: str
    """What would be right, where that can be said."""
    got: str
    """What was seen instead."""
    weight: Literal["wrong", "note"]
    """wrong: it keeps people from signing in, or will; note: worth a look."""
    proven: bool
    """false: anybody could have sent what was counted, so it accuses nobody."""
    docs: str
    """The page that has more of it."""


class Symptoms(Model):
    """All that the application's traffic looks like."""

    items: tuple[Symptom, ...]
    """What keeps people out first."""


def show(services: Services, call: Call) -> Symptoms:
    """GET /applications/<id>/symptoms."""
    client = finding.get(services, call)
    found = symptoms.of_application(services, call.actor, client)
    return Symptoms(
        items=tuple(
            Symptom(
                code=one.code, side=one.side, field=one.field, what=one.what, times=one.times, since=moment(one.since),
                last_at=moment(one.last_at), expected=one.expected, got=one.got, weight=one.weight, proven=one.proven,
                docs=services.url(one.docs),
                causes=tuple(Cause(what=c.what, tell=c.tell, fix=c.fix) for c in one.causes),
            )
            for one in found
        )
    )  # fmt: skip


OPERATIONS: Final = (
    Operation(
        method="GET", path="/applications/<id>/symptoms", id="listSymptoms", permission=Permission.APPS_READ,
        tag="Applications", summary="What its traffic looks like: symptoms and their likely causes", handler=show,
        gives=Symptoms,
    ),
)  # fmt: skip
