"""Deliveries to one target: one object after the other, by one process at a time, each kept before the next begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from clients.client import Client
from idp import audit
from idp.db import Transaction, Unavailable
from idp.login.services import Services
from idp.provisioning import abilities, braking, judging, keeping, membership, noting, settling, store, wanting
from idp.provisioning.calling import Line, Unreached, line_to
from idp.provisioning.objects import ENDS, LET, MAX_WELL, Kind, Object
from idp.provisioning.settling import Wanted
from idp.provisioning.target import Target
from idp.provisioning.tokens import NoToken
from keys.sealing import BrokenSeal

LEASE: Final = 30.0  # seconds that a claim lasts past its last renewal; an exchange is shorter
BEFORE_RETRY: Final = 15.0  # seconds; doubled with each failure
LONGEST: Final = 3600.0
GROUPS: Final = 200  # objects, until a group comes before the people who wait
UNWELL: Final = 5  # errors of its own in a row, of objects that were well, until it is the target that waits
SLOW: Final = 2.0  # seconds for an exchange, from which on it is left alone for as long as it took
WEIGHED: Final = 20  # endings, until the brake is asked once more
FORBIDDEN: Final = 3  # objects in a row that it does not let us change, until it is us that it means
ACTOR: Final = "doorward"


class Lost(Exception):
    """Another process has it now, or it was turned off or removed: whatever is under way is left as it is."""


class _Claim:
    """The right to deliver to a target, kept for as long as requests are sent."""

    def __init__(self, services: Services, client_id: str) -> None:
        self._services, self._client_id = services, client_id
        self.until = services.clock() + LEASE
        self.ended: dict[Kind, int] = {}  # how many of each kind, since something new became known

    def take(self) -> bool:
        """Whether it is ours."""
        now = self._services.clock()
        return self._services.db.run(store.CLAIM, of_client=self._client_id, now=now, until=self.until) == 1

    def renew(self) -> None:
        """Before each request, so that the lease outlasts it. Errors: `Lost`."""
        until = max(self._services.clock() + LEASE, self.until + 0.001)
        if self._services.jobs.paused:
            raise Lost
        if not self._services.db.run(store.RENEW, of_client=self._client_id, claim=self.until, until=until):
            raise Lost
        self.until = until

    def release(self) -> None:
        """Give it back, with what is due next."""
        self._services.db.run(store.RELEASE, of_client=self._client_id, claim=self.until)


def run(services: Services, client_id: str, most: int = 1000) -> int:
    """Deliver to a target what is due, at most so many objects; answers how many were looked at."""
    claim = _Claim(services, client_id)
    if not claim.take():
        return 0
    done = 0
    try:
        while done < most and _step(services, client_id, claim, done % GROUPS == GROUPS - 1):
            done += 1
    except Lost:
        pass
    finally:
        claim.release()
    return done


def _step(services: Services, client_id: str, claim: _Claim, groups_first: bool) -> bool:
    """One thing: notes, a page of people, or an object. False: there is nothing to do now."""
    claim.renew()
    target, client = keeping.get(services.db, client_id), services.registry.find(client_id)
    if client is None or not client.enabled:
        return False  # who is turned off for an hour does not lose its people there
    target = _looked(services, target, client)
    if noting.take(services, target, client):
        claim.ended.clear()
        return True
    if target.walk is not None:
        noting.walk(services, target, client)
        claim.ended.clear()
        return True
    if target.retry_at > services.clock():
        return False
    now = services.clock()
    row = services.db.one(store.NEXT_KNOWN_GROUP, of_client=client_id, now=now) if groups_first else None
    row = row or services.db.one(store.NEXT_USER, of_client=client_id, now=now)
    row = row or services.db.one(store.NEXT_GROUP, of_client=client_id, now=now)
    if row is None:
        return False
    line, one = line_to(services, target), keeping.to_object(row)
    line.before = claim.renew
    wanted = wanting.of(services, target, client, one)
    if _ends(target, one, wanted) and _is_held(services, target, one, claim):
        return False
    _deliver(line, client, one, wanted)
    if line.longest >= SLOW:
        services.db.run(store.REST, of_client=client_id, until=services.clock() + line.longest)
    return True


def _is_held(services: Services, target: Target, one: Object, claim: _Claim) -> bool:
    """Whether the brake has stopped the target before this one, with as many as would end now."""
    if one.ends == LET and target.let_until > services.clock():
        return False
    if one.ends == LET:
        services.db.run(store.LET_NOBODY, of_client=one.client_id)
    elif not one.ends:  # nobody knew it before: it counts with the others from here on
        marked: dict[str, Any] = {"of_client": one.client_id, "of_kind": one.kind, **store.listed([one.local_id])}
        services.db.run(store.MARK, **marked)
    claim.ended[one.kind] = claim.ended.get(one.kind, 0) + 1
    if one.ends == ENDS and claim.ended[one.kind] % WEIGHED != 1:
        return False
    found = braking.problem(services, target, one)
    if found is None:
        return False
    many, told = found
    _stop(services, target, told, braked=many)
    return True


def _ends(target: Target, one: Object, wanted: Wanted) -> bool:
    return wanted.attributes is None and not wanted.problem and braking.ending(target.said, one) is not None


def _looked(services: Services, target: Target, client: Client) -> Target:
    """Another limit of the application, or another release: everybody is looked at anew."""
    seen = wanting.seen(services, target, client)
    if seen == target.seen:
        return target
    with services.db.transaction() as tx:
        now = keeping.lock(tx, target.client_id)
        keeping.start_walk(tx, replace(now, seen=seen), services.clock(), again=False)
    return keeping.get(services.db, target.client_id)


def _deliver(line: Line, client: Client, one: Object, wanted: Wanted) -> None:
    services, target = line.services, line.target
    try:
        line.target = target = replace(target, abilities=abilities.known(line, target))
        after = _settled(line, client, one, wanted)
    except Lost:
        raise
    except judging.Stopped as error:
        _forbidden(line, one, str(error))
    except judging.Refused as error:
        _kept(line, replace(_latest(services, one), state="refused", due=None, problem=str(error)))
    except judging.Unwell as error:
        _unwell(line, one, str(error))
    except judging.TryAgain as error:
        _later(line, one, str(error))
    except judging.Busy as error:
        _pause(line, one, str(error), error.seconds)
    except Unreached as error:
        _pause(line, one, str(error), None)
    except (NoToken, BrokenSeal) as error:
        if isinstance(error, NoToken) and not error.final:
            _pause(line, one, str(error), None)
        else:
            _stop(services, target, str(error) or "the kept secret cannot be opened")
    except Unavailable:
        raise  # our own database: nothing is known of the other side by it
    except Exception as error:
        services.log.error("unexpected", exc_info=error, client_id=target.client_id)
        _later(line, one, f"an unexpected error on our side: {type(error).__name__}")
    else:
        _done(line, client, one, after, wanted)


def _settled(line: Line, client: Client, one: Object, wanted: Wanted) -> Object:
    services = line.services

    def keep(now: Object) -> None:
        with services.db.transaction() as tx:
            _put(line, tx, now)

    if one.kind == "user":
        return settling.settle(line, one, wanted, keep)
    if one.remote_id and not one.made and not line.target.abilities.patch:
        raise judging.Refused(settling.NEEDS_PATCH)
    if wanted.attributes is None:
        # As it is now: it may have been renamed, and the target with it, between the two reads.
        wanted = wanting.of(services, keeping.get(services.db, one.client_id), client, one)
    if wanted.attributes is None:
        return _group_gone(line, one, wanted, keep)
    if one.state in ("waiting", "gone") and not one.remote_id:
        membership.forget(services, one)
    members = membership.wanted(services, one.client_id, one.local_id, line.before)
    if not line.target.abilities.patch:
        attributes = {**wanted.attributes, "members": membership.values(members)}
        return settling.settle(line, one, replace(wanted, attributes=attributes), keep)
    try:
        return _with_members(line, one, wanted, members, keep)
    except membership.NotThere:
        # Never "successful", and never one member after the other: it is made again, with all of them.
        one = replace(_latest(services, one), remote_id="", sent={}, attempted=True, made=False)
        one = replace(one, problem=settling.GONE_THERE)
        membership.forget(services, one)
        keep(one)
        return replace(_with_members(line, one, wanted, members, keep), problem=settling.GONE_THERE)


def _with_members(
    line: Line, one: Object, wanted: Wanted, members: Mapping[str, str], keep: settling.Keep
) -> Object:  # fmt: skip
    services = line.services
    one = replace(one, sent={path: value for path, value in one.sent.items() if path != "members"})
    after = settling.settle(line, one, wanted, keep)
    if after.remote_id != one.remote_id:
        membership.forget(services, one)
    if after.remote_id != one.remote_id or not one.sent:
        keep(replace(after, due=one.due))  # it is there: what follows may fail, and it is not made again
    is_new = after.made and after.remote_id != one.remote_id
    membership.settle(line, after, members, read=not one.sent and not is_new)
    return after


def _group_gone(line: Line, one: Object, wanted: Wanted, keep: settling.Keep) -> Object:
    """A group cannot be turned off: what we made is deleted, what was there before loses whom we put in."""
    off = line.target.said.off
    if off == "nothing" or not (one.remote_id or one.attempted):
        return replace(one, state="left" if one.remote_id else "gone", problem="")
    if one.remote_id and not one.made and line.target.abilities.patch:
        try:
            membership.settle(line, one, {}, read=False)
        except membership.NotThere:
            membership.forget(line.services, one)
            return replace(one, state="gone", remote_id="", sent={}, attempted=False, problem=settling.WAS_GONE)
        return replace(one, state="left", problem="")
    said = replace(line.target.said, off="delete")
    line.target = replace(line.target, said=said)
    after = settling.settle(line, one, wanted, keep)
    membership.forget(line.services, one)
    return after


# -- what becomes of it ----------------------------------------------------------------------------------------------


def _done(line: Line, client: Client, before: Object, after: Object, wanted: Wanted) -> None:
    services, target = line.services, line.target
    after = replace(after, due=None, tries=0, ends=0)
    with services.db.transaction() as tx:
        if line.answered is not None:
            tx.run(store.COUNT_FAILURES, of_client=target.client_id, new_retry_at=0.0, new_failures=0, new_forbidden=0,
                   new_unwell=0)  # fmt: skip
            after = _with_words(line, after, wanted.is_gone)
            after = replace(after, request=after.request[:MAX_WELL], answer=after.answer[:MAX_WELL])
            if before.ends == LET and _ends(target, before, wanted):
                tx.run(store.COUNT_LET, of_client=target.client_id)
            elif _ends(target, before, wanted):
                now = keeping.lock(tx, target.client_id)
                endings = json.dumps(braking.counted(now, after.kind, services.clock()))
                tx.run(store.COUNT_ENDED, of_client=target.client_id, new_endings=endings)
        if wanted.is_gone and (after.state == "left" or not after.remote_id or after.state == "off"):
            tx.run(store.DROP_OBJECT, of_client=after.client_id, of_kind=after.kind, of_id=after.local_id)
        elif wanted.attributes is None and after.state == "gone" and not after.at and not before.attempted:
            # Somebody who was never there, and is not let in: nothing is to be known of them.
            tx.run(store.DROP_OBJECT, of_client=after.client_id, of_kind=after.kind, of_id=after.local_id)
        else:
            _put(line, tx, after)
        if after.kind == "user":
            _tell_groups(line, tx, client, before, after)


def _tell_groups(line: Line, tx: Transaction, client: Client, before: Object, after: Object) -> None:
    services, is_other = line.services, after.remote_id != before.remote_id
    if after.state != "done" or is_other:
        noting.stir_groups_with(tx, after.client_id, after.local_id, services.clock())
    if after.state == "done" and (before.state != "done" or is_other):
        noting.stir_groups_of(services, tx, line.target, client, after.local_id)


def _later(line: Line, one: Object, problem: str) -> None:
    """This object alone waits."""
    one = _latest(line.services, one)
    wait = min(BEFORE_RETRY * 2 ** min(one.tries, 12), LONGEST)
    _kept(line, replace(one, state="failed", due=line.services.clock() + wait, tries=one.tries + 1, problem=problem))


def _unwell(line: Line, one: Object, problem: str) -> None:
    """An error of its own: of this object, until some that were well have failed in a row. Then the target waits.

    Behind each pause one object tells whether it is well again.
    """
    target = line.target
    many = target.unwell + (1 if not one.tries or target.unwell >= UNWELL else 0)
    line.target = replace(target, unwell=many)
    if many >= UNWELL:
        _pause(line, one, problem, None)
        return
    _later(line, one, problem)
    line.services.db.run(
        store.COUNT_FAILURES, of_client=target.client_id, new_retry_at=target.retry_at, new_failures=target.failures,
        new_forbidden=target.forbidden, new_unwell=many,
    )  # fmt: skip


def _pause(line: Line, one: Object, problem: str, seconds: float | None) -> None:
    """The target waits, with all of its objects; this one is the first when it goes on."""
    services, target = line.services, line.target
    if seconds is None:
        wait = min(BEFORE_RETRY * 2 ** min(target.failures, 12), LONGEST)
    else:  # who says "at once" again and again is given more time each time all the same
        wait = max(seconds, min(2.0 ** min(target.failures, 12), LONGEST))
    at = services.clock() + max(1.0, wait)
    one = _latest(services, one)
    _kept(line, replace(one, state="failed", due=at, tries=one.tries + 1, problem=problem))
    services.db.run(
        store.COUNT_FAILURES, of_client=target.client_id, new_retry_at=at, new_failures=target.failures + 1,
        new_forbidden=target.forbidden, new_unwell=target.unwell,
    )  # fmt: skip


def _forbidden(line: Line, one: Object, problem: str) -> None:
    """Our credentials, or this one object? A read tells them apart; three objects in a row are all of them."""
    services, target = line.services, line.target
    answered = line.answered
    if answered is not None and answered.status == 403 and target.forbidden + 1 < FORBIDDEN and _opens(line):
        _kept(line, replace(_latest(services, one), state="refused", due=None, problem=problem), answered.shown)
        services.db.run(
            store.COUNT_FAILURES, of_client=target.client_id, new_retry_at=0.0, new_failures=0,
            new_forbidden=target.forbidden + 1, new_unwell=0,
        )  # fmt: skip
        return
    _kept(line, replace(_latest(services, one), state="failed", due=services.clock(), problem=problem))
    _stop(services, target, problem)


def _opens(line: Line) -> bool:
    request, answered = line.request, line.answered
    try:
        return line.call("GET", "Users?startIndex=1&count=1").ok
    except (Unreached, NoToken):
        return False
    finally:
        line.request, line.answered = request, answered


def _stop(services: Services, target: Target, reason: str, *, braked: int = 0) -> None:
    record, now = audit.recorder(services.clock, ACTOR), services.clock()
    keeping.turn(
        services.db, target.client_id, "stopped", now, record=record, reason=reason[:300], braked=braked
    )  # fmt: skip


def _latest(services: Services, one: Object) -> Object:
    """As it was kept last: between two requests something may have been written down."""
    return keeping.find_object(services.db, one.client_id, one.kind, one.local_id) or one


def _kept(line: Line, one: Object, shown: str = "") -> None:
    is_gone = one.kind == "user" and line.services.directory.find(one.local_id) is None
    with line.services.db.transaction() as tx:
        _put(line, tx, _with_words(line, one, is_gone))


def _put(line: Line, tx: Transaction, one: Object) -> None:
    """Write down how it stands, at the address that was asked: what is known of one is nothing at another.

    Errors: `Lost`.
    """
    tx.run(store.LOCK, of_client=one.client_id)
    target = keeping.find(tx, one.client_id)
    if target is None or target.said.url != line.target.said.url:
        raise Lost
    keeping.put(tx, one)


def _with_words(line: Line, one: Object, is_gone: bool) -> Object:
    """With the last request and its answer; of somebody who was removed here, without a word of them."""
    answered = line.answered
    if is_gone and answered is not None and answered.detail:
        one = replace(one, problem=one.problem.replace(answered.detail, "…"))
    return replace(
        one, request=line.request.partition("\n")[0] if is_gone else line.request,
        answer=answered.shown if answered is not None and not is_gone else "",
        status=answered.status if answered is not None else 0, at=line.services.clock(),
    )  # fmt: skip
