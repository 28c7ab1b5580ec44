"""`doorward user contacts`: the recovery address and number of a person, seen and removed (P6, N6)."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from idp.accounts.recovery.contacts import Contact

NAMES = {"email": "recovery address", "phone": "recovery number"}


def add_parsers(verbs: Any) -> None:
    """Add `contacts` to `user`."""
    what = "list the recovery address and number of a person, suspend or remove them"
    parser = with_json(command(verbs, "contacts", run, what))
    parser.add_argument("login", metavar="LOGIN", help="username, e-mail address, employee number or id")
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--remove", choices=tuple(NAMES), help="remove it; no link puts it back")
    ways.add_argument("--suspend", action="store_true", help="let all wait until the person confirms them anew")


def run(args: Namespace) -> None:
    """List what a person gets back in by; suspend all of it, or remove one."""
    from idp.accounts.recovery import contacts
    from idp.admin import contacts as verbs
    from idp.cli.users import get

    with opened(args) as services:
        person = get(services, args.login)
        if args.suspend:
            verbs.suspend(services, shell(), person)
        if args.remove and not verbs.take_away(services, shell(), person, args.remove):
            raise Refused(f"--remove: {person.username} has no {NAMES[args.remove]}; without --remove they are listed")
        found = list(contacts.of_person(services, person.id).values())
    if args.json:
        own = {"email": person.email, "email_verified": person.email_verified}
        print_json({"user": person.id, **own, "contacts": [_described(one) for one in found]})
        return
    if args.remove:
        say(f"Removed the {NAMES[args.remove]} of {person.username}; links that would put it back are void.")
    if args.suspend:
        say(f"What {person.username} has waits until they confirm it anew; links that would undo a change are void.")
    own_row = ("account", person.email, "", "" if person.email_verified else "not confirmed") if person.email else None
    rows = [(one.kind, one.value, timestamp(one.confirmed_at), "" if one.is_good else "suspended") for one in found]
    print_table(
        ("Kind", "Address", "Confirmed", "State"), [*([own_row] if own_row else []), *rows],
        f"{person.username} has none: nothing brings them back when the password is forgotten.",
    )  # fmt: skip


def _described(contact: Contact) -> dict[str, Any]:
    return {
        "kind": contact.kind, "value": contact.value, "confirmed_at": contact.confirmed_at,
        "reviewed_at": contact.reviewed_at, "suspended_at": contact.suspended_at,
    }  # fmt: skip
