"""Break-glass accounts by the API (U5): how they stand, and that their use was looked at.

They are made in the console or on the machine: a password and codes for an owner go to a printer, and not through
programs.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import StringConstraints

from idp.accounts.break_glass import BreakGlass
from idp.admin.break_glass import keeping, standing
from idp.admin.permissions import Permission
from idp.api.models import Model, moment, moment_or_none
from idp.api.operations import Call, Operation
from idp.api.problems import Problem
from idp.protocols import Services


class Account(Model):
    """One break-glass account."""

    id: str
    """The person's id."""
    username: str
    """What it signs in with."""
    made_at: datetime
    """When it was made."""
    secrets_made_at: datetime
    """When its password and codes were made."""
    used_at: datetime | None
    """When it was last signed in to; null: never, so nobody knows whether it works."""
    codes_left: int
    """How many of its codes are unused."""
    alarm_at: datetime | None
    """Since when somebody should look at its use; null: all was looked at."""
    alarm_uses: int
    """How often it was signed in to, or made an API token, since then."""
    alarm_failures: int
    """How often somebody tried in vain since then."""


class Accounts(Model):
    """All of them."""

    items: tuple[Account, ...]
    """The oldest first."""


class Looked(Model):
    """That an account's use was looked at."""

    note: Annotated[str, StringConstraints(max_length=500)] = ""
    """What it was used for; stands in the record."""
    alarm_uses: int | None = None
    """As many as you have looked at: where there are others by now, 409, and nothing is acknowledged."""


def listed(services: Services, call: Call) -> Accounts:
    """GET /break-glass."""
    return Accounts(items=tuple(_account(services, one) for one in keeping.every(services, call.actor)))


def acknowledge(services: Services, call: Call) -> Account:
    """POST /break-glass/<id>/acknowledge."""
    try:
        keeping.acknowledge(
            services, call.actor, call.path["id"], call.body.note, uses=call.body.alarm_uses
        )  # fmt: skip
    except keeping.UsedAgain:
        raise Problem("conflict", "It was used again meanwhile: look at that, too.") from None
    return _account(services, keeping.get(services, call.actor, call.path["id"]))


def _account(services: Services, one: BreakGlass) -> Account:
    return Account(
        id=one.person_id, username=one.username, made_at=moment(one.made_at), secrets_made_at=moment(one.secrets_at),
        used_at=moment_or_none(one.used_at), codes_left=standing.of(services, one).codes,
        alarm_at=moment_or_none(one.alarm_at), alarm_uses=one.alarm_uses, alarm_failures=one.alarm_failures,
    )  # fmt: skip


OPERATIONS = (
    Operation(
        method="GET", path="/break-glass", id="listBreakGlass", permission=Permission.SETTINGS_READ,
        summary="Break-glass accounts, and whether their use was looked at", tag="Settings", handler=listed,
        gives=Accounts,
    ),
    Operation(
        method="POST", path="/break-glass/<id>/acknowledge", id="acknowledgeBreakGlass",
        permission=Permission.ROLES_GRANT, summary="Say that an account's use was looked at", tag="Settings",
        handler=acknowledge, takes=Looked, gives=Account,
        examples={"a test": {"note": "The yearly test.", "alarm_uses": 1}},
        problems=(409,),
    ),
)  # fmt: skip
