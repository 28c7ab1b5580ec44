"""What the pages call the parts of a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from clients.attributes.definition import (
    ADMIN,
    APPS,
    CHOICE,
    CHOICES,
    DATE,
    EMAIL,
    FLAG,
    HELP_DESK,
    NOBODY,
    NUMBER,
    PERSON,
    PHONE,
    SCOPE,
    TABLES,
    TEXT,
    URL,
)
from idp.texts import N_

TYPES: Final[Mapping[str, str]] = {
    TEXT: N_("Text"), NUMBER: N_("Number"), FLAG: N_("Yes or no"), DATE: N_("Date"), CHOICE: N_("One of a list"),
    CHOICES: N_("Several of a list"), EMAIL: N_("E-mail address"), PHONE: N_("Phone number"), URL: N_("Web page"),
}  # fmt: skip
WHO: Final[Mapping[str, str]] = {PERSON: N_("The person"), HELP_DESK: N_("The help desk"), ADMIN: N_("Admins")}
RELEASES: Final[Mapping[str, tuple[str, str]]] = {
    TABLES: (N_("Applications whose own table names it"), N_("Nobody else, and nobody by itself.")),
    SCOPE: (N_("Applications that may have a scope"), N_("They are told when they ask for it.")),
    APPS: (N_("Named applications"), N_("With the profile. No other application, whatever its table says.")),
    NOBODY: (N_("No application"), N_("Whatever its table says.")),
}
LABELS: Final[Mapping[str, str]] = {
    "name": N_("Name"), "label": N_("Label"), "labels": N_("Label in other languages"), "type": N_("What a value is"),
    "options": N_("What can be chosen"), "required": N_("A value is required"), "groups": N_("Only for members of"),
    "min": N_("At least"), "max": N_("At most"), "pattern": N_("Form of the text"), "sees": N_("Who sees it"),
    "edits": N_("Who changes it"), "release": N_("Who is told"), "scope": N_("Scope"), "apps": N_("Applications"),
    "sensitive": N_("Sensitive"),
}  # fmt: skip
ACTIONS: Final[Mapping[str, str]] = {
    "attribute:add": N_("Added"), "attribute:change": N_("Changed"), "attribute:remove": N_("Removed"),
}  # fmt: skip


def values(field: str, value: Any) -> Iterator[str]:
    """A value of a definition in lines; those that are words of ours are translated by the page."""
    if isinstance(value, Mapping):
        yield from (f"{language}: {text}" for language, text in value.items())
    elif isinstance(value, list):
        yield from (WHO.get(one, one) if field in ("sees", "edits") else one for one in value)
    elif isinstance(value, bool):
        yield N_("Yes") if value else N_("No")
    elif value not in (None, ""):
        yield TYPES.get(value, value) if field == "type" else _release(value) if field == "release" else str(value)


def _release(value: str) -> str:
    return RELEASES[value][0] if value in RELEASES else value
