"""The settings as they hold on this machine: what each is, by default is, and is for. Secrets are masked."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from idp.admin.actor import Actor
from idp.admin.permissions import Permission
from idp.config import Settings
from idp.config.loading import ENVIRONMENT
from idp.config.masking import masked
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `is_set`: it was given, by the file, a variable or an option; else `value` is the default.

    `place`: where, such as `/etc/doorward/doorward.toml:12`; '' for a default.
    """

    name: str
    value: Any
    default: Any
    is_set: bool
    about: str
    variable: str = ""
    place: str = ""

    @property
    def differs(self) -> bool:
        """Whether it is other than the default."""
        return bool(self.value != self.default)


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the settings file."""

    name: str
    about: str
    settings: tuple[Setting, ...]


def listed(services: Services, actor: Actor) -> tuple[Section, ...]:
    """All of them, in the order of `config.example.toml`. Errors: `NotAllowed`."""
    actor.check(Permission.SETTINGS_READ)
    return tuple(sections_of(services.settings))


def installation(services: Services, actor: Actor) -> dict[str, str]:
    """What runs here, by what it is called. Errors: `NotAllowed`."""
    actor.check(Permission.SETTINGS_READ)
    settings = services.settings
    return {
        "version": version("doorward"),
        "python": platform.python_version(),
        "issuer": services.issuer,
        "database": "PostgreSQL" if settings.database_url.startswith("postgres") else "SQLite",
        "state": "Redis" if settings.storage.state_url else "",
    }


def sections_of(settings: Settings) -> Iterator[Section]:
    """All settings, without anything that opens something."""
    variables = {place: name for name, place in ENVIRONMENT.items() if name in os.environ}
    places = settings.places()
    for name, field in Settings.model_fields.items():
        section, kind = getattr(settings, name), field.annotation
        yield Section(name, kind.__doc__ or "", tuple(
            Setting(
                key, masked(name, key, _plain(getattr(section, key))), masked(name, key, _plain(one.default)),
                key in section.model_fields_set, one.description or "", variables.get((name, key), ""),
                places.get((name, key), ""),
            )
            for key, one in kind.model_fields.items()
        ))  # fmt: skip


def _plain(value: Any) -> Any:
    """Lists of sections as lists of tables."""
    if isinstance(value, list):
        return [one.model_dump(exclude_defaults=True) if hasattr(one, "model_dump") else one for one in value]
    return value
