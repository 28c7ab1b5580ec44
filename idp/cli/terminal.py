"""What a command says: lines and tables for people, one JSON object for programs, complaints on stderr."""

from __future__ import annotations

import argparse
import contextlib
import difflib
import json
import os
import re
import select
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from idp.protocols import Services

Answer = TypeVar("Answer")


class Parser(argparse.ArgumentParser):
    """Takes our ids for what they are, and names what was probably meant."""

    def _parse_optional(self, arg_string: str) -> Any:
        """A key's id may begin with a dash (RFC 7638: 43 characters of base64url); no option is as long."""
        return None if re.fullmatch(r"-[A-Za-z0-9_-]{42}", arg_string) else super()._parse_optional(arg_string)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """What no command knows is told with the usage of the one that was meant, not with that of all."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            getattr(found, "parser", self).error(f"unrecognized arguments: {' '.join(unknown)}")
        return found

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            near = difflib.get_close_matches(str(value), [*map(str, action.choices or ())], n=3)
            if near:
                error.message += f"; did you mean {' or '.join(near)}?"
            raise


def complain(*lines: str) -> None:
    """Lines on stderr. Where it takes none (a full disk, a reader that has gone), whoever complains goes on."""
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.write("".join(_marked(lines)))


def warn(*lines: str) -> None:
    """Lines on stderr, of a process that waits for nobody: what stderr does not take at once is lost.

    No buffer of Python's is in it, so that a signal that comes meanwhile may say something, too.
    """
    for line in _marked(lines):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # closed, or none at all
            place = select.poll()
            place.register(sys.stderr.fileno(), select.POLLOUT)
            if place.poll(0):
                # POSIX: a pipe that is ready takes PIPE_BUF bytes without waiting, and at once.
                os.write(sys.stderr.fileno(), line.encode("utf-8", "replace")[: select.PIPE_BUF])


def _marked(lines: Sequence[str]) -> list[str]:
    return [f"doorward: {line}\n" for text in lines for line in text.splitlines()]


def say(*lines: str) -> None:
    """Lines on stdout."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def print_json(value: Any) -> None:
    """One JSON object on a line of its own."""
    # An output without these letters gets them as JSON has them, not as a terminal would.
    plain = (sys.stdout.encoding or "utf-8").lower().replace("-", "") != "utf8"
    say(json.dumps(value, ensure_ascii=plain, default=str))


def duration(seconds: float) -> str:
    """A time as people say it: 1 day, 12 hours, 90 minutes."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds // length:.0f} {unit}{'' if seconds == length else 's'}"
    return f"{seconds:.0f} second{'' if seconds == 1 else 's'}"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[Any]], nothing: str) -> None:
    """Rows under their headings: drawn on a terminal, separated by tabs in a pipe."""
    texts = [[_cell(value) for value in row] for row in rows]
    if not sys.stdout.isatty():
        say("\t".join(columns).lower(), *("\t".join(row) for row in texts))
    elif not texts:
        say(nothing)
    else:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        table = Table(box=None, header_style="bold", pad_edge=False)
        for column in columns:
            table.add_column(column, overflow="fold")  # an id that is cut off cannot be copied
        for row in texts:
            table.add_row(*map(escape, row))
        Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_cell, value))
    if isinstance(value, Mapping):
        return printable(json.dumps(dict(value), ensure_ascii=False, default=str))
    return printable(str(value))


#: Serving processes look at the stores' versions at least so often (`max_staleness` of registry and ring).
SOON = "Servers that run see it within 5 seconds."


def when_everywhere(services: Services, run: Callable[[], Answer], what: str) -> Answer:
    """Run it, as soon as every serving process has seen the change before, and so e.g. "publishes the key"."""
    import math

    from idp.admin.keys import NotEverywhere

    while True:
        try:
            return run()
        except NotEverywhere as error:
            left = max(0.0, error.at - services.clock())
            complain(f"waiting {math.ceil(left)} s, until every server {what}")
            time.sleep(left + 0.01)


def count_people(count: int) -> str:
    """So many people, in words."""
    return "1 person" if count == 1 else f"{count:,} people"


def count_links(count: int) -> str:
    """So many accounts elsewhere, in words."""
    return "1 link" if count == 1 else f"{count:,} links"


def printable(text: str) -> str:
    """The text without control characters: what somebody once typed must not steer an admin's terminal."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "�", text)


def timestamp(at: float | None) -> str:
    """An epoch time as people here write it, with the zone; empty for none."""
    return "" if at is None else time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(at)).rstrip()


@contextlib.contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """A counter of work done, on a terminal's stderr; elsewhere silent. Call what it yields with each new total."""
    if not sys.stderr.isatty():
        yield lambda total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), TextColumn("{task.completed:,}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda total: bar.update(task, completed=total)


@contextlib.contextmanager
def progress_of(what: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal's stderr for work of known size, one part after another; elsewhere silent.

    Call what it yields with the part's name, how much of it is done, and how much there is.
    """
    if not sys.stderr.isatty():
        yield lambda part, done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda part, done, total: bar.update(task, description=part, completed=done, total=total)


def command(commands: Any, name: str, run: Callable[[Any], int | None], help: str) -> argparse.ArgumentParser:
    """A new command. `--config` may stand behind it, too."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run, parser=parser)
    return parser


def group(commands: Any, name: str, help: str) -> Any:
    """A new noun, whose verbs are commands below it."""
    parser = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    parser.set_defaults(parser=parser)
    return parser.add_subparsers(title="commands", metavar="COMMAND")


def with_json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The command prints data: programs get it as one JSON object."""
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser
