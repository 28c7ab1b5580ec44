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
        told = [{**vars(finding), "page": finding.page} for finding in findings]
        print_json({"ok": not wrong, "findings": told})
    else:
        for finding in findings:
            say(f"{_MARKS[finding.status]} {finding.check}: {finding.text}")
            if finding.fix:
                say(f"    {finding.fix}")
        pages = dict.fromkeys(finding.page for finding in findings if finding.page)
        if pages:
            say("", "Likely causes, and how to tell them apart:", *(f"  {_page(args, page)}" for page in pages))
    return 1 if wrong else 0


def _page(args: Namespace, code: str) -> str:
    """Where it is written: at the server, or in the folder of the documentation where the settings cannot be read."""
    from idp.catalogue import own_path_of
    from idp.installation.failures import Failed
    from idp.installation.files import read_settings

    try:
        return read_settings(args.config).server.issuer + own_path_of(code)
    except Failed:
        return f"docs/errors/{code}.md"
