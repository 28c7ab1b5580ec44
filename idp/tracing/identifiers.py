"""Ids of traces. A sign-in's is made of its conversation's name, so every process knows it and nobody keeps it."""

from __future__ import annotations

import os
import re
from hashlib import sha256
from typing import Final, NamedTuple

from idp.ids import TAG

#: W3C Trace Context §3.2.2: version 00; later ones begin alike.
_TRACEPARENT: Final = re.compile(r"(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_SCALE: Final = 1 << 56


class Context(NamedTuple):
    """Where a span stands: 16 and 8 bytes in hexadecimal, and whether the trace is kept."""

    trace_id: str
    span_id: str
    sampled: bool

    def __str__(self) -> str:
        """As `traceparent` has it."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def read(traceparent: str) -> Context | None:
    """W3C Trace Context §3.2.2; None for what is none."""
    found = _TRACEPARENT.fullmatch(traceparent)
    if found is None or not int(found[1], 16) or not int(found[2], 16):
        return None
    return Context(found[1], found[2], bool(int(found[3], 16) & 1))


def root(name: str, sample: float) -> Context:
    """The first span of a conversation. `name`: the id of the request that it began with, or its first characters."""
    made = sha256(b"trace of " + name[:TAG].encode()).hexdigest()
    # Level 2 §2.3.1: the last 7 bytes are as good as chance, so all who ask decide alike.
    return Context(made[:32], made[32:48], int(made[18:32], 16) < sample * _SCALE)


def new_span_id() -> str:
    """8 bytes of chance."""
    return os.urandom(8).hex()
