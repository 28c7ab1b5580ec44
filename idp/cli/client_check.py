"""`doorward client check`: watch what an application sends for some minutes, and say which side is wrong (R3)."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import application_options
from idp.cli.found import lines as found_lines
from idp.cli.installation import opened, shell
from idp.cli.terminal import SOON, command, print_json, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.client import Client
    from idp.admin.actor import Actor
    from idp.admin.checking.report import Report
    from idp.protocols import Services

_STATES = {"ok": "done", "wrong": "WRONG", "guessed": "done, perhaps by it", "missing": "not yet"}


def add_parsers(verbs: Any) -> None:
    """Add `client check`."""
    check = application_options.add_client(
        with_json(command(verbs, "check", run_check, "watch what an application sends, and say which side is wrong"))
    )
    check.add_argument("--minutes", metavar="N", type=int, help="watch so long from now on (15; at most 60)")
    check.add_argument("--show", action="store_true", help="only what was found so far; begin nothing")
    check.add_argument("--stop", action="store_true", help="end the check now; what it found stays for a day")
    check.add_argument("--share", action="store_true", help="make a link for whoever runs the application")
    check.add_argument("--withdraw", action="store_true", help="let that link end now")


def run_check(args: Namespace) -> None:
    """Show the check that runs, or begin one."""
    from idp.admin.checking import links, report, running

    with opened(args) as services:
        client, actor, link = application_options.get(services, args.client), shell(), ""
        if args.stop:
            running.stop(services, actor, client)
        elif args.withdraw:
            links.withdraw(services, actor, client)
        elif args.minutes or not (args.show or args.share or _runs(services, client)):
            _start(services, actor, client, args.minutes or running.MINUTES)
        if args.share:
            link = services.url(f"/app-check/{links.share(services, actor, client)}")
        found = report.of(services, client)
    if args.json:
        print_json({"client_id": client.id, **(found.to_json() if found else {}), **({"link": link} if link else {})})
        return
    _tell(client, found, link, services.issuer)


def _start(services: Services, actor: Actor, client: Client, minutes: int) -> None:
    """Begin, and call the application's addresses here: whoever has the terminal can wait for them."""
    from clients.errors import TooManyWatched
    from idp.admin.checking import addresses, running

    try:
        check = running.start(services, actor, client, minutes)
    except running.BegunJustNow:
        why = f"A check of {client.name} began less than {running.PAUSE:.0f} seconds ago"
        raise Refused(f"{why}: wait a moment, then run this command again.") from None
    except TooManyWatched:
        raise Refused("Too many checks run at this moment: end one (--stop), or try later.") from None
    addresses.look(services, check)


def _runs(services: Services, client: Client) -> bool:
    from idp.admin.checking import running

    check = running.find(services, client.id)
    return check is not None and check.is_running(services.clock())


def _tell(client: Client, found: Report | None, link: str, issuer: str) -> None:
    if link:
        say(f"Link for whoever runs {client.name}: {link}", "It needs no account, is told this once and ends in a day.")
    if found is None:
        say(f"No check of {client.name} in the last day: doorward client check {client.id}")
        return
    if not found.is_running:
        say(f"The check of {client.name} ended at {timestamp(found.check.ends_at)}.")
    else:
        say(f"{client.name} is watched until {timestamp(found.check.ends_at)}. {SOON}")
        if found.is_looking:
            say("Its addresses are being called; run this command again for what comes of it.")
        if not found.steps:
            say("Open the application now, sign in there, and run this command again.")
    say("", *(f"  {_STATES[one.state]:<20} {one.title}" for one in found.milestones))
    for one in found.findings:
        say("", *found_lines(one, issuer))
    if found.mended:
        say("", f"Mended since: {', '.join(one.field for one in found.mended)}")
    if found.steps and not found.findings:
        say("", "Nothing is wrong in what came so far.")
