"""`doorward user set|remove|sessions`: correct a person, take one away, see and end what they have open."""

from __future__ import annotations

from argparse import BooleanOptionalAction, Namespace
from dataclasses import asdict
from shlex import quote
from typing import TYPE_CHECKING, Any

from idp.attributes import ATTRIBUTES
from idp.cli import telling
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from idp.accounts.person import Person
    from idp.admin.sessions import SignedIn
    from idp.oidc.connected import Connected
    from idp.protocols import Services

#: Options that set a standard claim (OpenID Connect Core 1.0 §5.1).
CLAIMS = {one.name: (one.option, one.about) for one in ATTRIBUTES if one.option}
#: Options that set a field of its own.
_FIELDS = ("username", "email", "email_verified", "name", "employee_number")


def add_parsers(verbs: Any) -> None:
    """Add the three verbs to `user`."""
    change = with_json(command(verbs, "set", run_set, "correct what is known of a person; an empty value takes it out"))
    change.add_argument("--username", metavar="U", help="another name to sign in with")
    change.add_argument("--email", metavar="E", help="another address; not confirmed, unless said")
    change.add_argument(
        "--email-verified", action=BooleanOptionalAction, help="whether the address is known to be theirs"
    )
    change.add_argument("--name", metavar="N", help="the full name")
    for option, what in CLAIMS.values():
        change.add_argument(option, metavar="X", help=what)
    change.add_argument("--employee-number", metavar="X")
    change.add_argument("--claim", metavar="K=V", action="append", default=[], help="a further claim; K= takes it out")
    change.add_argument("--add-group", metavar="G", action="append", default=[], help="put them in this group, too")
    change.add_argument("--remove-group", metavar="G", action="append", default=[], help="take them out of it")
    change.add_argument("--new-group", action="store_true", help="the group is meant to be a new one")
    remove = with_json(command(verbs, "remove", run_remove, "take a person away for good; to shut out, use disable"))
    remove.add_argument("--yes", action="store_true", help="do it; without, what would go is told")
    shown = with_json(command(verbs, "sessions", run_sessions, "list where a person is signed in, or end it"))
    ends = shown.add_mutually_exclusive_group()
    ends.add_argument("--end", metavar="ID", help="end this one, and what it opened; or what stays connected")
    ends.add_argument("--end-all", action="store_true", help="end all of them, and every token")
    for parser in (change, remove, shown):
        parser.add_argument("login", metavar="LOGIN", help="username, e-mail address, employee number or id")


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_set(args: Namespace) -> None:
    """Change what is known of a person, all of it or nothing."""
    from idp.accounts.effects import Changes
    from idp.admin import people
    from idp.cli import groups, users
    from idp.cli.person_claims import as_typed

    claims, wrong = _claims(args)
    notes: list[str] = []
    with opened(args) as services, users.naming_options(_typed(args)):
        before = users.get(services, args.login)
        changes = Changes(**{field: getattr(args, field) for field in _FIELDS if getattr(args, field) is not None})  # type: ignore[typeddict-item]
        merge, joins = {**claims, **as_typed(services, args.claim)}, tuple[str, ...]()
        try:
            joins = groups.checked(
                services, args.add_group, is_new=args.new_group, option="--add-group", notes=notes
            )  # fmt: skip
        except Refused as slip:
            wrong += slip.lines
        if not (changes or merge or joins or args.remove_group or wrong):
            raise Refused("nothing to change: `doorward user set --help` lists what can be")
        correction = people.Correction(changes=changes, merge=merge, joins=joins, leaves=tuple(args.remove_group))
        if wrong:
            raise Refused(*users.lines(people.problems_of(services, before, correction), _typed(args)), *wrong)
        done = people.correct(services, shell(), before, correction)
        after = done.after
        mailed = [telling.of_mail(services, done.told, after.username)] if before.email != after.email else []
    told = _differences(before, after)
    complain(*notes)  # of what is done by now
    if args.json:
        print_json(people.described(after))
    else:
        say(f"{after.username} is changed:" if told else f"{after.username} is as it was.", *told, *mailed)
    _note_names(before, after, merge)


def run_remove(args: Namespace) -> None:
    """Take a person away; everything they have open ends at once."""
    from idp.admin import people
    from idp.cli import users

    with opened(args) as services, users.naming_options():
        person = users.get(services, args.login)
        if not args.yes:
            raise Refused(*_what_goes(services, person))
        people.remove(services, shell(), person)
    if args.json:
        print_json({"id": person.id, "username": person.username, "removed": True})
        return
    say(
        f"{person.username} ({person.id}) is removed, and signed out everywhere.",
        "The audit log keeps what they did, under this id, until its events are too old.",
    )


def run_sessions(args: Namespace) -> None:
    """List or end sessions."""
    from idp.cli import users

    with opened(args) as services:
        from idp.admin import sessions

        person, ended = users.get(services, args.login), 0
        if args.end or args.end_all:
            ended = _end(services, person, args.end or "")
        found, lasting = sessions.open_of(services, person), sessions.connected_of(services, person)
    if args.json:
        shown = {
            "sessions": [sessions.described(one) for one in found], "connected": [asdict(one) for one in lasting],
        }  # fmt: skip
        print_json({"user": person.id, **shown, **({"ended": ended} if args.end or args.end_all else {})})
        return
    if args.end or args.end_all:
        say(f"{ended} session{'' if ended == 1 else 's'} of {person.username} ended; the applications are told.")
        return
    print_sessions(person, found)
    if lasting:
        say("")
        _print_connected(lasting)


def print_sessions(person: Person, found: tuple[SignedIn, ...]) -> None:
    """Sessions as a table."""
    from idp.accounts.device_text import describe

    rows = []
    for one in found:
        about = one.session
        times = timestamp(about.created_at), timestamp(about.last_seen)
        rows.append((about.id, *times, about.address, str(describe(about.browser)), list(one.applications)))
    columns = ("Session", "Since", "Last seen", "From", "Device", "Applications")
    print_table(columns, rows, f"{person.username} is signed in nowhere.")


def _print_connected(found: tuple[Connected, ...]) -> None:
    """What stays connected, as a table."""
    from idp.accounts.device_text import describe

    rows = [
        (one.id, timestamp(one.since), timestamp(one.used_at), one.address,
         str(describe(one.browser)) if one.browser else "", list(one.applications))
        for one in found
    ]  # fmt: skip
    print_table(("Stays connected", "Since", "Last seen", "From", "Signed in with", "Applications"), rows, "")


# -- below -----------------------------------------------------------------------------------------------------------


def _claims(args: Namespace) -> tuple[dict[str, Any], list[str]]:
    """The claims that the options say, where None takes one out; and what is wrong with how they say it."""
    from idp.cli.person_claims import read_claims

    claims, wrong = read_claims(args.claim)
    merge = {name: value if value != "" else None for name, value in claims.items()}
    for name, option in _typed(args).items():
        if name in merge:
            wrong.append(f"--claim: {name} is given by {option} already; give it once")
        merge[name] = _given(args, option) or None
    return merge, wrong


def _typed(args: Namespace) -> dict[str, str]:
    """The options that were typed of those that set a claim, by its name."""
    return {name: option for name, (option, _) in CLAIMS.items() if _given(args, option) is not None}


def _given(args: Namespace, option: str) -> str | None:
    found: str | None = getattr(args, option.removeprefix("--").replace("-", "_"))
    return found


def _differences(before: Person, after: Person) -> list[str]:
    """What is different now, one line each."""
    pairs = [(field.replace("_", " "), getattr(before, field), getattr(after, field)) for field in (*_FIELDS, "groups")]
    names = sorted({*before.claims, *after.claims})
    pairs += [(name, before.claims.get(name), after.claims.get(name)) for name in names]
    return [f"  {name}: {_shown(old)} -> {_shown(new)}" for name, old, new in pairs if old != new]


def _shown(value: Any) -> str:
    if value is None or value == "" or value == ():
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(value)
    return printable(str(value))


def _note_names(before: Person, after: Person, merge: dict[str, Any]) -> None:
    """A typing mistake in a name often stands in its parts, too, which applications are told as well."""
    stale = [
        f"{name} ({after.claims[name]})" for name in ("given_name", "family_name")
        if name in after.claims and name not in merge and str(after.claims[name]) not in after.name
    ]  # fmt: skip
    if after.name != before.name and stale:
        complain(f"note: applications are also told {' and '.join(stale)}; see --given-name, --family-name")


def _what_goes(services: Services, person: Person) -> list[str]:
    from idp.login import overview

    about = overview.of(services, person)
    counts = ((len(about.sessions), "open session"), (len(about.factors), "authenticator"), (len(about.cases), "case"))
    told = ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for count, noun in counts)
    return [
        f"--yes: is missing. {person.username} ({person.name}, {person.id}) would be gone for good: {told}.",
        "Applications know them by this id, which nobody gets again; adding them anew makes somebody else of them.",
        f"To only shut them out, until they are let in again: doorward user disable {quote(person.username)}",
    ]


def _end(services: Services, person: Person, session_id: str) -> int:
    from idp.admin import sessions

    if not session_id:
        return sessions.end_all(services, shell(), person)
    try:
        sessions.end(services, shell(), person, session_id)
    except sessions.NoSuchSession:
        raise Failed(
            f"{person.username} has no open session {printable(session_id)[:40]}; "
            f"`doorward user sessions {quote(person.username)}` lists them"
        ) from None
    return 1
