"""What commands work on: the settings, the opened rooms, and the record of who changed what."""

from __future__ import annotations

import contextlib
import getpass
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli.terminal import Failed, Refused

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

INIT_FIRST = "this installation is not initialised: run `doorward init` first"


def config_file(given: str | None) -> Path | None:
    """The settings file: as given, else $DOORWARD_CONFIG, else doorward.toml in this folder, else none."""
    named = given or os.environ.get("DOORWARD_CONFIG")
    if named:
        return Path(named).absolute()
    beside = Path("doorward.toml").absolute()
    return beside if beside.exists() else None


def load_settings(args: Namespace) -> Settings:
    """The settings in force for a command. Errors: `Refused`."""
    return read_settings(args.config)


def read_settings(file: str | None, options: Mapping[str, Any] | None = None) -> Settings:
    """The settings in force; `options` are keys of [server] that win. Errors: `Refused`."""
    from idp.config import ConfigError, load

    try:
        return load(config_file(file), options=options or {})
    except ConfigError as error:
        raise Refused(str(error)) from None


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """What is expected to go wrong with an installation, as a sentence in place of a traceback."""
    from idp.db import Conflict, Unavailable
    from idp.state import StateUnavailable
    from keys.master import BadMasterKey
    from keys.sealing import BrokenSeal, NoRootSecret, WrongMasterKey

    try:
        yield
    except NoRootSecret:
        raise Failed(INIT_FIRST) from None
    except (BadMasterKey, WrongMasterKey, BrokenSeal) as error:
        raise Failed(str(error)) from None
    except Unavailable as error:
        raise Failed(f"the database cannot be used: {error}") from None
    except Conflict as error:
        raise Failed(f"somebody else changed the same thing meanwhile; try again ({error})") from None
    except StateUnavailable as error:
        raise Failed(f"the state store (storage.state_url) cannot be used: {error}") from None


@contextlib.contextmanager
def opened(args: Namespace) -> Iterator[Services]:
    """Everything of an initialised installation, its schema current. Errors: `Failed`, `Refused`."""
    settings = load_settings(args)
    check_initialised(settings)
    with explained():
        from idp.cli.schema import check_current
        from idp.opening import close, create_services

        check_current(settings)
        services = create_services(settings, deferred=True)
        try:
            yield services
        finally:
            close(services)


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


def actor() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's nameless user
        return f"cli:{os.getuid()}"


def recorder(clock: Callable[[], float]) -> Callable[[Any, str, Mapping[str, Any]], None]:
    """Writes the audit event of a change into the change's own transaction."""
    from idp.audit import Event, record

    def write(tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        person_id, client_id = detail.get("person_id"), detail.get("client_id")
        record(tx, Event(action, actor(), person_id=person_id, client_id=client_id, detail=detail), clock())

    return write
