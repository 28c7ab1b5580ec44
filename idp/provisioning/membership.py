"""Who is in a group at a target: what differs is changed, a hundred at a time (RFC 7644 §3.5.2)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from clients.client import Client
from idp.accounts import groups
from idp.accounts.person import Person
from idp.login.services import Services
from idp.provisioning import judging, mapping, store, wanting
from idp.provisioning.calling import Answered, Line, segment
from idp.provisioning.objects import Object

#: AWS takes no more in one request, Miro asks for less than 8,000, ours takes a thousand operations.
CHUNK: Final = 100
MOST_WRONG: Final = 10  # members that it does not take: then it is the group that somebody must look at


class NotThere(judging.TryAgain):
    """The group itself is not there any more."""


@dataclass(frozen=True, slots=True)
class _Change:
    """People who join or leave, with their ids there."""

    joins: bool
    people: tuple[tuple[str, str], ...]

    def body(self) -> dict[str, Any]:
        """A PATCH. Each who leaves is named by a filter: a bare `remove` of members takes out all of them."""
        if self.joins:
            values = [{"value": remote} for _, remote in self.people]
            return mapping.patch([{"op": "add", "path": "members", "value": values}])
        quoted = (remote.replace("\\", "\\\\").replace('"', '\\"') for _, remote in self.people)
        return mapping.patch([{"op": "remove", "path": f'members[value eq "{remote}"]'} for remote in quoted])

    def halves(self) -> Iterator[_Change]:
        """The same in two."""
        middle = len(self.people) // 2
        yield from (_Change(self.joins, self.people[:middle]), _Change(self.joins, self.people[middle:]))


def wanted(
    services: Services, client_id: str, group_id: str, between: Callable[[], None] = lambda: None
) -> dict[str, str]:
    """Everybody who is in a group here, in whatever way, and is there: their id here, to theirs there.

    Who is there, and of whom the last request failed or was refused, stays in it for as long as they may open the
    application: an attribute that it does not take costs nobody their groups. `between`: called at each page of people,
    such as to keep a claim.
    """
    found: dict[str, str] = {}
    client = services.registry.find(client_id)
    people = groups.members_of(services.db, group_id, in_any_way=True)
    while some := {person.id: person for person in islice(people, store.MANY)}:
        between()
        for row in services.db.all(store.ARE_THERE, of_client=client_id, **store.listed(some)):
            if row.state == "done" or _stays(services, client, some[row.local_id], row.sent):
                found[row.local_id] = row.remote_id
    return found


def _stays(services: Services, client: Client | None, person: Person, sent: str) -> bool:
    is_off = json.loads(sent).get("active") == mapping.digests({"active": False})["active"]
    return client is not None and not is_off and wanting.is_let_in(services, client, person)


def confirmed(services: Services, group: Object) -> dict[str, str]:
    """Whom the other side has confirmed to be in it, the same way."""
    rows = services.db.all(store.MEMBERS, of_client=group.client_id, of_group=group.local_id)
    return {row.person_id: row.remote_id for row in rows}


def values(members: Mapping[str, str]) -> list[dict[str, str]]:
    """All of them as one attribute, for whom it can only be replaced."""
    return [{"value": members[person_id]} for person_id in sorted(members)]


def settle(line: Line, group: Object, members: Mapping[str, str], *, read: bool) -> None:
    """Put in who is missing there, and take out whom we put in and who is not wanted any more.

    `read`: what is there is looked at first. Errors: of `judging`, once all others are through; `Unreached`.
    """
    known = _known(line, group, members, read)
    leaves = {one: remote for one, remote in known.items() if members.get(one) != remote}
    joins = {one: remote for one, remote in members.items() if known.get(one) != remote}
    for change in _chunks(False, leaves):
        _take_out(line, group, change)
    wrong: list[str] = []
    for change in _chunks(True, joins):
        _put_in(line, group, change, wrong)
    if wrong:
        raise judging.TryAgain(f"{len(wrong)} of its members were not taken: {wrong[0]}")


def forget(services: Services, group: Object) -> None:
    """Nothing is known of who is in it there."""
    services.db.run(store.DROP_MEMBERS, of_client=group.client_id, of_group=group.local_id)


def _chunks(joins: bool, people: Mapping[str, str]) -> Iterator[_Change]:
    every = sorted(people.items())
    for at in range(0, len(every), CHUNK):
        yield _Change(joins, tuple(every[at : at + CHUNK]))


# -- who joins -------------------------------------------------------------------------------------------------------


def _put_in(line: Line, group: Object, change: _Change, wrong: list[str]) -> None:
    answered = _asked(line, group, change.body())
    if answered.status == 404 and not wrong:
        _read(line, group)  # is it the group that is not there?
    if answered.status not in (400, 404, 413, 422):
        judging.check(answered)
        _keep(line, group, change)
        return
    if len(change.people) > 1:
        for half in change.halves():  # one whom it does not know keeps nobody else out
            _put_in(line, group, half, wrong)
        return
    wrong.append(f"status {answered.status}: {answered.detail}")
    if not group.tries:
        # Perhaps they were deleted there: they are sent anew, once, and found missing, and made again.
        line.services.db.run(
            store.FORGET_SENT, of_client=group.client_id, of_kind="user", of_id=change.people[0][0],
            now=line.services.clock(),
        )  # fmt: skip
    if len(wrong) >= MOST_WRONG:
        raise judging.Refused(f"it takes none of {len(wrong)} members: {wrong[0]}")


# -- who leaves ------------------------------------------------------------------------------------------------------


def _take_out(line: Line, group: Object, change: _Change) -> None:
    """Out they are when it says so: by a good answer, or by a list of the group's members without them."""
    answered = _asked(line, group, change.body())
    there = _read(line, group) if answered.status in (400, 404, 422) else {}
    is_large = answered.status == 413 or (not there and answered.status in (400, 404, 422))
    if is_large and len(change.people) > 1:
        for half in change.halves():
            _take_out(line, group, half)
        return
    # RFC 7644 §3.12: noTarget, there was nobody to take out. Without any list (AWS) nothing else says so.
    is_without = answered.status == 404 or (answered.status == 400 and "noTarget" in answered.detail)
    if there:
        _take_out_of_list(line, group, change, there)
    elif not is_without:
        judging.check(answered)
    _keep(line, group, change)


def _take_out_of_list(line: Line, group: Object, change: _Change, there: Mapping[str, Mapping[str, Any]]) -> None:
    leaving = {remote for _, remote in change.people}
    still = tuple(one for one in change.people if one[1] in there)
    if not still:
        return
    if len(still) < len(change.people) and _asked(line, group, _Change(False, still).body()).ok:
        return
    # It knows no filter in a path: all who stay are said, also whom we did not put in.
    staying = [one for remote, one in there.items() if remote not in leaving]
    step = {"op": "replace", "path": "members", "value": staying}
    judging.check(_asked(line, group, mapping.patch([step])))


# -- below -----------------------------------------------------------------------------------------------------------


def _asked(line: Line, group: Object, body: Mapping[str, Any]) -> Answered:
    return line.call("PATCH", f"Groups/{segment(group.remote_id)}", body)


def _keep(line: Line, group: Object, change: _Change) -> None:
    of = {"of_client": group.client_id, "of_group": group.local_id}
    with line.services.db.transaction(durable=False) as tx:
        for person_id, remote_id in change.people:
            if change.joins:
                tx.run(store.ADD_MEMBER, client_id=group.client_id, group_id=group.local_id, person_id=person_id,
                       remote_id=remote_id)  # fmt: skip
            else:
                tx.run(store.DROP_MEMBER, of_person=person_id, **of)


def _known(line: Line, group: Object, members: Mapping[str, str], read: bool) -> dict[str, str]:
    services = line.services
    kept = confirmed(services, group)
    if not read:
        return kept
    there = _read(line, group)
    # AWS answers with no members, whoever is in it: who is wanted is put in again, who is not is taken out.
    found = {one: remote for one, remote in kept.items() if remote in there or one not in members}
    # Whom we know, and did not put in: they are in it here, or must leave.
    for remote in there.keys() - set(found.values()):
        row = services.db.one(store.BY_REMOTE, of_client=group.client_id, of_kind="user", of_remote=remote)
        if row is not None:
            found[row.local_id] = remote
    return found


def _read(line: Line, group: Object) -> dict[str, dict[str, Any]]:
    """Its members there, by their ids. Errors: `NotThere`; of `judging`."""
    answered = line.call("GET", f"Groups/{segment(group.remote_id)}")
    if answered.status == 404:
        raise NotThere("the group was not there any more (404)")
    members = (judging.check(answered).body or {}).get("members")
    listed = members if isinstance(members, list) else []
    found = [one for one in listed if isinstance(one, dict) and one.get("value")]
    return {str(one["value"]): {name: one[name] for name in ("value", "type") if name in one} for one in found}
