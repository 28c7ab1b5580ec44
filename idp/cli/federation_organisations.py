"""`doorward provider organisations`: from where people of a federation may come, and how its list stands."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused


def add_parser(verbs: Any) -> None:
    """Add it to the verbs of `provider`."""
    parser = with_json(command(verbs, "organisations", run, "from which organisations of a federation people may come"))
    parser.add_argument("provider", metavar="PROVIDER", help="its name or id")
    parser.add_argument("words", metavar="WORD", nargs="*", help="what its name, keywords or domains have")


def run(args: Namespace) -> None:
    """Show those that are found."""
    from idp.admin import federations
    from idp.cli.providers import explained, find
    from idp.federation.keeping import UnknownProvider

    with opened(args) as services, explained():
        one = find(services, args.provider).provider
        try:
            seen = federations.organisations(services, shell(), one.id, " ".join(args.words))
        except UnknownProvider:
            raise Refused(f"{printable(one.name)} is no federation, but one organisation (kind {one.kind})") from None
    stands = seen.standing
    if args.json:
        print_json({
            "listed_at": seen.listed_at, "many": stands.many if stands else 0, "at": stands.at if stands else None,
            "until": stands.until if stands else None, "reason": stands.reason if stands else "",
            "is_more": seen.is_more,
            "organisations": [
                {"entity_id": each.entity_id, "name": each.name(), "scopes": list(each.scopes),
                 "authority": each.authority} for each in seen.found
            ],
        })  # fmt: skip
        return
    rows = [(printable(each.name()), each.entity_id, each.scopes, each.authority) for each in seen.found]
    print_table(("Name", "Entity ID", "Domains", "Registered by"), rows, "None matches, or the list was not read yet.")
    if seen.is_more:
        say("There are more: a further word tells them apart.")
    if stands is not None:
        until = f", holds until {timestamp(stands.until)}" if stands.until else ""
        say(f"{stands.many:,} organisations in {seen.listed_at}, looked at {timestamp(stands.at)}{until}.")
        if stands.reason:
            say(f"It cannot be read since {timestamp(stands.failing_since)}: {printable(stands.reason)}")
