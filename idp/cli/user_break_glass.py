"""`doorward user break-glass`: accounts for the day when nothing else lets anybody in (U5)."""

from __future__ import annotations

from argparse import Namespace
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, complain, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from idp.accounts.break_glass import BreakGlass
    from idp.admin.break_glass.keeping import Secrets
    from idp.protocols import Services

_COLUMNS = ("Username", "Last used", "Secrets made", "Codes left", "Nobody has looked at")


def add_parsers(verbs: Any) -> None:
    """Add `break-glass` to `user`."""
    parser = with_json(command(verbs, "break-glass", run, "an owner for the day when nothing else lets anybody in"))
    parser.add_argument("username", metavar="USERNAME", nargs="?", help="which one; left out: list all")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--add", action="store_true", help="make a new account, print its password and codes once")
    what.add_argument(
        "--renew",
        action="store_true",
        help="make password and codes anew; what was open is closed, what was added removed",
    )
    what.add_argument("--end", action="store_true", help="it is none any more, and is shut out")
    what.add_argument("--acknowledge", metavar="NOTE", help="its use was looked at; NOTE says what it was for")


def run(args: Namespace) -> None:
    """List them, or change one."""
    from idp.admin.break_glass import keeping

    changes = args.add or args.renew or args.end or args.acknowledge is not None
    if changes and not args.username:
        raise Refused("USERNAME: is missing: say which account")
    with opened(args) as services:
        if args.add:
            _print_secrets(args, _made(services, args.username), "Made")
            return
        wanted = _found(services, args.username) if args.username else keeping.every(services, shell())
        if args.renew:
            _print_secrets(args, keeping.renew(services, shell(), wanted[0].person_id), "Made anew:")
        elif args.end:
            with _on_the_name():
                person = keeping.end(services, shell(), wanted[0].person_id)
            _say(
                args,
                {"ended": person.username},
                f"{person.username} is no break-glass account any more: it is shut out.",
            )
        elif args.acknowledge is not None:
            try:
                was = keeping.acknowledge(
                    services, shell(), wanted[0].person_id, args.acknowledge, uses=wanted[0].alarm_uses
                )  # fmt: skip
            except keeping.UsedAgain:
                raise Refused("it was used again meanwhile: look at that, too") from None
            noted = f"Noted: {_alarm(wanted[0])}. The warning is gone from the console."
            done = noted if was else "There was nothing to acknowledge."
            _say(args, {"acknowledged": was}, done)
        else:
            _list(args, services, wanted)


def _made(services: Services, username: str) -> Secrets:
    from idp.admin.break_glass import keeping

    with _on_the_name():
        return keeping.make(services, shell(), username)


@contextmanager
def _on_the_name() -> Iterator[None]:
    from idp.accounts.person import InvalidPerson

    try:
        yield
    except InvalidPerson as error:
        raise Refused(*(f"USERNAME: {one.message}" for one in error.problems)) from None


def _found(services: Services, username: str) -> tuple[BreakGlass, ...]:
    from idp.accounts.person import fold
    from idp.admin.break_glass import keeping

    every = keeping.every(services, shell())
    found = tuple(one for one in every if fold(one.username) == fold(username) or one.person_id == username)
    if not found:
        known = ", ".join(one.username for one in every)
        there = f"there are: {known}" if known else "there is none yet"
        raise Refused(f"USERNAME: “{printable(username[:60])}” is no break-glass account; {printable(there)}")
    return found


def _list(args: Namespace, services: Services, wanted: tuple[BreakGlass, ...]) -> None:
    from idp.admin.break_glass import keeping, standing

    found = [standing.of(services, one) for one in wanted]
    if args.json:
        print_json({"break_glass": [{**keeping.described(one.account), "codes_left": one.codes} for one in found]})
        return
    rows = [
        (one.account.username, timestamp(one.account.used_at) if one.account.used_at else "never",
         timestamp(one.account.secrets_at), one.codes, _alarm(one.account))
        for one in found
    ]  # fmt: skip
    print_table(_COLUMNS, rows, "None yet: make one with `doorward user break-glass emergency --add`.")
    complain(*(f"note: {text}" for one in found for text in standing.about(services, one)))


def _alarm(one: BreakGlass) -> str:
    if one.alarm_at is None:
        return ""
    return f"{one.alarm_uses} uses, {one.alarm_failures} tries since {timestamp(one.alarm_at)}"


def _print_secrets(args: Namespace, made: Secrets, done: str) -> None:
    if args.json:
        print_json({"id": made.person.id, "username": made.person.username, "password": made.password,
                    "codes": list(made.codes), "removed": list(made.removed)})  # fmt: skip
        return
    say(f"{done} the break-glass account {made.person.username} ({made.person.id}). Print this; it is shown once:", "")
    say(f"  Username   {made.person.username}", f"  Password   {made.password}")
    for number, code in enumerate(made.codes, 1):
        say(f"  {'Codes     ' if number == 1 else '          '} {code}")
    if made.removed:
        say("", f"Removed, as nobody knows who had added it: {printable(', '.join(made.removed))}. Add yours anew.")
    say(
        "",
        "Each code works once, after the password. Put it into an envelope, and try it: every use alarms every owner.",
    )


def _say(args: Namespace, value: dict[str, Any], text: str) -> None:
    if args.json:
        print_json(value)
    else:
        say(text)
