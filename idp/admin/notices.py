"""What everybody is told, as admins say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from idp.accounts import notices
from idp.accounts.notices import Notice
from idp.admin import managed
from idp.admin.permissions import Permission
from idp.protocols import Services

if TYPE_CHECKING:
    from idp.admin.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be told; times in epoch seconds, None: from now on, and until it is removed."""

    text: str
    starts_at: float | None = None
    ends_at: float | None = None
    client_id: str | None = None
    place: str = "both"


def listed(services: Services, actor: Actor) -> tuple[Notice, ...]:
    """Every notice, those to come and those that ended lately too; oldest first. Errors: `NotAllowed`."""
    actor.check(Permission.MESSAGES_READ)
    return notices.list_of(services.db)


def add(services: Services, actor: Actor, wish: Wish) -> Notice:
    """Tell something. Errors: `NotAllowed`, `InvalidNotice`."""
    actor.check(Permission.MESSAGES_CHANGE)
    return notices.add(
        services.db, services.clock(), wish.text, actor.id, starts_at=wish.starts_at, ends_at=wish.ends_at,
        client_id=wish.client_id, place=wish.place, record=actor.record(services),
    )  # fmt: skip


def remove(services: Services, actor: Actor, notice_id: str) -> bool:
    """Tell it no longer; answers whether there was one. Errors: `NotAllowed`, `ManagedByFile`."""
    actor.check(Permission.MESSAGES_CHANGE)
    managed.guard(services, "notice", notice_id)
    return notices.remove(services.db, notice_id, record=actor.record(services))
