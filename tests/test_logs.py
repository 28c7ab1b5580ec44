"""H3: a log that cannot be written costs its lines, and nothing else."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from idp import logs
from idp.config import Log


@pytest.fixture
def fresh() -> Iterator[None]:
    """Whoever logged before goes on as it did."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers = root.handlers[:]
    root.handlers.clear()
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.usefixtures("fresh")
def test_H3_whoever_logs_on_a_full_disk_goes_on(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    with open("/dev/full", "w", buffering=1) as full, monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", full)
        log = logs.configure(Log(format=form))  # type: ignore[arg-type]
        log.warning("faults_not_written", reason="no room")
        try:
            raise ZeroDivisionError
        except ZeroDivisionError:
            log.exception("request_failed")
            logging.getLogger("idp.jobs").exception("as the job queue says it")  # in a thread that would end with it
        full.buffer.raw.close()  # type: ignore[attr-defined]  # else closing it would fail for what it kept
        log.warning("nor_where_it_is_closed")
