"""`doorward invitation`: who was invited and has set no password yet; mailed again, withdrawn (U1)."""

from __future__ import annotations

from argparse import Namespace
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.accounts.person import Person
    from idp.admin.invitations import Listed
    from idp.protocols import Services

_COLUMNS = ("Username", "Address", "State", "Sent", "Way", "By", "Works until")
_STATES = ("waiting", "expired", "withdrawn")
_PAGE = 500


def add_parsers(commands: Any) -> None:
    """Add `invitation`."""
    verbs = group(commands, "invitation", "who was invited and has set no password yet")
    find = with_json(command(verbs, "list", run_list, "list invitations by username"))
    find.add_argument("--state", choices=_STATES, default="", help="only those that stand so")
    find.add_argument("--search", metavar="TEXT", default="", help="in names, e-mail addresses, employee numbers")
    again = with_json(
        command(verbs, "resend", run_resend, "mail somebody their invitation again, also a withdrawn one")
    )
    again.add_argument("--note", metavar="TEXT", default="", help="words of your own in it, without web addresses")
    back = with_json(command(verbs, "withdraw", run_withdraw, "end every link of somebody; they are told nothing"))
    for parser in (again, back):
        parser.add_argument("login", metavar="LOGIN", help="anything they sign in with, or their id")


def run_list(args: Namespace) -> None:
    """List invitations."""
    with opened(args) as services:
        found = list(_all(services, args))
    if args.json:
        print_json({"invitations": [_described(one) for one in found]})
        return
    rows = [
        (one.person.username, one.person.email or "", one.state, _time(one.invitation.sent_at), one.invitation.way,
         one.by, "" if one.state == "withdrawn" else _time(one.invitation.expires_at))
        for one in found
    ]  # fmt: skip
    print_table(_COLUMNS, rows, "No invitation is like that.")


def run_resend(args: Namespace) -> None:
    """Mail an invitation again."""
    from idp.admin import people
    from idp.cli import telling
    from idp.cli.users import get, naming_options

    with opened(args) as services, naming_options(), _waiting():
        person = get(services, args.login)
        invited = people.invite_again(services, shell(), person, args.note)
    if args.json:
        mailed = {"mailed_to": invited.to or None, "mail_server_said": invited.said, "not_mailed": invited.why}
        print_json({"user": person.id, **mailed})
        return
    say(telling.of_invitation(invited, person.username))


def run_withdraw(args: Namespace) -> None:
    """Withdraw an invitation."""
    from idp.admin import invitations
    from idp.cli.users import get

    with opened(args) as services, _waiting():
        person = get(services, args.login)
        was = invitations.withdraw(services, shell(), person)
    if args.json:
        print_json({"user": person.id, "withdrawn": was})
        return
    say(_withdrawn(person) if was else printable(f"The invitation of {person.username} is withdrawn already."))


def _withdrawn(person: Person) -> str:
    return printable(
        f"The invitation of {person.username} is withdrawn: no link of theirs opens anything any more, and they are "
        f"told nothing. `doorward invitation resend {person.username}` invites them anew, `doorward user remove` takes "
        "the account away."
    )


@contextmanager
def _waiting() -> Iterator[None]:
    from idp.admin.people import NotWaiting

    try:
        yield
    except NotWaiting as error:
        raise Refused(
            f"LOGIN: {printable(str(error))} has set a password, or is turned off; `doorward invitation list` has "
            "those who wait"
        ) from None


def _all(services: Services, args: Namespace) -> Iterator[Listed]:
    from idp.admin import invitations

    after = ""
    while True:
        page = invitations.listed(services, shell(), args.search, state=args.state, after=after, many=_PAGE)
        yield from page.rows
        if not page.next:
            return
        after = page.next


def _time(moment: float | None) -> str:
    return timestamp(moment) if moment is not None else ""


def _described(one: Listed) -> dict[str, Any]:
    kept = one.invitation
    return {
        "user": one.person.id, "username": one.person.username, "email": one.person.email, "state": one.state,
        "way": kept.way, "sent_at": kept.sent_at, "sent_by": kept.sent_by, "expires_at": kept.expires_at,
        "withdrawn_at": kept.withdrawn_at, "withdrawn_by": kept.withdrawn_by or None,
    }  # fmt: skip
