"""What commands work on: the opened rooms, and the record of who changed what."""

from __future__ import annotations

import contextlib
import gc
import getpass
import os
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from idp.installation.failures import explained
from idp.installation.files import check_initialised, read_settings

if TYPE_CHECKING:
    from idp.admin.actor import Actor
    from idp.config import Settings
    from idp.protocols import Services

#: Objects that a command may make before the collector looks for circles among them.
_COMMANDS: Final = 100_000


def load_settings(args: Namespace) -> Settings:
    """The settings in force for a command. Errors: `Refused`."""
    return read_settings(args.config)


@contextlib.contextmanager
def opened(args: Namespace) -> Iterator[Services]:
    """Everything of an initialised installation, its schema current. Errors: `Failed`, `Refused`."""
    settings = load_settings(args)
    check_initialised(settings)
    with explained():
        from idp.installation.schema import check_current
        from idp.opening import close, create_services

        check_current(settings)
        services = create_services(settings, deferred=True)
        settle()
        try:
            yield services
        finally:
            close(services)


def settle() -> None:
    """What is there now stays to the end: it is not looked through again, while what the command makes is."""
    if gc.get_threshold()[0] > _COMMANDS:  # it is a command of its own process
        gc.freeze()
        gc.set_threshold(_COMMANDS)


def actor() -> str:
    """Who is at the keyboard, for the audit log."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container's nameless user
        return f"cli:{os.getuid()}"


def shell() -> Actor:
    """Whoever is at the keyboard, as the one who does what a command asks for (C1)."""
    from idp.admin.actor import of_shell

    return of_shell(actor())


def recorder(clock: Callable[[], float]) -> Callable[[Any, str, Mapping[str, Any]], None]:
    """Writes the audit event of a change into the change's own transaction: whoever is at the keyboard made it."""
    from idp import audit

    return audit.recorder(clock, actor())
