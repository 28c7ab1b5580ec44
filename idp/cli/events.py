"""`doorward audit …`: read the record of who did what, and what stands behind an error page's id."""

from __future__ import annotations

import contextlib
import time
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened
from idp.cli.terminal import Failed, command, group, print_json, print_table, printable, say, timestamp, with_json

if TYPE_CHECKING:
    from idp.audit import Event
    from idp.services import Services

POLL = 0.5  # seconds between two looks for new events
OVERLAP = 5.0  # seconds looked back at each time: ids are made before their transactions commit

_TOLD = ("person_id", "client_id", "name", "browser")  # of an event's detail: said already, or too long for a line
_SIDES = {
    "application": "the application is wrong",
    "person": "the person can put it right",
    "doorward": "Doorward or its settings are wrong",
}


def add_parsers(commands: Any) -> None:
    """Add `audit`."""
    verbs = group(commands, "audit", "the record of who did what")
    tail = with_json(command(verbs, "tail", run_tail, "show the latest events"))
    tail.add_argument("-n", metavar="N", type=int, default=20, dest="many", help="how many (20)")
    tail.add_argument("--follow", "-f", action="store_true", help="go on with events as they happen")
    show = with_json(command(verbs, "show", run_show, "explain the error page with this id"))
    show.add_argument("error_id", metavar="ERROR_ID", help="such as E-59VST-5V34C")


def run_tail(args: Namespace) -> None:
    """Show the latest events; with `--follow --json` one object a line."""
    with opened(args) as services:
        from idp.audit import tail

        begun = services.clock()
        events = tail(services.db, max(0, args.many))
        if args.json and not args.follow:
            print_json({"events": [described(event) for event in events]})
            return
        names = _Names(services)
        with contextlib.suppress(KeyboardInterrupt):
            for event in chain(events, _following(services, events, begun) if args.follow else ()):
                _print(event, names, as_json=args.json)


def run_show(args: Namespace) -> None:
    """Explain an error: what happened, which side is wrong, and the fix."""
    with opened(args) as services:
        from idp.audit import explain

        events = explain(services.db, args.error_id)
        names = _Names(services)
        if not events:
            days = services.settings.audit.retention_days
            raise Failed(
                f"nothing is recorded under {printable(args.error_id)}: check the id; they stay for {days} days, "
                "and in a flood of errors only the log has them all"
            )
        event = events[0]
        story = _story(event, names)
    if args.json:
        print_json({**story, "events": [described(event) for event in events]})
        return
    shown = {**story, "at": timestamp(event.at)}
    print_table(("About", "What"), [(key.replace("_", " "), value) for key, value in shown.items() if value], "")


# -- below -----------------------------------------------------------------------------------------------------------


def described(event: Event) -> dict[str, Any]:
    """An event as `--json` shows it."""
    return {**asdict(event), "detail": dict(event.detail)}


def _story(event: Event, names: _Names) -> dict[str, Any]:
    detail = event.detail
    side = str(detail.get("side", ""))
    return {
        "error_id": event.error_id,
        "at": event.at,
        "code": event.action.removeprefix("error:"),
        "shown": detail.get("message"),
        "what": detail.get("what"),
        "side": side,
        "who": _SIDES.get(side),
        "fix": detail.get("fix"),
        "times": detail.get("times"),
        "last_at": detail.get("last_at"),
        "client_id": event.client_id,
        "application": names.client(event.client_id),
        "person_id": event.person_id,
        "person": names.person(event.person_id),
        "address": event.address,
        "path": detail.get("path"),
        "browser": detail.get("browser"),
        "request_id": event.request_id,
        "evidence": detail.get("evidence"),
    }


def _following(services: Services, seen: list[Event], begun: float) -> Iterator[Event]:
    """Events from `begun` on that are not among those seen."""
    from idp.audit.events import following
    from idp.ids import new_id

    known = {event.id: event.at for event in seen}
    while True:
        now = services.clock()
        after = new_id(max(begun, now - OVERLAP))
        for event in following(services.db, after):
            if event.id not in known:
                known[event.id] = event.at
                yield event
        known = {id: at for id, at in known.items() if at > now - 2 * OVERLAP}
        time.sleep(POLL)


def _print(event: Event, names: _Names, *, as_json: bool) -> None:
    if as_json:
        print_json(described(event))
        return
    subject = names.person(event.person_id) or event.person_id
    about = {
        "by": event.actor if event.actor != event.person_id else "",
        "person": subject,
        "app": names.client(event.client_id) or event.client_id,
        "from": event.address,
        "error": event.error_id,
    }
    known = "  ".join(f"{key} {value}" for key, value in about.items() if value)
    more = "  ".join(f"{key}={value}" for key, value in event.detail.items() if key not in _TOLD)
    say(printable(f"{timestamp(event.at)}  {event.action}  {known}  {more}".rstrip())[:400])


class _Names:
    """What people call persons and applications, looked up once each."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._persons: dict[str, str] = {}

    def person(self, person_id: str | None) -> str | None:
        if not person_id:
            return None
        if person_id not in self._persons:
            found = self._services.directory.find(person_id)
            self._persons[person_id] = found.username if found else ""
        return self._persons[person_id] or None

    def client(self, client_id: str | None) -> str | None:
        found = self._services.registry.find(client_id) if client_id else None
        return found.name if found else None
