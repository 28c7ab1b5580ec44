"""`doorward client access --at, --from, --until`: who could open an application at another time, and why."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from idp.cli.installation import actor
from idp.cli.moments import named
from idp.cli.terminal import complain, print_json, print_table, say, timestamp
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.admin.past_access import Known, Reach, Stretch
    from idp.protocols import Services

SHOWN = 1000  # lines of a table; an export has all


def add_options(access: Any) -> None:
    """The options of another time."""
    access.add_argument("--at", metavar="TIME", help="who could open it then: a day, or 2026-03-01T08:00")
    access.add_argument("--from", metavar="TIME", dest="since", help="who could at any time from then on")
    access.add_argument("--until", metavar="TIME", help="the end of that time; a day is meant with all of it")
    access.add_argument("--format", choices=("table", "csv", "jsonl"), help="how it is written (table)")


def is_asked(args: Namespace) -> bool:
    """Whether the question is about another time."""
    return bool(args.at or args.since or args.until or args.format)


def run(args: Namespace, services: Services) -> None:
    """Answer it."""
    from idp.admin import past_access
    from idp.admin.actor import of_shell

    since, until = _window(args, services.clock())
    who = of_shell(actor())
    client_id = _client_id(services, args.client)
    try:
        about = past_access.known(services, who, client_id, past_access.Window(since, until))
    except past_access.UnknownApp:
        raise Failed(f"nothing is known of an application {args.client}: `doorward client list` has all") from None
    if args.why:
        _explain(args, services, about, past_access.find_person(services, who, args.why))
        return
    if args.format in past_access.FORMATS:
        sys.stdout.writelines(past_access.exported(services, who, about, args.format))
        sys.stdout.flush()
        return
    if args.json:
        print_json({"client_id": about.client_id, "name": about.name, "from": about.window.since,
                    "until": about.window.until, "known_from": about.since, "openings_from": about.openings,
                    "people": [_shown(one) for one in past_access.who(services, who, about)]})  # fmt: skip
        return
    rows = list(islice(_rows(past_access.who(services, who, about)), SHOWN + 1))
    print_table(("Who", "Rule", "From", "Until", "Opened"), rows[:SHOWN], f"Nobody could open {about.name} then.")
    if len(rows) > SHOWN:
        complain(f"note: these are the first {SHOWN}; --format csv has all")
    _note(about)


def _rows(people: Iterator[Reach]) -> Iterator[tuple[str, ...]]:
    for reach in people:
        for one in reach.could:
            yield reach.username or reach.person_id, one.decision.rule, *_times(one), _opened(reach.opened)


def _shown(reach: Reach) -> dict[str, Any]:
    could = [
        {"rule": one.decision.rule, "why": one.decision.reason, "from": one.since, "until": one.until,
         "from_may_be_earlier": one.since_seen, "until_may_be_earlier": one.until_seen} for one in reach.could
    ]  # fmt: skip
    opened = reach.opened
    return {"person_id": reach.person_id, "username": reach.username or None, "could": could,
            "opened": opened.times, "first_opened": opened.first, "last_opened": opened.last}  # fmt: skip


def _explain(args: Namespace, services: Services, about: Known, person_id: str | None) -> None:
    from idp.admin import past_access
    from idp.admin.actor import of_shell

    if person_id is None:
        raise Failed(f"--why: nobody has, or had, the name {args.why}")
    username, parts, opened = past_access.why(services, of_shell(actor()), about, person_id)
    if args.json:
        stretches = [
            {"from": one.since, "until": one.until, "allowed": one.decision.allowed, "rule": one.decision.rule,
             "reason": one.decision.reason} for one in parts
        ]  # fmt: skip
        print_json({"client_id": about.client_id, "user": person_id, "username": username or None,
                    "known_from": about.since, "stretches": stretches, "opened": opened.times})  # fmt: skip
        return
    for one in parts:
        since, until = _times(one)
        say(f"{since} to {until}: {username or person_id} {'could' if one.decision.allowed else 'could not'} open "
            f"{about.name}: {one.decision.reason}.")  # fmt: skip
    say(f"On record: {_opened(opened) or 'never opened in that time'}.")
    _note(about)


def _times(one: Stretch) -> tuple[str, str]:
    earlier = " or earlier"
    return (timestamp(one.since) + (earlier if one.since_seen else ""),
            timestamp(one.until) + (earlier if one.until_seen else ""))  # fmt: skip


def _opened(opened: Any) -> str:
    if not opened.times:
        return ""
    return f"{opened.times}×, lately {timestamp(opened.last)}"


def _note(about: Known) -> None:
    if about.since is not None:
        complain(f"note: what was before {timestamp(about.since)} is not known")
    if about.openings is not None:
        complain(f"note: openings are on record since {timestamp(about.openings)} only")


def _window(args: Namespace, now: float) -> tuple[float, float]:
    if args.at and (args.since or args.until):
        raise Refused("--at: is one moment or day; leave --from and --until out with it")
    if args.at:
        since, until = named("--at", args.at, now)
        until = max(until, since + 0.001)
    else:
        since = named("--from", args.since, now)[0] if args.since else 0.0
        until = named("--until", args.until, now)[1] if args.until else now
    if since >= now:
        raise Refused("this is a question about the past; who can open it now is said without a time")
    if until <= since:
        raise Refused("--until: is not after --from")
    return since, until


def _client_id(services: Services, given: str) -> str:
    """Also of an application that was removed, by its id."""
    from idp.cli import application_options as applications

    if re.fullmatch(r"c[a-z2-7]{20,}", given) and services.registry.find(given) is None:
        return given
    return applications.get(services, given).id
