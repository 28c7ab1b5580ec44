"""Sign-in rules: found again by their names. New ones come behind those that there are, in the order of the files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from idp.accounts.person import fold
from idp.accounts.sign_in_rules import keeping
from idp.accounts.sign_in_rules.keeping import Kept
from idp.accounts.sign_in_rules.rule import DENY, PHISHING_RESISTANT, SAID, Rule, of_said
from idp.admin.configuration import applications, groups
from idp.admin.configuration.changes import Action, Change, Done, Planning, Step, differences
from idp.admin.configuration.document import Entry, Faults, check_keys, flag_of, text_of, texts_of
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kind import Kind
from idp.admin.configuration.writing import Written
from idp.admin.permissions import Permission
from idp.admin.rules import checking, effects
from idp.audit import Recorder
from idp.protocols import Services

TABLE = "rule"
KEYS = (*SAID, "on")


def _export(services: Services) -> Iterator[Written]:
    for kept in keeping.list_of(services.db):
        yield Written(TABLE, {**kept.rule.said(), **({} if kept.rule.enabled else {"on": False})})


def _identity(entry: Entry) -> str:
    return fold(str(entry.values.get("name", "")))


def _plan(planning: Planning, entry: Entry) -> Step:
    check_keys(entry, KEYS)
    name = text_of(entry, "name", "what the rule is called")
    there = next((one for one in keeping.list_of(planning.services.db) if fold(one.rule.name) == fold(name)), None)
    said, named = _said(planning, entry, there)
    enabled = _enabled(planning, entry, there)
    rule = _checked(planning, entry, said, there, enabled=enabled)
    before = {} if there is None else {**there.rule.said(), "on": there.rule.enabled}
    fields = differences(before, {**rule.said(), "on": enabled})
    if fields:
        _check_way_in(planning.services, entry, there, rule)

    def run(services: Services, record: Recorder) -> Done:
        final = of_said(rule.id, {**rule.said(), "apps": _ids(services, named)}, enabled=enabled).said()
        return Done(_put(services, there, final, record, enabled=enabled))

    def told(_: Impact) -> Iterator[str]:
        return sentences(effects.of_change(planning.services, there.rule if there else None, rule))

    action: Action = "add" if there is None else "change"
    return Step(Change(action, TABLE, there.rule.id if there else "", rule.name, fields), run, told)


def _said(planning: Planning, entry: Entry, there: Kept | None) -> tuple[dict[str, Any], list[str]]:
    """What the rule says from now on; what the file says nothing of stays. And its applications, as they are named."""
    stays = {} if there is None else there.rule.said()
    dropped = planning.dropped(TABLE, there.rule.id, entry) if there is not None else frozenset()
    stays = {key: value for key, value in stays.items() if key not in dropped}
    given = {key: value for key, value in entry.values.items() if key in SAID}
    if "apps" in given:
        given["apps"] = texts_of(entry, "apps", "ids or names of applications")
    said = {**stays, **given}
    named = list(said.get("apps", ()))
    return {**said, "apps": [_id(planning, one) for one in named]}, named


def _enabled(planning: Planning, entry: Entry, there: Kept | None) -> bool:
    dropped = there is not None and "on" in planning.dropped(TABLE, there.rule.id, entry)
    return flag_of(entry, "on", default=True if there is None or dropped else there.rule.enabled)


def _checked(planning: Planning, entry: Entry, said: Mapping[str, Any], there: Kept | None, *, enabled: bool) -> Rule:
    beside = [str(one.values.get("name", "")) for one in planning.of(groups.TABLE)]
    apps = [str(one.values.get(key)) for one in planning.of(applications.TABLE) for key in ("id", "name")]
    rule_id = there.rule.id if there is not None else ""
    try:
        return checking.checked(
            planning.services, said, rule_id, enabled=enabled, also_groups=beside, also_apps=apps
        )  # fmt: skip
    except checking.InvalidRule as error:
        raise Faults(entry.fault(one.field, one.message) for one in error.problems) from None


def _check_way_in(services: Services, entry: Entry, there: Kept | None, rule: Rule) -> None:
    """No file shuts every owner out, nor asks for what nobody could have."""
    if not rule.enabled or rule.need not in (DENY, PHISHING_RESISTANT):
        return
    found = effects.of_change(services, there.rule if there else None, rule)
    if found.owners_now and not found.owners:
        raise entry.fault("need", "no owner would be left with a way in")
    if found.concerned and found.stuck == found.concerned:
        raise entry.fault("need", "nobody whom it concerns has what it asks for, or could set it up here")


def _put(services: Services, there: Kept | None, said: Mapping[str, Any], record: Recorder, *, enabled: bool) -> str:
    db, now = services.db, services.clock()
    if there is None:
        return keeping.add(db, said, now, enabled=enabled, record=record).rule.id
    keeping.change(db, there.rule.id, said, now, record=record)
    return keeping.turn(db, there.rule.id, enabled, now, record=record).rule.id


def _id(planning: Planning, given: str) -> str:
    return applications.id_named(planning.services, given) or given


def _ids(services: Services, named: list[str]) -> list[str]:
    """By now those that the same files made have their ids."""
    return [applications.id_named(services, one) or one for one in named]


def sentences(found: effects.Effects) -> Iterator[str]:
    """What a change does to people, each in a line."""
    if found.without:
        yield f"{_people(found.without)} without such a factor will be asked to set one up"
    if found.stuck:
        yield f"{_people(found.stuck)} could not: nothing that can be set up here would do"
    if found.denied:
        yield f"{_people(found.denied)} will not be let in where it holds"
    if found.again:
        yield f"{_people(found.again)} will sign in anew after its time"
    if found.released:
        yield f"{_people(found.released)} may sign in with less than before"


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count:,} people"


def _removal(planning: Planning, object_id: str) -> Step | None:
    kept = keeping.find(planning.services.db, object_id)
    if kept is None or kept.deleted_at is not None:
        return None

    def run(services: Services, record: Recorder) -> Done:
        return Done(keeping.remove(services.db, object_id, services.clock(), record=record).rule.id)

    def told(_: Impact) -> Iterator[str]:
        return sentences(effects.of_change(planning.services, kept.rule, None))

    return Step(Change("remove", TABLE, object_id, kept.rule.name), run, told)


_NEEDS = dict.fromkeys(("add", "change", "remove"), Permission.RULES_CHANGE)
KIND = Kind(TABLE, _export, _identity, _plan, _removal, _NEEDS)
