"""Directories that write people and groups here by SCIM, by the API: let in, limited, renewed, ended (Y1)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints

from idp.accounts.provisioning import clients
from idp.accounts.provisioning.clients import InvalidProvisioner, Provisioner, Wanted
from idp.admin import managed, provisioners
from idp.admin.permissions import Permission
from idp.api import editions, problems
from idp.api.models import Model, left_out, moment, moment_or_none
from idp.api.operations import Answer, Call, Operation
from idp.api.problems import Problem, not_found
from idp.protocols import Services

May = Literal["write", "read", "no"]
Name = Annotated[str, StringConstraints(min_length=1, max_length=clients.MAX_NAME)]
Attributes = Annotated[
    tuple[Annotated[str, StringConstraints(min_length=1, max_length=200)], ...], Field(min_length=1, max_length=100)
]


class NewScimClient(Model):
    """A directory to let in."""

    name: Name
    """Which one it is; the record tells them by it, and it stays."""
    users: May = "write"
    """What it may do to people."""
    groups: May = "write"
    """What it may do to groups."""
    attributes: Attributes | None = None
    """Of people it writes these alone, such as displayName or enterprise.department; null: all."""
    adopts: bool = False
    """It may change people and groups that it did not make."""
    trusts_mail: bool = False
    """Its addresses count as proven."""
    invites: bool = False
    """Whom it makes is sent an invitation."""


class ScimClientPatch(Model):
    """What it may from its next call on, as a merge patch (RFC 7396): what is not named stays."""

    users: May = left_out()
    """What it may do to people."""
    groups: May = left_out()
    """What it may do to groups."""
    attributes: Attributes | None = left_out()
    """Of people it writes these alone; null: all."""
    adopts: bool = left_out()
    """It may change people and groups that it did not make."""
    trusts_mail: bool = left_out()
    """Its addresses count as proven."""
    invites: bool = left_out()
    """Whom it makes is sent an invitation."""


class Renewal(Model):
    """Another token."""

    at_once: bool = False
    """The token before opens nothing from now on; false: it works for a week beside the new one."""


class ScimRefusal(Model):
    """Something that was refused to it."""

    at: datetime
    """When."""
    method: str
    """What it sent,"""
    path: str
    """and where, below the address; without parameters."""
    status: int
    """What was answered,"""
    detail: str
    """and why."""


class ScimClient(Model):
    """A directory that writes here, without its token."""

    id: str
    """Its id; the record names it `scim:` and this."""
    name: str
    """Which one it is."""
    address: str
    """What it is given beside its token."""
    users: May
    """What it may do to people."""
    groups: May
    """What it may do to groups."""
    attributes: tuple[str, ...] | None
    """Of people it writes these alone; null: all."""
    adopts: bool
    """It may change people and groups that it did not make."""
    trusts_mail: bool
    """Its addresses count as proven."""
    invites: bool
    """Whom it makes is sent an invitation."""
    enabled: bool
    """Whether its token opens anything."""
    created_at: datetime
    """When it was let in."""
    created_by: str
    """By whom, as the record has it."""
    last_used_at: datetime | None
    """When it came last; null: never."""
    earlier_until: datetime | None
    """As long the token before the last renewal works, too; null: none does."""
    refused: tuple[ScimRefusal, ...]
    """What was refused to it, the last first: ten at most."""
    managed_by: str | None
    """The file of configuration that manages it."""


class MadeScimClient(Model):
    """One with a new token."""

    client: ScimClient
    """What is known of it."""
    token: str
    """Its token. It is shown this once."""


class ScimClients(Model):
    """All directories that write here."""

    items: tuple[ScimClient, ...]
    """By name; 50 at most."""


def listed(services: Services, call: Call) -> ScimClients:
    """GET /scim-clients."""
    found = provisioners.list_of(services, call.actor)
    return ScimClients(items=tuple(_shown(services, one) for one in found))


def get(services: Services, call: Call) -> Answer:
    """GET /scim-clients/<id>."""
    return _answered(services, _get(services, call))


def make(services: Services, call: Call) -> Answer:
    """POST /scim-clients."""
    body = call.body
    wanted = Wanted(**{name: getattr(body, name) for name in NewScimClient.model_fields})
    with _placed():
        made = provisioners.make(services, call.actor, wanted)
    value = MadeScimClient(client=_shown(services, made.client), token=made.value)
    return Answer(value=value, etag=made.client.edition, location=f"/scim-clients/{made.client.id}")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /scim-clients/<id>."""
    one, body = _get(services, call), call.body
    seen = editions.check(call, one.edition)
    said = {name: getattr(body, name) for name in body.model_fields_set}

    def how(before: Provisioner) -> Wanted:
        return Wanted(**{name: getattr(before, name) for name in NewScimClient.model_fields} | said)

    with _placed():
        changed = provisioners.change(services, call.actor, one, how, seen=seen or "")
    return _answered(services, changed)


def renew(services: Services, call: Call) -> Answer:
    """POST /scim-clients/<id>/renew."""
    with _placed():
        made = provisioners.renew(services, call.actor, _get(services, call), at_once=call.body.at_once)
    value = MadeScimClient(client=_shown(services, made.client), token=made.value)
    return Answer(value=value, etag=made.client.edition)


def turn_on(services: Services, call: Call) -> Answer:
    """POST /scim-clients/<id>/enable."""
    with _placed():
        return _answered(services, provisioners.turn(services, call.actor, _get(services, call), on=True))


def turn_off(services: Services, call: Call) -> Answer:
    """POST /scim-clients/<id>/disable."""
    with _placed():
        return _answered(services, provisioners.turn(services, call.actor, _get(services, call), on=False))


def end(services: Services, call: Call) -> None:
    """DELETE /scim-clients/<id>."""
    one = _get(services, call)
    seen = editions.check(call, one.edition)
    with _placed():
        provisioners.remove(services, call.actor, one, seen=seen or "")


# -- below -----------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _placed() -> Iterator[None]:
    """What the verbs say no with. Errors: `Problem`."""
    try:
        yield
    except InvalidProvisioner as error:
        raise problems.wrong(error.field, error.message) from None
    except clients.ChangedMeanwhile:
        raise Problem("changed", "It is another edition by now. Read it again.") from None
    except clients.StillInUse as error:
        until = moment(error.until).isoformat()
        raise Problem("conflict", f"{str(error).capitalize()}. The one before works until {until}.") from None
    except provisioners.UnknownProvisioner:
        raise not_found("directory that writes here") from None


def _get(services: Services, call: Call) -> Provisioner:
    try:
        return provisioners.find(services, call.actor, call.path["id"])
    except provisioners.UnknownProvisioner:
        raise not_found("directory that writes here") from None


def _answered(services: Services, one: Provisioner) -> Answer:
    return Answer(value=_shown(services, one), etag=one.edition)


def _shown(services: Services, one: Provisioner) -> ScimClient:
    is_over = one.earlier_until is None or one.earlier_until <= services.clock()
    return ScimClient(
        id=one.id, name=one.name, address=services.url("/scim/v2"), users=one.users, groups=one.groups,
        attributes=one.attributes, adopts=one.adopts, trusts_mail=one.trusts_mail, invites=one.invites,
        enabled=not one.is_off, created_at=moment(one.created_at), created_by=one.created_by,
        last_used_at=moment_or_none(one.last_used_at),
        earlier_until=None if is_over else moment_or_none(one.earlier_until),
        refused=tuple(map(_refusal, one.faults)),
        managed_by=managed.manager_of(services, provisioners.KIND, one.id) or None,
    )  # fmt: skip


def _refusal(fault: Any) -> ScimRefusal:
    return ScimRefusal(at=moment(fault["at"]), **{name: fault[name] for name in ("method", "path", "status", "detail")})


_TAG: Final = "Provisioning"
_ALL: Final = "/scim-clients"
_ONE: Final = f"{_ALL}/<id>"
_MAY: Final = Permission.ROLES_GRANT

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listScimClients", permission=_MAY, tag=_TAG,
        summary="Every directory that writes people and groups here", handler=listed, gives=ScimClients,
    ),
    Operation(
        method="POST", path=_ALL, id="addScimClient", permission=_MAY, tag=_TAG,
        summary="Let a directory in; its token is shown this once", handler=make, takes=NewScimClient,
        gives=MadeScimClient, status=201, creates=True, made="#/client/id",
        examples={"Microsoft Entra": {"name": "Microsoft Entra", "adopts": True}},
    ),
    Operation(
        method="GET", path=_ONE, id="getScimClient", permission=_MAY, tag=_TAG,
        summary="A directory that writes here, and what was refused to it", handler=get, gives=ScimClient,
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeScimClient", permission=_MAY, tag=_TAG,
        summary="Change what it may, from its next call on", handler=patch, takes=ScimClientPatch, gives=ScimClient,
        guarded=True, merges=True, examples={"read only": {"users": "read", "groups": "read"}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/renew", id="renewScimClient", permission=_MAY, tag=_TAG,
        summary="Another token, shown this once", handler=renew, takes=Renewal, gives=MadeScimClient, creates=True,
        problems=(409,), examples={"with an overlap": {"at_once": False}},
    ),
    Operation(
        method="POST", path=f"{_ONE}/enable", id="enableScimClient", permission=_MAY, tag=_TAG,
        summary="Its token opens what it did again", handler=turn_on, gives=ScimClient,
    ),
    Operation(
        method="POST", path=f"{_ONE}/disable", id="disableScimClient", permission=_MAY, tag=_TAG,
        summary="Its token opens nothing; it stays as it is", handler=turn_off, gives=ScimClient,
    ),
    Operation(
        method="DELETE", path=_ONE, id="endScimClient", permission=_MAY, tag=_TAG,
        summary="End it; people and groups stay, and are yours", handler=end, guarded=True,
    ),
)  # fmt: skip
