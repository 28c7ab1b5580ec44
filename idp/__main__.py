"""The `doorward` command: read the arguments, hand them to a file of `idp.cli`, turn what it says into an exit code."""

from __future__ import annotations

import argparse
import errno
import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from idp.cli import COMMANDS
from idp.cli.quotes import taken_off
from idp.cli.starting import prepare
from idp.cli.terminal import Parser, complain
from idp.installation.failures import Failed


def parser(only: str = "") -> argparse.ArgumentParser:
    """The commands and their options; `only` one of them, for speed: nothing more is imported than what will run."""
    top = Parser(
        "doorward", description="Single sign-on for every tool.", epilog="`doorward COMMAND --help` tells the options."
    )
    top.add_argument("--version", action="store_true", help="print the version")
    top.add_argument("--config", metavar="FILE", help="the settings; else $DOORWARD_CONFIG, else ./doorward.toml")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for name, module in COMMANDS.items():
        if only in ("", name):
            import_module(f"idp.cli.{module}").add_parsers(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 failed, 2 bad input."""
    words = sys.argv[1:] if argv is None else list(argv)
    if argv is None:
        if "serve" not in words:
            gc.set_threshold(1_000_000)  # thousands of classes are about to be imported, and all of them stay
        try:
            prepare()
        except Failed as failed:
            complain(*failed.lines)
            return failed.code
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # we have none; looking for them reads every package
    top = parser(words[0] if words and words[0] in COMMANDS else "")
    args = top.parse_args(taken_off(words))
    if args.version:
        from importlib.metadata import version

        sys.stdout.write(f"doorward {version('doorward')}\n")
        return 0
    if not hasattr(args, "run"):
        getattr(args, "parser", top).print_help()
        return 0
    try:
        return int(args.run(args) or 0)
    except Failed as failed:
        complain(*failed.lines)
        return failed.code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output (`| head`) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still held back goes nowhere
        return 0
    except OSError as error:
        if error.filename is not None or error.errno not in (errno.ENOSPC, errno.EIO, errno.EBADF):
            raise
        complain(f"the output cannot be written: {error.strerror}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
