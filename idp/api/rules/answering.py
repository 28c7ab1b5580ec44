"""What each row of the sign-in rules does."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any, Final

from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.keeping import ChangedMeanwhile, Kept, TooMany, UnknownRule
from idp.accounts.sign_in_rules.rule import DEFAULTS, SAID
from idp.accounts.sign_in_rules.rule import Rule as Row
from idp.admin import managed, people
from idp.admin.histories import rules as history
from idp.admin.histories.changes import Change, NoSuchChange
from idp.admin.permissions import Permission
from idp.admin.rules import changing, checking, simulating
from idp.api import editions, paging, problems
from idp.api.models import Error, Paged, moment, moment_or_none
from idp.api.operations import Answer, Call
from idp.api.problems import Problem, not_found, pointer
from idp.api.rules import models as m
from idp.protocols import Services

_SHUTS_OUT: Final = {
    "owners": "It would leave no owner a way in.",
    "you": "It would shut you out from where you are.",
    "all": "Nobody whom it concerns has, or could set up, what it asks for.",
}


def listed(services: Services, call: Call) -> Answer:
    """GET /sign-in-rules."""
    every = changing.every(services, call.actor)
    value = m.Rules(
        items=(*map(_fixed, every.fixed), *(_kept(services, one) for one in every.kept)),
        removed=tuple(_kept(services, one) for one in every.removed),
    )
    return Answer(value=value, etag=_order(every.kept))


def get(services: Services, call: Call) -> Answer:
    """GET /sign-in-rules/<id>."""
    for one in services.rules.fixed:
        if one.id == call.path["id"]:
            return Answer(value=_fixed(one), etag=keeping.edition(one))
    return _answered(services, _get(services, call))


def add(services: Services, call: Call) -> Answer:
    """POST /sign-in-rules."""
    with placed():
        made = changing.add(services, call.actor, call.body.model_dump(mode="json"))
    answer = _answered(services, made)
    return Answer(value=answer.value, etag=answer.etag, location=f"/sign-in-rules/{made.rule.id}")


def patch(services: Services, call: Call) -> Answer:
    """PATCH /sign-in-rules/<id>."""
    kept, body = _get(services, call), call.body
    # For * too: all of it is written back, so what somebody else has changed since it was read would be lost.
    seen = editions.check(call, keeping.edition(kept.rule)) or keeping.edition(kept.rule)
    said = {**kept.rule.said(), **body.model_dump(mode="json", exclude_unset=True)}
    said = {key: value for key, value in said.items() if value is not None}
    with placed():
        return _answered(services, changing.change(services, call.actor, kept.rule.id, said, seen=seen))


def turn_on(services: Services, call: Call) -> Answer:
    """POST /sign-in-rules/<id>/enable."""
    return _turned(services, call, on=True)


def turn_off(services: Services, call: Call) -> Answer:
    """POST /sign-in-rules/<id>/disable."""
    return _turned(services, call, on=False)


def _turned(services: Services, call: Call, *, on: bool) -> Answer:
    kept = _get(services, call)
    with placed():
        return _answered(services, changing.turn(services, call.actor, kept.rule.id, on=on))


def put_in_order(services: Services, call: Call) -> Answer:
    """PUT /sign-in-rules/order."""
    every = changing.every(services, call.actor)
    editions.check(call, _order(every.kept))
    known, ids = {one.rule.id for one in every.kept}, list(call.body.ids)
    errors = [
        Error(pointer=pointer("ids", place), detail="there is no such rule, or it is fixed")
        for place, one in enumerate(ids) if one not in known
    ]  # fmt: skip
    errors += [
        Error(pointer=pointer("ids", place), detail="stands twice")
        for place, one in enumerate(ids) if one in ids[:place]
    ]  # fmt: skip
    if errors:
        raise Problem("invalid", "; ".join(f"{one.pointer}: {one.detail}" for one in errors[:5]), errors=errors)
    changing.put_in_order(services, call.actor, ids)
    return listed(services, call)


def remove(services: Services, call: Call) -> None:
    """DELETE /sign-in-rules/<id>."""
    kept = _get(services, call)
    editions.check(call, keeping.edition(kept.rule))
    with placed():
        changing.remove(services, call.actor, kept.rule.id)


def restore(services: Services, call: Call) -> Answer:
    """POST /sign-in-rules/<id>/restore."""
    with placed(at=""):
        return _answered(services, changing.restore(services, call.actor, call.path["id"]))


def effects(services: Services, call: Call) -> m.Effects:
    """POST /sign-in-rules/effects."""
    body: m.Question = call.body
    before = None
    if body.replaces is not None:
        found = keeping.find(services.db, body.replaces)
        if found is None or found.deleted_at is not None:
            raise problems.wrong("replaces", "there is no such rule, or it is fixed")
        before = found.rule
    if before is None and body.rule is None:
        raise problems.wrong("rule", "say what the rule is to say, or which one is to be gone")
    with placed(at="rule"):
        after = None if body.rule is None else checking.checked(
            services, body.rule.model_dump(mode="json"), before.id if before is not None else ""
        )  # fmt: skip
        return m.Effects(**asdict(changing.look(services, call.actor, before, after)))


def simulate(services: Services, call: Call) -> m.Simulation:
    """POST /sign-in-rules/simulation."""
    body: m.Situation = call.body
    person, client = None, None
    with contextlib.suppress(people.UnknownLogin):
        person = people.get(services, body.person)
    if person is None or not call.actor.may_person(Permission.PEOPLE_READ, person.groups):
        raise problems.wrong("person", "nobody has this name, address, number or id")
    if body.application is not None:
        client = services.registry.find(body.application)
        if client is None or not call.actor.may_app(Permission.APPS_READ, client.id):
            raise problems.wrong("application", "there is no application of this id")
    wanted = simulating.Situation(
        person=person, client=client, address=body.address, is_known_device=body.known_device,
        at=services.clock() if body.at is None else body.at.timestamp(),
        signed_in_for=None if body.signed_in_for is None else float(body.signed_in_for), has=body.has, first=body.first,
    )  # fmt: skip
    try:
        return _simulated(simulating.simulate(services, call.actor, wanted))
    except simulating.BadAddress:
        raise problems.wrong("address", "is no network address", example="192.0.2.7") from None


def changes(services: Services, call: Call) -> m.Changes:
    """GET /sign-in-rules/history."""
    query: Paged = call.query
    before = paging.place(services, call) or ""
    found = history.of(services, call.actor, before=before, many=query.limit + 1)
    some = found[: query.limit]
    more = paging.cursor(services, call, some[-1].id) if len(found) > query.limit else None
    return m.Changes(items=tuple(map(_change, some)), next=more)


def undo(services: Services, call: Call) -> Answer:
    """POST /sign-in-rules/history/<change>/undo."""
    try:
        with placed(at=""):
            history.undo(services, call.actor, call.path["change"])
    except NoSuchChange:
        raise Problem("not-found", "There is no such change that could be undone.") from None
    return listed(services, call)


@contextlib.contextmanager
def placed(at: str | None = None) -> Iterator[None]:
    """What is wrong with a rule, by its place in the body. `at`: the field that holds it; "": the body has none of it.

    Errors: `Problem`.
    """
    try:
        yield
    except checking.InvalidRule as error:
        base = {None: (), "": None}.get(at, (at,))
        errors = [
            Error(pointer=None if base is None else pointer(*base, one.field), detail=str(one.message))
            for one in error.problems
        ]
        raise Problem("invalid", "; ".join(f"{one.field}: {one.message}" for one in error.problems),
                      errors=errors) from error  # fmt: skip
    except changing.ShutsOut as error:
        raise Problem("conflict", _SHUTS_OUT[error.whom]) from error
    except changing.IsFixed:
        raise _is_fixed() from None
    except UnknownRule:
        raise not_found("rule") from None
    except TooMany:
        raise Problem("conflict", f"There are {keeping.MAX_RULES} rules, as many as there may be.") from None
    except ChangedMeanwhile:
        detail = "It was changed again meanwhile. Read it again, and send your change with its new ETag."
        raise Problem("changed", detail) from None


def _is_fixed() -> Problem:
    return Problem("conflict", "This rule stands in the settings file: it is changed there.")


def _get(services: Services, call: Call) -> Kept:
    try:
        return changing.get(services, call.actor, call.path["id"])
    except changing.IsFixed:
        raise _is_fixed() from None
    except UnknownRule:
        raise not_found("rule") from None


def _answered(services: Services, kept: Kept) -> Answer:
    return Answer(value=_kept(services, kept), etag=keeping.edition(kept.rule))


def _order(kept: tuple[Kept, ...]) -> str:
    return editions.of(m.Order(ids=tuple(one.rule.id for one in kept)))


def _kept(services: Services, one: Kept) -> m.Rule:
    return m.Rule(
        id=one.rule.id, enabled=one.rule.enabled, fixed=False, says=_says(one.rule),
        managed_by=managed.manager_of(services, "rule", one.rule.id) or None,
        changed_at=moment(one.changed_at), removed_at=moment_or_none(one.deleted_at),
    )  # fmt: skip


def _fixed(rule: Row) -> m.Rule:
    return m.Rule(
        id=rule.id, enabled=True, fixed=True, managed_by=None, says=_says(rule), changed_at=None, removed_at=None
    )


def _says(rule: Row) -> m.Said:
    said: Mapping[str, Any] = {**DEFAULTS, **rule.said()}
    return m.Said(**{key: tuple(said[key]) if isinstance(said[key], list) else said[key] for key in SAID})


def _simulated(found: simulating.Simulated) -> m.Simulation:
    return m.Simulation(
        outcome=found.outcome, reason=str(found.reason), need=found.need.level, own=found.own,
        steps=tuple(
            m.Step(kind=one.kind, kinds=one.kinds, postponed_until=moment(one.until) if one.until else None)
            for one in found.steps
        ),
        rules=tuple(
            m.Verdict(rule=one.rule.id, name=one.rule.name, why_not=one.why_not, decides=one.decides)
            for one in found.verdicts
        ),
    )  # fmt: skip


def _change(one: Change) -> m.Change:
    return m.Change(
        id=one.id, at=moment(one.at), action=one.action, rule=one.of, name=one.name, who=one.who,
        address=one.address, can_undo=one.can_undo,
        differences=tuple(m.Difference(field=d.field, old=d.old, new=d.new) for d in one.differences),
    )  # fmt: skip
