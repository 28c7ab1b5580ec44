"""`doorward user …`: add people, find them, let them in and shut them out."""

from __future__ import annotations

import contextlib
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from idp.cli import (
    histories,
    telling,
    user_break_glass,
    user_changes,
    user_contacts,
    user_ends,
    user_export,
    user_factors,
    user_import,
    user_joining,
    user_many,
    user_registrations,
    user_roles,
    user_screen,
)
from idp.cli.installation import opened, shell
from idp.cli.person_claims import as_typed, read_claims
from idp.cli.terminal import command, complain, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.person import InvalidPerson, Person
    from idp.accounts.registering.waiting import Waiting
    from idp.admin.people import UnknownLogin
    from idp.mail import Told
    from idp.protocols import Services

PAGE = 200  # people read at once
_NAMES = ("given_name", "family_name")
#: The option that sets each field of a person, where it is not the field's own name.
_OPTIONS = {
    "employee_number": "--employee-number",
    "email_verified": "--email-verified",
    "groups": "--group",
    "roles": "--role",
    "password": "--password-stdin",
}


def add_parsers(commands: Any) -> None:
    """Add `user`."""
    verbs = group(commands, "user", "people and what they may")
    add = with_json(command(verbs, "add", run_add, "add a person"))
    add.add_argument("--username", metavar="U", required=True)
    add.add_argument("--email", metavar="E")
    add.add_argument("--email-verified", action="store_true", help="the address is known to be theirs")
    add.add_argument("--name", metavar="N", default="", help="the full name")
    add.add_argument("--given-name", metavar="N", help="the first name, where --name does not tell it")
    add.add_argument("--family-name", metavar="N", help="the last name, likewise")
    add.add_argument("--employee-number", metavar="X")
    password = add.add_mutually_exclusive_group()
    password.add_argument(
        "--password-stdin", action="store_true", help="the password is the first line of standard input"
    )
    password.add_argument("--link", action="store_true", help="print the link to set one, and mail nothing")
    add.add_argument("--note", metavar="TEXT", default="", help="words of your own in the mail, without web addresses")
    add.add_argument("--claim", metavar="K=V", action="append", default=[], help="a further claim; V may be JSON")
    add.add_argument("--group", metavar="G", action="append", default=[], help="may stand several times")
    add.add_argument("--new-group", action="store_true", help="the group is meant to be a new one")
    add.add_argument("--role", metavar="R", action="append", default=[], help=user_roles.ROLE_HELP)
    find = with_json(command(verbs, "list", run_list, "list people by username"))
    find.add_argument("--search", metavar="TEXT", default="", help="in names, e-mail addresses, employee numbers")
    find.add_argument("--pending", action="store_true", help="those who asked for an account and wait for an answer")
    find.add_argument("--old-hash", action="store_true", help="those with a password under another product's hash yet")
    _login(with_json(command(verbs, "show", run_show, "show a person")))
    off = _login(with_json(command(verbs, "disable", run_disable, "shut a person out; everything they have open ends")))
    user_ends.add_options(off, "--at", "at this moment instead of now, such as 2026-12-04T18:00")
    off.add_argument("--keep", action="store_true", help="take back what was planned: they stay on")
    on = _login(with_json(command(verbs, "enable", run_enable, "let a person in again")))
    user_ends.add_options(on, "--until", "until this moment, such as 2026-12-04T18:00")
    _login(with_json(command(verbs, "unlock", run_unlock, "end the pause after wrong passwords and codes")))
    password = _login(with_json(command(verbs, "password", run_password, "set a password, or print a link for it")))
    ways = password.add_mutually_exclusive_group()
    ways.add_argument("--password-stdin", action="store_true", help="the password is the first line of standard input")
    ways.add_argument("--link", action="store_true", help="print a one-time link where the person sets it (default)")
    ways.add_argument("--mail", action="store_true", help="mail the link to the person's address instead")
    user_changes.add_parsers(verbs)
    user_import.add_parsers(verbs)
    user_many.add_parsers(verbs)
    user_registrations.add_parsers(verbs)
    for name, run, what in (("group", run_group, "groups"), ("role", run_role, "roles")):
        changes = _login(with_json(command(verbs, name, run, f"change a person's {what}")))
        changes.add_argument("--add", metavar="NAME", action="append", default=[])
        changes.add_argument("--remove", metavar="NAME", action="append", default=[])
        if name == "group":
            changes.add_argument("--new-group", action="store_true", help="the group is meant to be a new one")
        else:
            user_roles.add_options(changes)
    user_factors.add_parsers(verbs)
    user_contacts.add_parsers(verbs)
    user_export.add_parsers(verbs)
    user_break_glass.add_parsers(verbs)
    user_joining.add_parsers(verbs)
    histories.add_parsers(verbs, histories.USER)


def _login(parser: Any) -> Any:
    parser.add_argument("login", metavar="LOGIN", help="username, e-mail address, employee number or id")
    return parser


# -- verbs ---------------------------------------------------------------------------------------------------------


def run_add(args: Namespace) -> None:
    """Add a person, with a password or with a link to set one: mailed to them where it can be, else printed."""
    from idp.accounts.invitations import Invited
    from idp.admin import people

    password = first_line() if args.password_stdin else None
    claims, wrong = read_claims(args.claim)
    claims |= {claim: getattr(args, claim) for claim in _NAMES if getattr(args, claim)}
    typed = {claim: f"--{claim.replace('_', '-')}" for claim in _NAMES if getattr(args, claim)}
    with opened(args) as services, naming_options(typed):
        from idp.accounts.person import Draft
        from idp.cli import groups

        claims |= as_typed(services, args.claim)
        notes: list[str] = []
        try:
            groups.checked(services, args.group, is_new=args.new_group, notes=notes)
        except Refused as slip:
            wrong += slip.lines
        draft = Draft(
            username=args.username, email=args.email, email_verified=args.email_verified, name=args.name,
            employee_number=args.employee_number, claims=claims, groups=tuple(args.group), roles=tuple(args.role),
        )  # fmt: skip
        if wrong:
            raise Refused(*dict.fromkeys((*wrong, *lines(people.problems(services, draft, password), typed))))
        added = people.add(services, shell(), draft, password, by_mail=not args.link, note=args.note)
    person, invited = added.person, added.invited or Invited()
    if args.json:
        complain(*notes)
        mailed = {"mailed_to": invited.to or None, "mail_server_said": invited.said, "not_mailed": invited.why}
        shown = {**people.described(person), "password_link": added.link}
        print_json({**shown, **(mailed if password is None else {})})
        return
    say(f"Added {person.username} ({person.id}).")
    _note_parts(args.name, claims, person.claims)
    complain(*notes)
    if password is None and not args.link:
        say(telling.of_invitation(invited, person.username))
    if added.link is not None:
        say("They set a password here. The link works once, for 24 hours; whoever has it can set it:")
        say(f"  {added.link}")


def _note_parts(name: str, told: Mapping[str, Any], claims: Mapping[str, Any]) -> None:
    """Many applications show the parts of a name, and some ask people for what is missing."""
    if any(claim in told for claim in _NAMES) or not name:
        return
    if "given_name" in claims:
        parts = printable(f"First name {claims['given_name']}, last name {claims['family_name']}")
        say(f"{parts}; otherwise: doorward user set --given-name … --family-name …")
    else:
        complain("note: first and last name are not told by this name; see --given-name, --family-name")


def run_list(args: Namespace) -> None:
    """List people."""
    if args.pending:
        user_registrations.show(args)
        return
    if args.old_hash:
        user_import.show_old_hashes(args)
        return
    from idp.admin.people import described

    found: list[Person] = []
    with opened(args) as services:
        while page := services.directory.list(found[-1].username if found else "", PAGE, args.search):
            found += page
    if args.json:
        print_json({"users": [described(person) for person in found]})
        return
    columns = ("Username", "Name", "E-mail", "Number", "Groups", "Roles", "Enabled", "Password")
    rows = [
        (p.username, p.name, p.email, p.employee_number, p.groups, p.roles, p.enabled, p.has_password) for p in found
    ]
    print_table(columns, rows, "Nobody yet: add people with `doorward user add`.")


def run_show(args: Namespace) -> None:
    """Show a person."""
    with opened(args) as services:
        waiting = _waiting(services, args.login)
        if waiting is not None:
            user_screen.show_waiting(args, services, waiting)
        else:
            user_screen.show(args, services, get(services, args.login))


def run_disable(args: Namespace) -> None:
    """Shut a person out at once."""
    with opened(args) as services, naming_options():
        from idp.admin.turning_off import turn_off

        person = get(services, args.login)
        if args.at or args.keep:
            _show(args, person, user_ends.change(services, args, person, args.at))
            return
        _show(args, turn_off(services, shell(), person), "is shut out")


def run_enable(args: Namespace) -> None:
    """Let a person in again."""
    with opened(args) as services, naming_options():
        from idp.admin.turning_off import turn_on

        person = get(services, args.login)
        if args.until:
            said = user_ends.change(services, args, person, args.until)
            _show(args, services.directory.get(person.id), said)
            return
        _show(args, turn_on(services, shell(), person), "may sign in again")


def run_unlock(args: Namespace) -> None:
    """End the pauses after wrong passwords and after wrong codes."""
    with opened(args) as services:
        from idp.admin.people import unlock

        person = get(services, args.login)
        unlock(services, shell(), person)
        _show(args, person, "may try again now")


def run_password(args: Namespace) -> None:
    """Set a password, or hand out a link for it; the pause ends either way."""
    from idp import mail
    from idp.admin import people

    password = first_line() if args.password_stdin else None
    with opened(args) as services:
        person, link, told = get(services, args.login), None, mail.Told()
        if args.mail:
            told = _mail(services, person)
        elif password is None:
            with _open_to(person):
                link = people.hand_out_link(services, shell(), person)
        else:
            problems, told = people.set_password(services, shell(), person, password)
            _check(problems)
        said = telling.of_mail(services, told, person.username)
        link_said = telling.of_link(services, told, person.username)
        is_first = not person.has_password
        person = services.directory.get(person.id)
    if args.json:
        print_json(
            {**people.described(person), "password_link": link, "mails": len(told.to), "mailed_to": list(told.to)}
        )
    elif args.mail:
        say(link_said)
    elif link is None:
        say(f"{person.username} has a new password; what the old one opened is closed.", *([] if is_first else [said]))
    else:
        say(f"{person.username} sets a new password here. The link works once, for an hour:", f"  {link}")


def run_group(args: Namespace) -> None:
    """Put a person in groups and take them out of others."""
    from idp.admin import people

    with opened(args) as services, naming_options():
        from idp.cli import groups

        person = get(services, args.login)
        joins = groups.checked(services, args.add, is_new=args.new_group, option="--add")
        changes = {"joins": joins, "leaves": tuple(args.remove)}
        person = people.change_groups(services, shell(), person, **changes)
        _show(args, person, f"is in {', '.join(person.groups) or 'no group'}")


def run_role(args: Namespace) -> None:
    """Give a person roles and take others away."""
    with opened(args) as services, naming_options():
        person = user_roles.change(services, args, get(services, args.login))
        _show(args, person, f"has {user_roles.words(services, person)}")


# -- below -----------------------------------------------------------------------------------------------------------


def get(services: Services, login: str) -> Person:
    """The person that somebody means. Errors: `Refused`, with people whose names look like it."""
    from idp.admin import people

    try:
        return people.get(services, login)
    except people.UnknownLogin as error:
        raise unknown(error) from None


def _waiting(services: Services, login: str) -> Waiting | None:
    """Who asked for an account, where nobody has this name yet."""
    from idp.admin import registrations

    if services.directory.find_named(login) is not None:
        return None
    try:
        return registrations.get(services, shell(), login)
    except registrations.Decided:
        return None


def unknown(error: UnknownLogin) -> Refused:
    """That there is no such person, with those whose names look like it."""
    near = " or ".join(printable(one.username) for one in error.similar)
    hint = f"; did you mean {near}?" if near else ""
    who = printable(error.login)
    return Refused(f"nobody has the username, e-mail address, employee number or id “{who}”{hint}")


def _show(args: Namespace, person: Person, done: str) -> None:
    if args.json:
        from idp.admin.people import described

        print_json(described(person))
    else:
        say(f"{person.username} {done}.")


def first_line() -> str:
    """The password as it was received, without the end of the line."""
    line = sys.stdin.buffer.readline()
    text = line.removesuffix(b"\n").removesuffix(b"\r")
    try:
        password = text.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("--password-stdin: the first line is not UTF-8") from None
    if not password:
        raise Refused("--password-stdin: standard input is empty; its first line is the password")
    return password


def _check(problems: list[str]) -> None:
    if problems:
        raise Refused(*(f"--password-stdin: {problem}" for problem in problems))


def _mail(services: Services, person: Person) -> Told:
    from idp import mail
    from idp.admin import people

    if not mail.is_ready(services):
        raise Failed("no mail can be sent: give [mail] a host in the settings, or use --link")
    with _open_to(person):
        told = people.mail_link(services, shell(), person)
    if not told.to:
        raise Failed(f"nothing was mailed to {person.username}: {told.why}; use --link")
    return told


@contextlib.contextmanager
def _open_to(person: Person) -> Iterator[None]:
    from idp.accounts.recovery import resets

    try:
        yield
    except resets.ShutOut:
        raise Failed(
            f"{person.username} is shut out, so the link would not work; run `doorward user enable` first"
        ) from None


@contextlib.contextmanager
def naming_options(typed: Mapping[str, str] = {}) -> Iterator[None]:
    """What is wrong with a person, under the name of the option to change. `typed`: as of `lines`."""
    from idp.accounts.person import InvalidPerson

    try:
        yield
    except InvalidPerson as error:
        if error.field == "enabled":
            raise Failed(error.message) from None
        raise Refused(*lines(error.problems, typed)) from None


def lines(problems: Iterable[InvalidPerson], typed: Mapping[str, str] = {}) -> list[str]:
    """Each problem under the option that was typed. `typed`: those that set a claim, by the name of the claim."""
    return [_line(one, typed) for one in problems]


def _line(problem: InvalidPerson, typed: Mapping[str, str]) -> str:
    field, _, claim = problem.field.partition(".")
    if claim in typed and field == "claims":
        return f"{typed[claim]}: {problem.message}"
    option = "--claim" if field == "claims" else _OPTIONS.get(field, f"--{field}")
    return f"{option}: {claim + ': ' if claim else ''}{problem.message}"
