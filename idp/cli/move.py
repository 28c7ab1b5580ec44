"""`doorward move`: a running installation to another database, and back."""

from __future__ import annotations

import os
import sys
import time
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor, load_settings, opened
from idp.cli.terminal import command, print_json, progress_of, say, with_json
from idp.installation.failures import Refused, explained
from idp.installation.files import check_initialised, config_file

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.moving.window import Window


def add_parsers(commands: Any) -> None:
    """Add `move`."""
    parser = with_json(
        command(commands, "move", run, "carry the installation over to another database, while it serves")
    )
    parser.add_argument(
        "--to", metavar="URL",
        help="an empty database: postgresql://… or sqlite:///path; - reads it from standard input",
    )  # fmt: skip
    parser.add_argument(
        "--in", metavar="SECONDS", dest="lead", type=float, default=60.0,
        help="how long before it begins every page tells of it (60); 0 where no server runs",
    )  # fmt: skip
    parser.add_argument(
        "--undo", action="store_true", help="go on in the database that was left, without what has happened since"
    )


def run(args: Namespace) -> None:
    """Move, or go back."""
    settings = load_settings(args)
    check_initialised(settings)
    if args.undo:
        _undo(args, settings)
        return
    if not args.to:
        raise Refused("where to? Give --to postgresql://user@host/name or --to sqlite:///path")
    if not 0 <= args.lead <= 86_400:
        raise Refused("--in: expected seconds, at most a day")
    _move(args, settings, sys.stdin.readline().strip() if args.to == "-" else args.to)


def _move(args: Namespace, settings: Settings, to: str) -> None:
    from idp.installation.moving import ending, moving, places

    there = places.settings_of(settings, to)
    with explained():
        if ending.finish(settings, there, actor()):
            say("It has moved already, and the new database is open.", *_what_to_write(args, there))
            return
    with opened(args) as services, progress_of("Moving") as show:
        done = moving.move(services, moving.Plan(there, args.lead, actor(), show, _tell))
    if args.json:
        print_json(vars(done))
        return
    say(
        f"Moved {done.rows:,} rows in {done.tables} tables to {done.place}; each table was read back and compared.",
        f"Nothing could be written for {done.seconds:.1f} s, nor can anything until the servers are started anew:",
        *_what_to_write(args, there),
    )


def _tell(window: Window) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"Told on every page: from {_clock(window.begins)} until about {_clock(window.until)}.\n")


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))


def _what_to_write(args: Namespace, there: Settings) -> list[str]:
    from idp.installation.moving.places import shown

    url = shown(there.database_url)
    what = f'"{url}"' + ("" if url.startswith("sqlite") else "   (with user and password)")
    if "DOORWARD_DATABASE_URL" in os.environ:
        return [f"  set DOORWARD_DATABASE_URL to {what}, where the servers are started, and restart them."]
    file = config_file(args.config)
    where = f"in {file}, below [storage]" if file is not None else "in doorward.toml, below [storage]"
    return [f"  {where}, write  database_url = {what}", "  and restart the servers. The old database is left as it is."]


def _undo(args: Namespace, settings: Settings) -> None:
    from idp.installation.moving import ending

    with explained():
        found = ending.undo(settings, actor())
    if args.json:
        print_json({"place": found.place})
        return
    say(
        f"This database is the installation again. What has happened in {found.place} since is not in it.",
        "Restart the servers with these settings, and let nobody serve the other one.",
    )
