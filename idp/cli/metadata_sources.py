"""`doorward source …`: federations whose service providers are taken as they come, by aggregate or MDQ."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli import application_options, service_providers
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.service_providers import explained
from idp.cli.terminal import command, complain, group, print_json, print_table, say, timestamp, with_json
from idp.installation.failures import Refused


def add_parsers(commands: Any) -> None:
    """Add `source`."""
    verbs = group(commands, "source", "where the metadata of SAML service providers comes from")
    add = with_json(command(verbs, "add", run_add, "trust a federation's metadata"))
    add.add_argument("--aggregate", metavar="URL", help="one signed document with all entities")
    add.add_argument("--mdq", metavar="URL", help="the base of a server that is asked for one entity at a time")
    add.add_argument("--key", metavar="FILE", required=True, help="certificates (PEM) that sign it")
    add.add_argument("--name", metavar="N", default="", help="what admins call it")
    add.add_argument("--sha1", action="store_true", help="ask the MDQ server by {sha1}, as servers on plain files want")
    add.add_argument("--max-days", metavar="N", type=int, help="how far away its validUntil may be (30)")
    add.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="what its applications start with")
    application_options.add_access(add)
    with_json(command(verbs, "list", run_list, "list sources by name"))
    refresh = _source(with_json(command(verbs, "refresh", run_refresh, "read a source again now")))
    refresh.add_argument("--accept-older", action="store_true", help="take a publication older than the last one")
    _source(with_json(command(verbs, "remove", run_remove, "forget a source, and turn off what it brought")))


def _source(parser: Any) -> Any:
    parser.add_argument("source", metavar="ID", help="the source's id, name or address")
    return parser


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_add(args: Namespace) -> None:
    """Add a source and read it."""
    from idp.admin import metadata_sources as verbs
    from idp.saml.metadata import sources

    if bool(args.aggregate) is bool(args.mdq):
        raise Refused("--aggregate, --mdq: give one of them")
    if args.sha1 and not args.mdq:
        raise Refused("--sha1: is for --mdq")
    if args.max_days is not None and not 1 <= args.max_days <= 400:
        raise Refused("--max-days: expected 1 to 400")
    kind = "aggregate" if args.aggregate else "mdq"
    with opened(args) as services, service_providers.naming_options(), explained(f"--{kind}"):
        draft = sources.SourceDraft(
            kind, args.aggregate or args.mdq, service_providers.certificates(args.key), name=args.name,
            defaults=application_options.settings(args.set, "--set", service_providers.fields()),
            access=application_options.rule(services, args), sha1=args.sha1,
            max_validity=args.max_days * 86_400.0 if args.max_days else None,
        )  # fmt: skip
        outcome = verbs.add(services, shell(), draft)
        source, shown = outcome.source, verbs.described(services, outcome.source)
    if args.json:
        print_json({**shown, "warnings": list(outcome.notes)})
        return
    say(f"{source.name} ({source.id}) is a source now: {_what(shown)}.")
    complain(*(f"note: {note}" for note in outcome.notes))


def run_list(args: Namespace) -> None:
    """List sources."""
    from idp.admin.metadata_sources import described
    from idp.saml.metadata import sources

    with opened(args) as services:
        shown = [described(services, source) for source in sources.list_all(services)]
    if args.json:
        print_json({"sources": shown})
        return
    rows = [
        (
            s["name"],
            s["id"],
            s["kind"],
            s["entities"],
            timestamp(s["checked_at"]),
            timestamp(s["valid_until"]),
            s["error"],
        )
        for s in shown
    ]
    columns = ("Name", "Id", "Kind", "Applications", "Read", "Valid until", "Error")
    print_table(columns, rows, "No sources: add one with `doorward source add`.")


def run_refresh(args: Namespace) -> None:
    """Read a source again."""
    from idp.admin import metadata_sources as verbs

    with opened(args) as services, service_providers.naming_options(), explained(args.source):
        outcome = verbs.refresh(services, shell(), args.source, accept_older=args.accept_older)
        shown = verbs.described(services, outcome.source)
    if args.json:
        done = {"changed": outcome.changed, "removed": outcome.removed}
        print_json({**shown, **done, "warnings": list(outcome.notes)})
        return
    say(f"{shown['name']}: {_what(shown)}; {outcome.changed} changed, {outcome.removed} removed.")
    complain(*(f"note: {note}" for note in outcome.notes))


def run_remove(args: Namespace) -> None:
    """Forget a source."""
    from idp.admin import metadata_sources as verbs
    from idp.saml.metadata import sources

    with opened(args) as services, explained(args.source):
        source = sources.get(services, args.source)
        with by_hand(services, "source", source.id, source.name):
            ended = verbs.remove(services, shell(), source)
    if args.json:
        print_json({"id": source.id, "removed": True, "disabled": ended})
        return
    say(f"{source.name} is forgotten; applications that it brought and that are turned off: {ended}.")


# -- below -----------------------------------------------------------------------------------------------------------


def _what(shown: dict[str, Any]) -> str:
    if shown["kind"] == "mdq":
        return f"asked for each application at its first sign-in, {shown['entities']} so far"
    return f"{shown['entities']:,} applications, until {timestamp(shown['valid_until']) or 'further notice'}"
