"""A finding as commands print it: whose side, which field, what was expected, what came, the fix."""

from __future__ import annotations

from typing import TYPE_CHECKING

from idp.catalogue import own_path_of
from idp.cli.terminal import printable

if TYPE_CHECKING:
    from idp.answers.finding import Finding

_MARKS = {" ": "␣", "\n": "␤", "\r": "␍", "\t": "␉"}  # nobody sees a blank at an end
SIDES = {
    "application": "on the application’s side", "doorward": "on our side", "person": "about the person",
    "upstream": "on the other provider’s side", "nobody": "nobody’s fault",
}  # fmt: skip


def lines(one: Finding, issuer: str = "") -> list[str]:
    """One finding; with the page about its kind, where the issuer is known."""
    word = "Wrong" if one.weight == "wrong" else "Note"
    rows = [f"{word}, {SIDES.get(one.side, one.side)}: {one.field}"]
    if one.side == "nobody":
        rows = [f"Nobody’s fault: {one.field}"]
    expected, got = _with_edges(one.expected, one.got)
    rows += [f"  expected  {expected}"] if one.expected else []
    rows += [f"  came      {got}"] if one.got else []
    rows += [f"  fix       {printable(one.fix)}"]
    more = own_path_of(one.code) if issuer else ""
    return [*rows, f"  more      {issuer}{more}"] if more else rows


def _with_edges(*values: str) -> tuple[str, ...]:
    """Values side by side; where one begins or ends in blanks, both in quotes and each such blank as a mark."""
    if all(one == one.strip() for one in values):
        return tuple(map(printable, values))
    return tuple(f"“{printable(_marked(one))}”" for one in values)


def _marked(text: str) -> str:
    bare = text.strip()
    begin, _, end = text.partition(bare) if bare else (text, "", "")
    before, behind = ("".join(_MARKS.get(one, one) for one in blanks) for blanks in (begin, end))
    return f"{before}{bare}{behind}"
