"""`doorward user list --pending`, `user approve`, `user refuse`: who has asked for an account themselves (U1)."""

from __future__ import annotations

from argparse import Namespace
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.accounts.registering.waiting import Waiting

_COLUMNS = ("Id", "Address", "Name", "Username", "Came from", "Reason", "Asked")


def add_parsers(verbs: Any) -> None:
    """Add `approve` and `refuse` to `user`."""
    for name, run, what in (
        ("approve", run_approve, "let somebody in who asked for an account: they are mailed a link"),
        ("refuse", run_refuse, "drop somebody's request for an account, and tell them"),
    ):
        parser = with_json(command(verbs, name, run, what))
        parser.add_argument("who", metavar="WHO", help="the request's id or the address, see `user list --pending`")
        if name == "approve":
            parser.add_argument("--username", metavar="U", default="", help="another username than they asked for")
        else:
            parser.add_argument("--note", metavar="TEXT", default="", help="what they are told of why")


def show(args: Namespace) -> None:
    """`doorward user list --pending`."""
    from idp.admin import registrations

    with opened(args) as services:
        found = registrations.listed(services, shell(), many=2000)
    if args.search:
        found = tuple(
            one for one in found if args.search.casefold() in f"{one.name} {one.email} {one.username}".casefold()
        )
    if args.json:
        print_json({"pending": [_described(one) for one in found]})
        return
    rows = [
        (one.id, one.email, one.name, "" if one.username == one.email else one.username, one.client_id, one.reason,
         timestamp(one.asked_at))
        for one in found
    ]  # fmt: skip
    print_table(_COLUMNS, rows, "Nobody has asked for an account and waits for an answer.")


def run_approve(args: Namespace) -> None:
    """Let somebody in who asked for an account."""
    from idp.admin import people, registrations
    from idp.cli import telling
    from idp.cli.users import naming_options
    from idp.mail import Told

    with opened(args) as services, naming_options(), _one_of_those(args.who):
        who = registrations.get(services, shell(), args.who)
        person, invited = registrations.approve(services, shell(), who, username=args.username)
        if args.json:
            mailed = {"mailed_to": invited.to or None, "not_mailed": invited.why}
            print_json({**people.described(person), **mailed})
            return
        say(f"Added {person.username} ({person.id}).")
        if invited.to:
            say(telling.of_link(services, Told((invited.to,)), person.username))
        else:
            say(f"Nothing was mailed to {person.username}: {invited.why}.")


def run_refuse(args: Namespace) -> None:
    """Drop somebody's request for an account."""
    from idp.admin import registrations

    with opened(args) as services, _one_of_those(args.who):
        who = registrations.get(services, shell(), args.who)
        why = registrations.refuse(services, shell(), who, note=args.note)
    if args.json:
        print_json({"refused": who.id, "email": who.email, "not_mailed": why})
        return
    say(printable(f"Refused {who.email}."))
    say(f"No mail could tell them: {why}." if why else "A mail that says so is on its way to them.")


@contextmanager
def _one_of_those(wanted: str) -> Iterator[None]:
    from idp.admin.registrations import Decided

    try:
        yield
    except Decided:
        raise Refused(
            f"WHO: nobody waits as “{printable(wanted[:80])}”; `doorward user list --pending` has those who do"
        ) from None


def _described(one: Waiting) -> dict[str, Any]:
    return {
        "id": one.id, "email": one.email, "username": one.username, "name": one.name, "claims": dict(one.claims),
        "reason": one.reason, "client_id": one.client_id or None, "address": one.address, "asked_at": one.asked_at,
    }  # fmt: skip
