"""`doorward attribute …`: what the organisation keeps of people beyond the standard claims, and for whom."""

from __future__ import annotations

import contextlib
from argparse import BooleanOptionalAction, Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from idp.cli import histories
from idp.cli.by_hand import by_hand
from idp.cli.installation import opened, shell
from idp.cli.terminal import command, count_people, group, print_json, print_table, printable, say, with_json
from idp.installation.failures import Refused

if TYPE_CHECKING:
    from clients.attributes import Definition

_OPTIONS: Final = {
    "name": "NAME", "label": "--label", "labels": "--label-in", "type": "--type", "options": "--option",
    "required": "--required", "groups": "--for-group", "min": "--min", "max": "--max", "pattern": "--pattern",
    "sees": "--sees", "edits": "--edits", "release": "--release", "scope": "--scope", "apps": "--app",
    "sensitive": "--sensitive",
}  # fmt: skip
_LISTS: Final = ("options", "groups", "apps")


def add_parsers(commands: Any) -> None:
    """Add `attribute`."""
    verbs = group(commands, "attribute", "what is kept of people beyond the standard claims, and who is told it")
    with_json(command(verbs, "list", run_list, "list the attributes, with how many people have a value"))
    _name(with_json(command(verbs, "show", run_show, "show one")))
    _options(_name(with_json(command(verbs, "add", run_add, "define an attribute"))))
    _options(_name(with_json(command(verbs, "set", run_set, "change one; what is not named stays"))))
    removing = _name(with_json(command(verbs, "remove", run_remove, "define it no more; people keep their values")))
    removing.add_argument("--yes", action="store_true", help="do it, although people have values; without, it is told")
    histories.add_parsers(verbs, histories.ATTRIBUTE)


def _name(parser: Any) -> Any:
    parser.add_argument("name", metavar="NAME", help="the claim’s name, such as cost_centre")
    return parser


def _options(parser: Any) -> None:
    from clients.attributes.definition import RELEASES, TYPES

    add = parser.add_argument
    add("--label", metavar="TEXT", help="what people read")
    add("--label-in", metavar="LANG=TEXT", action="append", help="the same in de, es, fr or zh-Hans (repeatable)")
    add("--type", choices=TYPES, help="what a value is (text)")
    add("--option", dest="options", metavar="TEXT", action="append", help="one of what can be chosen (repeatable)")
    add("--required", action=BooleanOptionalAction, default=None, help="whom it is about must have a value")
    add("--for-group", dest="groups", metavar="G", action="append", help="only members have it (repeatable; '': all)")
    add("--min", metavar="X", help="the least number, day, length or how many; '' for none")
    add("--max", metavar="X", help="the most")
    add("--pattern", metavar="RE", help="what the whole text looks like, such as [A-Z]{2}[0-9]{4}")
    add("--sees", metavar="WHO", help="who sees it beside admins: person, help_desk, both with a comma, or ''")
    add("--edits", metavar="WHO", help="who writes it: person, help_desk, admin; '': directories and SCIM alone")
    add("--release", choices=RELEASES, help="whom it is told: nobody, applications whose tables name it, apps, a scope")
    add("--scope", metavar="S", help="with --release scope: applications that may have it are told")
    add("--app", dest="apps", metavar="ID", action="append", help="with --release apps: this one (repeatable)")
    add("--sensitive", action=BooleanOptionalAction, default=None, help="the record never tells its values")


# -- verbs -----------------------------------------------------------------------------------------------------------


def run_list(args: Namespace) -> None:
    """List attributes."""
    from idp.admin import attributes

    with opened(args) as services:
        found = attributes.listed(services, shell())
        many = attributes.values_of(services, shell())
    if args.json:
        told = [{**one.told(), "people": many.of(one.name)} for one in found]
        print_json({"attributes": told, "exact": many.is_exact})
        return
    rows = [
        (one.name, printable(one.title), one.type, ",".join(one.sees) or "–", ",".join(one.edits) or "–", _release(one),
         f"{'' if many.is_exact else '~'}{many.of(one.name):,}")
        for one in found
    ]  # fmt: skip
    nothing = "No attribute is defined: further claims are free. `doorward attribute add --help` has what one says."
    print_table(("Attribute", "Label", "Type", "Sees", "Edits", "Told", "People"), rows, nothing)


def run_show(args: Namespace) -> None:
    """Show one."""
    from idp.admin import attributes

    with opened(args) as services, _explained(args.name):
        found = attributes.get(services, shell(), args.name)
        many = attributes.people_with(services, shell(), args.name)
    if args.json:
        print_json({**found.told(), "people": many})
        return
    lines = [f"  {key}: {printable(_text(value))}" for key, value in found.told().items() if key != "name"]
    say(f"{found.name}, of {count_people(many)}", *lines)


def run_add(args: Namespace) -> None:
    """Define one."""
    from idp.admin import attributes

    with opened(args) as services, _explained(args.name):
        made = attributes.add(services, shell(), args.name, _said(args, {}))
    _done(args, made, "defined")


def run_set(args: Namespace) -> None:
    """Change one."""
    from idp.admin import attributes

    with opened(args) as services, _explained(args.name):
        before = attributes.get(services, shell(), args.name)
        said = _said(args, before.said())
        if said == before.said():
            raise Refused("nothing to change: `doorward attribute set --help` lists what can be")
        with by_hand(services, attributes.KIND, args.name, args.name):
            made = attributes.change(services, shell(), args.name, said, seen=before)
    _done(args, made, "changed")


def run_remove(args: Namespace) -> None:
    """Define it no more."""
    from idp.admin import attributes

    with opened(args) as services, _explained(args.name), by_hand(services, attributes.KIND, args.name, args.name):
        many = attributes.remove(services, shell(), args.name, with_values=args.yes)
    if args.json:
        print_json({"name": args.name, "removed": True, "people": many})
        return
    say(f"{args.name} is not defined any more; {count_people(many)} keep a value, as a free claim.")


# -- below -----------------------------------------------------------------------------------------------------------


def _said(args: Namespace, before: dict[str, Any]) -> dict[str, Any]:
    """What the options say, over what stood."""
    said = dict(before)
    for key in ("label", "type", "required", "pattern", "release", "scope", "sensitive"):
        if getattr(args, key) is not None:
            said[key] = getattr(args, key)
    for key in _LISTS:
        if getattr(args, key) is not None:
            said[key] = [one for one in getattr(args, key) if one]
    for key in ("sees", "edits"):
        if getattr(args, key) is not None:
            said[key] = [one.strip() for one in getattr(args, key).split(",") if one.strip()]
    for key in ("min", "max"):
        if getattr(args, key) is not None:
            said[key] = _bound(getattr(args, key))
    for one in args.label_in or ():
        language, equals, text = one.partition("=")
        if not equals:
            raise Refused("--label-in: expected a language and a text, such as de=Kostenstelle")
        said["labels"] = {**said.get("labels", {}), language.strip(): text}
    if args.release and args.release != before.get("release"):  # what belonged to the other one
        said = {key: value for key, value in said.items() if key not in ("scope", "apps") or getattr(args, key)}
    return said


def _bound(text: str) -> float | str | None:
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(text)
    return text or None


def _release(one: Definition) -> str:
    if one.release == "scope":
        return f"scope {one.scope}"
    return f"{len(one.apps)} named" if one.release == "apps" else one.release


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "–"
    if isinstance(value, dict):
        return ", ".join(f"{key}={text}" for key, text in value.items()) or "–"
    return "–" if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)


def _done(args: Namespace, made: Definition, what: str) -> None:
    if args.json:
        print_json(made.told())
        return
    say(f"{made.name} is {what}.")
    if made.release == "tables":
        say("Nobody is told it but an application whose claims_map or attribute table names it.")
    elif made.release == "scope":
        say(f"Applications that may have the scope {made.scope} are told it.")


@contextlib.contextmanager
def _explained(name: str) -> Iterator[None]:
    from clients.errors import InvalidMetadata
    from idp.admin.attributes import AttributeChanged, HasValues, NoSuchAttribute

    try:
        yield
    except HasValues as error:
        told = f"told then, as their own tables name it: {', '.join(map(printable, error.told[:10]))}"
        raise Refused(
            f"{count_people(error.many)} have a value, and keep it as a free claim: --yes does it all the same",
            *((told,) if error.told else ()),
        ) from None
    except InvalidMetadata as error:
        raise Refused(*(f"{_OPTIONS.get(one.field, one.field)}: {one.message}" for one in error.problems)) from None
    except NoSuchAttribute:
        shown = printable(name)[:60]
        raise Refused(f"no attribute “{shown}” is defined; `doorward attribute list` has them") from None
    except AttributeChanged:
        raise Refused("somebody else changed it meanwhile; look at it, and say it again") from None
