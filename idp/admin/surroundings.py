"""Whether others are hit by the same, since when, and what changed just before (Q3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from idp.admin import activity, problems
from idp.admin.actor import Actor
from idp.admin.histories.applications import NO_CHANGE
from idp.admin.permissions import Permission
from idp.audit import Event, causes
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

BACK: Final = 30 * 86_400.0  # seconds that are looked back for the same
BEFORE: Final = 14 * 86_400.0  # before the first of the same, in which a change may have caused it
MANY: Final = 5  # changes that are told
_LOOKED_AT: Final = 500  # events of one kind
#: What changes how an application signs people in, by the beginning of its action.
_OF_APP: Final = ("client:", "saml:metadata", "source:")
#: Of the whole house: keys, rules, what was applied from files, our own version.
_OF_HOUSE: Final = ("key:*", "rule:*", "doorward:version")
#: Of the providers that people sign in through, where one of them is what failed.
_OF_PROVIDERS: Final = ("provider:add", "provider:change", "provider:restore")


@dataclass(frozen=True, slots=True)
class Others:
    """The same error of the same application. `people`, `addresses`: how many met it, as far as it is known.

    `applications`: how many others have errors of this kind; None where that is not for this actor.
    """

    times: int
    people: int
    addresses: int
    since: float
    last_at: float
    applications: int | None


@dataclass(frozen=True, slots=True)
class Before:
    """A change before the first of them. `seconds`: how long before; `fields`: what it changed."""

    event_id: str
    at: float
    seconds: float
    action: str
    who: str
    fields: tuple[str, ...]


def others(services: Services, actor: Actor, event: Event) -> Others | None:
    """How far the same has spread; None where it is of no kind that is counted."""
    if not event.action.startswith("error:"):
        return None
    since = services.clock() - BACK
    wanted = Wanted(client_id=event.client_id, action=event.action, since=since)
    cause = problems.cause(event)
    same = [one for found in latest(services.db, wanted, _LOOKED_AT) for one in causes.of_event(found)
            if one.client_id == event.client_id and problems.cause(one) == cause]  # fmt: skip
    same = [one for one in same if activity.may_see(services, actor, one)] or [event]
    return Others(
        sum(map(problems.times, same)), len({one.person_id for one in same if one.person_id}),
        len({one.address for one in same if one.address}), min(one.at for one in same),
        max(map(problems.last_at, same)), _applications(services, actor, event, since),
    )  # fmt: skip


def _applications(services: Services, actor: Actor, event: Event, since: float) -> int | None:
    """How many other applications have the same wrong. Whose this one is, is not known always: it is none of them."""
    if actor.scope(Permission.ACTIVITY_READ) is not None:
        return None
    is_same = _same_wrong(event)
    found = latest(services.db, Wanted(action=event.action, since=since), _LOOKED_AT)
    named = {row.client_id for row in found if row.client_id
             and any(is_same(problems.kind(one)) for one in causes.of_event(row))}  # fmt: skip
    return len(named - {event.client_id}) if event.client_id else max(0, len(named) - 1)


def _same_wrong(event: Event) -> Callable[[tuple[str, str]], bool]:
    """Of what nobody knows the application of, less is found than of the others."""
    wanted = problems.kind(event)
    return lambda kind: kind == wanted if event.client_id else kind[0] == wanted[0]


def before(services: Services, actor: Actor, event: Event, since: float) -> tuple[Before, ...]:
    """What changed before the first of the same, the latest first."""
    names = activity.Names(services)
    found = sorted(_changes(services, actor, event, since), key=lambda one: one.id, reverse=True)
    return tuple(_before(one, since, names) for one in found[:MANY])


def _changes(services: Services, actor: Actor, event: Event, since: float) -> Iterator[Event]:
    removed = None if event.client_id else problems.removed_of(services, event)
    client_id = removed.id if removed is not None else event.client_id
    if client_id and (removed is None or actor.may_app(Permission.ACTIVITY_READ, client_id)):
        wanted = Wanted(client_id=client_id, since=since - BEFORE, until=since)
        for action in _OF_APP:
            found = latest(services.db, _of(wanted, f"{action}*"), MANY + len(NO_CHANGE))
            yield from (one for one in found if one.action not in NO_CHANGE and not one.action.endswith(":failed"))
    of_house = _OF_HOUSE + (_OF_PROVIDERS if event.action.startswith("error:upstream_") else ())
    for action in of_house if actor.scope(Permission.ACTIVITY_READ) is None else ():
        found = latest(services.db, Wanted(action=action, since=since - BEFORE, until=since), MANY)
        yield from (one for one in found if one.detail.get("before") != "")  # our first version changed nothing


def _of(wanted: Wanted, action: str) -> Wanted:
    return Wanted(client_id=wanted.client_id, action=action, since=wanted.since, until=wanted.until)


def _before(event: Event, since: float, names: activity.Names) -> Before:
    kind, _, id = event.actor.partition(":")
    who = names.person(id) if kind == "person" else names.client(id) if kind == "client" else None
    return Before(
        event.id, event.at, max(0.0, since - event.at), event.action, who or event.actor or "Doorward",
        _fields(event.detail),
    )  # fmt: skip


def _fields(detail: Mapping[str, Any]) -> tuple[str, ...]:
    changed, of = detail.get("changed"), (str(detail["name"]),) if "provider_id" in detail else ()
    if isinstance(changed, Mapping):
        return (*of, *map(str, changed))[:8]
    if of:
        return (*of, "secret") if "secret" in detail else of
    if "version" in detail:
        return (f"{detail.get('before') or '(none)'} → {detail['version']}",)
    return ()


def to_json(found: Others | None, changes: tuple[Before, ...]) -> dict[str, Any]:
    """As programs get it."""
    return {"others": None if found is None else asdict(found), "changed_before": [asdict(one) for one in changes]}
