"""`doorward provider restore, history, undo`: what was done to a provider, and how it is taken back."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, count_links, print_json, print_table, printable, say, timestamp, with_json
from idp.installation.failures import Refused


def add_parsers(verbs: Any) -> None:
    """Add them to the verbs of `provider`."""
    back = with_json(command(verbs, "restore", run_restore, "bring a removed one back, with its links"))
    back.add_argument("provider", metavar="PROVIDER", help="its name or id")
    told = with_json(command(verbs, "history", run_history, "who changed a provider"))
    told.add_argument("provider", metavar="PROVIDER", help="its name or id")
    undo = with_json(command(verbs, "undo", run_undo, "put back what a change replaced"))
    undo.add_argument("change", metavar="CHANGE", help="its id, as `provider history` has it")


def run_restore(args: Namespace) -> None:
    """Bring one back."""
    from idp.accounts.person import fold
    from idp.admin import providers
    from idp.cli.providers import as_json, explained

    with opened(args) as services, explained():
        wanted = args.provider
        gone = [
            one.provider.id for one in providers.removed(services, shell())
            if wanted == one.provider.id or fold(wanted) == fold(one.provider.name)
        ]  # fmt: skip
        if not gone:
            raise Refused(f"there is no removed provider “{printable(wanted)[:60]}” that could come back")
        back = providers.restore(services, shell(), gone[0])
    if args.json:
        print_json(as_json(back))
    else:
        say(f"It is back: {printable(back.provider.name)}, with {count_links(back.people)}.")


def run_history(args: Namespace) -> None:
    """Who changed one."""
    from idp.admin import provider_history
    from idp.cli.providers import find

    with opened(args) as services:
        found = provider_history.of(services, shell(), find(services, args.provider).provider.id)
    if args.json:
        print_json({"changes": [
            {"id": one.id, "at": one.at, "action": one.action, "who": one.who, "secret_replaced": one.secret,
             "can_undo": one.can_undo, "differences": {d.field: [d.old, d.new] for d in one.differences}}
            for one in found
        ]})  # fmt: skip
        return
    rows = [
        (one.id, timestamp(one.at), one.action, printable(one.who),
         ", ".join([*(d.field for d in one.differences), *(["secret"] if one.secret else [])]))
        for one in found
    ]  # fmt: skip
    print_table(("Change", "When", "What", "Who", "Fields"), rows, "Nobody has changed it.")


def run_undo(args: Namespace) -> None:
    """Take a change back."""
    from idp.admin import provider_history
    from idp.cli.providers import explained
    from idp.federation.keeping import ChangedMeanwhile

    with opened(args) as services, explained():
        try:
            provider_id = provider_history.undo(services, shell(), args.change)
        except provider_history.NoSuchChange:
            raise Refused("there is no such change to take back; `doorward provider history` lists them") from None
        except ChangedMeanwhile:
            raise Refused("it was changed again since; look at it, and change it by hand") from None
    if args.json:
        print_json({"id": provider_id, "undone": args.change})
    else:
        say("Undone.")
