"""Pins: whoever has not read the new key yet is signed for with the old one a while longer (K2)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .ports import Statements

#: What is to hold together with a change, such as its event.
Also = Callable[[Statements], None]


@dataclass(frozen=True, slots=True)
class Pin:
    """`holder` (a client's id) is signed for with `kid` in this slot: an algorithm, or `certificate:` and its kind."""

    holder: str
    slot: str
    kid: str
    at: float


def nothing(tx: Statements) -> None:
    """Nothing else is to hold."""
