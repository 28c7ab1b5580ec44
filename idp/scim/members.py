"""Who comes into a group and leaves it by a client: in one transaction, and never anybody with a role (C2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from idp.accounts import groups as accounts_groups
from idp.accounts.grouping import nesting
from idp.accounts.groups import Group
from idp.accounts.provisioning import kept
from idp.accounts.provisioning.kept import Kept
from idp.admin import groups as verbs
from idp.scim.call import Call
from idp.scim.faults import Fault


def put(call: Call, group: Kept, ids: Iterable[str]) -> None:
    """Exactly these; in a group that admins fill as well, of those whom this client put in."""
    wanted = set(ids)
    standing = kept.memberships(call.services.db, group.id)
    own = {one for one, source in standing.items() if source == call.client.source}
    inner = {one.id for one in nesting.inner(call.services.db, group.id)}
    if group.source != call.client.source:
        inner &= wanted  # groups that an admin put in stay
    change(call, group, joins=wanted - standing.keys() - inner, leaves=(own | inner) - wanted)


def change(call: Call, group: Kept, *, joins: Collection[str], leaves: Collection[str]) -> None:
    """Put these in and take those out; fine where they are in it, or are not. Errors: `Fault`, `NotAllowed`."""
    services = call.services
    found = accounts_groups.find_by_id(services.db, group.id)
    if found is None:
        raise Fault(404, "there is no such group")
    inside = kept.memberships(services.db, group.id, {*joins, *leaves}) if joins or leaves else {}
    inner = {one.id for one in nesting.inner(services.db, group.id)}
    if group.source != call.client.source and inner.intersection(leaves):
        raise Fault(403, "groups that are in a group of ours are taken out of it by an admin")
    people = [one for one in joins if one not in inside and one not in inner]
    groups = [other for other in (_group(call, one) for one in people) if other is not None]
    named = {one.id for one in groups}
    verbs.provide_members(
        services, call.actor, found, call.client.source,
        joins=[one for one in people if one not in named],
        leaves=[one for one in leaves if one in inside],
    )  # fmt: skip
    for one in groups:
        verbs.put_in(services, call.actor, one, found)
    for left in (_group(call, id) for id in leaves if id in inner):
        if left is not None:
            verbs.take_out(services, call.actor, left, found)


def _group(call: Call, id: str) -> Group | None:
    return accounts_groups.find_by_id(call.services.db, id)
