"""`doorward explain WHAT`: why something failed, by the id of an error, of an application, or of a person (Q1)."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

from idp.cli import found, found_symptoms
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Failed, Refused

if TYPE_CHECKING:
    from clients.client import Client
    from idp.accounts.person import Person
    from idp.audit import Event
    from idp.protocols import Services

_ABOUT = ("application", "person", "address", "request_id", "evidence")


def add_parsers(commands: Any) -> None:
    """Add `explain`."""
    explain = with_json(command(commands, "explain", run, "say why it failed: an error's id, an application, a person"))
    explain.add_argument("what", metavar="WHAT", help="such as E-59VST-5V34C, CRM, or ann@example.com")
    kind = explain.add_mutually_exclusive_group()
    kind.add_argument("--app", action="store_true", help="it is an application")
    kind.add_argument("--person", action="store_true", help="it is a person")
    explain.add_argument("--days", metavar="N", type=float, default=7.0, help="of an application: look back so far (7)")


def run(args: Namespace) -> None:
    """Find out what is meant, and explain it."""
    with opened(args) as services:
        from idp.admin import activity

        events = [] if args.app or args.person else activity.find(services, args.what.strip())
        if events:
            explain_error(args, services, events)
            return
        client, person = _meant(args, services)
        if client is not None:
            _explain_application(args, services, client)
        elif person is not None:
            from idp.cli import user_screen

            user_screen.show(args, services, person)


def explain_error(args: Namespace, services: Services, events: list[Event], *, as_table: bool = False) -> None:
    """What stands under an error's id; `as_table`: one line for each thing that is known, for scripts of old."""
    from idp.admin import problems
    from idp.admin.activity import Names, story
    from idp.cli.events import described

    event = events[0]
    told = story(event, Names(services))
    if args.json:
        print_json({**told, "events": [described(one) for one in events]})
        return
    shown = {**told, "at": timestamp(event.at), "last_at": timestamp(told["last_at"])}
    findings = problems.findings_of(event)
    if findings and not as_table:
        say(f"{event.error_id or event.id}, {timestamp(event.at)}: {printable(str(told['shown'] or told['code']))}", "")
        for one in findings:
            say(*found.lines(one, services.issuer), "")
        shown = {key: shown[key] for key in ("code", *_ABOUT, "times", "last_at")}
    else:
        shown.pop("findings")
    print_table(("About", "What"), [(key.replace("_", " "), value) for key, value in shown.items() if value], "")


def nothing(services: Services, what: str) -> Failed:
    """That nothing stands under an error's id."""
    days = services.settings.audit.days_of("error")
    return Failed(
        f"nothing is recorded under {printable(what)}: check the id; they stay for {days} days, "
        "and in a flood of errors only the log has them all"
    )


def _meant(args: Namespace, services: Services) -> tuple[Client | None, Person | None]:
    """The application or the person. Errors: `Refused`, `Failed`."""
    from idp.admin import applications

    try:
        client = None if args.person else applications.find(services, args.what)
    except applications.Ambiguous as error:
        raise Refused(f"{len(error.ids)} applications are called {printable(args.what)}: use the client id") from None
    person = None if args.app else services.directory.find_named(args.what)
    if client is not None and person is not None:
        raise Refused(f"an application and a person are called {printable(args.what)}: add --app or --person")
    if client is None and person is None:
        if args.what.strip().upper().startswith("E-"):
            raise nothing(services, args.what)
        raise Refused(f"no error, application or person has the id or name “{printable(args.what)}”")
    return client, person


def _kinds(many: int) -> str:
    return "one kind of error" if many == 1 else f"{many} kinds of errors"


def _explain_application(args: Namespace, services: Services, client: Client) -> None:
    from idp.admin import problems

    if not 0 < args.days <= 3650:
        raise Refused("--days: a number of days, such as 7")
    told = problems.of_application(services, shell(), client, args.days)
    looks = found_symptoms.find(services, client)
    if args.json:
        print_json(
            {"client_id": client.id, "name": client.name, "enabled": client.enabled,
             "problems": [one.to_json() for one in told], "symptoms": found_symptoms.as_json(looks)}
        )  # fmt: skip
        return
    state = "" if client.enabled else f" It is turned off: doorward client enable {client.id}"
    if not told:
        say(f"Nothing failed with {printable(client.name)} in the last {args.days:g} days.{state}",
            f"What it sends is watched by: doorward client check {client.id}")  # fmt: skip
        found_symptoms.show(looks)
        return
    say(f"{printable(client.name)} ({client.id}): {_kinds(len(told))} in the last {args.days:g} days.{state}")
    for one in told:
        many = f"{one.times} times since {timestamp(one.since)}, lately {timestamp(one.last_at)}"
        once = f"once, {timestamp(one.last_at)}"
        whom = f", {one.people} people" if one.people > 1 else ""
        say("", f"{one.error_id}  {one.code}: {many if one.times > 1 else once}{whom}")
        for finding in one.findings:
            say(*(f"  {line}" for line in found.lines(finding, services.issuer)))
    found_symptoms.show(looks)
