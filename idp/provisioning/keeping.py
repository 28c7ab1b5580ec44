"""Targets as they are kept: added, changed, turned, removed. Secrets are sealed under the master key."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from idp.accounts import changed
from idp.accounts.person import fold
from idp.audit import Recorder
from idp.db import Database, Executor, Transaction
from idp.ids import digest
from idp.provisioning import store
from idp.provisioning.checking import InvalidTarget, check
from idp.provisioning.objects import WHOM, Object
from idp.provisioning.target import Abilities, Said, State, Target, said_of
from keys.sealing import Sealer

PURPOSE: Final = "provisioning-secret"
MOST: Final = 100  # targets
RELEASED: Final = 86_400.0  # seconds that what an admin let end may take
NO_SECRET: Final = "it has no token of the application yet: give it one, then turn it on"
ENDS: Final = "ends"  # in place of a state: who is let in no more, and is not ended there yet


class UnknownTarget(LookupError):
    """Nothing is written to this application."""


class TargetThere(Exception):
    """This application has its target already."""


class TooMany(Exception):
    """There are as many as there may be."""


class NotBraked(Exception):
    """Its brake has not stopped it: there is nothing to release."""


class ChangedMeanwhile(Exception):
    """Somebody else changed it since it was looked at."""


def list_of(db: Executor) -> tuple[Target, ...]:
    """Every target, in the order in which they came."""
    return tuple(map(_target, db.all(store.TARGETS)))


def find(db: Executor, client_id: str) -> Target | None:
    """The target of this application."""
    row = db.one(store.TARGET, of_client=client_id)
    return None if row is None else _target(row)


def get(db: Executor, client_id: str) -> Target:
    """The same. Errors: `UnknownTarget`."""
    found = find(db, client_id)
    if found is None:
        raise UnknownTarget(client_id)
    return found


def edition(target: Target) -> str:
    """What stands for all that is said of it."""
    return digest(json.dumps([target.said.to_json(), target.sealed, target.state]))[:16]


def open_secret(sealer: Sealer, target: Target) -> str:
    """Its token, or its client's secret. Errors: `BrokenSeal`."""
    return sealer.open(PURPOSE, target.sealed, target.client_id.encode()).decode()


def add(
    db: Database, sealer: Sealer, client_id: str, said: Said, secret: str | None, now: float, *, record: Recorder,
    on: bool = True,
) -> Target:  # fmt: skip
    """Write to an application, from now on or once it is turned on; without a secret, once it is given one.

    Errors: `InvalidTarget`, `TargetThere`, `TooMany`.
    """
    check(said, secret)
    state: State = "off" if not on else "stopped" if secret is None else "on"
    sealed = "" if secret is None else _sealed(sealer, client_id, secret)
    target = Target(client_id=client_id, said=said, sealed=sealed, state=state,
                    reason=NO_SECRET if state == "stopped" else "", due=now, created_at=now,
                    changed_at=now)  # fmt: skip
    with db.transaction() as tx:
        if find(tx, client_id) is not None:
            raise TargetThere(client_id)
        if len(tx.all(store.TARGETS)) >= MOST:
            raise TooMany
        tx.run(store.ADD_TARGET, **_row(target))
        changed.follow(tx, follower(client_id))
        record(tx, "provisioning:added", {"client_id": client_id, "said": said.to_json(), "on": on})
    return target


def moved(before: Said, after: Said) -> bool:
    """Whether a token would go to another address than it was given for."""
    return (before.url, before.token_url) != (after.url, after.token_url)


def change(
    db: Database, sealer: Sealer, client_id: str, how: Callable[[Said], Said], secret: str | None, now: float,
    *, record: Recorder, seen: str = "",
) -> Target:  # fmt: skip
    """Say something else of it; everybody is looked at anew. `secret`: None leaves it; `seen`: its edition.

    At another `url` the ids of the old one are forgotten: they may be anybody's there.

    Errors: `UnknownTarget`, `InvalidTarget`, `ChangedMeanwhile`.
    """
    with db.transaction() as tx:
        before = _locked(tx, client_id)
        if seen and seen != edition(before):
            raise ChangedMeanwhile
        said = how(before.said)
        # A secret goes where it was given for: another host is told no token of this one (OAuth's mix-up, in small).
        is_moved = moved(before.said, said)
        if is_moved and secret is None and before.sealed:
            raise InvalidTarget("secret", "another address: give its token, too; the kept one is not sent there")
        check(said, secret)
        sealed = before.sealed if secret is None else _sealed(sealer, client_id, secret)
        text = json.dumps(said.to_json())
        tx.run(store.SAY, of_client=client_id, new_said=text, new_sealed=sealed, new_changed_at=now)
        tx.run(store.KNOW, of_client=client_id, new_abilities=Abilities().to_json())
        if said.url != before.said.url:
            for statement in (store.UNCLAIM, store.FORGET_IDS, store.FORGET_MEMBERS):
                tx.run(statement, of_client=client_id)
        start_walk(tx, before, now, again=is_moved or said.mapping != before.said.mapping)
        old, new = before.said.to_json(), said.to_json()
        detail = {"client_id": client_id, "changed": {key: [old[key], new[key]] for key in new if old[key] != new[key]}}
        record(tx, "provisioning:changed", {**detail, **({"secret": "replaced"} if secret is not None else {})})
        return get(tx, client_id)


def turn(
    db: Database, client_id: str, state: State, now: float, *, record: Recorder, reason: str = "", braked: int = 0
) -> Target:  # fmt: skip
    """On, off, or stopped for a reason; on again, what was refused is tried anew.

    `braked`: how many would have been ended there as it was stopped.

    Errors: `UnknownTarget`; `InvalidTarget`: it has no token yet.
    """
    with db.transaction() as tx:
        before = _locked(tx, client_id)
        if state == "on" and not before.sealed:
            raise InvalidTarget("secret", NO_SECRET)
        tx.run(store.TURN, of_client=client_id, new_state=state, new_reason=reason, new_retry_at=0.0, new_failures=0,
               new_forbidden=0, new_unwell=0, new_braked=braked)  # fmt: skip
        if state == "on":
            tx.run(store.STIR_FAILED, of_client=client_id, now=now)
            tx.run(store.WAKE, of_client=client_id, now=now)
        if before.state != state:
            about = {"client_id": client_id, "before": before.state, "after": state}
            record(tx, "provisioning:turned", {**about, **({"reason": reason} if reason else {})})
        return get(tx, client_id)


def release(db: Database, client_id: str, many: int, now: float, *, record: Recorder) -> Target:
    """Let those end there within a day whom the brake has held, as many as it told, and go on.

    Errors: `UnknownTarget`; `NotBraked`; `ChangedMeanwhile`: it is another number by now.
    """
    with db.transaction() as tx:
        before = _locked(tx, client_id)
        if not before.braked:
            raise NotBraked(client_id)
        if before.braked != many:
            raise ChangedMeanwhile
        kind = next((kind for kind, whom in WHOM.items() if f" {whom} there" in before.reason), "user")
        tx.run(store.LET_NOBODY, of_client=client_id)
        tx.run(store.LET_THEM, of_client=client_id, of_kind=kind, all_off=int(before.said.off == "delete"))
        # Somebody has looked: of this kind it is counted from here on.
        endings = json.dumps({of: hours for of, hours in before.endings.items() if of != kind})
        ended = 0 if kind == "user" else before.ended
        tx.run(store.LET, of_client=client_id, new_let_end=many, new_let_until=now + RELEASED, new_ended=ended,
               new_endings=endings)  # fmt: skip
        tx.run(store.TURN, of_client=client_id, new_state="on", new_reason="", new_retry_at=0.0, new_failures=0,
               new_forbidden=0, new_unwell=0, new_braked=0)  # fmt: skip
        tx.run(store.WAKE, of_client=client_id, now=now)
        record(tx, "provisioning:released", {"client_id": client_id, "many": many, "reason": before.reason})
        return get(tx, client_id)


def remove(db: Database, client_id: str, *, record: Recorder, seen: str = "") -> None:
    """Write there no more; what is there stays there. Errors: `UnknownTarget`, `ChangedMeanwhile`."""
    with db.transaction() as tx:
        before = _locked(tx, client_id)
        if seen and seen != edition(before):
            raise ChangedMeanwhile
        for statement in store.DROP_ALL:
            tx.run(statement, of_client=client_id)
        tx.run(store.DROP_TARGET, of_client=client_id)
        changed.leave(tx, follower(client_id))
        record(tx, "provisioning:removed", {"client_id": client_id})


def rename_group(tx: Transaction, old: str, new: str) -> None:
    """Targets that name a group name it as it is called now: nothing of it is taken out there."""
    for before in list_of(tx):
        if fold(old) in map(fold, before.said.only):
            target = _locked(tx, before.client_id)
            only = tuple(dict.fromkeys(new if fold(one) == fold(old) else one for one in target.said.only))
            text = json.dumps(replace(target.said, only=only).to_json())
            tx.run(store.SAY, of_client=target.client_id, new_said=text, new_sealed=target.sealed,
                   new_changed_at=target.changed_at)  # fmt: skip


def lock(tx: Transaction, client_id: str) -> Target:
    """As it is said now, and by nobody else changed until this transaction ends. Errors: `UnknownTarget`."""
    return _locked(tx, client_id)


def start_walk(tx: Transaction, target: Target, now: float, *, again: bool) -> None:
    """Look at everybody; `again`: send all of them anew, whether they are different or not."""
    again = again or (target.again and target.walk is not None)
    tx.run(store.WALK, of_client=target.client_id, new_walk="", new_again=int(again), new_seen=target.seen)
    tx.run(store.WAKE, of_client=target.client_id, now=now)


def follower(client_id: str) -> str:
    """As the directory knows it."""
    return f"provision:{client_id}"


# -- objects ---------------------------------------------------------------------------------------------------------


def find_object(db: Executor, client_id: str, kind: str, local_id: str) -> Object | None:
    """How one stands."""
    row = db.one(store.OBJECT, of_client=client_id, of_kind=kind, of_id=local_id)
    return None if row is None else to_object(row)


def page(db: Executor, client_id: str, kind: str, state: str = "", after: str = "", many: int = 50) -> list[Object]:
    """At most `many` of them in the order of their ids, past `after`; `state`: these alone, or `ENDS`."""
    asked: dict[str, Any] = {"of_client": client_id, "of_kind": kind, "after": after, "many": many}
    if state == ENDS:
        all_off = int((found := find(db, client_id)) is not None and found.said.off == "delete")
        return list(map(to_object, db.all(store.PAGE_ENDING, all_off=all_off, **asked)))
    rows = db.all(store.PAGE_OF_STATE, of_state=state, **asked) if state else db.all(store.PAGE, **asked)
    return list(map(to_object, rows))


def counts(db: Executor, client_id: str) -> dict[str, dict[str, int]]:
    """How many users and groups are in each state."""
    found: dict[str, dict[str, int]] = {"user": {}, "group": {}}
    for row in db.all(store.COUNTS, of_client=client_id):
        found[row.kind][row.state] = row.many
    return found


def left(db: Executor, client_id: str) -> int:
    """How many are still to be sent, now or later."""
    return int(db.one(store.LEFT, of_client=client_id).many)


def refused(db: Executor) -> dict[str, int]:
    """Of each target, how many objects somebody must look at."""
    return {row.client_id: row.many for row in db.all(store.REFUSED)}


def put(tx: Executor, one: Object) -> None:
    """Keep how one stands."""
    tx.run(
        store.PUT_OBJECT, client_id=one.client_id, kind=one.kind, local_id=one.local_id, remote_id=one.remote_id,
        sent=json.dumps(dict(one.sent), sort_keys=True), attempted=int(one.attempted), made=int(one.made),
        ends=one.ends, state=one.state, due=one.due, tries=one.tries, problem=one.problem, request=one.request,
        answer=one.answer, status=one.status, at=one.at,
    )  # fmt: skip


def touch(tx: Executor, client_id: str, kind: str, local_id: str, now: float, *, ends: bool = False) -> None:
    """There is something to do for it; `ends`: it is let in no more."""
    new = Object(client_id=client_id, kind="user" if kind == "user" else "group", local_id=local_id, due=now)
    tx.run(
        store.TOUCH, client_id=client_id, kind=kind, local_id=local_id, remote_id="", sent="{}", attempted=0, made=0,
        ends=int(ends), state=new.state, due=now, tries=0, problem="", request="", answer="", status=0, at=0.0,
    )  # fmt: skip


def stir(tx: Transaction, client_id: str, kind: str, local_id: str, now: float) -> None:
    """Try one again, that is known already, now."""
    tx.run(store.STIR, of_client=client_id, of_kind=kind, of_id=local_id, now=now)
    tx.run(store.WAKE, of_client=client_id, now=now)


def stir_failed(tx: Transaction, client_id: str, now: float) -> None:
    """Try everything again that is not as it should be."""
    tx.run(store.STIR_FAILED, of_client=client_id, now=now)
    tx.run(store.WAKE, of_client=client_id, now=now)


def forget(tx: Executor, person_id: str) -> None:
    """Somebody is removed here: what was sent of them and answered is gone in the transaction of it."""
    tx.run(store.BLANK, of_id=person_id)


def to_object(row: Any) -> Object:
    """A row as an object."""
    values = {name: getattr(row, name) for name in Object.__dataclass_fields__}
    values |= {"sent": json.loads(row.sent), "attempted": bool(row.attempted), "made": bool(row.made)}
    return Object(**values)


# -- below -----------------------------------------------------------------------------------------------------------


def _locked(tx: Transaction, client_id: str) -> Target:
    tx.run(store.LOCK, of_client=client_id)
    return get(tx, client_id)


def _sealed(sealer: Sealer, client_id: str, secret: str) -> str:
    return sealer.seal(PURPOSE, secret.encode(), client_id.encode())


def _row(target: Target) -> dict[str, Any]:
    values = {name: getattr(target, name) for name in Target.__dataclass_fields__}
    return {**values, "said": json.dumps(target.said.to_json()), "again": int(target.again),
            "abilities": target.abilities.to_json(), "endings": json.dumps(target.endings)}  # fmt: skip


def _target(row: Any) -> Target:
    values = {name: getattr(row, name) for name in Target.__dataclass_fields__}
    said, endings = said_of(json.loads(row.said)), json.loads(row.endings)
    abilities = Abilities(**json.loads(row.abilities))
    values |= {"said": said, "abilities": abilities, "endings": endings, "again": bool(row.again)}
    return Target(**values)
