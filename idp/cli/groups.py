"""`doorward group …`: which groups there are, who is in them, made and removed."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import histories
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, count_people, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.groups import Group
    from idp.protocols import Services


def add_parsers(commands: Any) -> None:
    """Add `group`."""
    verbs = group(commands, "group", "groups of people")
    with_json(command(verbs, "list", run_list, "list groups by name"))
    members = _name(with_json(command(verbs, "members", run_members, "list who is in a group")))
    members.add_argument("--add", metavar="LOGIN", action="append", default=[], help="put this person in")
    members.add_argument("--remove", metavar="LOGIN", action="append", default=[], help="take this person out")
    _name(with_json(command(verbs, "add", run_add, "make a group")))
    _name(with_json(command(verbs, "show", run_show, "a group, what is in it, and where it is used")))
    change = _name(with_json(command(verbs, "set", run_set, "change a group")))
    change.add_argument("--name", metavar="N", help="another name; rules, applications and roles follow")
    change.add_argument("--description", metavar="TEXT", help="what it is for")
    change.add_argument("--put-in", metavar="G", action="append", default=[], help="whoever is in G is in it, too")
    change.add_argument("--take-out", metavar="G", action="append", default=[], help="no longer")
    change.add_argument("--owner", metavar="LOGIN", action="append", default=[], help="this person answers for it")
    change.add_argument("--no-owner", metavar="LOGIN", action="append", default=[], help="no longer")
    change.add_argument(
        "--added-only", choices=("yes", "no"), help="of one that is provided: whether admins put people in, too"
    )
    histories.add_parsers(verbs, histories.GROUP)
    check = with_json(command(verbs, "check", run_check, "whether everybody has the groups that they were put into"))
    check.add_argument("--mend", action="store_true", help="write them anew where not")
    remove = _name(with_json(command(verbs, "remove", run_remove, "remove a group; the people stay")))
    remove.add_argument("--with-members", action="store_true", help="also while people are in it")


def _name(parser: Any) -> Any:
    parser.add_argument("group", metavar="GROUP", help="its name, in any spelling")
    return parser


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List groups."""
    from idp.accounts import groups

    with opened(args) as services:
        found = groups.list_of(services.db)
    if args.json:
        print_json({"groups": [{"name": one.name, "members": one.members} for one in found]})
        return
    rows = [(one.name, one.members) for one in found]
    print_table(("Group", "Members"), rows, "No groups: make one with `doorward group add`.")


def run_members(args: Namespace) -> None:
    """List, put in and take out."""
    from idp.accounts import groups
    from idp.accounts.person import InvalidPerson
    from idp.admin import groups as verbs
    from idp.cli import users

    with opened(args) as services:
        known = get(services, args.group)
        joins = [users.get(services, login) for login in args.add]
        leaves = [users.get(services, login) for login in args.remove]
        try:
            verbs.change_members(services, shell(), known, joins=joins, leaves=leaves)
        except InvalidPerson as error:
            raise Refused(f"{known.name}: {error.message}") from None
        people = list(groups.members_of(services.db, known.id))
    if args.json:
        shown = [{"id": p.id, "username": p.username, "name": p.name, "enabled": p.enabled} for p in people]
        print_json({"group": known.name, "members": shown})
        return
    rows = [(p.username, p.name, p.email, p.enabled) for p in people]
    print_table(("Username", "Name", "E-mail", "Enabled"), rows, f"Nobody is in {known.name}.")


def run_show(args: Namespace) -> None:
    """A group with all that is known of it."""
    with opened(args) as services:
        shown = _shown(services, get(services, args.group))
    if args.json:
        print_json(shown)
        return
    said = {key: ", ".join(value) if isinstance(value, list) else value for key, value in shown.items() if key != "id"}
    print_table(("", ""), [(key.replace("_", " ").capitalize(), value) for key, value in said.items()], "")


def _shown(services: Services, known: Group) -> dict[str, Any]:
    from idp.accounts.grouping import nesting, owners
    from idp.admin import access
    from idp.admin import groups as verbs

    return {
        "id": known.id, "name": known.name, "description": known.description, "members": known.members,
        "provided_by": known.source, "added_only": known.added_only, "external_id": known.external_id or "",
        "groups": [one.name for one in nesting.inner(services.db, known.id)],
        "within": [one.name for one in nesting.outer(services.db, known.id)],
        "owners": [one.username for one in owners.list_of(services.db, known.id)],
        "applications": [one.name for one in access.limited_to(services, known.name)],
        "rules": [one.name or one.id for one in verbs.rules_of(services, known.name)],
    }  # fmt: skip


def run_set(args: Namespace) -> None:
    """Change a group."""
    from idp.accounts.person import InvalidPerson

    with opened(args) as services:
        known = get(services, args.group)
        before = _shown(services, known)
        try:
            with by_hand(services, "group", known.id, known.name):
                known = _changed(services, args, known)
        except InvalidPerson as error:
            raise Refused(f"{known.name}: {error.message}") from None
        shown = _shown(services, known)
    if args.json:
        print_json(shown)
    else:
        say(f"{known.name} is changed." if shown != before else f"{known.name} is as it was.")


def _changed(services: Services, args: Namespace, known: Group) -> Group:
    from idp.admin import groups as verbs
    from idp.cli import users

    me = shell()
    joins = [users.get(services, login) for login in args.owner]
    leaves = [users.get(services, login) for login in args.no_owner]
    inner, outer = ([get(services, name) for name in names] for names in (args.put_in, args.take_out))
    if args.name is not None:
        known = verbs.rename(services, me, known, args.name)
    if args.description is not None:
        known = verbs.describe(services, me, known, args.description)
    if args.added_only is not None:
        known = verbs.let_us_add(services, me, known, also=args.added_only == "yes")
    for one in inner:
        verbs.put_in(services, me, one, known)
    for one in outer:
        verbs.take_out(services, me, one, known)
    verbs.change_owners(services, me, known, joins=joins, leaves=leaves)
    return known


def run_check(args: Namespace) -> None:
    """Compare every person's row with what they were put into."""
    from idp.accounts.grouping import effective
    from idp.admin import groups as verbs

    with opened(args) as services:
        found = list(effective.drift(services.db))
        mended = verbs.mend(services, shell()) if args.mend else 0
    if args.json:
        print_json({"people": found, "mended": mended})
    elif not found:
        say("Everybody has the groups that they were put into.")
    else:
        said = "are mended" if args.mend else "have other groups in their row than they were put into; --mend mends it"
        say(f"{count_people(len(found))} {said}.")


def run_add(args: Namespace) -> None:
    """Make a group."""
    from idp.accounts.person import InvalidPerson
    from idp.admin import groups as verbs

    with opened(args) as services:
        try:
            made, is_new = verbs.make(services, shell(), args.group)
        except InvalidPerson as error:
            raise Refused(f"GROUP: {error.message}") from None
    if args.json:
        print_json({"name": made.name, "members": made.members, "new": is_new})
    else:
        say(f"Made {made.name}." if is_new else f"{made.name} is there already, with {count_people(made.members)}.")


def run_remove(args: Namespace) -> None:
    """Remove a group."""
    from idp.accounts.groups import GroupHasMembers
    from idp.accounts.person import InvalidPerson
    from idp.admin import groups as verbs

    with opened(args) as services:
        known = get(services, args.group)
        try:
            with by_hand(services, "group", known.id, known.name):
                gone = verbs.remove(services, shell(), known, with_members=args.with_members)
        except InvalidPerson as error:
            raise Refused(f"{known.name}: {error.message}") from None
        except GroupHasMembers:
            are = "is" if known.members == 1 else "are"
            raise Refused(
                f"--with-members: {count_people(known.members)} {are} in {known.name}; "
                "give this option to remove it all the same"
            ) from None
    apps = list(gone.applications)
    if args.json:
        print_json({"name": known.name, "removed": True, "members": gone.members, "applications": apps})
    else:
        say(f"{known.name} is removed; {count_people(gone.members)} left it.")
    if apps:
        complain(f"note: it is named in the limits of {', '.join(apps)}; see `doorward client access`")


# -- below -----------------------------------------------------------------------------------------------------------


def get(services: Services, name: str) -> Group:
    """The group that somebody means. Errors: `Refused`, with the names that look like it."""
    from idp.admin import groups as verbs

    try:
        return verbs.get(services, name)
    except verbs.UnknownGroup as error:
        near = [f"“{one}”" for one in error.similar]
        hint = f"did you mean {' or '.join(near)}?" if near else "`doorward group list` has all"
        raise Refused(f"there is no group “{printable(name)[:60]}”; {hint}") from None


def checked(
    services: Services, names: list[str], *, is_new: bool, option: str = "--group", notes: list[str] | None = None
) -> tuple[str, ...]:
    """Groups as somebody typed them, under the names that they have. Errors: `Refused` for a likely slip.

    `notes`: what is to be said of those that there are not yet, later; without, it is said now.
    """
    from idp.accounts.person import InvalidPerson
    from idp.admin import groups as verbs

    try:
        meant = verbs.meant(services, names, may_be_new=is_new)
    except InvalidPerson as error:
        slips = " Give --new-group if it is a new one"
        raise Refused(
            *(f"{option}: {one.message}{slips if 'did you mean' in one.message else ''}" for one in error.problems)
        ) from None
    for one in meant.new:
        hint = f" (there is {', '.join(f'“{other}”' for other in one.similar)})" if one.similar else ""
        note = f"note: there was no group “{one.name}” yet{hint}"
        if notes is None:
            complain(note)
        else:
            notes.append(note)
    return meant.names
