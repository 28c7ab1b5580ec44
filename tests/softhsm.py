"""A PKCS#11 token made of software: SoftHSM, with a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

LABEL, PIN = "doorward-test", "2468-1357"
_PLACES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")


def library() -> str:
    """The path of the module; skips the test where SoftHSM is not installed."""
    found = next((place for place in _PLACES if os.path.exists(place)), "")
    if not found or shutil.which("softhsm2-util") is None:
        if "CI" in os.environ:
            pytest.fail("SoftHSM is not installed")
        pytest.skip("SoftHSM is not installed (apt: softhsm2)")
    return found


class SoftHSM:
    """One token in a folder. `env`: what a process that uses it is started with."""

    def __init__(self, folder: Path) -> None:
        self.module = library()
        self._tokens, self._away = folder / "tokens", folder / "away"
        self._tokens.mkdir(parents=True)
        config = folder / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(config)}
        words = ["--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "security-officer"]
        subprocess.run(
            ["softhsm2-util", *words], check=True, capture_output=True, env={**os.environ, **self.env}, timeout=30
        )

    def remove(self) -> None:
        """Pull it out."""
        self._tokens.rename(self._away)
        self._tokens.mkdir()

    def put_back(self) -> None:
        """Plug it in again."""
        self._tokens.rmdir()
        self._away.rename(self._tokens)

    def objects(self) -> list[str]:
        """What lies in it, private halves and public ones, a file each."""
        return sorted(str(one) for one in self._tokens.rglob("*.object") if one.name != "token.object")
