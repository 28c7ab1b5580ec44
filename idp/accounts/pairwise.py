"""Names of people for one sector alone (Core §8.1): two sectors cannot tell that theirs are of the same person.

They are made of a key of ours and kept nowhere; we can read them, and nobody else can.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from keys.sealing import BrokenSeal, Sealer

PREFIX: Final = "pw_"
_PURPOSE: Final = "pairwise"
_TAG: Final = 8  # bytes of the sector's hash


def name_of(sealer: Sealer, sector: str, own: str) -> str:
    """What stands for `own`, the id of a person or a session, in this sector. Always the same."""
    return PREFIX + sealer.name(_PURPOSE, _tag(sector) + own.encode())


def read(sealer: Sealer, name: str) -> str:
    """The id that a name stands for, whatever its sector; '' where it is none of ours."""
    return (_opened(sealer, name) or b"")[_TAG:].decode()


def read_within(sealer: Sealer, sector: str, name: str) -> str:
    """The id that a name of this sector stands for; '' where it is none."""
    opened = _opened(sealer, name) or b""
    return opened[_TAG:].decode() if opened[:_TAG] == _tag(sector) else ""


def _opened(sealer: Sealer, name: str) -> bytes | None:
    if not name.startswith(PREFIX) or len(name) > 255:
        return None
    try:
        return sealer.named(_PURPOSE, name.removeprefix(PREFIX))
    except BrokenSeal:
        return None


def _tag(sector: str) -> bytes:
    return sha256(sector.encode()).digest()[:_TAG]
