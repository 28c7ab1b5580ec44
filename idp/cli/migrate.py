"""`doorward migrate`: bring the database's schema up to this release."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import load_settings
from idp.cli.terminal import command, print_json, say, with_json
from idp.installation import schema
from idp.installation.files import check_initialised


def add_parsers(commands: Any) -> None:
    """Add `migrate`."""
    with_json(command(commands, "migrate", run, "bring the database's schema up to this release"))


def run(args: Namespace) -> None:
    """Migrate; fine where there is nothing to do."""
    settings = load_settings(args)
    check_initialised(settings)
    before = schema.current(settings)
    if before != schema.head():
        schema.upgrade(settings)
    after = schema.current(settings)
    if args.json:
        print_json({"before": before, "after": after})
    elif before == after:
        say(f"The schema is current ({after}).")
    else:
        say(f"The schema went from {before or 'nothing'} to {after}.")
