"""The installed `doorward` command in a folder of its own.

`spawn` runs it as people and programs do; `run` calls the same `main` in this process, thirty times as fast.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from idp.__main__ import main

COMMAND = Path(sys.executable).parent / "doorward"
CHEAP = "[passwords]\nmemory_kib = 8192\ntime_cost = 1\n"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Result:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """Standard output, which is exactly one JSON object on one line."""
        assert self.code == 0, self.err
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value


class Folder:
    """A folder with a doorward.toml, and the command run in it."""

    def __init__(self, path: Path, settings: str = CHEAP) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        (path / "doorward.toml").write_text(settings)

    @property
    def data(self) -> Path:
        return self.path / "var"

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOORWARD_")}
        return {**kept, **more}

    def spawn(self, *words: str, input: str | bytes = b"", env: dict[str, str] | None = None) -> Result:
        """Run the installed `doorward` with these words."""
        done = subprocess.run(
            [COMMAND, *words], cwd=self.path, input=_bytes(input), capture_output=True, timeout=60, check=False,
            env=self.environment(**(env or {})),
        )  # fmt: skip
        result = Result(done.returncode, done.stdout.decode(), done.stderr.decode())
        assert "Traceback" not in result.err, result.err
        return result

    def run(self, *words: str, input: str | bytes = b"", env: dict[str, str] | None = None) -> Result:
        """Run `doorward` with these words in this process; a server is always a process of its own."""
        if "serve" in words:
            return self.spawn(*words, input=input, env=env)
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.chdir(self.path),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.MonkeyPatch.context() as patch,
        ):
            for name in set(os.environ) - set(self.environment()):
                patch.delenv(name)
            for name, value in (env or {}).items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(_bytes(input))))
            try:
                code = main(words)
            except SystemExit as ended:
                code = int(ended.code or 0)
        return Result(code, out.getvalue(), err.getvalue())

    def refusal(self, *words: str, code: int = 2, input: str | bytes = b"", env: dict[str, str] | None = None) -> str:
        """What is said of bad input (or, with code 1, of a failure); nothing is on standard output."""
        result = self.run(*words, input=input, env=env)
        assert (result.code, result.out) == (code, ""), result
        return result.err


def _bytes(input: str | bytes) -> bytes:
    return input.encode() if isinstance(input, str) else input


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder with settings and nothing else."""
    return Folder(tmp_path / "empty")


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """An initialised installation that is only copied."""
    made = Folder(tmp_path_factory.mktemp("cli") / "prepared")
    assert made.run("init").code == 0
    return made


@pytest.fixture(scope="module")
def site(prepared: Folder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    """An initialised installation, one for all tests of a file."""
    path = tmp_path_factory.mktemp("site") / "site"
    shutil.copytree(prepared.path, path)
    yield Folder(path)
    shutil.rmtree(path, ignore_errors=True)
