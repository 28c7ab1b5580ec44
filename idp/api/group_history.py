"""GET /groups/<id>/history and its undo: who did what with a group, and who came and went (C6)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from idp.accounts import groups as kept
from idp.accounts.groups import Group
from idp.accounts.person import InvalidPerson
from idp.admin.histories import groups as histories
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.api import paging
from idp.api.models import Model, Paged, moment
from idp.api.operations import Call, Operation
from idp.api.problems import Problem, not_found
from idp.protocols import Services


class GroupDifference(Model):
    """One value, before and after."""

    field: str
    """Its name: name, description, source, added_only; members, owners and groups, of which only what came and went."""
    old: Any
    """null: nothing was said."""
    new: Any
    """null: nothing is said."""


class GroupHistoryEntry(Model):
    """One change of a group, or of who is in it."""

    id: str
    """What it is undone by."""
    at: datetime
    """When."""
    action: str
    """What was done, such as `group:renamed`; `person:groups`: somebody came or left."""
    who: str
    """Who did it, as people call them."""
    address: str
    """From where."""
    differences: tuple[GroupDifference, ...]
    """What it changed."""
    can_undo: bool
    """Whether it can be taken back."""


class GroupHistory(Model):
    """One page of the history."""

    items: tuple[GroupHistoryEntry, ...]
    """The latest first."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


def listed(services: Services, call: Call) -> GroupHistory:
    """GET /groups/<id>/history."""
    group, limit = _get(services, call), call.query.limit
    before = paging.place(services, call) or ""
    found = histories.of(services, call.actor, group, before=before, many=limit + 1)
    shown = found[:limit]
    more = paging.cursor(services, call, shown[-1].id) if len(found) > limit else None
    return GroupHistory(items=tuple(map(_entry, shown)), next=more)


def undo(services: Services, call: Call) -> None:
    """POST /groups/<id>/history/<change>/undo."""
    group = _get(services, call)
    try:
        histories.undo(services, call.actor, group, call.path["change"])
    except NoSuchChange:
        raise Problem("not-found", "The group has no such change that could be undone.") from None
    except histories.ChangedMeanwhile:
        raise Problem("changed", "It was changed again since then. Read it again.") from None
    except InvalidPerson as error:
        raise Problem("conflict", error.message) from None


def _entry(one: Change) -> GroupHistoryEntry:
    return GroupHistoryEntry(
        id=one.id, at=moment(one.at), action=one.action, who=one.who, address=one.address, can_undo=one.can_undo,
        differences=tuple(GroupDifference(field=d.field, old=d.old, new=d.new) for d in one.differences),
    )  # fmt: skip


def _get(services: Services, call: Call) -> Group:
    found = kept.find_by_id(services.db, call.path["id"])
    if found is None:
        raise not_found("group")
    return found


_TAG: Final = "Groups"
_ALL: Final = "/groups/<id>/history"

OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, id="listGroupHistory", permission=Permission.GROUPS_READ, tag=_TAG,
        summary="Who did what with it, and who came and went", handler=listed, query=Paged, gives=GroupHistory,
    ),
    Operation(
        method="POST", path=f"{_ALL}/<change>/undo", id="undoGroupChange", permission=Permission.GROUPS_CHANGE,
        tag=_TAG, summary="Put back what a change replaced", handler=undo, problems=(409, 412),
    ),
)  # fmt: skip
