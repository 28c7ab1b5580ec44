"""`doorward token …`: personal tokens, by which somebody's scripts call the API (C4)."""

from __future__ import annotations

from argparse import Namespace
from shlex import quote
from typing import TYPE_CHECKING, Any

from idp.cli import users
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.tokens import PersonalToken


def add_parsers(commands: Any) -> None:
    """Add `token`."""
    verbs = group(commands, "token", "personal tokens, by which somebody's scripts call the API")
    create = _of_person(with_json(command(verbs, "create", run_create, "make a token; it is shown this once")))
    create.add_argument("--name", metavar="N", required=True, help="what it is for")
    create.add_argument("--days", metavar="N", type=int, default=90, help="how long it works (90; at most 366)")
    create.add_argument(
        "--role", metavar="R", action="append", default=[], help="of the person's roles only this one (repeatable)"
    )
    _of_person(with_json(command(verbs, "list", run_list, "list a person's tokens, not themselves")))
    withdraw = _of_person(with_json(command(verbs, "withdraw", run_withdraw, "end a token now")))
    withdraw.add_argument("token", metavar="ID", help="as `token list` shows it")


def _of_person(parser: Any) -> Any:
    parser.add_argument("login", metavar="LOGIN", help="anything that they sign in with, or their id")
    return parser


def run_create(args: Namespace) -> None:
    """Make a token and show it."""
    from idp.accounts.person import NoSuchPerson
    from idp.admin import tokens

    with opened(args) as services:
        person = users.get(services, args.login)
        try:
            made = tokens.create(services, shell(), person, args.name, days=args.days, roles=args.role or None)
        except tokens.InvalidToken as error:
            option = {"roles": "--role", "name": "--name", "days": "--days"}[error.field]
            raise Refused(f"{option}: {error.message}") from None
        except NoSuchPerson:
            raise Refused(f"{person.username} is turned off; `doorward user enable` lets them in again") from None
    if args.json:
        print_json({**_told(made.token), "token": made.value})
        return
    say(f"Token: {made.value}", "The token is shown this once: keep it safe.")
    say(f"It does what {person.username} may, until {timestamp(made.token.expires_at)}.")


def run_list(args: Namespace) -> None:
    """List those that work."""
    from idp.admin import tokens

    with opened(args) as services:
        person = users.get(services, args.login)
        found = tokens.list_of(services, shell(), person)
    if args.json:
        print_json({"person_id": person.id, "tokens": [_told(one) for one in found]})
        return
    rows = [
        (one.name, one.id, one.roles or "all", timestamp(one.expires_at), timestamp(one.last_used_at)) for one in found
    ]
    nothing = f"{person.username} has no token."
    print_table(("Name", "Id", "Roles", "Ends", "Last used"), rows, nothing)


def run_withdraw(args: Namespace) -> None:
    """End one."""
    from idp.admin import tokens

    with opened(args) as services:
        person = users.get(services, args.login)
        try:
            tokens.withdraw(services, shell(), person, args.token)
        except tokens.NoSuchToken:
            raise Refused(
                f"{person.username} has no token “{args.token}”; "
                f"`doorward token list {quote(person.username)}` shows theirs"
            ) from None
    if args.json:
        print_json({"id": args.token, "withdrawn": True})
    else:
        say("The token is withdrawn; it opens nothing any more.")


def _told(one: PersonalToken) -> dict[str, Any]:
    return {
        "id": one.id, "person_id": one.person_id, "name": one.name, "roles": one.roles, "created_at": one.created_at,
        "expires_at": one.expires_at, "last_used_at": one.last_used_at,
    }  # fmt: skip
