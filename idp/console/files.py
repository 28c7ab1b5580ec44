"""What a page gives as a file: made while it is sent, so that its length is no matter of memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from idp.wire import Stream

_PIECE: Final = 65536  # characters, about
BOM: Final = "\ufeff"  # so that a spreadsheet reads a table as UTF-8


def download(lines: Iterable[str], content_type: str, name: str) -> Stream:
    """A file of this name. What can be refused must be refused by then: `lines` are asked for while it is sent."""
    return Stream(
        pieces=_pieces(lines), content_type=content_type,
        headers=(("Content-Disposition", f'attachment; filename="{name}"'), ("Cache-Control", "no-store")),
    )  # fmt: skip


def _pieces(lines: Iterable[str]) -> Iterator[bytes]:
    held: list[str] = []
    size = 0
    for line in lines:
        held.append(line)
        size += len(line)
        if size >= _PIECE:
            yield "".join(held).encode("utf-8", "replace")
            held, size = [], 0
    if held:
        yield "".join(held).encode("utf-8", "replace")
