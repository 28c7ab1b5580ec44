"""The settings as they hold on this machine, secrets masked; and what runs here (B2)."""

from __future__ import annotations

from typing import Any, Final

from idp.admin import settings
from idp.admin.permissions import Permission
from idp.api.models import Model
from idp.api.operations import Call, Operation
from idp.protocols import Services


class Setting(Model):
    """One setting."""

    name: str
    """Its key in its table of the settings file."""
    value: Any
    """What holds; `…` in place of what opens something."""
    default: Any
    """What would hold if nothing were said."""
    is_set: bool
    """Whether the file, a variable or an option says it."""
    about: str
    """What it is for."""
    variable: str | None
    """The variable of the environment that says it, where one does."""
    place: str | None
    """Where it comes from: a line of the file, a variable, an option; null for the default."""


class Section(Model):
    """One table of the settings file."""

    name: str
    """Its name."""
    about: str
    """What it is for."""
    settings: tuple[Setting, ...]
    """In the order of the example file."""


class Settings(Model):
    """Every setting of this machine. They are changed in its settings file, and read when the server starts."""

    items: tuple[Section, ...]
    """In the order of the example file."""


class Installation(Model):
    """What runs here."""

    version: str
    """Of Doorward."""
    python: str
    """Of Python."""
    issuer: str
    """The address by which applications know it."""
    database: str
    """SQLite or PostgreSQL."""
    state: str
    """Redis, or empty: in the database."""


def listed(services: Services, call: Call) -> Settings:
    """GET /settings."""
    return Settings(items=tuple(
        Section(name=one.name, about=one.about, settings=tuple(
            Setting(name=s.name, value=s.value, default=s.default, is_set=s.is_set, about=s.about,
                    variable=s.variable or None, place=s.place or None)
            for s in one.settings
        ))
        for one in settings.listed(services, call.actor)
    ))  # fmt: skip


def installation(services: Services, call: Call) -> Installation:
    """GET /installation."""
    return Installation(**settings.installation(services, call.actor))


_TAG: Final = "Settings"
OPERATIONS: Final = (
    Operation(
        method="GET", path="/settings", id="listSettings", permission=Permission.SETTINGS_READ, tag=_TAG,
        summary="What holds on this machine, and what differs from the default", handler=listed, gives=Settings,
    ),
    Operation(
        method="GET", path="/installation", id="getInstallation", permission=Permission.SETTINGS_READ, tag=_TAG,
        summary="What runs here", handler=installation, gives=Installation,
    ),
)  # fmt: skip
