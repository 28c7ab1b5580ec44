"""Who may open an application, as files have it: by the names of groups and people, not by ids."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from clients.access import EVERYONE, Access, Term, group_key, person_key
from idp.accounts import groups
from idp.accounts.person import InvalidPerson, Person, fold, group_name
from idp.admin.configuration.changes import Planning
from idp.admin.configuration.document import Entry, Fault, Faults
from idp.protocols import Services

SHAPE = 'expected "everyone", "nobody" or { groups = ["…"], people = ["…"] } with usernames'
_TIMES = 'times: expected { groups = { "…" = { from = "2026-12-01T00:00:00Z", until = "…" } }, people = { … } }'
_WORDS = {"from": "since", "until": "until"}


def shown(services: Services, access: Access) -> tuple[Any, int]:
    """The rule for a file, and how many people it names who are gone."""
    if access.everyone:
        return "everyone", 0
    people = [services.directory.find(person_id) for person_id in access.persons]
    names = sorted(person.username for person in people if person is not None)
    gone = sum(1 for person in people if person is None)
    if not access.groups and not names:
        return "nobody", gone
    rule = {"groups": sorted(access.groups), "people": names, "times": _times(access, people)}
    return {key: value for key, value in rule.items() if value}, gone


def _times(access: Access, people: list[Person | None]) -> dict[str, Any]:
    """For how long, by the names of groups and people."""
    terms = dict(access.terms)
    groups = {name: terms.get(group_key(name)) for name in sorted(access.groups)}
    known = sorted((person.username, terms.get(person_key(person.id))) for person in people if person is not None)
    found = {"groups": groups, "people": dict(known)}
    said = {
        kind: {
            name: {word: _written(at) for word, at in term.to_json().items()} for name, term in named.items() if term
        }
        for kind, named in found.items()
    }
    return {kind: named for kind, named in said.items() if named}


def _written(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")


def read(planning: Planning, entry: Entry, now: Access | None) -> Access:
    """The rule that a table declares. `now`: the one that stands. Errors: `Fault`, `Faults`."""
    given = entry.values["access"]
    if given == "everyone":
        return EVERYONE
    given = {} if given == "nobody" else given
    if not isinstance(given, dict) or not set(given) <= {"groups", "people", "times"}:
        raise entry.fault("access", SHAPE)
    for key, names in ((key, names) for key, names in given.items() if key != "times"):
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise entry.fault("access", f"{key}: expected a list of names")
    if "access" in entry.values and entry.values["access"] == {}:
        raise entry.fault("access", SHAPE)
    now = now or Access.only()
    problems: list[Fault] = []
    known = [_group(planning, entry, name, now, problems) for name in given.get("groups", ())]
    people = [_person(planning.services, entry, name, problems) for name in given.get("people", ())]
    terms = _terms(planning.services, entry, given, known, people, problems)
    if problems:
        raise Faults(problems)
    # Whoever is gone cannot be named, and opens nothing: they are no difference.
    gone = [one for one in now.persons if planning.services.directory.find(one) is None]
    terms |= {key: term for key, term in now.terms if key in map(person_key, gone)}
    return Access.only(groups=known, persons=[*people, *gone], terms=terms)


def _terms(
    services: Services, entry: Entry, given: dict[str, Any], groups: list[str], people: list[str],
    problems: list[Fault],
) -> dict[str, Term]:  # fmt: skip
    """For how long, of those who are named."""
    times = given.get("times", {})
    if not isinstance(times, dict) or not set(times) <= {"groups", "people"}:
        problems.append(entry.fault("access", _TIMES))
        return {}
    found: dict[str, Term] = {}
    for kind, named in times.items():
        for name, said in named.items() if isinstance(named, dict) else [("", None)]:
            key = _key(services, kind, str(name), groups, people)
            if key is None:
                problems.append(entry.fault("access", f"times: “{name}” is not among its {kind}"))
                continue
            term = _term(said)
            if term is None:
                problems.append(entry.fault("access", _TIMES))
                continue
            found[key] = term
    return found


def _key(services: Services, kind: str, name: str, groups: list[str], people: list[str]) -> str | None:
    if kind == "groups":
        return next((group_key(one) for one in groups if fold(one) == fold(name)), None)
    person = services.directory.find_by_login(name)
    return person_key(person.id) if person is not None and person.id in people else None


def _term(said: Any) -> Term | None:
    """From text, or TOML's own times; without an offset they are UTC."""
    if not isinstance(said, dict) or not said or not set(said) <= set(_WORDS):
        return None
    moments: dict[str, float] = {}
    for word, value in said.items():
        try:
            at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
            moments[_WORDS[word]] = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return None
    term = Term(**moments)
    ends_first = term.since is not None and term.until is not None and term.until <= term.since
    return None if ends_first else term


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
