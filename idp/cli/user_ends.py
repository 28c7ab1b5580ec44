"""`doorward user disable --at`, `user enable --until`: somebody who is on until a moment (U2)."""

from __future__ import annotations

from argparse import Namespace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from idp.cli.installation import shell
from idp.cli.terminal import timestamp
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.protocols import Services


def add_options(parser: Any, option: str, text: str) -> None:
    """The moment, and the zone that it is said in."""
    parser.add_argument(option, metavar="WHEN", default="", help=text)
    parser.add_argument("--zone", metavar="ZONE", default="", help="the time zone that WHEN is meant in: Europe/Berlin")


def change(services: Services, args: Namespace, person: Person, text: str) -> str:
    """Plan it, or take it back; what is so now, in words. Errors: `Refused`, `InvalidPerson`."""
    from idp.admin import planned_ends

    if not text:
        was = planned_ends.withdraw(services, shell(), person)
        return "stays on" if was else "was not going to be shut out"
    option = "--until" if hasattr(args, "until") else "--at"
    try:
        at, zone = moment_of(text, args.zone, option)
        planned_ends.plan(services, shell(), person, at, zone)
    except planned_ends.BadMoment as error:
        raise Refused(f"{option}: {error.text}") from None
    return f"is on until {timestamp(at)}, which is {text} {zone}"


def moment_of(text: str, zone: str, option: str) -> tuple[float, str]:
    """A moment, and the zone that it was said in. Errors: `Refused`, `BadMoment`."""
    from idp.admin import planned_ends

    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"{option}: “{text[:40]}” is no moment; write one such as 2026-12-04T18:00") from None
    if told.tzinfo is not None:
        return told.timestamp(), str(told.tzinfo) if told.utcoffset() else "UTC"
    if not zone:
        raise Refused("--zone: is missing: say in which time zone, such as Europe/Berlin or UTC")
    return planned_ends.moment(f"{told:%Y-%m-%d}", f"{told:%H:%M}", zone), zone
