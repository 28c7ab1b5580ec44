"""Changes that wait for a second owner, by the API (C3). They are decided in the console, by somebody's own sign-in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from idp.accounts.approvals import Approval as Row
from idp.admin.approving import deciding
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Model, Paged, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, not_found
from idp.protocols import Services


class Approval(Model):
    """A change that waits, or waited, for a second owner."""

    id: str
    """Its id."""
    action: str
    """Which change: as the setting admin.second_owner names it."""
    state: str
    """waits, running, done, refused, withdrawn, failed or expired."""
    asked_by: str
    """Who asked, as the record names them."""
    asked_at: datetime
    """When."""
    until: datetime
    """When it is not waited for any more."""
    decided_by: str | None
    """Who decided; null: nobody has."""
    decided_at: datetime | None
    """When."""
    note: str
    """Their word; of one that failed: why."""
    asks: dict[str, Any]
    """What it was asked with."""


class Approvals(Model):
    """One page of them."""

    items: tuple[Approval, ...]
    """The newest first; who is no owner sees what they have asked for."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


def listed(services: Services, call: Call) -> Approvals:
    """GET /approvals."""
    before = paging.place(services, call) or ""
    found = deciding.listed(services, call.actor, call.query.limit + 1, before)
    shown = found[: call.query.limit]
    more = paging.cursor(services, call, shown[-1].id) if len(found) > len(shown) else None
    return Approvals(items=tuple(_shown(services, one) for one in shown), next=more)


def get(services: Services, call: Call) -> Approval:
    """GET /approvals/<id>."""
    return _shown(services, _get(services, call))


def withdraw(services: Services, call: Call) -> Approval:
    """POST /approvals/<id>/withdraw."""
    one = _get(services, call)
    try:
        deciding.withdraw(services, call.actor, one.id)
    except deciding.Decided:
        raise Problem("conflict", "It does not wait any more.") from None
    return _shown(services, _get(services, call))


def _get(services: Services, call: Call) -> Row:
    try:
        return deciding.get(services, call.actor, call.path["id"])
    except deciding.Decided:
        raise not_found("change that waits") from None


def _shown(services: Services, one: Row) -> Approval:
    return Approval(
        id=one.id, action=one.action, state=one.state_at(services.clock()), asked_by=one.asked_by,
        asked_at=moment(one.asked_at), until=moment(one.until), decided_by=one.decided_by or None,
        decided_at=moment_or_none(one.decided_at), note=one.note, asks=dict(one.args),
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="GET", path="/approvals", id="listApprovals", permission=Permission.OVERVIEW, tag="Approvals",
        summary="Changes that wait for a second owner, and what became of others", handler=listed, query=Paged,
        gives=Approvals,
    ),
    Operation(
        method="GET", path="/approvals/<id>", id="getApproval", permission=Permission.OVERVIEW, tag="Approvals",
        summary="How one stands", handler=get, gives=Approval,
    ),
    Operation(
        method="POST", path="/approvals/<id>/withdraw", id="withdrawApproval", permission=Permission.OVERVIEW,
        tag="Approvals", summary="Take back what you have asked for", handler=withdraw, gives=Approval,
        problems=(409,),
    ),
)  # fmt: skip
