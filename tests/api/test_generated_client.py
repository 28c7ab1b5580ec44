"""A client that a generator makes of the document does what docs/api.md says, against a server. C4."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from idp.accounts.roles import RoleGrant
from tests.api.conftest import Api, make_program, token_of
from tests.server import running

PAGE = (Path(__file__).parent.parent.parent / "docs" / "api.md").read_text("utf-8")
(SCRIPT,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
GENERATOR = "openapi-python-client==0.29.1"
WORD = re.compile(r"[A-Z][A-Za-z0-9]*")


def test_C4_every_schema_is_named_as_a_class_in_any_language_is(stranger: Api) -> None:
    document = stranger.get("/openapi.json").json
    schemas = document["components"]["schemas"]
    assert [name for name in schemas if not WORD.fullmatch(name)] == []
    assert {name: one["title"] for name, one in schemas.items()} == {name: name for name in schemas}
    assert len({name.casefold() for name in schemas}) == len(schemas)
    used = set(re.findall(r'"#/components/schemas/([^"]+)"', stranger.get("/openapi.json").text))
    assert used <= schemas.keys()


def test_C4_a_body_has_one_type_and_a_header_one_kind_of_value(stranger: Api) -> None:
    for path, rows in stranger.get("/openapi.json").json["paths"].items():
        for row in rows.values():
            assert len(row.get("requestBody", {"content": [1]})["content"]) == 1, path
            for one in row["parameters"]:
                assert one["in"] != "header" or one["schema"]["type"] == "string", (path, one["name"])


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of its own with the generator and what it needs; nothing of it stays."""
    folder = tmp_path_factory.mktemp("generator")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-compile", "--target", str(folder), GENERATOR]
    got = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    if got.returncode != 0:
        pytest.skip(f"the generator cannot be had here: {got.stderr.strip().splitlines()[-1:]}")
    return folder


@pytest.mark.slow
def test_C4_a_generated_client_makes_changes_lists_and_removes_an_application(
    run_pid: int, generator: Path, tmp_path: Path
) -> None:
    with running(run_pid) as server:
        token = token_of(server, make_program(server, RoleGrant("admin"), name="Robot"))
        for n in range(3):
            server.add_client(f"App {n}")
        own = {
            "PATH": f"{generator / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(generator), "HOME": str(tmp_path),
            "SITE": server.issuer, "TOKEN": token,
        }  # fmt: skip
        made = _run(
            [generator / "bin" / "openapi-python-client", "generate", "--url", f"{server.issuer}/api/v1/openapi.json",
             "--output-path", "doorward_api", "--meta", "none"], tmp_path, own,
        )  # fmt: skip
        assert "WARNING" not in made, made  # nothing of the document was left out
        assert "Unable" not in made, made
        (tmp_path / "script.py").write_text(SCRIPT, "utf-8")
        said = _run([sys.executable, "script.py"], tmp_path, own).splitlines()
        id = said[0].removeprefix("made ")
        assert said[1:] == [
            "changed Wiki of the company",
            "refused 412 Somebody else changed it meanwhile",
            "all ['App 0', 'App 1', 'App 2', 'Robot', 'Wiki of the company']",
            "removed 204",
        ]
        assert server.services.registry.find_removed(id) is not None


def _run(command: list[object], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        [str(one) for one in command], cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
