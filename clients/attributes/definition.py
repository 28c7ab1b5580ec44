"""One definition: its value, its readers and writers, and the applications that are told it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TEXT, NUMBER, FLAG, DATE, CHOICE, CHOICES = "text", "number", "boolean", "date", "choice", "choices"
EMAIL, PHONE, URL = "email", "phone", "url"
TYPES: Final = (TEXT, NUMBER, FLAG, DATE, CHOICE, CHOICES, EMAIL, PHONE, URL)
PERSON, HELP_DESK, ADMIN = "person", "help_desk", "admin"
#: Who may be let see a value; admins and auditors always do.
READERS: Final = (PERSON, HELP_DESK)
#: Who may be let write one; nobody: directories, other providers and SCIM alone.
WRITERS: Final = (PERSON, HELP_DESK, ADMIN)
NOBODY, TABLES, APPS, SCOPE = "nobody", "tables", "apps", "scope"
#: Whom it is told: no application, those whose own table names it, those named here, those that may have a scope.
RELEASES: Final = (NOBODY, TABLES, APPS, SCOPE)
LANGUAGES: Final = ("de", "es", "fr", "zh-Hans")  # of labels, beside the label itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """`name`: the claim's name. `groups`: whom it is about; empty: everybody. `required`: of those, a value is wanted.

    `min`, `max`: of a number its value, of a text its length, of several choices how many, of a date the day (ISO
    8601). `sensitive`: the record says that a value was changed, never which.
    """

    name: str
    label: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    type: str = TEXT
    options: tuple[str, ...] = ()
    required: bool = False
    groups: tuple[str, ...] = ()
    min: float | str | None = None
    max: float | str | None = None
    pattern: str = ""
    sees: tuple[str, ...] = (PERSON, HELP_DESK)
    edits: tuple[str, ...] = (ADMIN,)
    release: str = TABLES
    scope: str = ""
    apps: tuple[str, ...] = ()
    sensitive: bool = False

    @property
    def title(self) -> str:
        """What people read in English, and where their language has no label."""
        return self.label or self.name

    def called(self, language: str) -> str:
        """What it is called in a language (BCP 47)."""
        return self.labels.get(language) or self.title

    def said(self) -> dict[str, Any]:
        """What was said of it, as JSON has it, in a stable order and without what nobody said."""
        found = {key: _plain(getattr(self, key)) for key in KEYS}
        return {key: value for key, value in found.items() if value != _DEFAULTS[key]}

    def told(self) -> dict[str, Any]:
        """All of it, as the API and the command line show it."""
        return {"name": self.name, **{key: _plain(getattr(self, key)) for key in KEYS}}

    def may_have(self, client_id: str) -> bool:
        """Whether an application may be told it, by whatever table."""
        return self.release != NOBODY and (self.release != APPS or client_id in self.apps)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else dict(value) if isinstance(value, Mapping) else value


#: What is said of one beside its name, in the order in which it is written and shown.
KEYS: Final = tuple(name for name in Definition.__dataclass_fields__ if name != "name")
LISTS: Final = frozenset(("options", "groups", "sees", "edits", "apps"))
_NEW: Final = Definition(name="")
_DEFAULTS: Final = {key: _plain(getattr(_NEW, key)) for key in KEYS}


def of_said(name: str, said: Mapping[str, Any]) -> Definition:
    """One from what was said of it; keys of a later version say nothing here."""
    known: dict[str, Any] = {key: tuple(said[key]) if key in LISTS else said[key] for key in KEYS if key in said}
    return Definition(name=name, **known)


@dataclass(frozen=True, slots=True)
class Release:
    """What the definitions say for one application.

    `by_scope`: further claims that a scope gives; `own`: claims that it is told with the profile, as if its own table
    had them; `hidden`: what it is never told.
    """

    by_scope: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    own: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()

    def without_hidden(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Of what is known of somebody, what this application may be told by its own table."""
        return {name: value for name, value in known.items() if name.partition("#")[0] not in self.hidden}


def release_to(client_id: str, definitions: Iterable[Definition]) -> Release:
    """What an application is told by these definitions."""
    by_scope: dict[str, tuple[str, ...]] = {}
    own: list[str] = []
    hidden: set[str] = set()
    for one in definitions:
        if not one.may_have(client_id):
            hidden.add(one.name)
        elif one.release == SCOPE:
            by_scope[one.scope] = (*by_scope.get(one.scope, ()), one.name)
        elif one.release == APPS:
            own.append(one.name)
    return Release(by_scope, tuple(own), frozenset(hidden))
