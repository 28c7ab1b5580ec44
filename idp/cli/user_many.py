"""`doorward user many`: the same for many people at once (U1)."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from idp.cli.installation import actor, opened
from idp.cli.terminal import command, complain, count_people, print_json, printable, say, with_json
from idp.installation.failures import Refused

_ACTIONS = ("join", "leave", "invite", "withdraw", "sign_out", "off", "on", "remove")
_SHOWN = 20


def add_parsers(verbs: Any) -> None:
    """Add `user many`."""
    parser = with_json(command(verbs, "many", run, "do the same to many people"))
    parser.add_argument(
        "action",
        choices=_ACTIONS,
        help="join and leave a group, invite again, withdraw the invitation, sign out, turn off and on",
    )
    parser.add_argument("--group", metavar="G", default="", help="the group, for join and leave")
    parser.add_argument("--note", metavar="TEXT", default="", help="words of your own in invitations, without links")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--login", metavar="LOGIN", action="append", default=[], help="this person (repeatable)")
    whom.add_argument("--logins-stdin", action="store_true", help="those on standard input, one a line")
    whom.add_argument("--search", metavar="TEXT", help="all that a search finds")
    whom.add_argument("--show", metavar="FILTER", help="all who stand so, such as never, disabled, invited, no_factor")
    parser.add_argument("--yes", action="store_true", help="do it; without this it is only said what it would do")


def run(args: Namespace) -> int:
    """Try it out; with `--yes` do it. Exit code 1 where it cannot be done to some."""
    with opened(args) as services:
        from idp.accounts.batches import rows
        from idp.accounts.listing import FILTERS
        from idp.accounts.person import InvalidPerson
        from idp.admin.actor import of_shell
        from idp.admin.batches import work_on
        from idp.admin.bulk import verbs
        from idp.cli.users import get

        if args.show and args.show not in FILTERS:
            raise Refused(f"--show: there is no filter “{printable(args.show)}”; use {', '.join(FILTERS)}")
        who = of_shell(actor())
        if args.search is not None or args.show:
            ids = verbs.matching(services, who, args.search or "", (args.show,) if args.show else ())
        else:
            logins = [line.strip() for line in sys.stdin] if args.logins_stdin else args.login
            ids = tuple(get(services, login).id for login in logins if login)
        try:
            batch = verbs.start(services, who, args.action, ids, args.group, queue=False, note=args.note)
        except InvalidPerson as error:
            option = {"group": "--group: ", "note": "--note: ", "people": ""}.get(error.field, "")
            raise Refused(f"{option}{error.message}") from None
        for after in work_on(services, batch.id):
            batch = after
        if args.yes:
            verbs.carry_out(services, who, batch, queue=False)
            for after in work_on(services, batch.id):
                batch = after
        failed = [
            {"id": row.source, "login": row.outcome.value, "why": row.outcome.why}
            for row in rows(services.db, batch.id, ("failed",)) if row.outcome is not None
        ]  # fmt: skip
    counts = {code: batch.counts.get(code, 0) for code in ("done", "same", "failed")}
    if args.json:
        print_json({"work": batch.id, "done": args.yes, "counts": counts, "failed": failed})
        return 1 if failed else 0
    for one in failed[:_SHOWN]:
        complain(printable(f"{one['id']}: {one['why']} {one['login']}".rstrip()))
    words = {"done": "done to" if args.yes else "would be done to", "same": "already so:", "failed": "not possible for"}
    for code, n in counts.items():
        if n:
            say(f"{words[code]} {count_people(n)}")
    if not args.yes and counts["done"]:
        say("Nothing is done yet: say it again with --yes.")
    return 1 if failed else 0
