"""Groups of servers, for one test each: it kills some of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ha.groups import Cluster, Sentinels

KINDS: dict[str, type[Sentinels] | type[Cluster]] = {"sentinel": Sentinels, "cluster": Cluster}


@pytest.fixture(params=list(KINDS))
def group(request: pytest.FixtureRequest, run_pid: int) -> Iterator[Sentinels | Cluster]:
    """Redis by Sentinels, and as a Cluster."""
    group = KINDS[request.param](run_pid)
    yield group
    group.close()
