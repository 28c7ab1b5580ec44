"""Y1: scim-sanity, which walks the server by its own reading of the standard, finds what the standard allows."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.accounts.provisioning.clients import Wanted
from idp.admin import provisioners
from tests.provider import Provider
from tests.provisioning.conftest import SHELL, Serve, serve

__all__ = ["serve"]
TOOL = Path(sys.executable).parent / "scim-sanity"


@pytest.mark.slow
def test_Y1_scim_sanity_finds_nothing_that_the_standard_forbids(
    open_provider: Callable[..., Provider], serve: Serve
) -> None:
    provider = open_provider()
    made = provisioners.make(provider.services, SHELL, Wanted(name="sanity"))
    served = serve(provider.app, "/scim/v2")
    asked = ["--json-output", "--i-accept-side-effects", "--timeout", "30"]
    command = [TOOL, "probe", served.url, "--token", made.value, *asked]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    found = json.loads(done.stdout)
    wrong = {one["name"]: one["message"] for one in found["results"] if one["status"] in ("fail", "error", "warn")}
    # RFC 7644 §3.5.2: a PATCH is answered by 200 or by 204; §3.5.2.1: a member that nobody is, is an invalid value.
    expected = {
        "PATCH /Groups/{id}": "Expected HTTP 200, got 204 (RFC 7644 §3.3); Response body is empty",
        "PATCH /Groups/{id} add member": "Expected 200, got 400",
        "PATCH /Groups/{id} remove members": "Expected 200, got 204",
    }
    assert wrong == expected
    assert sum(one["status"] == "pass" for one in found["results"]) > 20
