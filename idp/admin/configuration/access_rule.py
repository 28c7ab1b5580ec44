"""Who may open an application, as files have it: by the names of groups and people, not by ids."""

from __future__ import annotations

from typing import Any

from clients.access import EVERYONE, Access
from idp.accounts import groups
from idp.accounts.person import InvalidPerson, fold, group_name
from idp.admin.configuration.changes import Planning
from idp.admin.configuration.document import Entry, Fault, Faults
from idp.protocols import Services

SHAPE = 'expected "everyone", "nobody" or { groups = ["…"], people = ["…"] } with usernames'


def shown(services: Services, access: Access) -> tuple[Any, int]:
    """The rule for a file, and how many people it names who are gone."""
    if access.everyone:
        return "everyone", 0
    people = [services.directory.find(person_id) for person_id in access.persons]
    names = sorted(person.username for person in people if person is not None)
    gone = sum(1 for person in people if person is None)
    if not access.groups and not names:
        return "nobody", gone
    rule = {"groups": sorted(access.groups), "people": names}
    return {key: value for key, value in rule.items() if value}, gone


def read(planning: Planning, entry: Entry, now: Access | None) -> Access:
    """The rule that a table declares. `now`: the one that stands. Errors: `Fault`, `Faults`."""
    given = entry.values["access"]
    if given == "everyone":
        return EVERYONE
    given = {} if given == "nobody" else given
    if not isinstance(given, dict) or not set(given) <= {"groups", "people"}:
        raise entry.fault("access", SHAPE)
    for key, names in given.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise entry.fault("access", f"{key}: expected a list of names")
    if "access" in entry.values and entry.values["access"] == {}:
        raise entry.fault("access", SHAPE)
    now = now or Access.only()
    problems: list[Fault] = []
    known = [_group(planning, entry, name, now, problems) for name in given.get("groups", ())]
    people = [_person(planning.services, entry, name, problems) for name in given.get("people", ())]
    if problems:
        raise Faults(problems)
    # Whoever is gone cannot be named, and opens nothing: they are no difference.
    gone = [one for one in now.persons if planning.services.directory.find(one) is None]
    return Access.only(groups=known, persons=[*people, *gone])


def _group(planning: Planning, entry: Entry, name: str, now: Access, problems: list[Fault]) -> str:
    """A group under the name that it has, or will have."""
    try:
        wanted = group_name(name)
    except InvalidPerson as error:
        problems.append(entry.fault("access", f"groups: {error.message}"))
        return name
    standing = next((one for one in now.groups if fold(one) == fold(wanted)), None)
    if standing is not None:
        return standing
    found = groups.find(planning.services.db, wanted)
    declared = {fold(str(one.values.get("name", ""))) for one in planning.of("group")}
    if found is not None or fold(wanted) in declared:
        return found.name if found else wanted
    meant = next((one for one in groups.similar(planning.services.db, wanted) if groups.is_slip(wanted, one)), None)
    if meant is not None:
        problems.append(entry.fault(
            "access", f"there is no group “{name}”; did you mean “{meant}”? If it is a new one, declare it: [[group]]"
        ))  # fmt: skip
    planning.notes.append(f"{entry.place('access')}: there is no group “{wanted}” yet, so it lets nobody in")
    return wanted


def _person(services: Services, entry: Entry, name: str, problems: list[Fault]) -> str:
    found = services.directory.find_by_login(name)
    if found is None:
        near = ", ".join(person.username for person in services.directory.similar(name))
        hint = f"did you mean {near}?" if near else "people are no part of a file: add or import them first"
        problems.append(entry.fault("access", f"people: nobody has the username “{name[:60]}”; {hint}"))
        return ""
    return found.id
