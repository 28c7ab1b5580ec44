"""`doorward user role`: roles, what they are limited to, and until when (C2)."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from idp.cli.installation import shell
from idp.cli.terminal import timestamp
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.accounts.roles import RoleGrant
    from idp.protocols import Services

ROLE_HELP = "owner, admin, app_admin, help_desk or auditor"


def add_options(parser: ArgumentParser) -> None:
    """What limits a role."""
    parser.add_argument(
        "--app", metavar="A", action="append", default=[], help="app_admin: looks after this application (repeatable)"
    )
    parser.add_argument(
        "--in-group", metavar="G", action="append", default=[], help="help_desk: people of this group (repeatable)"
    )  # fmt: skip
    parser.add_argument("--until", metavar="DAY", help="the role ends by itself: 2026-12-31, or 2026-12-31T18:00")


def change(services: Services, args: Namespace, person: Person) -> Person:
    """Give and take what the options say. Errors: `Refused`, `InvalidPerson`."""
    from idp.accounts.person import check_roles
    from idp.admin import granting

    check_roles((*args.add, *args.remove))
    from idp.accounts import roles

    grants = wanted(services, args, roles.grants_of(services.db, person.id, person.roles, services.clock()))
    return granting.change_roles(services, shell(), person, give=grants, take=args.remove)


def wanted(services: Services, args: Namespace, held: Iterable[RoleGrant]) -> list[RoleGrant]:
    """The roles that the options give, to whoever has `held` so far. Errors: `Refused`."""
    if not args.add and (args.app or args.in_group or args.until):
        raise Refused("--app, --in-group and --until limit a role that is given: name it with --add")
    there = {one.role: one for one in held}
    return [_grant(services, args, role, there.get(role)) for role in args.add]


def words(services: Services, person: Person) -> str:
    """The roles in a sentence, each with its limits."""
    from idp.accounts import roles

    return words_of(services, roles.grants_of(services.db, person.id, person.roles, services.clock()))


def words_of(services: Services, found: Iterable[RoleGrant]) -> str:
    """Roles in a sentence, each with its limits."""
    return ", ".join(_words(services, grant) for grant in found) or "no role"


def _words(services: Services, grant: RoleGrant) -> str:
    text = grant.role
    if grant.scope is not None:
        names = grant.scope
        if grant.role == "app_admin":
            apps = [services.registry.find(one) for one in grant.scope]
            names = tuple(app.name if app else id for app, id in zip(apps, grant.scope, strict=True))
        text += f" of {', '.join(names) or 'nothing yet'}"
    return text + (f" until {timestamp(grant.until)}" if grant.until else "")


def _grant(services: Services, args: Namespace, role: str, held: RoleGrant | None) -> RoleGrant:
    """`held`: the role as they have it: a new end alone does not lift its limit."""
    from idp.accounts.roles import RoleGrant

    until = _moment(args.until) if args.until else None
    if held is not None and held.scope and not (args.app if role == "app_admin" else args.in_group):
        return RoleGrant(role, held.scope, until)
    if role == "app_admin":
        from idp.cli import application_options

        return RoleGrant(role, tuple(application_options.get(services, one).id for one in args.app), until)
    if role == "help_desk" and args.in_group:
        from idp.cli import groups

        return RoleGrant(role, tuple(groups.checked(services, args.in_group, is_new=False, option="--in-group")), until)
    return RoleGrant(role, None, until)


def _moment(text: str) -> float:
    try:
        day = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(f"--until: expected a day such as 2026-12-31, not “{text}”") from None
    if "T" not in text and " " not in text:
        day = day.replace(hour=23, minute=59, second=59)  # to the end of that day
    return day.timestamp()
