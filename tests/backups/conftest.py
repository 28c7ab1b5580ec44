"""Backups of providers of a test's own, with a passphrase that costs little."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.installation.backups import age, restoring, taking
from tests.backends import Clock
from tests.provider import Provider, make_settings

PASSPHRASE = "a battery of correct horses"
LOCK = age.Passphrase(PASSPHRASE)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The passphrase is hashed as it is for a file of anybody's, with less work."""
    monkeypatch.setattr(age, "WORK", 10)


@pytest.fixture
def take(tmp_path: Path) -> Callable[..., Path]:
    """Takes a backup of a provider; answers its file."""

    def take_one(provider: Provider, name: str = "doorward.age", **options: Any) -> Path:
        file = tmp_path / name
        taking.take(provider.services, file, options.pop("recipients", [LOCK]), actor="test", **options)
        return file

    return take_one


@pytest.fixture
def restore(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., Provider]]:
    """Restores a backup into a folder of its own, the master key put there first, and opens what is there then."""
    opened: list[Provider] = []

    def restore_one(
        file: Path, key_of: Provider | None = None, *, end_tokens: bool = False, **sections: Any
    ) -> Provider:
        folder = tmp_path / f"restored{len(opened)}"
        sections.setdefault("server", {"issuer": "https://login.example"})
        if key_of is not None:
            folder.mkdir()
            shutil.copy(key_of.settings.data_dir / "master.key", folder)
        settings = make_settings(folder, **sections)
        restoring.restore(settings, file, [LOCK], actor="test", end_tokens=end_tokens, take_master_key=key_of is None)
        opened.append(Provider(settings, clock))
        return opened[-1]

    yield restore_one
    for provider in opened:
        provider.close()
