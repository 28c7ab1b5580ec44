"""`doorward status …`: what the page /status says, and what an operator tells there."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.notices import read_moment
from idp.cli.terminal import command, group, print_json, printable, say, timestamp, with_json
from idp.installation.failures import Refused


def add_parsers(commands: Any) -> None:
    """Add `status`."""
    verbs = group(commands, "status", "what the page /status says, and what is told there")
    with_json(command(verbs, "show", run_show, "say what the page says"))
    notice = with_json(command(verbs, "notice", run_notice, "tell something on the page /status"))
    notice.add_argument("text", metavar="TEXT")
    notice.add_argument("--until", metavar="TIME", default="", help="such as 2026-12-01T08:00 (until it is removed)")
    notice.add_argument("--from", metavar="TIME", dest="starts", default="", help="the same (now)")
    notice.add_argument("--everywhere", action="store_true", help="also on the login page and the launcher")


def run_show(args: Namespace) -> int:
    """Say it; exit code 1 where nobody can sign in."""
    with opened(args) as services:
        from idp import health
        from idp.federation.outages import outages_of

        standing = services.part(health.Watch).standing(services)
        outages = () if standing.failing else outages_of(services)
        told = [one.text for one in services.notices.shown("status") if not one.client_id]
    if args.json:
        print_json({
            "up": not standing.failing, "since": standing.since, "failing": standing.failing,
            "providers_down": [asdict(one) for one in outages], "notices": told,
        })  # fmt: skip
    else:
        since = timestamp(standing.since)
        say(f"Not up since {since}: {', '.join(standing.failing)}" if standing.failing else f"Up since {since}.")
        say(*(f"{printable(one.name)} does not answer since {timestamp(one.since)}." for one in outages))
        say(*(f"Told: {printable(text)}" for text in told))
    return 1 if standing.failing else 0


def run_notice(args: Namespace) -> None:
    """Tell it; people see it within five seconds. `doorward notice list` and `notice remove` know it, too."""
    starts, ends = read_moment("--from", args.starts), read_moment("--until", args.until)
    with opened(args) as services:
        from idp.accounts.notices import InvalidNotice
        from idp.admin import notices

        place = "both" if args.everywhere else "status"
        try:
            wish = notices.Wish(text=args.text, starts_at=starts, ends_at=ends, place=place)
            made = notices.add(services, shell(), wish)
        except InvalidNotice as error:
            option = {"to": "--until", "text": "TEXT"}.get(error.field, error.field)
            raise Refused(f"{option}: {error.message}") from None
    if args.json:
        print_json(asdict(made))
    else:
        say(f"Told: {made.id}")
