"""Files of configuration as the commands take them, and a plan as people and programs read it."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from idp.cli.terminal import printable
from idp.installation.failures import Failed

if TYPE_CHECKING:
    from idp.admin.configuration.changes import Change, Field, Plan
    from idp.admin.configuration.document import Entry, File
    from idp.protocols import Services

#: The words of idp/admin/configuration/kinds.py, so that `--help` needs no import; a test holds them together.
KINDS = (
    "group", "source", "details_type", "client_host", "application", "attribute", "notice", "rule", "provider",
    "provisioning", "scim_client",
)  # fmt: skip
_SIGNS = {"add": "+", "change": "~", "restore": "+", "remove": "-"}
_WORDS = {"restore": " is brought back", "remove": " is removed"}


def add_files(parser: Any) -> Any:
    """Add the arguments of `plan` and `apply`."""
    parser.add_argument("files", metavar="FILE", nargs="+", help="what `export` writes; several are one, - is stdin")
    parser.add_argument("--prune", action="store_true", help="remove what these files managed and no longer name")
    return parser


def read(args: Namespace) -> tuple[list[Entry], list[str]]:
    """The tables of the files, and whose they are. Errors: `Failed`, with file, line and key."""
    from idp.admin.configuration import document

    files = [_file(name) for name in dict.fromkeys(args.files)]
    try:
        entries = document.read(files, KINDS)
        return entries, [document.manager_of(file) for file in files]
    except document.BadConfiguration as error:
        raise Failed(*map(printable, error.lines)) from None


def _file(name: str) -> File:
    from idp.admin.configuration.document import MAX_BYTES, File

    try:
        if name == "-":
            content = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failed(f"{name}: cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise Failed(f"{name}: is larger than {MAX_BYTES >> 20} MB")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Failed(f"{name}: is not UTF-8 (byte {error.start})") from None
    shown = "stdin" if name == "-" else os.path.normpath(name)
    return File(shown, text, "" if name == "-" else str(Path(name).parent))


def planned(services: Services, entries: list[Entry], managers: list[str], args: Namespace) -> Plan:
    """The plan, with what it would break. Errors: `Failed`."""
    from idp.admin.configuration.document import BadConfiguration
    from idp.admin.configuration.effects import Impact
    from idp.admin.configuration.planning import plan

    try:
        made = plan(services, entries, managers, prune=args.prune)
    except BadConfiguration as error:
        raise Failed(*map(printable, error.lines)) from None
    return made.with_effects(Impact(services))


# -- for people ------------------------------------------------------------------------------------------------------


def lines(plan: Plan) -> Iterator[str]:
    """A plan as a patch: + what comes, - what goes, ~ what changes, ! what that breaks."""
    for change in plan.changes:
        yield from _change(change)
        yield ""
    yield summary(plan)


def notes(plan: Plan) -> Iterator[str]:
    """What is worth a look and is no change."""
    yield from (f"note: {note}" for note in plan.notes)
    for mark in plan.left:
        yield (
            f"note: {mark.manager} managed the {mark.kind} {mark.id} and no longer names it: it stays. "
            "--prune removes it, `apply --keep` lets it go"
        )
    managers = dict.fromkeys(manager for manager, _ in plan.adopts)
    for manager in managers:
        many = sum(1 for one, _ in plan.adopts if one == manager)
        yield f"note: `apply` notes that {manager} manages {many} {'object' if many == 1 else 'objects'} from now on"


def summary(plan: Plan) -> str:
    """How many of what."""
    if not plan.changes:
        return "Nothing to do: everything is as declared."
    count = counts(plan)
    return f"Plan: {count['add']} to add, {count['change']} to change, {count['remove']} to remove."


def counts(plan: Plan) -> dict[str, int]:
    """Changes by what they do; what is brought back is added."""
    actions = ["add" if change.action == "restore" else change.action for change in plan.changes]
    return {action: actions.count(action) for action in ("add", "change", "remove")}


def _change(change: Change) -> Iterator[str]:
    named = f" ({change.id})" if change.id and change.id != change.name else ""
    place = f"    {change.place}" if change.place else ""
    done = _WORDS.get(change.action, "")
    yield printable(f"{_SIGNS[change.action]} {change.kind} “{change.name}”{named}{done}{place}")
    for field in change.fields:
        yield from (f"    {printable(line)}" for line in _field(change, field))
    yield from (f"    ! {printable(effect)}" for effect in change.effects)
    if (change.action, change.kind) == ("remove", "application"):
        yield f"    ! `doorward client restore {change.id}` does that"


def _field(change: Change, field: Field) -> Iterator[str]:
    before, after = field.before, field.after
    if change.action == "add":
        yield f"+ {field.name} = {_value(after)}"
    elif isinstance(before, list) and isinstance(after, list):
        yield f"~ {field.name}"
        yield from (f"    - {_value(one)}" for one in before if one not in after)
        yield from (f"    + {_value(one)}" for one in after if one not in before)
        if sorted(map(_value, before)) == sorted(map(_value, after)):
            yield f"    in this order: {_value(after)}"
    elif before is None:
        yield f"+ {field.name} = {_value(after)}"
    elif after is None:
        yield f"- {field.name} = {_value(before)}"
    else:
        yield f"~ {field.name}: {_value(before)} → {_value(after)}"


def _value(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 300 else f"{text[:297]}…"


# -- for programs ----------------------------------------------------------------------------------------------------


def as_json(plan: Plan) -> dict[str, Any]:
    """A plan for programs."""
    return {
        "changes": [described(change) for change in plan.changes],
        "summary": counts(plan),
        "notes": list(plan.notes),
        "no_longer_named": [{"kind": mark.kind, "id": mark.id, "managed_by": mark.manager} for mark in plan.left],
    }


def described(change: Change) -> dict[str, Any]:
    """One change for programs."""
    return {
        "action": change.action,
        "kind": change.kind,
        "id": change.id or None,
        "name": change.name,
        "place": change.place or None,
        "fields": [{"field": one.name, "before": one.before, "after": one.after} for one in change.fields],
        "effects": list(change.effects),
    }
