"""`doorward export`: what there is, as a file to keep in version control."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from idp.cli.configuration_files import KINDS
from idp.cli.installation import opened
from idp.cli.terminal import command

HEAD = (
    "The configuration of Doorward, as `doorward export` writes it: only what differs from defaults, no secret.",
    "`doorward plan FILE` shows what this file would change, `doorward apply FILE` changes it.",
)


def add_parsers(commands: Any) -> None:
    """Add `export`."""
    told = "write applications, groups, sources, notices and sign-in rules as TOML"
    export = command(commands, "export", run_export, told)
    export.add_argument("--only", metavar="KIND", nargs="+", choices=KINDS, default=[], help=", ".join(KINDS))


def run_export(args: Namespace) -> None:
    """Write everything, or some kinds."""
    from idp.admin.configuration.exporting import export

    with opened(args) as services:
        text = export(services, args.only, HEAD)
    # A file of UTF-8 whatever the terminal's encoding is: `plan` reads no other.
    if (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8" and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    sys.stdout.write(text)
    sys.stdout.flush()
