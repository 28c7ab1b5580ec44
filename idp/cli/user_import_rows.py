"""`doorward user import --rows`: each good row is taken, the others come back as a file, as in the console (U1)."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor, opened
from idp.cli.terminal import complain, count_people, print_json, printable, say
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.batches import Batch
    from idp.admin.importing.reading import Table
    from idp.protocols import Services

_SAID = {
    "made": ("would be added", "added"),
    "changed": ("would be corrected", "corrected"),
    "same": ("there already, the same", "there already, the same"),
    "skipped": ("there already, left as they are", "there already, left as they are"),
    "failed": ("cannot be taken", "not taken"),
}
_SHOWN = 20


def add_options(parser: Any) -> None:
    """The options of `user import` that go with `--rows`."""
    rows = parser.add_argument_group("row by row")
    rows.add_argument("--rows", action="store_true", help="take each good row (CSV), whatever the others are like")
    rows.add_argument("--correct", action="store_true", help="with --rows: people who are there already are corrected")
    rows.add_argument("--new-groups", action="store_true", help="with --rows: groups that there are not yet are made")
    rows.add_argument("--invite", action="store_true", help="with --rows: mail an invitation to each new one")
    rows.add_argument("--note", metavar="TEXT", default="", help="with --rows: words of your own in the invitation")
    rows.add_argument(
        "--column", metavar="NAME=FIELD", action="append", default=[],
        help="with --rows: what a column means, such as Mail=email; own: keep it under its name; nothing: leave it out",
    )  # fmt: skip
    rows.add_argument(
        "--errors", metavar="FILE", help="with --rows: write the rows that were not taken there, with the reason"
    )


def check_options(args: Namespace) -> None:
    """Errors: `Refused` where an option needs `--rows`."""
    given = [name for name in ("correct", "new_groups", "invite", "note", "column", "errors") if getattr(args, name)]
    if given and not args.rows:
        raise Refused(*(f"--{name.replace('_', '-')}: goes with --rows" for name in given))


def run(args: Namespace, raw: bytes) -> int:
    """Try all rows out, then take the good ones. Exit code 1 where some were not taken."""
    from idp.admin.importing import reading

    try:
        table = reading.read(raw)
    except reading.Unreadable as error:
        raise Refused(f"FILE: {error.text}") from None
    with opened(args) as services:
        from idp.admin.actor import of_shell
        from idp.admin.importing import verbs

        asked = {
            "columns": _columns(services, args, table), "existing": "correct" if args.correct else "skip",
            "new_groups": args.new_groups, "invite": args.invite, "note": args.note,
        }  # fmt: skip
        who = of_shell(actor())
        batch = verbs.start(services, who, table, Path(args.file).name, queue=False, **asked)
        batch = _work(services, batch, "looked at")
        if not args.dry_run:
            verbs.carry_out(services, who, batch, queue=False)
            batch = _work(services, batch, "done")
        if args.errors:
            _write(services, batch, args.errors)
        _say(services, args, batch)
    return 1 if batch.counts.get("failed") else 0


def _columns(services: Services, args: Namespace, table: Table) -> list[str]:
    from idp.admin.importing import columns
    from idp.admin.person_attributes import defined

    found = columns.guess(table.header, defined(services))
    for one in args.column:
        name, equals, field = one.partition("=")
        if not equals or name not in table.header or field not in columns.TARGETS:
            fields = ", ".join(filter(None, columns.TARGETS))
            raise Refused(
                f"--column: “{printable(one)}” is not NAME=FIELD; the file has {printable(', '.join(table.header))}; "
                f"fields are {fields}"
            )
        found = ["" if other == field and field != columns.OWN else other for other in found]
        found[table.header.index(name)] = field
    if not columns.is_enough(found):
        raise Refused("FILE: no column is a username or an e-mail address; say which by --column NAME=username")
    return found


def _work(services: Services, batch: Batch, word: str) -> Batch:
    from idp.admin.batches import work_on

    is_seen = sys.stderr.isatty()
    for after in work_on(services, batch.id):
        batch = after
        if is_seen:
            sys.stderr.write(f"\r{after.done:,} of {after.total:,} rows {word}")
            sys.stderr.flush()
    if is_seen:
        sys.stderr.write("\n")
    return batch


def _write(services: Services, batch: Batch, file: str) -> None:
    from idp.admin.importing import giving_back

    try:
        with Path(file).open("w", encoding="utf-8-sig", errors="replace", newline="") as out:
            out.writelines(giving_back.lines(services, batch))
    except OSError as error:
        raise Failed(f"--errors: {file} cannot be written: {error.strerror}") from None


def _say(services: Services, args: Namespace, batch: Batch) -> None:
    from idp.accounts.batches import rows
    from idp.admin.importing import giving_back, verbs

    counts = {code: batch.counts.get(code, 0) for code in _SAID}
    new = [name for name, _ in verbs.new_groups(batch)]
    failed = [
        {"line": row.number + 1, "why": str(giving_back.why(row.outcome))}
        for row in rows(services.db, batch.id, ("failed",)) if row.outcome is not None
    ]  # fmt: skip
    if args.json:
        print_json({"import": batch.id, "done": not args.dry_run, **counts, "new_groups": new, "problems": failed})
        return
    for one in failed[:_SHOWN]:
        complain(printable(f"line {one['line']}: {one['why']}"))
    if len(failed) > _SHOWN:
        complain(f"and {len(failed) - _SHOWN:,} more; --errors FILE has all")
    for code, n in counts.items():
        if n:
            say(f"{count_people(n)} {_SAID[code][not args.dry_run]}")
    if new:
        say(printable(f"New groups: {', '.join(new)}"))
