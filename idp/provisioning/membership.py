"""Who is in a group at a target: what differs is changed, a hundred at a time (RFC 7644 §3.5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from idp.accounts import groups
from idp.login.services import Services
from idp.provisioning import judging, mapping, store
from idp.provisioning.calling import Line, segment
from idp.provisioning.objects import Object

#: AWS takes no more in one request, Miro asks for less than 8,000, ours takes a thousand operations.
CHUNK: Final = 100


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


def wanted(services: Services, client_id: str, group_id: str) -> dict[str, str]:
    """Everybody who is in a group here, in whatever way, and is there: their id here, to theirs there."""
    found: dict[str, str] = {}
    people = groups.members_of(services.db, group_id, in_any_way=True)
    while some := [person.id for person in islice(people, store.MANY)]:
        rows = services.db.all(store.REMOTE_IDS, of_client=client_id, **store.listed(some))
        found |= {row.local_id: row.remote_id for row in rows}
    return found


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
    wrong: list[str] = []
    for change in (*_chunks(False, leaves), *_chunks(True, joins)):
        _send(line, group, change, wrong)
    if wrong:
        raise judging.TryAgain(f"{len(wrong)} of its members were not taken: {wrong[0]}")


def forget(services: Services, group: Object) -> None:
    """Nothing is known of who is in it there."""
    services.db.run(store.DROP_MEMBERS, of_client=group.client_id, of_group=group.local_id)


def _chunks(joins: bool, people: Mapping[str, str]) -> Iterator[_Change]:
    every = sorted(people.items())
    for at in range(0, len(every), CHUNK):
        yield _Change(joins, tuple(every[at : at + CHUNK]))


def _send(line: Line, group: Object, change: _Change, wrong: list[str]) -> None:
    answered = line.call("PATCH", f"Groups/{segment(group.remote_id)}", change.body())
    if answered.status in (400, 404, 413, 422) and len(change.people) > 1:
        for half in change.halves():  # one whom it does not know keeps nobody else out
            _send(line, group, half, wrong)
        return
    if answered.status in (400, 404, 422):
        ((person_id, _),) = change.people
        if change.joins:
            # Perhaps they were deleted there: they are sent anew, and found missing, and made again.
            line.services.db.run(
                store.FORGET_SENT, of_client=group.client_id, of_kind="user", of_id=person_id, now=line.services.clock()
            )
            wrong.append(f"status {answered.status}: {answered.detail}")
            return
        # Who is to leave and is not there has left, if the group is there at all: the next request to it says so.
    else:
        judging.check(answered)
    with line.services.db.transaction(durable=False) as tx:
        for person_id, remote_id in change.people:
            of = {"of_client": group.client_id, "of_group": group.local_id}
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
    for remote in there - set(found.values()):  # whom we know, and did not put in: they are in it here, or must leave
        row = services.db.one(store.BY_REMOTE, of_client=group.client_id, of_kind="user", of_remote=remote)
        if row is not None:
            found[row.local_id] = remote
    return found


def _read(line: Line, group: Object) -> set[str]:
    answered = line.call("GET", f"Groups/{segment(group.remote_id)}")
    members = (judging.check(answered).body or {}).get("members")
    listed = members if isinstance(members, list) else []
    return {str(one["value"]) for one in listed if isinstance(one, dict) and one.get("value")}
