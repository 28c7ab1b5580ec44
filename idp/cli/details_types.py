"""`doorward details-type …`: types of authorization details, which applications ask people for (RFC 9396)."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any, Final

from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Refused

_OPTIONS: Final = {"type": "TYPE", "schema": "--schema", "sentences": "--sentence", "resources": "--resource"}
MAX_FILE: Final = 100_000  # bytes


def add_parsers(commands: Any) -> None:
    """Add `details-type`."""
    verbs = group(commands, "details-type", "what applications may ask people for in detail (RFC 9396)")
    put = _name(with_json(command(verbs, "set", run_set, "make a type, or change the one of this name")))
    put.add_argument("--schema", metavar="FILE", required=True, help="JSON Schema of a whole detail; - for stdin")
    put.add_argument("--sentence", metavar="LANG=TEXT", action="append", default=[],
                     help="how people are asked, such as en='Pay {amount.value}' (de, es, fr, zh-Hans)")  # fmt: skip
    put.add_argument("--resource", metavar="URI", action="append", default=[],
                     help="applications that may use this API may ask for it (repeatable)")  # fmt: skip
    with_json(command(verbs, "list", run_list, "list the types"))
    _name(with_json(command(verbs, "show", run_show, "show one, with its schema")))
    _name(with_json(command(verbs, "remove", run_remove, "nobody asks for it any more; tokens lose such details")))


def _name(parser: Any) -> Any:
    parser.add_argument("type", metavar="TYPE", help="its name: a word or a URI")
    return parser


def run_set(args: Namespace) -> None:
    """Make or change one."""
    from clients.errors import InvalidMetadata
    from idp.admin import details_types

    wish = details_types.Wish(
        name=args.type, schema=_schema(args.schema), sentences=_sentences(args.sentence),
        resources=tuple(args.resource),
    )  # fmt: skip
    with opened(args) as services:
        try:
            with by_hand(services, details_types.KIND, args.type, args.type):
                made = details_types.put(services, shell(), wish)
        except InvalidMetadata as error:
            told = [f"{_OPTIONS.get(one.field, one.field)}: {one.message}" for one in error.problems]
            raise Refused(*told) from None
    if args.json:
        print_json(made.to_json())
    elif made.resources:
        say(f"{made.name} is set. Applications that may use {', '.join(made.resources)} may ask for it.")
    else:
        say(f"{made.name} is set. Let an application ask for it: "
            f"doorward client set CLIENT authorization_details_types+={made.name}")  # fmt: skip


def run_list(args: Namespace) -> None:
    """List types."""
    from idp.admin import details_types

    with opened(args) as services:
        found = details_types.listed(services, shell())
    if args.json:
        print_json({"types": [one.to_json() for one in found]})
        return
    rows = [(one.name, " ".join(one.sentences), " ".join(one.resources)) for one in found]
    nothing = "There is no type: make one with `doorward details-type set`."
    print_table(("Type", "Sentences", "Resources"), rows, nothing)


def run_show(args: Namespace) -> None:
    """Show one."""
    from idp.admin import details_types

    with opened(args) as services:
        try:
            found = details_types.get(services, shell(), args.type)
        except details_types.NoSuchType:
            raise _unknown(args.type) from None
        apps = details_types.naming(services, found.name)
    if args.json:
        print_json({**found.to_json(), "applications": list(apps)})
        return
    say(f"Type: {found.name}", *(f"{language}: {text}" for language, text in found.sentences.items()))
    say(f"Resources: {' '.join(found.resources) or '–'}", f"Applications: {', '.join(map(printable, apps)) or '–'}")
    say(json.dumps(dict(found.schema), indent=2, ensure_ascii=True))


def run_remove(args: Namespace) -> None:
    """Remove one."""
    from idp.admin import details_types

    with opened(args) as services:
        try:
            with by_hand(services, details_types.KIND, args.type, args.type):
                details_types.remove(services, shell(), args.type)
        except details_types.NoSuchType:
            raise _unknown(args.type) from None
    if args.json:
        print_json({"type": args.type, "removed": True})
    else:
        say(f"{args.type} is removed; nobody asks for it any more, and tokens have lost such details.")


def _schema(path: str) -> Any:
    try:
        text = sys.stdin.read(MAX_FILE) if path == "-" else Path(path).read_bytes()[:MAX_FILE].decode()
        return json.loads(text)
    except OSError as error:
        raise Refused(f"--schema: {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise Refused(f"--schema: {path}: expected a JSON Schema of at most {MAX_FILE} bytes") from None


def _sentences(given: list[str]) -> dict[str, str]:
    found = {}
    for one in given:
        language, equals, text = one.partition("=")
        if not equals:
            raise Refused("--sentence: expected a language and a text, such as en='Pay {amount.value} to {to}'")
        found[language.strip()] = text
    return found


def _unknown(name: str) -> Refused:
    return Refused(f"there is no type “{printable(name)[:60]}”; `doorward details-type list` has them")
