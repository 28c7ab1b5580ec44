"""H3: a log that cannot be written costs its lines, and nothing else. M2: no secret reaches a line."""

from __future__ import annotations

import ast
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from idp import logs
from idp.config import Log
from idp.ids import new_id, new_secret

ROOT = Path(__file__).parent.parent
PREFIX = re.compile(r"dw[a-z]_")


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


def prefixes() -> dict[str, str]:
    """What begins the bearer values of ours, by where it stands in the code."""
    found = {}
    for room in ("idp", "clients", "keys"):
        for file in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and PREFIX.fullmatch(node.value):
                    found[f"{file.relative_to(ROOT)}:{node.lineno}"] = node.value
    return found


def test_M2_the_last_net_knows_every_kind_of_bearer_value_of_ours() -> None:
    known = prefixes()
    assert {"dwa_", "dwc_", "dwr_", "dwl_", "dwp_", "dws_", "dwi_"} <= set(known.values())
    for where, prefix in known.items():
        for value in (prefix + new_secret(), f"{prefix}{new_id(0.0)}.{new_secret()}", prefix + new_id(0.0)):
            line = logs.redact(None, "warning", {"event": "refused", "reason": f"at /x?y={value}&z: gone"})
            assert line["reason"] == "at /x?y=[redacted]&z: gone", where


def test_M2_the_last_net_looks_into_what_a_value_holds() -> None:
    secret = "dwp_" + new_secret()
    line = logs.redact(
        None, "info", {"event": "sent", "headers": {"Authorization": "Basic eA==", "Via": secret}, "said": [secret, 7]}
    )
    assert line == {"event": "sent", "headers": {"Authorization": "[redacted]", "Via": "[redacted]"},
                    "said": ["[redacted]", 7]}  # fmt: skip
