"""Where an installation's settings, master key and embedded database are, and whether they are there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.installation.failures import INIT_FIRST, Failed, Refused

if TYPE_CHECKING:
    from idp.config import Settings


def config_file(given: str | None) -> Path | None:
    """The settings file: as given, else $DOORWARD_CONFIG, else doorward.toml in this folder, else none."""
    named = given or os.environ.get("DOORWARD_CONFIG")
    if named:
        return Path(named).absolute()
    beside = Path("doorward.toml").absolute()
    return beside if beside.exists() else None


def read_settings(file: str | None, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force; `options` are keys of [server] that win. Errors: `Refused`."""
    from idp.config import ConfigError, load

    try:
        return load(config_file(file), options=options or {})
    except ConfigError as error:
        raise Refused(str(error)) from None


def check_initialised(settings: Settings) -> None:
    """Cheap: whether there can be a database and a master key at all. Errors: `Failed`."""
    keys = settings.keys
    in_file = not (keys.master_key or keys.master_key_command)
    if in_file and not master_key_file(settings).exists():
        raise Failed(f"{INIT_FIRST} (there is no master key at {master_key_file(settings)})")
    file = sqlite_file(settings)
    if file is not None and not file.exists():
        raise Failed(f"{INIT_FIRST} (there is no database at {file})")


def master_key_file(settings: Settings) -> Path:
    """Where the master key's file is, or would be."""
    named = settings.keys.master_key_file
    return settings.path(named) if named else settings.data_dir / "master.key"


def sqlite_file(settings: Settings) -> Path | None:
    """The embedded database's file; None for a database on a server."""
    prefix = "sqlite:///"
    url = settings.database_url
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None
