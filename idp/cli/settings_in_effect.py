"""`doorward config show`: the settings that hold, each with where it comes from."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.installation import load_settings
from idp.cli.terminal import command, group, print_json, print_table, printable, with_json


def add_parsers(commands: Any) -> None:
    """Add `config`."""
    verbs = group(commands, "config", "what is set, and where")
    show = with_json(command(verbs, "show", run_show, "the settings that hold, each with where it comes from"))
    show.add_argument("words", nargs="*", metavar="NAME", help="only those that begin so, such as server or mail.host")
    show.add_argument("--given", action="store_true", help="only those that somebody gave")


def run_show(args: Namespace) -> None:
    """Show them. What opens something is masked; nothing is opened for it, so it works where nothing else does."""
    from idp.admin.settings import sections_of

    found = [
        (f"{section.name}.{one.name}", one)
        for section in sections_of(load_settings(args)) for one in section.settings
        if one.is_set or not args.given
    ]  # fmt: skip
    if args.words:
        found = [(name, one) for name, one in found if any(_begins(name, word) for word in args.words)]
    if args.json:
        print_json({"settings": [
            {"name": name, "value": one.value, "default": one.default, "from": one.place or "default"}
            for name, one in found
        ]})  # fmt: skip
        return
    rows = [(name, printable(_written(one.value)), one.place or "default") for name, one in found]
    print_table(("Setting", "Value", "From"), rows, "Nothing is set.")


def _begins(name: str, word: str) -> bool:
    return f"{name}.".startswith(f"{word.strip('.')}.")


def _written(value: Any) -> str:
    """As the file has it."""
    import json

    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
