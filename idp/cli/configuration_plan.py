"""`doorward plan`: what files of configuration would change, and break."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli import configuration_files as files
from idp.cli.installation import opened
from idp.cli.terminal import command, complain, print_json, say, with_json

DIFFERENT = 2  # as `terraform plan -detailed-exitcode` has it


def add_parsers(commands: Any) -> None:
    """Add `plan`."""
    plan = with_json(command(commands, "plan", run_plan, "show what files of configuration would change"))
    files.add_files(plan)
    plan.add_argument(
        "--exit-code", "--detailed-exitcode", action="store_true", help="0: nothing to do, 2: changes, 1: an error"
    )


def run_plan(args: Namespace) -> int:
    """Compare, and show."""
    entries, managers = files.read(args)
    with opened(args) as services:
        plan = files.planned(services, entries, managers, args)
    if args.json:
        print_json(files.as_json(plan))
    else:
        say(*files.lines(plan))
        complain(*files.notes(plan))
    return DIFFERENT if args.exit_code and plan.changes else 0
