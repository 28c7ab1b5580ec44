"""`doorward user export`: what is held of somebody (D3)."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, say, with_json


def add_parsers(verbs: Any) -> None:
    """Add `export` to `user`."""
    parser = with_json(command(verbs, "export", run, "write all that is held of a person, as JSON without secrets"))
    parser.add_argument("login", metavar="LOGIN", help="username, e-mail address, employee number or id")


def run(args: Namespace) -> None:
    """Write it to standard output, to read or to give to the person; `--json`: on one line."""
    import json
    import sys

    from idp.admin import personal_data
    from idp.cli.users import get

    with opened(args) as services:
        found = personal_data.export(services, shell(), get(services, args.login), most=sys.maxsize - 1)
    if args.json:
        print_json(found)
    else:
        say(json.dumps(found, indent=2, ensure_ascii=True))
