"""`doorward restore`: a backup into an empty place; and, after any restore, the end of what it brought back to life."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from idp.cli.backup import add_opening_options, identities_of, told_of
from idp.cli.installation import actor, load_settings, opened
from idp.cli.terminal import command, print_json, progress_of, say, timestamp, with_json
from idp.installation.failures import Refused, explained

#: What is still good after the end of all tokens.
STAY = "Client secrets and keys of applications are those of then: renew each that was replaced since."


def add_parsers(commands: Any) -> None:
    """Add `restore`."""
    parser = with_json(command(commands, "restore", run, "put a backup into an empty place"))
    parser.add_argument("file", metavar="FILE", nargs="?", help="the backup; without it only --end-all-tokens is done")
    add_opening_options(parser)
    parser.add_argument(
        "--take-master-key", action="store_true",
        help="where no master key is, take the one of the file, of which nobody can tell who made it",
    )  # fmt: skip
    parser.add_argument(
        "--end-all-tokens", action="store_true",
        help="end all sessions, refresh and access tokens, personal tokens, codes and links: what was revoked since "
        "the backup lives again otherwise",
    )  # fmt: skip


def run(args: Namespace) -> None:
    """Restore, or end the tokens of what was restored in another way."""
    if args.file is None:
        _end(args)
        return
    from idp.installation.backups import restoring

    settings, file = load_settings(args), Path(args.file)
    with explained():
        restoring.check_empty(settings)  # before anybody types a passphrase
    identities = identities_of(args, settings, file)
    with explained(), progress_of("Restoring") as show:
        restored = restoring.restore(
            settings,
            file,
            identities,
            actor=actor(),
            end_tokens=args.end_all_tokens,
            take_master_key=args.take_master_key,
            show=show,
        )
    head = restored.head
    if args.json:
        print_json({**told_of(head), "restored_schema": restored.schema, "ended": restored.ended})
        return
    say(f"Restored {head.rows:,} rows of {head.issuer}, as they were at {timestamp(head.at)}.")
    if restored.schema != head.schema:
        say(f"The schema went from {head.schema} to {restored.schema}.")
    if args.end_all_tokens:
        say(_ended(restored.ended))
    else:
        say("Sessions and tokens are those of then; if some were revoked since: `doorward restore --end-all-tokens`.")


def _end(args: Namespace) -> None:
    if not args.end_all_tokens:
        raise Refused("what is to be restored? Give FILE, or --end-all-tokens for what has been")
    with opened(args) as services:
        from idp.installation.backups.ending import end_all_tokens

        ended = end_all_tokens(services, actor())
    if args.json:
        print_json({"ended": ended})
    else:
        say(_ended(ended))


def _ended(ended: dict[str, int]) -> str:
    named = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in ended.items())
    return f"Ended: {named}. Everybody signs in anew.\n{STAY}"
