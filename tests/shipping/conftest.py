"""What is shipped, built once for each test process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shipping.environment import build


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The wheel and the sdist."""
    return build(tmp_path_factory.mktemp("dist"))
