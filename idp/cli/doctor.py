"""`doorward doctor`: look at everything that an installation stands on, and say what to fix."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from idp.cli.terminal import command, print_json, say, with_json

_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}


def add_parsers(commands: Any) -> None:
    """Add `doctor`."""
    with_json(command(commands, "doctor", run, "check this installation and say what to fix"))


def run(args: Namespace) -> int:
    """Check everything; exit code 1 if something is wrong."""
    from idp.installation.checks import examine

    findings = examine(args.config)
    wrong = any(finding.status == "error" for finding in findings)
    if args.json:
        print_json({"ok": not wrong, "findings": [vars(finding) for finding in findings]})
    else:
        for finding in findings:
            say(f"{_MARKS[finding.status]} {finding.check}: {finding.text}")
            if finding.fix:
                say(f"    {finding.fix}")
    return 1 if wrong else 0
