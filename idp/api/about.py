"""What the API says of itself, and of whoever calls."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from idp.admin.permissions import Permission
from idp.api.models import Model, moment_or_none
from idp.api.operations import Call, Operation
from idp.protocols import Services
from idp.wire import Response


class Grant(Model):
    """A role as the caller has it."""

    role: str
    """The name of the role."""
    only: tuple[str, ...] | None
    """Ids of applications (app_admin) or names of groups (help_desk) that it is limited to; null: all."""
    until: datetime | None
    """When it ends by itself; null: never."""


class Caller(Model):
    """Whoever calls, and what they may at this moment."""

    kind: Literal["person", "client"]
    """A person by a personal token, or a program by a token of its own."""
    id: str
    """The person's id, or the program's client id."""
    roles: tuple[Grant, ...]
    """The roles that hold now. They are looked at anew with every call."""
    permissions: tuple[str, ...]
    """What they come to."""


def caller(services: Services, call: Call) -> Caller:
    """GET /caller."""
    actor = call.actor
    return Caller(
        kind="client" if actor.kind == "client" else "person", id=actor.id,
        roles=tuple(Grant(role=one.role, only=one.scope, until=moment_or_none(one.until)) for one in actor.grants),
        permissions=tuple(one.value for one in Permission if actor.may(one)),
    )  # fmt: skip


def document(services: Services, call: Call) -> Response:
    """GET /openapi.json."""
    from idp.api.document import answered

    return answered(services)


OPERATIONS = (
    Operation(
        method="GET", path="/openapi.json", id="getDocument", permission=None, public=True, tag="About",
        summary="This document", handler=document,  # type: ignore[arg-type]
    ),
    Operation(
        method="GET", path="/caller", id="getCaller", permission=None, tag="About",
        summary="Who calls, and what they may", handler=caller, gives=Caller,
    ),
)  # fmt: skip
