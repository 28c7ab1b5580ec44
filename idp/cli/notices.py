"""`doorward notice …`: what everybody is told on the login page and the launcher."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

from idp.cli import application_options
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.notices import Notice


def add_parsers(commands: Any) -> None:
    """Add `notice`."""
    verbs = group(commands, "notice", "what everybody is told on the login page and the launcher")
    add = with_json(command(verbs, "add", run_add, "tell people something"))
    add.add_argument("--text", metavar="TEXT", required=True)
    add.add_argument("--from", metavar="TIME", dest="starts", default="", help="such as 2026-12-01T08:00 (now)")
    add.add_argument("--to", metavar="TIME", dest="ends", default="", help="the same (until it is removed)")
    add.add_argument("--app", metavar="CLIENT", default="", help="only for people of this application")
    add.add_argument(
        "--where",
        choices=("login", "launcher", "both", "status"),
        default="both",
        help="on which pages (both); status: only on the status page",
    )
    with_json(command(verbs, "list", run_list, "list what is told, and what will be"))
    remove = with_json(command(verbs, "remove", run_remove, "tell it no longer"))
    remove.add_argument("notice_id", metavar="NOTICE")


def run_add(args: Namespace) -> None:
    """Tell people something; they see it within five seconds."""
    starts, ends = read_moment("--from", args.starts), read_moment("--to", args.ends)
    with opened(args) as services:
        from idp.accounts.notices import InvalidNotice
        from idp.admin import notices

        client_id = application_options.get(services, args.app).id if args.app else None
        try:
            wish = notices.Wish(
                text=args.text, starts_at=starts, ends_at=ends, client_id=client_id, place=args.where
            )  # fmt: skip
            made = notices.add(services, shell(), wish)
        except InvalidNotice as error:
            raise Refused(f"--{error.field}: {error.message}") from None
    if args.json:
        print_json(asdict(made))
    else:
        say(f"Told: {made.id}")


def run_list(args: Namespace) -> None:
    """List notices."""
    with opened(args) as services:
        from idp.accounts import notices

        found, now = notices.list_of(services.db), services.clock()
    if args.json:
        print_json({"notices": [{**asdict(notice), "on": notice.is_on(now)} for notice in found]})
        return
    columns = ("Notice", "Where", "App", "From", "To", "On", "Text")
    print_table(columns, [_row(notice, now) for notice in found], "Nothing is told.")


def run_remove(args: Namespace) -> None:
    """Tell it no longer."""
    with opened(args) as services:
        from idp.admin import notices

        with by_hand(services, "notice", args.notice_id, "this notice"):
            done = notices.remove(services, shell(), args.notice_id)
        if not done:
            raise Refused(f"there is no notice {printable(args.notice_id)[:40]}; `doorward notice list` has them")
    if args.json:
        print_json({"removed": args.notice_id})
    else:
        say("Removed.")


# -- below -----------------------------------------------------------------------------------------------------------


def _row(notice: Notice, now: float) -> tuple[Any, ...]:
    times = timestamp(notice.starts_at) or None, timestamp(notice.ends_at) or None
    return notice.id, notice.place, notice.client_id, *times, notice.is_on(now), printable(notice.text)[:80]


def read_moment(option: str, given: str) -> float | None:
    """A moment; without an offset it is this machine's own time."""
    try:
        return datetime.fromisoformat(given).timestamp() if given else None
    except ValueError:
        raise Refused(f"{option}: expected a time such as 2026-12-01T08:00 or 2026-12-01T08:00+01:00") from None
