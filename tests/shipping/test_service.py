"""G1: the service as it is shipped: systemd finds little that it could do beside its work."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest

from tests.shipping.environment import ROOT

UNIT = ROOT / "deploy" / "doorward.service"
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")


def test_g1_systemd_rates_the_unit_below_two() -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    rated = re.search(r"exposure level for doorward\.service: ([\d.]+)", done.stdout)
    assert rated is not None, done.stderr
    assert float(rated[1]) < 2.0
    assert done.returncode == 0


def test_g1_the_unit_names_what_the_product_takes() -> None:
    text = UNIT.read_text("utf-8")
    assert "ExecStart=/opt/doorward/bin/doorward serve" in text
    from idp.config import ENVIRONMENT

    named = set(re.findall(r"^Environment=(DOORWARD_\w+)=", text, re.MULTILINE)) - {"DOORWARD_CONFIG"}
    assert named == {"DOORWARD_DATA_DIR"}
    assert named <= set(ENVIRONMENT)
    # What the server needs longest to end, and the files that it may have open by default.
    assert int(re.search(r"TimeoutStopSec=(\d+)", text)[1]) >= 40  # type: ignore[index]
    assert int(re.search(r"LimitNOFILE=(\d+)", text)[1]) > 8192  # type: ignore[index]
