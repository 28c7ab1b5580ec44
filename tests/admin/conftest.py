"""A provider in this process, and somebody who may do everything, whose events are remembered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from idp.accounts.roles import RoleGrant
from idp.admin.actor import Actor
from idp.audit import Recorder
from idp.protocols import Services

ADMIN = "somebody who may"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admin(Actor):
    """Writes events as a door does, and remembers what they were."""

    actions: list[str] = field(default_factory=list)

    def record(self, services: Services) -> Recorder:
        write = Actor.record(self, services)

        def remembered(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
            write(tx, action, detail)
            self.actions.append(action)

        return remembered


@pytest.fixture
def admin() -> Admin:
    return Admin(kind="shell", id=ADMIN, name=ADMIN, grants=(RoleGrant("owner"),))
