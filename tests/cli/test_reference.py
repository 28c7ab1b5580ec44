"""docs/commands.md has every command and option that there is. `python -m tests.cli.test_reference` writes it anew."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from idp.__main__ import parser

FILE = Path(__file__).parent.parent.parent / "docs" / "commands.md"
HEAD = """# Commands

Every command of `doorward`, made from the program itself. `doorward COMMAND --help` says the same. `--config FILE` (or
`$DOORWARD_CONFIG`) names the settings, else `./doorward.toml`. Exit codes: 0 done, 1 failed, 2 bad input.
`--json` prints one object and nothing else.
"""


def commands(top: argparse.ArgumentParser, words: str) -> Iterator[tuple[str, argparse.ArgumentParser, str]]:
    """Every verb with its parser and what it does."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, found in action.choices.items():
                below = list(commands(found, f"{words} {name}"))
                yield from below or [(f"{words} {name}", found, helps.get(name, ""))]


def options(found: argparse.ArgumentParser) -> Iterator[str]:
    for action in found._actions:
        if action.help == argparse.SUPPRESS or isinstance(action, argparse._HelpAction):
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        value = "" if action.nargs == 0 or not action.option_strings else f" {_value(action)}"
        needed = " (needed)" if action.required and action.option_strings else ""
        yield f"- `{name}{value}`{needed}{': ' + action.help if action.help else ''}"


def _value(action: argparse.Action) -> str:
    return "|".join(map(str, action.choices)) if action.choices else str(action.metavar or action.dest.upper())


def reference() -> str:
    parts, room = [HEAD], ""
    for words, found, what in commands(parser(), "doorward"):
        noun = words.split()[1]
        parts += [f"\n## {noun}\n"] if noun != room else []
        parts += [f"\n**`{words}`** {what}\n", *(["\n", *(f"{line}\n" for line in options(found))])]
        room = noun
    return "".join(parts)


def test_n36_every_command_and_option_is_in_the_reference_and_none_is_missing() -> None:
    assert FILE.read_text("utf-8") == reference(), "write it anew: python -m tests.cli.test_reference"


if __name__ == "__main__":
    FILE.write_text(reference(), "utf-8")
