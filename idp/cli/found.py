"""A finding as commands print it: whose side, which field, what was expected, what came, the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.catalogue import own_path_of
from idp.cli.terminal import printable

if TYPE_CHECKING:
    from idp.answers.finding import Finding

SIDES = {
    "application": "on the application’s side", "doorward": "on our side", "person": "about the person",
    "upstream": "on the other provider’s side", "nobody": "nobody’s fault",
}  # fmt: skip


def lines(one: Finding, issuer: str = "") -> list[str]:
    """One finding; with the page about its kind, where the issuer is known."""
    word = "Wrong" if one.weight == "wrong" else "Note"
    rows = [f"{word}, {SIDES.get(one.side, one.side)}: {one.field}"]
    rows += [f"  expected  {printable(one.expected)}"] if one.expected else []
    rows += [f"  came      {printable(one.got)}"] if one.got else []
    rows += [f"  fix       {printable(one.fix)}"]
    more = own_path_of(one.code) if issuer else ""
    return [*rows, f"  more      {issuer}{more}"] if more else rows
