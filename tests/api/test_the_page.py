"""docs/api.md: what it says to type works against a server, and it has every kind of problem. C4."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from idp.accounts.roles import RoleGrant
from idp.api.problems import KINDS
from tests.api.conftest import make_program
from tests.server import running

PAGE = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text("utf-8")
TYPED = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def test_C4_the_page_has_every_kind_of_problem_as_it_is_answered() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
    assert {kind: (int(status), title) for kind, status, title in rows} == KINDS


@pytest.mark.slow
def test_C4_a_newcomer_types_what_the_page_says_and_has_an_application(run_pid: int) -> None:
    assert len(TYPED) == 3
    with running(run_pid) as server:
        app = make_program(server, RoleGrant("admin"), name="Robot")
        assert app.secret is not None
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", "\n".join((*TYPED, TYPED[-1]))],  # the last one twice: it is safe
            env={"PATH": "/usr/bin:/bin", "ID": app.id, "SECRET": app.secret, "SITE": server.issuer},
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert '"kind":"client"' in done.stdout
        found = server.services.registry.search("CRM")
        assert [one.name for one in found] == ["CRM"]
        assert done.stdout.count(found[0].id) >= 2
