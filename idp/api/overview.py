"""What needs attention, by the API (B3)."""

from __future__ import annotations

from typing import Final

from idp.admin import attention
from idp.admin.permissions import Permission
from idp.api.models import Model
from idp.api.operations import Call, Operation
from idp.protocols import Services


class Finding(Model):
    """One thing to look at."""

    kind: str
    """What it is about: certificate, key, owner, mail, job, case, sign_out, unreachable, saml, …"""
    text: str
    """In a sentence."""
    detail: str
    """What a check said, where one did."""
    fix: str
    """What to do, where it is known."""
    url: str | None
    """The page of the console that has more of it."""


class Attention(Model):
    """What needs attention."""

    items: tuple[Finding, ...]
    """Empty when all is well with what the caller may know of."""


def show(services: Services, call: Call) -> Attention:
    """GET /attention."""
    return Attention(items=tuple(
        Finding(kind=one.kind, text=str(one.text), detail=str(one.detail), fix=str(one.fix),
                url=services.url(one.path) if one.path else None)
        for one in attention.find(services, call.actor)
    ))  # fmt: skip


OPERATIONS: Final = (
    Operation(
        method="GET", path="/attention", id="listAttention", permission=Permission.OVERVIEW, tag="Overview",
        summary="What needs attention, each with its fix", handler=show, gives=Attention,
    ),
)  # fmt: skip
