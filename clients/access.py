"""Who may open an application, and the rule that says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Term:
    """From when until before when something holds; None: without a beginning, without an end. Epoch seconds."""

    since: float | None = None
    until: float | None = None

    def holds(self, now: float) -> bool:
        """Whether it does at a moment."""
        return (self.since is None or self.since <= now) and (self.until is None or now < self.until)

    def to_json(self) -> dict[str, float]:
        """As it is stored and shown."""
        return {key: at for key, at in (("from", self.since), ("until", self.until)) if at is not None}


ALWAYS = Term()


@dataclass(frozen=True, slots=True)
class Access:
    """Everyone, or members of the groups together with the persons named. With neither, nobody.

    `terms`: for whom of them it holds for a time only, by `group_key` and `person_key`, in the order of the keys.
    """

    everyone: bool = True
    groups: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    terms: tuple[tuple[str, Term], ...] = ()

    @classmethod
    def only(
        cls, *, groups: Iterable[str] = (), persons: Iterable[str] = (), terms: Mapping[str, Term] | None = None
    ) -> Access:
        """Only these groups and persons (ids). A term of somebody who is not among them is nothing."""
        return cls(False, frozenset(groups), frozenset(persons)).with_terms(terms or {})

    def widened(
        self, *, groups: Iterable[str] = (), persons: Iterable[str] = (), terms: Mapping[str, Term] | None = None
    ) -> Access:
        """These may open it, too, for the term that is given or for good; who may already stays."""
        groups, persons = frozenset(groups), frozenset(persons)
        anew = {**{group_key(name): ALWAYS for name in groups}, **{person_key(one): ALWAYS for one in persons}}
        wider = Access(self.everyone, self.groups | groups, self.persons | persons)
        return wider.with_terms({**dict(self.terms), **anew, **(terms or {})})

    def narrowed(self, *, groups: Iterable[str] = (), persons: Iterable[str] = ()) -> Access:
        """These are taken out; all others stay."""
        less = Access(self.everyone, self.groups - frozenset(groups), self.persons - frozenset(persons))
        return less.with_terms(dict(self.terms))

    def with_terms(self, terms: Mapping[str, Term]) -> Access:
        """With exactly these terms, as far as they are of somebody who is named, and say anything."""
        keys = {*map(group_key, self.groups), *map(person_key, self.persons)}
        kept = tuple((key, terms[key]) for key in sorted(terms) if key in keys and terms[key] != ALWAYS)
        return Access(self.everyone, self.groups, self.persons, kept)

    def term_of(self, key: str) -> Term:
        """For how long it holds for one who is named."""
        return next((term for name, term in self.terms if name == key), ALWAYS)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Access:
        """The stored form back."""
        rule = cls(bool(value.get("everyone")), frozenset(value.get("groups", ())), frozenset(value.get("persons", ())))
        if "terms" not in value:
            return rule
        return rule.with_terms(
            {key: Term(one.get("from"), one.get("until")) for key, one in value["terms"].items()}
        )  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        if self.everyone:
            return {"everyone": True}
        said: dict[str, Any] = {"everyone": False, "groups": sorted(self.groups), "persons": sorted(self.persons)}
        return {**said, "terms": {key: term.to_json() for key, term in self.terms}} if self.terms else said


EVERYONE = Access()


def group_key(name: str) -> str:
    """By which a term of a group is kept: as the rule that it makes is called."""
    return f"group:{name}"


def person_key(person_id: str) -> str:
    """By which a term of a person is kept."""
    return f"person:{person_id}"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and the rule that gave it: `rule` for programs, `reason` for people.

    `until`: when what lets them in ends, epoch seconds; None: it has no end.
    """

    allowed: bool
    rule: str
    reason: str
    until: float | None = field(default=None, compare=False)


class Guarded(Protocol):
    """What the decision needs of a client."""

    @property
    def enabled(self) -> bool:
        """Whether the client is on."""

    @property
    def access(self) -> Access:
        """Its rule."""


def decide(client: Guarded, person_id: str, groups: Collection[str], now: float) -> Decision:
    """Whether a person, a member of `groups` (nested ones included), may open an application at a moment."""
    access = client.access
    if not client.enabled:
        return Decision(False, "disabled", "the application is turned off")
    if access.everyone:
        return Decision(True, "everyone", "everyone may open it")
    if access.terms:
        return _within_terms(access, person_id, groups, now)
    if person_id in access.persons:
        return Decision(True, "person", _NAMED)
    through = access.groups.intersection(groups)
    if through:
        return _through(min(through))
    return _kept_out(access)


_NAMED = "the person is named for it"


def _through(name: str, until: float | None = None) -> Decision:
    return Decision(True, f"group:{name}", f"the person is in the group {name}", until)


def _kept_out(access: Access) -> Decision:
    if not access.groups and not access.persons:
        return Decision(False, "nobody", "nobody may open it: no group and no person is named for it")
    named = f"in none of its groups ({', '.join(sorted(access.groups))})" if access.groups else "not named for it"
    return Decision(False, "not listed", f"the person is {named}")


def _within_terms(access: Access, person_id: str, groups: Collection[str], now: float) -> Decision:
    """The same where some are named for a time only."""
    mine = tuple(_mine(access, person_id, groups))
    open_now = [(name, term) for name, term in mine if term.holds(now)]
    if not open_now:
        return _over(mine, now) if mine else _kept_out(access)
    ends = [term.until for _, term in open_now if term.until is not None]
    until = max(ends) if len(ends) == len(open_now) else None
    name = open_now[0][0]
    return Decision(True, "person", _NAMED, until) if name is None else _through(name, until)


def _mine(access: Access, person_id: str, groups: Collection[str]) -> Iterator[tuple[str | None, Term]]:
    """What names somebody: themselves (None), and groups by name; with its term."""
    terms = dict(access.terms)
    if person_id in access.persons:
        yield None, terms.get(person_key(person_id), ALWAYS)
    for name in sorted(access.groups.intersection(groups)):
        yield name, terms.get(group_key(name), ALWAYS)


def _over(mine: tuple[tuple[str | None, Term], ...], now: float) -> Decision:
    """Why it does not hold: what begins next, else what ended last."""
    begins = [term.since for _, term in mine if term.since is not None and term.since > now]
    if begins:
        return Decision(False, "not yet", f"their access begins at {_utc(min(begins))}")
    ended = max(term.until for _, term in mine if term.until is not None)
    return Decision(False, "ended", f"their access ended at {_utc(ended)}")


def _utc(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
