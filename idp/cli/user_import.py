"""`doorward user import`: many people at once, from a file."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli import user_import_rows
from idp.cli.installation import opened, recorder
from idp.cli.terminal import command, complain, count_people, print_json, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.importing import Plan

MAX_BYTES = 64 * 1024 * 1024
_SHOWN = 50  # problems told one by one; --json has all


def add_parsers(verbs: Any) -> None:
    """Add `user import`."""
    parser = with_json(command(verbs, "import", run, "add the people of a CSV or JSON lines file, all or nobody"))
    parser.add_argument(
        "file", metavar="FILE", help="with a first line of column names, or one object a line; - is stdin"
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--format", choices=("csv", "jsonl"), help="else by the file's ending (csv)")
    user_import_rows.add_options(parser)


def run(args: Namespace) -> int:
    """Look at all lines, then add everybody or nobody; with `--rows` each that is good."""
    user_import_rows.check_options(args)
    if args.rows:
        return user_import_rows.run(args, _bytes(args.file))
    _run_whole(args)
    return 0


def _run_whole(args: Namespace) -> None:
    is_json = (args.format or Path(args.file).suffix.removeprefix(".").lower()) in ("jsonl", "ndjson", "json")
    text = _text(args.file)
    with opened(args) as services:
        from idp.accounts import importing
        from idp.admin import people

        plan = importing.plan(
            services.directory, text, is_json=is_json, settle=lambda draft: people.settled(services, draft)
        )
        if not plan.problems and not args.dry_run:
            importing.carry_out(services.directory, plan, record=recorder(services.clock))
    if args.json:
        print_json(_described(args, plan))
        if plan.problems:
            raise Refused(_total(plan))
        return
    if plan.problems:
        raise Refused(*_lines(plan))
    said = "would be added" if args.dry_run else "added"
    say(f"{count_people(len(plan.drafts))} {said}; {len(plan.known):,} known already, left as they are.")
    if plan.drafts and not args.dry_run:
        complain("note: they have no password yet: “Forgot password?” sends a link, or `doorward user password --mail`")


# -- below -----------------------------------------------------------------------------------------------------------


def _bytes(file: str) -> bytes:
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as source:
                raw = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise Refused(f"FILE: {file} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise Refused(f"FILE: has more than {MAX_BYTES >> 20} MiB; cut it in pieces")
    return raw


def _text(file: str) -> str:
    raw = _bytes(file)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise Refused(f"FILE: line {line} is not UTF-8: save the file as “CSV UTF-8”") from None


def _lines(plan: Plan) -> list[str]:
    told = [
        printable(f"line {one.line}: {one.field + ': ' if one.field else ''}{one.message}") for one in plan.problems
    ]
    more = [f"and {len(told) - _SHOWN:,} more; --json has all"] if len(told) > _SHOWN else []
    return [*told[:_SHOWN], *more, _total(plan)]


def _total(plan: Plan) -> str:
    lines = len({one.line for one in plan.problems})
    return f"nobody was added: {lines:,} line{'' if lines == 1 else 's'} to correct, {len(plan.drafts):,} good"


def _described(args: Namespace, plan: Plan) -> dict[str, Any]:
    done = not plan.problems and not args.dry_run
    return {
        "added": len(plan.drafts) if done else 0,
        "would_add": len(plan.drafts),
        "known": list(plan.known),
        "problems": [{"line": one.line, "field": one.field, "message": one.message} for one in plan.problems],
    }


def show_old_hashes(args: Namespace) -> None:
    """List whose password is under another product's hash until their next sign-in."""
    from idp.accounts import old_hashes
    from idp.cli.terminal import print_table

    with opened(args) as services:
        found = list(old_hashes.everybody(services.db))
    if args.json:
        keys = ("id", "username", "enabled", "scheme")
        values = [(one.person_id, one.username, one.enabled, one.scheme) for one in found]
        print_json({"users": [dict(zip(keys, one, strict=True)) for one in values]})
        return
    rows = [(printable(one.username), one.person_id, one.scheme, one.enabled) for one in found]
    print_table(("Username", "Id", "Hash", "Enabled"), rows, "Nobody: every password is under a hash of ours.")
