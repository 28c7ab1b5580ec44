"""Memory that the workers of one machine share, so that whichever is asked answers for all of them.

The supervisor makes it before it forks, a place for each worker. A place has two halves: the writer fills the one that
nobody reads, then says which is the newer one. So no lock is held by somebody who may be killed.
"""

from __future__ import annotations

import mmap
import struct
import zlib
from typing import NamedTuple

#: Twice as many as there may be workers, which are replaced while they serve. What nobody writes to takes no memory.
PLACES = 512
HALF = 256 * 1024  # bytes
_HEAD = struct.Struct("<II")  # length and CRC-32
_PLACE = 2 * HALF + mmap.PAGESIZE


class TooLarge(Exception):
    """What was to be written has no room in its place."""


class Board:
    """Made by the supervisor; its forks write and read."""

    def __init__(self, places: int = PLACES) -> None:
        self._places = places
        self._memory = mmap.mmap(-1, places * _PLACE)  # anonymous and shared: forks see what others write

    def write(self, place: int, content: bytes) -> None:
        """Errors: `TooLarge`."""
        if len(content) > HALF - _HEAD.size:
            raise TooLarge
        begin = place * _PLACE
        newer = 1 - self._memory[begin] % 2
        at = begin + mmap.PAGESIZE + newer * HALF
        self._memory[at : at + _HEAD.size + len(content)] = _HEAD.pack(len(content), zlib.crc32(content)) + content
        self._memory[begin] = newer

    def read(self, place: int) -> bytes:
        """What stands there; b'' for nothing, or where it changes faster than it can be read."""
        begin = place * _PLACE
        for _ in range(3):
            at = begin + mmap.PAGESIZE + (self._memory[begin] % 2) * HALF
            length, crc = _HEAD.unpack(self._memory[at : at + _HEAD.size])
            content = self._memory[at + _HEAD.size : at + _HEAD.size + min(length, HALF - _HEAD.size)]
            if zlib.crc32(content) == crc:
                return content
        return b""

    def others(self, place: int) -> list[tuple[int, bytes]]:
        """What stands at every place but this one. A place that was never written to costs a page that is all zeros."""
        found = ((number, self.read(number)) for number in range(self._places) if number != place)
        return [(number, content) for number, content in found if content]


class Seat(NamedTuple):
    """A board, and one worker's place at it."""

    board: Board
    place: int
