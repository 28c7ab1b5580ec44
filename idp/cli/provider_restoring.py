"""`doorward provider restore`: a removed one comes back, with its links."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import opened, shell
from idp.cli.terminal import command, count_links, print_json, printable, say, with_json
from idp.installation.failures import Refused


def add_parsers(verbs: Any) -> None:
    """Add it to the verbs of `provider`."""
    back = with_json(command(verbs, "restore", run_restore, "bring a removed one back, with its links"))
    back.add_argument("provider", metavar="PROVIDER", help="its name or id")


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
