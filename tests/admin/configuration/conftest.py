"""Files of configuration, planned and applied in this process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp import audit
from idp.admin.actor import of_shell
from idp.admin.configuration import applying, exporting, planning
from idp.admin.configuration.applying import Applied
from idp.admin.configuration.changes import Change, Plan
from idp.admin.configuration.document import BadConfiguration, Entry, File, read
from idp.admin.configuration.effects import Impact
from idp.admin.configuration.kinds import KINDS
from tests.provider import Provider

FILE = "apps.toml"


class Configured:
    """A provider that is configured by files; a text alone is the file apps.toml."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.services = provider.services
        self.actor = of_shell("a pipeline")
        self.record = self.actor.record(provider.services)

    def export(self, *only: str) -> str:
        return exporting.export(self.services, only)

    def entries(self, *texts: str, **files: str) -> tuple[list[Entry], list[str]]:
        given = [File(FILE, text) for text in texts] + [File(f"{name}.toml", text) for name, text in files.items()]
        entries = read(given, KINDS)
        return entries, [*dict.fromkeys([*(entry.manager for entry in entries), *(file.name for file in given)])]

    def plan(self, *texts: str, prune: bool = False, **files: str) -> Plan:
        made = planning.plan(self.services, *self.entries(*texts, **files), prune=prune)
        return made.with_effects(Impact(self.services))

    def changes(self, *texts: str, prune: bool = False, **files: str) -> tuple[Change, ...]:
        return self.plan(*texts, prune=prune, **files).changes

    def change(self, *texts: str, prune: bool = False, **files: str) -> Change:
        (one,) = self.changes(*texts, prune=prune, **files)
        return one

    def apply(self, *texts: str, prune: bool = False, keep: bool = False, **files: str) -> Applied:
        entries, managers = self.entries(*texts, **files)
        shown = planning.plan(self.services, entries, managers, prune=prune)
        return applying.apply(self.services, self.actor, entries, managers, shown, prune=prune, keep=keep)

    def faults(self, *texts: str, **files: str) -> tuple[str, ...]:
        with pytest.raises(BadConfiguration) as caught:
            self.plan(*texts, **files)
        return caught.value.lines

    def events(self) -> list[audit.Event]:
        return audit.tail(self.services.db, 500)


Open = Callable[..., Configured]


@pytest.fixture
def configured(provider: Provider) -> Configured:
    return Configured(provider)


@pytest.fixture
def another(open_provider: Callable[..., Provider]) -> Open:
    """Another installation, empty."""

    def open_one(**sections: Any) -> Configured:
        return Configured(open_provider(**sections))

    return open_one
