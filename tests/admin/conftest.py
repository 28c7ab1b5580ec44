"""A provider in this process, and what the verbs of admins record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from idp import audit
from idp.audit import Recorder
from tests.provider import Provider

ADMIN = "somebody who may"


class Recorded:
    """Writes events as a door does, and remembers what they were."""

    def __init__(self, write: Recorder) -> None:
        self._write = write
        self.actions: list[str] = []

    def __call__(self, tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        self._write(tx, action, detail)
        self.actions.append(action)


@pytest.fixture
def record(provider: Provider) -> Recorded:
    return Recorded(audit.recorder(provider.services.clock, ADMIN))
