"""`doorward sweep`: delete what ran out. The server does it by itself, bit by bit; this does all of it now."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from typing import Any

from idp.cli.installation import opened
from idp.cli.terminal import command, print_json, progress, say, with_json


def add_parsers(commands: Any) -> None:
    """Add `sweep`."""
    with_json(command(commands, "sweep", run, "delete expired codes, sessions, tokens and old audit events"))


def run(args: Namespace) -> None:
    """Sweep until nothing is left to sweep."""
    total: Counter[str] = Counter()
    with opened(args) as services, progress("Sweeping") as show:
        from idp.background import sweep

        while any((swept := sweep(services)).values()):
            total.update(swept)
            show(total.total())
        total.update(swept)
    if args.json:
        print_json(dict(total))
    else:
        say("Deleted " + ", ".join(f"{count:,} {kind}" for kind, count in total.items()) + ".")
