"""One real server for the journeys that use the command beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server import Server, running


@pytest.fixture(scope="package")
def server(run_pid: int) -> Iterator[Server]:
    """The provider as `doorward serve` runs it; each test makes its own people and applications."""
    with running(run_pid, workers=2, brand={"company": "Example Ltd"}) as server:
        yield server
