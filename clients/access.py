"""Who may open an application, and the rule that says so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Access:
    """Everyone, or members of the groups together with the persons named. With neither, nobody."""

    everyone: bool = True
    groups: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()

    @classmethod
    def only(cls, *, groups: Iterable[str] = (), persons: Iterable[str] = ()) -> Access:
        """Only these groups and persons (ids)."""
        return cls(False, frozenset(groups), frozenset(persons))

    def widened(self, *, groups: Iterable[str] = (), persons: Iterable[str] = ()) -> Access:
        """These may open it, too; who may already stays."""
        return Access(self.everyone, self.groups | frozenset(groups), self.persons | frozenset(persons))

    def narrowed(self, *, groups: Iterable[str] = (), persons: Iterable[str] = ()) -> Access:
        """These are taken out; all others stay."""
        return Access(self.everyone, self.groups - frozenset(groups), self.persons - frozenset(persons))

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Access:
        """The stored form back."""
        return cls(bool(value.get("everyone")), frozenset(value.get("groups", ())), frozenset(value.get("persons", ())))

    def to_json(self) -> dict[str, Any]:
        """As it is stored and shown."""
        if self.everyone:
            return {"everyone": True}
        return {"everyone": False, "groups": sorted(self.groups), "persons": sorted(self.persons)}


EVERYONE = Access()


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and the rule that gave it: `rule` for programs, `reason` for people."""

    allowed: bool
    rule: str
    reason: str


class Guarded(Protocol):
    """What the decision needs of a client."""

    @property
    def enabled(self) -> bool:
        """Whether the client is on."""

    @property
    def access(self) -> Access:
        """Its rule."""


def decide(client: Guarded, person_id: str, groups: Collection[str]) -> Decision:
    """Whether a person, a member of `groups` (nested ones included), may open an application."""
    access = client.access
    if not client.enabled:
        return Decision(False, "disabled", "the application is turned off")
    if access.everyone:
        return Decision(True, "everyone", "everyone may open it")
    if person_id in access.persons:
        return Decision(True, "person", "the person is named for it")
    through = sorted(access.groups.intersection(groups))
    if through:
        return Decision(True, f"group:{through[0]}", f"the person is in the group {through[0]}")
    if not access.groups and not access.persons:
        return Decision(False, "nobody", "nobody may open it: no group and no person is named for it")
    named = f"in none of its groups ({', '.join(sorted(access.groups))})" if access.groups else "not named for it"
    return Decision(False, "not listed", f"the person is {named}")
