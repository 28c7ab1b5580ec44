"""Groups by the API: who is in them, and which applications open to them (B2)."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import StringConstraints

from idp.accounts import groups as accounts_groups
from idp.accounts.grouping import nesting, owners
from idp.accounts.groups import Group as Row
from idp.accounts.groups import GroupHasMembers
from idp.accounts.person import InvalidPerson, Person, fold
from idp.admin import access, groups
from idp.admin.permissions import Permission
from idp.api import editions, paging
from idp.api.models import Model, Paged
from idp.api.operations import Answer, Call, Operation
from idp.api.people.changing import placed
from idp.api.problems import Problem, not_found, wrong
from idp.protocols import Services

Name = Annotated[str, StringConstraints(min_length=1, max_length=128)]


class Group(Model):
    """A group."""

    id: str
    """Its id, which stays when it is renamed."""
    name: str
    """What it is called."""
    members: int
    """How many people were put into it; those of groups in it come beside."""
    description: str
    """What it is for; "" where nobody said."""
    source: str
    """Who provides it, such as `scim:…`; "": admins do."""
    added_only: bool
    """Whether admins put people in beside those of its source."""
    external_id: str | None
    """What its source calls it."""


class Groups(Model):
    """One page of groups."""

    items: tuple[Group, ...]
    """By name."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class Search(Paged):
    """Which groups."""

    query: Annotated[str, StringConstraints(max_length=128)] = ""
    """Any part of the name."""


class App(Model):
    """An application that a group opens."""

    id: str
    """Its client id."""
    name: str
    """Its name."""


class Named(Model):
    """Another group, or a person, by name."""

    id: str
    """Its id."""
    name: str
    """The group's name, or the username."""


class Opened(Model):
    """A group with what it opens."""

    group: Group
    """The group."""
    applications: tuple[App, ...]
    """Applications whose limit names it."""
    groups: tuple[Named, ...]
    """Groups in it: whoever is in one of them is in it."""
    within: tuple[Named, ...]
    """Groups that it is in."""
    owners: tuple[Named, ...]
    """Who answers for it."""


class NewGroup(Model):
    """A group to make."""

    name: Name
    """What it is to be called; spelt however, it is the same group."""


class GroupChange(Model):
    """What becomes of a group; what is left out stays."""

    name: Name | None = None
    """Another name; spelt however, it is the same group."""
    description: Annotated[str, StringConstraints(max_length=500)] | None = None
    """What it is for."""
    added_only: bool | None = None
    """Whether admins put people in beside those of its source."""


class Inner(Model):
    """A group to put into another one."""

    group: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """Its id."""


class Member(Model):
    """Somebody in a group."""

    id: str
    """Their id."""
    username: str
    """What they sign in with."""
    name: str
    """Their full name."""
    enabled: bool
    """Whether they are let in."""


class Members(Model):
    """One page of the people in a group."""

    items: tuple[Member, ...]
    """By username."""
    next: str | None
    """`cursor` of the next page; null: this is the last one."""


class NewMember(Model):
    """Who comes into a group."""

    person: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    """Their id."""


class Removal(Model):
    """How a group is removed."""

    with_members: bool = False
    """Also while people are in it: they stay, and leave it."""


def search(services: Services, call: Call) -> Groups:
    """GET /groups."""
    query: Search = call.query
    after = paging.place(services, call) or ""
    found = accounts_groups.page(services.db, query.query, after, query.limit + 1)
    shown = found[: query.limit]
    more = paging.cursor(services, call, fold(shown[-1].name)) if len(found) > len(shown) else None
    return Groups(items=tuple(map(_shown, shown)), next=more)


def make(services: Services, call: Call) -> Answer:
    """POST /groups."""
    with placed(below="name"):
        group, is_new = groups.make(services, call.actor, call.body.name)
    if not is_new:
        raise Problem("conflict", f"There is a group “{group.name}” already: {group.id}.")
    return _answered(group, f"/groups/{group.id}")


def show(services: Services, call: Call) -> Answer:
    """GET /groups/<id>."""
    group = _get(services, call)
    apps = tuple(App(id=one.id, name=one.name) for one in access.limited_to(services, group.name))
    db = services.db
    opened = Opened(
        group=_shown(group), applications=apps, groups=_named(nesting.inner(db, group.id)),
        within=_named(nesting.outer(db, group.id)),
        owners=tuple(Named(id=one.id, name=one.username) for one in owners.list_of(db, group.id)),
    )  # fmt: skip
    return Answer(value=opened, etag=_edition(group))


def _named(found: tuple[nesting.Named, ...]) -> tuple[Named, ...]:
    return tuple(Named(id=one.id, name=one.name) for one in found)


def change(services: Services, call: Call) -> Answer:
    """PATCH /groups/<id>."""
    group, wanted = _get(services, call), call.body
    editions.check(call, _edition(group))
    if wanted.name is not None:
        with placed(below="name"):
            group = groups.rename(services, call.actor, group, wanted.name)
    if wanted.description is not None:
        with placed(below="description"):
            group = groups.describe(services, call.actor, group, wanted.description)
    if wanted.added_only is not None:
        group = groups.let_us_add(services, call.actor, group, also=wanted.added_only)
    return _answered(group)


def remove(services: Services, call: Call) -> None:
    """DELETE /groups/<id>."""
    group = _get(services, call)
    editions.check(call, _edition(group))
    try:
        groups.remove(services, call.actor, group, with_members=call.query.with_members)
    except InvalidPerson as error:
        raise Problem("conflict", error.message) from None
    except GroupHasMembers:
        detail = f"{group.members} people are in it; with_members=true removes it all the same."
        raise Problem("conflict", detail) from None


def members(services: Services, call: Call) -> Members:
    """GET /groups/<id>/members."""
    group, limit = _get(services, call), call.query.limit
    after = paging.place(services, call) or ""
    found = accounts_groups.members_page(services.db, group.id, after, limit + 1)
    shown = found[:limit]
    more = paging.cursor(services, call, shown[-1].username) if len(found) > limit else None
    return Members(
        items=tuple(Member(id=p.id, username=p.username, name=p.name, enabled=p.enabled) for p in shown), next=more
    )


def add_member(services: Services, call: Call) -> None:
    """POST /groups/<id>/members."""
    group, person = _get(services, call), services.directory.find(call.body.person)
    if person is None:
        raise wrong("person", "nobody has this id", example="u3kf…")
    with placed(below="person"):
        groups.change_members(services, call.actor, group, joins=(person,), leaves=())


def remove_member(services: Services, call: Call) -> None:
    """DELETE /groups/<id>/members/<person>."""
    group, person = _get(services, call), services.directory.find(call.path["person"])
    if person is None or not _is_in(person, group):
        raise not_found("member")
    try:
        groups.change_members(services, call.actor, group, joins=(), leaves=(person,))
    except InvalidPerson as error:
        raise Problem("conflict", error.message) from None


def put_in(services: Services, call: Call) -> None:
    """POST /groups/<id>/groups."""
    outer, inner = _get(services, call), accounts_groups.find_by_id(services.db, call.body.group)
    if inner is None:
        raise wrong("group", "no group has this id", example="0d8f…")
    with placed(below="group"):
        groups.put_in(services, call.actor, inner, outer)


def take_out(services: Services, call: Call) -> None:
    """DELETE /groups/<id>/groups/<inner>."""
    outer, inner = _get(services, call), accounts_groups.find_by_id(services.db, call.path["inner"])
    if inner is None or inner.id not in {one.id for one in nesting.inner(services.db, outer.id)}:
        raise not_found("group")
    groups.take_out(services, call.actor, inner, outer)


def add_owner(services: Services, call: Call) -> None:
    """POST /groups/<id>/owners."""
    group, person = _get(services, call), services.directory.find(call.body.person)
    if person is None:
        raise wrong("person", "nobody has this id", example="u3kf…")
    groups.change_owners(services, call.actor, group, joins=(person,), leaves=())


def remove_owner(services: Services, call: Call) -> None:
    """DELETE /groups/<id>/owners/<person>."""
    group, person = _get(services, call), services.directory.find(call.path["person"])
    if person is None or person.id not in {one.id for one in owners.list_of(services.db, group.id)}:
        raise not_found("owner")
    groups.change_owners(services, call.actor, group, joins=(), leaves=(person,))


def _get(services: Services, call: Call) -> Row:
    found = accounts_groups.find_by_id(services.db, call.path["id"])
    if found is None:
        raise not_found("group")
    return found


def _is_in(person: Person, group: Row) -> bool:
    return fold(group.name) in map(fold, person.groups)


def _shown(group: Row) -> Group:
    return Group(
        id=group.id, name=group.name, members=group.members, description=group.description, source=group.source,
        added_only=group.added_only, external_id=group.external_id,
    )  # fmt: skip


def _edition(group: Row) -> str:
    """Another one by another name, and by who is in it: that is what a removal is about."""
    return editions.of(_shown(group))


def _answered(group: Row, location: str = "") -> Answer:
    return Answer(value=_shown(group), etag=_edition(group), location=location)


_TAG: Final = "Groups"
_ONE: Final = "/groups/<id>"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/groups", id="listGroups",
        permission=Permission.GROUPS_READ, tag=_TAG, summary="Find groups",
        handler=search, query=Search, gives=Groups,
    ),
    Operation(
        method="POST", path="/groups", id="makeGroup",
        permission=Permission.GROUPS_CHANGE, tag=_TAG, summary="Make a group",
        handler=make, takes=NewGroup, gives=Group, status=201, creates=True, examples={"sales": {"name": "Sales"}},
    ),
    Operation(
        method="GET", path=_ONE, id="getGroup", permission=Permission.GROUPS_READ, tag=_TAG,
        summary="A group, and the applications that it opens", handler=show, gives=Opened,
    ),
    Operation(
        method="PATCH", path=_ONE, id="changeGroup", permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Another name, by which nobody is shut out; what it is for", handler=change, takes=GroupChange,
        gives=Group, guarded=True, merges=True,
        examples={"name": {"name": "Field sales", "description": "Who visits customers"}},
    ),
    Operation(
        method="DELETE", path=_ONE, id="removeGroup", permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Remove a group; the people stay", handler=remove, query=Removal, guarded=True, problems=(409,),
    ),
    Operation(
        method="GET", path=f"{_ONE}/members", id="listMembers", permission=Permission.GROUPS_READ, tag=_TAG,
        summary="Who is in it", handler=members, query=Paged, gives=Members,
    ),
    Operation(
        method="POST", path=f"{_ONE}/members", id="addMember", permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Put somebody in; fine where they are", handler=add_member, takes=NewMember,
        examples={"somebody": {"person": "u" + 26 * "a"}},
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/members/<person>", id="removeMember",
        permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Take somebody out", handler=remove_member, problems=(409,),
    ),
    Operation(
        method="POST", path=f"{_ONE}/groups", id="addInnerGroup", permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Put a group in: whoever is in it is in this one; fine where it is", handler=put_in, takes=Inner,
        examples={"group": {"group": "0" * 20}},
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/groups/<inner>", id="removeInnerGroup", permission=Permission.GROUPS_CHANGE,
        tag=_TAG, summary="Take a group out of it", handler=take_out,
    ),
    Operation(
        method="POST", path=f"{_ONE}/owners", id="addOwner", permission=Permission.GROUPS_CHANGE, tag=_TAG,
        summary="Name who answers for it; that gives them no right", handler=add_owner, takes=NewMember,
        examples={"somebody": {"person": "u" + 26 * "a"}},
    ),
    Operation(
        method="DELETE", path=f"{_ONE}/owners/<person>", id="removeOwner", permission=Permission.GROUPS_CHANGE,
        tag=_TAG, summary="Somebody answers for it no more", handler=remove_owner,
    ),
)  # fmt: skip
