"""What a sign-in rule says, as options of a command."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from idp.protocols import Services

_NAMES: Final = {
    "groups": "--group", "roles": "--role", "apps": "--app", "networks": "--network", "outside": "--outside",
    "max_age_minutes": "--max-age", "starts": "--from", "grace_days": "--grace-days",
}  # fmt: skip
_LISTS: Final = ("groups", "roles", "apps", "networks", "outside")


def add_options(parser: ArgumentParser) -> None:
    """One option for each thing that a rule says; a list is given anew as a whole, "" empties it."""
    parser.add_argument("--need", choices=("second", "phishing-resistant", "none", "deny"), help="second by default")
    parser.add_argument("--max-age", metavar="MIN", type=int, dest="max_age_minutes", help="minutes; 0: any age")
    parser.add_argument("--group", metavar="G", action="append", dest="groups", help="members of it (repeatable)")
    parser.add_argument("--role", metavar="R", action="append", dest="roles", help="who has it (repeatable)")
    parser.add_argument("--app", metavar="A", action="append", dest="apps", help="on the way to it (repeatable)")
    parser.add_argument("--network", metavar="N", action="append", dest="networks", help="from it (repeatable)")
    parser.add_argument("--outside", metavar="N", action="append", help="from anywhere but these (repeatable)")
    parser.add_argument("--device", choices=("any", "unknown"), help="unknown: one that was not let off")
    parser.add_argument("--from", metavar="DAY", dest="starts", help='the day it begins, 2026-12-01; "": at once')
    parser.add_argument("--grace-days", metavar="N", type=int, help="days to put off setting a factor up")
    parser.add_argument("--why", metavar="TEXT", help="the reason that people are told")


def said(services: Services, args: Namespace) -> dict[str, Any]:
    """What was given."""
    from idp.cli import application_options

    found: dict[str, Any] = {}
    for name in (*_LISTS, "need", "max_age_minutes", "device", "starts", "grace_days", "why"):
        value = getattr(args, name)
        if value is not None:
            found[name] = [one for one in value if one] if name in _LISTS else value
    if "apps" in found:
        found["apps"] = [application_options.get(services, one).id for one in found["apps"]]
    return found


def option(field: str) -> str:
    """What a field of a rule is called on the command line."""
    return _NAMES.get(field, f"--{field.replace('_', '-')}")
