"""`doorward audit …`: read the record of who did what, and what stands behind an error page's id."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from idp.cli import audit_chain
from idp.cli.installation import actor, opened
from idp.cli.terminal import command, complain, group, print_json, print_table, printable, say, timestamp, with_json
from idp.ids import PERSON_ID
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.admin.activity import Names
    from idp.audit import Event
    from idp.audit.searching import Wanted
    from idp.protocols import Services

POLL = 0.5  # seconds between two looks for new events
OVERLAP = 5.0  # seconds looked back at each time: ids are made before their transactions commit


def add_parsers(commands: Any) -> None:
    """Add `audit`."""
    verbs = group(commands, "audit", "the record of who did what")
    tail = with_json(command(verbs, "tail", run_tail, "show the latest events"))
    tail.add_argument("-n", metavar="N", type=int, default=20, dest="many", help="how many (20)")
    tail.add_argument("--follow", "-f", action="store_true", help="go on with events as they happen")
    listing = with_json(command(verbs, "list", run_list, "list events as a table"))
    listing.add_argument("-n", metavar="N", type=int, default=1000, dest="many", help="at most so many (1000)")
    for parser in (tail, listing):
        _filters(parser)
    listing.add_argument("--until", metavar="TIME", help="none later than this")
    export = command(verbs, "export", run_export, "write events to standard output, oldest first, for other programs")
    formats = ("csv", "jsonl", "cef", "ocsf")
    export.add_argument("--format", choices=formats, default="csv", help="csv, jsonl (JSON Lines), cef or ocsf (csv)")
    _filters(export)
    export.add_argument("--until", metavar="TIME", help="none later than this")
    show = with_json(command(verbs, "show", run_show, "explain the error or failed sign-in with this id"))
    show.add_argument("error_id", metavar="ERROR_ID", help="as the error page or the application's log shows it: E-…")
    audit_chain.add_parsers(verbs)


def _filters(parser: Any) -> None:
    parser.add_argument("--person", metavar="LOGIN", help="only about this person")
    parser.add_argument("--app", metavar="CLIENT", help="only of this application")
    parser.add_argument("--since", metavar="TIME", help="none earlier: 30m, 12h, 7d, or 2026-12-01T08:00")
    parser.add_argument("--failed", action="store_true", help="only what failed or was refused")
    parser.add_argument("--action", metavar="A", default="", help="only these, such as session:started or client:*")
    parser.add_argument("--by", metavar="WHO", help="only what this person did, or an actor such as cli:root")
    parser.add_argument("--from", metavar="ADDRESS", dest="address", help="only from this IP address")
    parser.add_argument("--session", metavar="ID", help="only of this session")
    parser.add_argument("--request", metavar="ID", help="only of this request, as log lines have its id")
    parser.add_argument("--error", metavar="ERROR_ID", help="only under this error's id")


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List events."""
    with opened(args) as services:
        from idp.admin.activity import Names
        from idp.audit.searching import latest

        events = latest(services.db, _wanted(services, args), _count(args.many))
        names = Names(services)
        rows = [_row(event, names) for event in events] if not args.json else []
    if args.json:
        print_json({"events": [described(event) for event in events]})
    else:
        columns = ("Time", "Action", "By", "Person", "Application", "From", "Id", "More")
        print_table(columns, rows, "Nothing of the kind is recorded.")


def run_tail(args: Namespace) -> None:
    """Show the latest events; with `--follow --json` one object a line."""
    with opened(args) as services:
        from idp.admin.activity import Names
        from idp.audit.searching import latest

        begun, wanted = services.clock(), _wanted(services, args)
        events = latest(services.db, wanted, _count(args.many))
        if args.json and not args.follow:
            print_json({"events": [described(event) for event in events]})
            return
        names = Names(services)
        with contextlib.suppress(KeyboardInterrupt):
            for event in chain(events, _following(services, wanted, events, begun) if args.follow else ()):
                _print(event, names, as_json=args.json)
        if not events and not args.follow:
            complain("nothing of the kind is recorded")


def run_export(args: Namespace) -> None:
    """Stream events, as many as there are."""
    with opened(args) as services:
        from idp.admin import record
        from idp.admin.actor import of_shell

        lines = record.export(services, of_shell(actor()), _wanted(services, args), args.format)
        sys.stdout.writelines(lines)
        sys.stdout.flush()


def run_show(args: Namespace) -> None:
    """Explain an error: what happened, which side is wrong, and the fix."""
    from idp.cli import explain

    with opened(args) as services:
        from idp import audit

        events = audit.explain(services.db, args.error_id)
        if not events:
            raise explain.nothing(services, args.error_id)
        explain.explain_error(args, services, events, as_table=True)


# -- below -----------------------------------------------------------------------------------------------------------


def described(event: Event) -> dict[str, Any]:
    """An event as `--json` shows it."""
    return {**asdict(event), "detail": dict(event.detail)}


def moment(option: str, given: str | None, now: float) -> float | None:
    """A moment: so long ago, or a time; without an offset it is this machine's own. Errors: `Refused`."""
    from datetime import datetime

    if not given:
        return None
    if ago := re.fullmatch(r"(\d{1,6})\s*([smhdw])", given.strip().lower()):
        return now - int(ago[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}[ago[2]]
    try:
        return datetime.fromisoformat(given).timestamp()
    except (ValueError, OverflowError):
        raise Refused(f"{option}: expected 30m, 12h, 7d, or a time such as 2026-12-01T08:00") from None


def _count(many: int) -> int:
    return min(max(0, many), 1_000_000)


def _wanted(services: Services, args: Namespace) -> Wanted:
    """What the options ask for. Errors: `Refused`."""
    from idp.audit.searching import Wanted

    now = services.clock()
    return Wanted(
        person_id=_person_id(services, args.person) if args.person else None,
        client_id=_client_id(services, args.app) if args.app else None,
        action=args.action, failed=args.failed, since=moment("--since", args.since, now) or 0.0,
        until=moment("--until", getattr(args, "until", None), now),
        actor=_actor(services, args.by) if args.by else None, address=args.address or None,
        session_id=args.session or None, request_id=args.request or None,
        error_id=args.error.strip().upper() if args.error else None,
    )  # fmt: skip


def _actor(services: Services, given: str) -> str:
    """A person by any of their names; whoever else acts, by how the record has them."""
    return given if ":" in given or given == "system" else _person_id(services, given)


def _person_id(services: Services, login: str) -> str:
    """Also of somebody who was removed: their events stay under the id."""
    from idp.cli import users

    if PERSON_ID.fullmatch(login) and services.directory.find(login) is None:
        return login
    return users.get(services, login).id


def _client_id(services: Services, given: str) -> str:
    """Also of an application that was removed."""
    from idp.cli import application_options

    if re.fullmatch(r"c[a-z2-7]{20,}", given) and services.registry.find(given) is None:
        return given
    return application_options.get(services, given).id


def _following(services: Services, wanted: Wanted, seen: list[Event], begun: float) -> Iterator[Event]:
    """Events from `begun` on that are not among those seen."""
    from idp.audit.searching import onward
    from idp.ids import first_id

    known = {event.id: event.at for event in seen}
    while True:
        now = services.clock()
        after = first_id(max(begun, now - OVERLAP))
        for event in onward(services.db, wanted, after):
            if event.id not in known:
                known[event.id] = event.at
                yield event
        known = {id: at for id, at in known.items() if at > now - 2 * OVERLAP}
        time.sleep(POLL)


def _print(event: Event, names: Names, *, as_json: bool) -> None:
    if as_json:
        print_json(described(event))
        return
    at, action, by, person, app, address, error_id, more = _row(event, names)
    about = {"by": by, "person": person, "app": app, "from": address, "error": error_id}
    known = "  ".join(f"{key} {value}" for key, value in about.items() if value)
    say(printable(f"{at}  {action}  {known}  {more}".rstrip())[:400])


def _row(event: Event, names: Names) -> tuple[str, ...]:
    from idp.admin.activity import more_of

    return (
        timestamp(event.at), event.action,
        (names.person(event.actor) or event.actor) if event.actor != event.person_id else "",
        names.person(event.person_id) or event.person_id or "", names.client(event.client_id) or event.client_id or "",
        event.address, event.error_id or "", more_of(event.detail),
    )  # fmt: skip
