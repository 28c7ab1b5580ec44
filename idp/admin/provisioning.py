"""What is written to applications by SCIM: targets set up, turned, tried, sent to anew, and looked at (Y2)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from clients.client import Client
from clients.documents.address import in_path
from idp.accounts import groups
from idp.admin import managed
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.db import Transaction
from idp.protocols import Services
from idp.provisioning import braking, drifting, foreseeing, keeping, trying
from idp.provisioning.braking import Weighed
from idp.provisioning.objects import Kind, Object
from idp.provisioning.target import Said, Target
from idp.texts import N_, plural

if TYPE_CHECKING:
    from idp.provisioning.drifting import Drift, Part
    from idp.provisioning.foreseeing import Foreseen

P = Permission
KIND = "provisioning"  # as files call it


@dataclass(frozen=True, slots=True)
class Standing:
    """A target with how many of its people and groups are in each state, by kind; `left`: that are still to be sent."""

    target: Target
    counts: dict[str, dict[str, int]]
    left: int = 0

    @property
    def edition(self) -> str:
        """What stands for all that is said of it."""
        return keeping.edition(self.target)


def list_of(services: Services, actor: Actor) -> list[Standing]:
    """The targets of the applications that this actor looks after. Errors: `NotAllowed`."""
    actor.check(P.APPS_READ)
    return [
        _standing(services, one) for one in keeping.list_of(services.db) if actor.may_app(P.APPS_READ, one.client_id)
    ]


def find(services: Services, actor: Actor, client_id: str) -> Standing | None:
    """The target of an application; None: nothing is written there. Errors: `NotAllowed`."""
    actor.check_app(P.APPS_READ, client_id)
    found = keeping.find(services.db, client_id)
    return None if found is None else _standing(services, found)


def get(services: Services, actor: Actor, client_id: str) -> Standing:
    """The same. Errors: `NotAllowed`, `UnknownTarget`."""
    found = find(services, actor, client_id)
    if found is None:
        raise keeping.UnknownTarget(client_id)
    return found


def add(
    services: Services, actor: Actor, client: Client, said: Said, secret: str, *, on: bool = True
) -> Standing:  # fmt: skip
    """Write to an application, from now on or once it is turned on.

    Errors: `NotAllowed`, `InvalidTarget`, `TargetThere`, `TooMany`.
    """
    _check(actor, client.id)
    now, record = services.clock(), actor.record(services)
    made = keeping.add(services.db, services.sealer, client.id, said, secret, now, record=record, on=on)
    return _standing(services, made)


def change(
    services: Services, actor: Actor, client_id: str, how: Callable[[Said], Said], secret: str | None = None, *,
    seen: str = "",
) -> Standing:  # fmt: skip
    """Say something else of it; a secret alone is no file's.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownTarget`, `InvalidTarget`, `ChangedMeanwhile`.
    """
    _check(actor, client_id)
    before = keeping.get(services.db, client_id).said
    if how(before) != before:
        managed.guard(services, KIND, client_id)
    now, record = services.clock(), actor.record(services)
    changed = keeping.change(services.db, services.sealer, client_id, how, secret, now, record=record, seen=seen)
    return _standing(services, changed)


def turn(services: Services, actor: Actor, client_id: str, *, on: bool) -> Standing:
    """Off, and nothing is sent; on again, and what waits is. To go on after a stop is no file's.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownTarget`; `InvalidTarget`: it has no token yet.
    """
    _check(actor, client_id)
    if (keeping.get(services.db, client_id).state == "off") == on:
        managed.guard(services, KIND, client_id)
    record = actor.record(services)
    return _standing(
        services, keeping.turn(services.db, client_id, "on" if on else "off", services.clock(), record=record)
    )


def release(services: Services, actor: Actor, client_id: str, many: int) -> Standing:
    """Let so many end there, as the brake has told them, and go on.

    Errors: `NotAllowed`, `UnknownTarget`, `NotBraked`; `ChangedMeanwhile`: the brake tells another number by now.
    """
    _check(actor, client_id)
    record = actor.record(services)
    return _standing(services, keeping.release(services.db, client_id, many, services.clock(), record=record))


def remove(services: Services, actor: Actor, client_id: str, *, seen: str = "") -> None:
    """Write there no more; what is there stays.

    Errors: `NotAllowed`, `ManagedByFile`, `UnknownTarget`, `ChangedMeanwhile`.
    """
    _check(actor, client_id)
    managed.guard(services, KIND, client_id)
    keeping.remove(services.db, client_id, record=actor.record(services), seen=seen)


def send_all(services: Services, actor: Actor, client_id: str) -> Standing:
    """Look at everybody and send all of it anew. Errors: `NotAllowed`, `UnknownTarget`."""
    actor.check_app(P.APPS_CHANGE, client_id)
    with services.db.transaction() as tx:
        _walk(tx, services, actor, client_id)
    return get(services, actor, client_id)


def retry(services: Services, actor: Actor, client_id: str, kind: str, local_id: str) -> Object:
    """Try one object again now. Errors: `NotAllowed`, `UnknownTarget`, `UnknownObject`."""
    actor.check_app(P.APPS_CHANGE, client_id)
    with services.db.transaction() as tx:
        keeping.get(tx, client_id)
        if keeping.find_object(tx, client_id, kind, local_id) is None:
            raise UnknownObject(local_id)
        keeping.stir(tx, client_id, kind, local_id, services.clock())
        detail = {"client_id": client_id, "kind": kind, "id": local_id}
        actor.record(services)(tx, "provisioning:retried", detail)
    found = keeping.find_object(services.db, client_id, kind, local_id)
    assert found is not None
    return found


def retry_failed(services: Services, actor: Actor, client_id: str) -> None:
    """Try everything again that failed or was refused. Errors: `NotAllowed`, `UnknownTarget`."""
    actor.check_app(P.APPS_CHANGE, client_id)
    with services.db.transaction() as tx:
        keeping.get(tx, client_id)
        keeping.stir_failed(tx, client_id, services.clock())
        actor.record(services)(tx, "provisioning:retried", {"client_id": client_id})


class UnknownObject(LookupError):
    """Nothing of this person or group is known there."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An object under the name that it has here; '' where there is nobody of this id any more."""

    object: Object
    name: str


def page(
    services: Services, actor: Actor, client_id: str, kind: str, state: str = "", after: str = "", many: int = 50
) -> list[Shown]:
    """At most `many` objects past `after`. Errors: `NotAllowed`."""
    actor.check_app(P.APPS_READ, client_id)
    found = keeping.page(services.db, client_id, kind, state, after, many)
    return [_shown(services, actor, one) for one in found]


def every(services: Services, actor: Actor, client_id: str, kind: str, state: str = "") -> Iterator[Shown]:
    """All of them. Errors: `NotAllowed`."""
    after = ""
    while found := page(services, actor, client_id, kind, state, after, many=200):
        yield from found
        after = found[-1].object.local_id


def find_object(services: Services, actor: Actor, client_id: str, kind: str, local_id: str) -> Shown:
    """One of them. Errors: `NotAllowed`, `UnknownObject`."""
    actor.check_app(P.APPS_READ, client_id)
    found = keeping.find_object(services.db, client_id, kind, local_id)
    if found is None:
        raise UnknownObject(local_id)
    return _shown(services, actor, found)


def find_named(services: Services, actor: Actor, client_id: str, name: str) -> Shown:
    """The person whom somebody means by this, else the group. Errors: `NotAllowed`, `UnknownObject`."""
    person, group = services.directory.find_named(name), groups.find(services.db, name)
    for kind, local_id in (("user", person.id if person else name), ("group", group.id if group else name)):
        if keeping.find_object(services.db, client_id, kind, local_id) is not None:
            return find_object(services, actor, client_id, kind, local_id)
    actor.check_app(P.APPS_READ, client_id)
    raise UnknownObject(name)


def foresee(
    services: Services, actor: Actor, client_id: str, is_over: Callable[[], bool] = lambda: False
) -> Iterable[Foreseen]:
    """What would be sent now, without sending anything, until it `is_over`. Errors: `NotAllowed`, `UnknownTarget`."""
    actor.check_app(P.APPS_READ, client_id)
    return foreseeing.of(services, keeping.get(services.db, client_id), is_over)


def foresee_brake(services: Services, actor: Actor, client_id: str, found: Iterable[Foreseen]) -> Weighed | None:
    """What the brake would stop of what is foreseen; None: nothing. Errors: `NotAllowed`, `UnknownTarget`."""
    actor.check_app(P.APPS_READ, client_id)
    many = sum(one.kind == "user" and one.what in ("turn off", "delete") for one in found)
    weighed = replace(braking.weigh(services, keeping.get(services.db, client_id), "user"), many=many)
    return weighed if weighed.is_too_many else None


def drift(services: Services, actor: Actor, client_id: str) -> Iterable[Drift]:
    """What is different there from what should be; each object is read there. Errors: `NotAllowed`, `UnknownTarget`."""
    _check(actor, client_id)
    return drifting.of(services, keeping.get(services.db, client_id))


def drift_part(
    services: Services, actor: Actor, client_id: str, behind: tuple[Kind, str], seconds: float, most: int
) -> Part:
    """The same of so many, in so much time, for a page that somebody waits for. Errors: also those of the answers."""
    _check(actor, client_id)
    return drifting.part(services, keeping.get(services.db, client_id), behind, seconds, most)


def test(services: Services, actor: Actor, client_id: str) -> tuple[Any, ...]:
    """Whether it answers, and what it can do. Errors: `NotAllowed`, `UnknownTarget`."""
    actor.check_app(P.APPS_CHANGE, client_id)
    return trying.of(services, keeping.get(services.db, client_id))


def findings(services: Services) -> Iterator[tuple[str, str, str, str]]:
    """Applications that do not take what is written to them: what, its page, what they said, and the fix."""
    refused = keeping.refused(services.db)
    for target in keeping.list_of(services.db):
        client = services.registry.find(target.client_id)
        if client is None:
            continue
        where = f"/admin/apps/{in_path(client.id)}/provisioning"
        if target.braked:
            text = plural(
                "%(name)s: %(n)s person or group would be ended there, which the brake has stopped.",
                "%(name)s: %(n)s people or groups would be ended there, which the brake has stopped.", target.braked,
                name=client.name,
            )  # fmt: skip
            yield text, where, target.reason, "look at who it is, and let it, or mend what was changed here"
        elif target.state == "stopped":
            text = N_("%(name)s does not let us write people to it any more.", name=client.name)
            yield text, where, target.reason, "give it a token that works, and turn it on"
        elif many := refused.get(target.client_id, 0):
            text = plural(
                "%(name)s refuses %(n)s person or group.", "%(name)s refuses %(n)s people or groups.", many,
                name=client.name,
            )  # fmt: skip
            yield text, where, "", ""


# -- below -----------------------------------------------------------------------------------------------------------


def _check(actor: Actor, client_id: str) -> None:
    """Whoever says where people are sent has all of them told there: that is for those who make people themselves.

    Errors: `NotAllowed`.
    """
    actor.check_app(P.APPS_SECRETS, client_id)
    actor.check(P.PEOPLE_CREATE)


def _standing(services: Services, target: Target) -> Standing:
    db = services.db
    return Standing(target, keeping.counts(db, target.client_id), keeping.left(db, target.client_id))


def _walk(tx: Transaction, services: Services, actor: Actor, client_id: str) -> None:
    target = keeping.get(tx, client_id)
    keeping.start_walk(tx, target, services.clock(), again=True)
    actor.record(services)(tx, "provisioning:sent_anew", {"client_id": client_id})


def _shown(services: Services, actor: Actor, one: Object) -> Shown:
    """What was said of somebody is for those who may read people; others see how it went."""
    name, within = _named(services, one)
    if not actor.may_person(P.PEOPLE_READ, within):
        # What they said of somebody stands behind our own words, and in a query.
        path, problem = one.request.partition("\n")[0].partition("?")[0], one.problem.partition(": ")[0]
        one = replace(one, request=path, answer="", problem=problem)
    return Shown(one, name)


def _named(services: Services, one: Object) -> tuple[str, tuple[str, ...]]:
    """What it is called here, and the groups by which somebody may look after it."""
    if one.kind == "user":
        person = services.directory.find(one.local_id)
        return ("", ()) if person is None else (person.username, person.groups)
    group = groups.find_by_id(services.db, one.local_id)
    return ("", ()) if group is None else (group.name, (group.name,))
