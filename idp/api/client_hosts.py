"""Hosts of programs that are known by a document, by the API (client-ID metadata documents)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from clients.documents.hosts import Host as Known
from idp.admin import client_hosts
from idp.admin.permissions import Permission
from idp.api.models import Line, Model, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import not_found
from idp.protocols import Services

Word = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Words = Annotated[tuple[Word, ...], Field(max_length=100)]


class Allowed(Model):
    """What the programs of a host may have."""

    scopes: Words | None = None
    """What they may ask for; null: `open_registration_scope` of the settings."""
    resources: Words | None = None
    """APIs that they may ask tokens for (RFC 8707); null: `open_registration_resources` of the settings."""


class Host(Model):
    """A host."""

    host: Line
    """Its name, with a port that is not 443."""
    state: Literal["allowed", "refused", "waiting"]
    """`waiting`: somebody asked, and no admin has answered."""
    scopes: Words
    """What its programs may ask for."""
    resources: Words
    """APIs that they may ask tokens for."""
    asked_with: str | None
    """The document of the program that somebody asked for it with."""
    asked_by: str | None
    """Who asked: a person's id."""
    asked_at: datetime | None
    """When."""
    decided_by: str | None
    """Who let it in or kept it out, as the record has it."""
    decided_at: datetime | None
    """When."""


class Hosts(Model):
    """Hosts of programs."""

    items: tuple[Host, ...]
    """By name, at most 1000."""


class Ended(Model):
    """What people let programs do has ended."""

    programs: int
    """How many programs they were."""


def listed(services: Services, call: Call) -> Hosts:
    """GET /program-hosts."""
    return Hosts(items=tuple(map(_shown, client_hosts.list_of(services, call.actor))))


def allow(services: Services, call: Call) -> Host:
    """POST /program-hosts/<host>/allow."""
    said = call.body
    done = client_hosts.allow(services, call.actor, call.path["host"], scopes=said.scopes, resources=said.resources)
    return _shown(done.host)


def refuse(services: Services, call: Call) -> Host:
    """POST /program-hosts/<host>/refuse."""
    return _shown(client_hosts.refuse(services, call.actor, call.path["host"]).host)


def forget(services: Services, call: Call) -> None:
    """DELETE /program-hosts/<host>."""
    try:
        client_hosts.forget(services, call.actor, call.path["host"])
    except client_hosts.NoSuchHost:
        raise not_found("host") from None


def end_all(services: Services, call: Call) -> Ended:
    """POST /program-grants/end."""
    return Ended(programs=client_hosts.end_grants(services, call.actor))


def _shown(one: Known) -> Host:
    is_allowed = one.state == "allowed"
    return Host(
        host=one.host, state=one.state, scopes=one.policy.scopes if is_allowed else (),
        resources=one.policy.resources if is_allowed else (), asked_with=one.client_id or None,
        asked_by=one.asked_by or None, asked_at=moment_or_none(one.asked_at or None),
        decided_by=one.decided_by or None, decided_at=moment_or_none(one.decided_at or None),
    )  # fmt: skip


_TAG: Final = "Applications"
OPERATIONS: Final = (
    Operation(
        method="GET", path="/program-hosts", id="listProgramHosts", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="Hosts whose programs are let in, kept out, or asked for", handler=listed, gives=Hosts,
    ),
    Operation(
        method="POST", path="/program-hosts/<host>/allow", id="allowProgramHost", permission=Permission.APPS_CREATE,
        tag=_TAG, summary="Let the programs of a host in", handler=allow, takes=Allowed, gives=Host,
        examples={"an editor": {"scopes": ["openid"], "resources": ["https://tools.example/mcp"]}},
    ),
    Operation(
        method="POST", path="/program-hosts/<host>/refuse", id="refuseProgramHost", permission=Permission.APPS_CREATE,
        tag=_TAG, summary="Keep the programs of a host out; what they had ends", handler=refuse, gives=Host,
        problems=(422,),
    ),
    Operation(
        method="DELETE", path="/program-hosts/<host>", id="forgetProgramHost", permission=Permission.APPS_CREATE,
        tag=_TAG, summary="Forget a host; what its programs had ends", handler=forget, problems=(422,),
    ),
    Operation(
        method="POST", path="/program-grants/end", id="endProgramGrants", permission=Permission.APPS_CREATE, tag=_TAG,
        summary="End what people let programs do that nobody has vouched for", handler=end_all, gives=Ended,
    ),
)  # fmt: skip
