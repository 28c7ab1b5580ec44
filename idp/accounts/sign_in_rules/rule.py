"""One rule, wherever it is kept."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from idp.accounts.person import fold

SECOND: Final = "second"
PHISHING_RESISTANT: Final = "phishing-resistant"
DENY: Final = "deny"
#: What a rule may need, from the weakest to the strongest.
LEVELS: Final = ("", SECOND, PHISHING_RESISTANT, DENY)


class About(Protocol):
    """What a rule says, in the settings file as in the database."""

    @property
    def need(self) -> str: ...
    @property
    def groups(self) -> Sequence[str]: ...
    @property
    def roles(self) -> Sequence[str]: ...
    @property
    def starts(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who needs what, and from when. Every condition that is named must hold; see `idp.config.FactorRule`.

    `id`: of a fixed one `file-1`, `file-2`, as the settings file has them. `enabled`: one that is off asks nothing.
    """

    id: str
    name: str = ""
    need: str = SECOND
    max_age_minutes: int = 0
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    device: str = "any"
    starts: str = ""
    grace_days: int = 0
    why: str = ""
    enabled: bool = True
    fixed: bool = False

    def said(self) -> dict[str, Any]:
        """What it says, as JSON has it, without what nobody said."""
        found = {key: getattr(self, key) for key in SAID}
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in found.items()}
        return {key: value for key, value in plain.items() if value != DEFAULTS[key]}


#: What a rule says, in the order in which it is written and shown.
SAID: Final = (
    "name", "need", "max_age_minutes", "groups", "roles", "apps", "networks", "outside", "device", "starts",
    "grace_days", "why",
)  # fmt: skip
_LISTS: Final = frozenset(("groups", "roles", "apps", "networks", "outside"))
DEFAULTS: Final[Mapping[str, Any]] = {
    "name": "", "need": SECOND, "max_age_minutes": 0, "device": "any", "starts": "", "grace_days": 0, "why": "",
    **{key: [] for key in _LISTS},
}  # fmt: skip


def of_said(id: str, said: Mapping[str, Any], *, enabled: bool = True, fixed: bool = False) -> Rule:
    """A rule from what was said of it; keys of a later version say nothing here."""
    known: dict[str, Any] = {key: tuple(said[key]) if key in _LISTS else said[key] for key in SAID if key in said}
    return Rule(id=id, enabled=enabled, fixed=fixed, **known)


def of_settings(given: Iterable[Any]) -> tuple[Rule, ...]:
    """The rules of the settings file, in its order."""
    return tuple(of_said(f"file-{n}", one.model_dump(), fixed=True) for n, one in enumerate(given, 1))


def is_about(rule: About, groups: Iterable[str], roles: Iterable[str] = ()) -> bool:
    """Whether a rule concerns somebody in these groups with these roles, wherever and whenever.

    A group's name is the same in any spelling, so that no rule fails to hold for its capitals.
    """
    if rule.groups and set(map(fold, rule.groups)).isdisjoint(map(fold, groups)):
        return False
    return not rule.roles or not set(rule.roles).isdisjoint(roles)


def starts_at(rule: About) -> float:
    """When a rule begins to hold, epoch seconds; midnight UTC of its day."""
    return _midnight(rule.starts) if rule.starts else 0.0


@functools.lru_cache(256)
def _midnight(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
