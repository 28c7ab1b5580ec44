"""What goes wrong with an application, by kind: how often, since when, which side, and the fix (Q1, Q3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from clients.client import Client
from clients.snapshots import Entry
from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.answers import persons
from idp.answers.finding import Finding
from idp.audit import Event, causes
from idp.audit.searching import Wanted, latest
from idp.protocols import Services

DAYS: Final = 7.0
_MOST_IDS: Final = 5
_LOOKED_AT: Final = 500  # errors: what fails alike in an hour is one


@dataclass(frozen=True, slots=True)
class Problem:
    """Errors that have one cause. `people`: of whom it is known that they met it; times: epoch seconds.

    `also_under`: other ids of the same, the latest first: one that was told earlier, or by another process.
    """

    code: str
    error_id: str
    times: int
    people: int
    since: float
    last_at: float
    findings: tuple[Finding, ...]
    event: Event
    also_under: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As programs get it."""
        said = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "event"}
        return {**said, "findings": [asdict(one) for one in self.findings]}


def of_application(services: Services, actor: Actor, client: Client | Entry, days: float = DAYS) -> tuple[Problem, ...]:
    """What failed in the last days, what came last first. Errors: `NotAllowed`."""
    actor.check_app(Permission.ACTIVITY_READ, client.id)
    since = services.clock() - days * 86_400
    found: dict[tuple[Any, ...], list[Event]] = {}
    for event in latest(services.db, Wanted(client_id=client.id, action="error:*", since=since), _LOOKED_AT):
        for one in causes.of_event(event):
            found.setdefault(cause(one), []).append(one)
    problems = [_problem(events) for events in found.values()]
    return tuple(sorted(problems, key=lambda one: -one.last_at))


#: Of what nobody knows whose it is: an id or entity ID that no application has.
_NAMELESS: Final = ("error:unknown_client", "error:saml_unknown_issuer", "error:invalid_client")


def probably_of(services: Services, actor: Actor, client: Client, days: float = DAYS) -> tuple[Problem, ...]:
    """What most likely was meant for an application, and named it wrongly; for those who may see everything."""
    if actor.scope(Permission.ACTIVITY_READ) is not None:
        return ()
    mine = {client.id} if client.saml is None else {client.id, client.saml.entity_id}
    found: dict[tuple[Any, ...], list[Event]] = {}
    since = services.clock() - days * 86_400
    for action in _NAMELESS:
        for event in latest(services.db, Wanted(action=action, since=since), _LOOKED_AT):
            for one in causes.of_event(event):
                if event.client_id is None and _names(one) & mine:
                    found.setdefault(cause(one), []).append(one)
    return tuple(sorted(map(_problem, found.values()), key=lambda one: -one.last_at))


def of_removed(services: Services, actor: Actor, removed: Entry, days: float = DAYS) -> tuple[Problem, ...]:
    """What asked for an application that was removed since; for those who may see everything."""
    if actor.scope(Permission.ACTIVITY_READ) is not None:
        return ()
    since = services.clock() - days * 86_400
    found: dict[tuple[Any, ...], list[Event]] = {}
    for action in _NAMELESS:
        for event in latest(services.db, Wanted(action=action, since=since), _LOOKED_AT):
            if (meant := removed_of(services, event)) is not None and meant.id == removed.id:
                found.setdefault(cause(event), []).append(event)
    return tuple(sorted(map(_problem, found.values()), key=lambda one: -one.last_at))


def removed_of(services: Services, event: Event) -> Entry | None:
    """The removed application that an error asked for, where it can still be restored."""
    got = next((one.got for one in findings_of(event) if one.code == "client_removed"), "")
    if not got:
        return None
    return services.registry.find_removed(got) or services.registry.find_removed_entity(got)


def _names(event: Event) -> set[str]:
    return {one.expected for one in findings_of(event) if one.field in ("client_id", "Issuer")}


def findings_of(event: Event) -> tuple[Finding, ...]:
    """What was found of the request; where nothing was, what the error says itself."""
    kept = event.detail.get("findings")
    if isinstance(kept, list) and kept:
        return tuple(Finding(**one) for one in kept if isinstance(one, Mapping))
    detail = event.detail
    fix = str(detail.get("fix") or detail.get("message") or "")
    if not fix or not event.action.startswith("error:"):
        return ()
    code, side = event.action.removeprefix("error:"), str(detail.get("side") or "application")
    field, expected, got = (str(detail.get(name) or "") for name in ("field", "expected", "got"))
    got = got or ("" if field else str(detail.get("what") or ""))
    kind = str(detail.get("kind") or code)
    return (Finding(kind, side, field or code, fix, expected, got),)  # type: ignore[arg-type]


def with_person(services: Services, event: Event, found: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings with the person of the event in their commands, for whoever reads their name beside them."""
    person = services.directory.find(event.person_id) if event.person_id else None
    return tuple(persons.named(one, person.username) for one in found) if person is not None else found


def cause(event: Event) -> tuple[Any, ...]:
    """What errors of one cause have in common."""
    wrong = next((one for one in findings_of(event) if one.weight == "wrong"), None)
    return event.action, (wrong.code, wrong.got) if wrong is not None else ""


def kind(event: Event) -> tuple[str, str]:
    """What is wrong, whatever came: an OAuth code stands for many things that have nothing to do with each other."""
    wrong = next((one for one in findings_of(event) if one.weight == "wrong"), None)
    return str(event.detail.get("kind") or event.action), wrong.code if wrong is not None else ""


def _problem(events: list[Event]) -> Problem:
    last = max(events, key=last_at)
    newest = sorted(events, key=last_at, reverse=True)
    ids = dict.fromkeys(one.error_id for one in newest if one.error_id and one.error_id != last.error_id)
    return Problem(
        last.action.removeprefix("error:"), last.error_id or "", sum(times(one) for one in events),
        len({one.person_id for one in events if one.person_id}), min(one.at for one in events), last_at(last),
        findings_of(last), last, tuple(ids)[:_MOST_IDS],
    )  # fmt: skip


def times(event: Event) -> int:
    """How often what stands in one row happened."""
    times = event.detail.get("times", 1)
    return times if isinstance(times, int) else 1


def last_at(event: Event) -> float:
    """When that was the last time, epoch seconds."""
    at = event.detail.get("last_at", event.at)
    return float(at) if isinstance(at, (int, float)) else event.at
