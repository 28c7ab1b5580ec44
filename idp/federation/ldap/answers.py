"""What a directory's server says, and that it said nothing: for whoever judges it, without the library that asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

INVALID_CREDENTIALS: Final = 49


class Unreachable(Exception):
    """The server did not answer, or not as a directory does: another one may. `why`: one of a few words, for `test`."""

    def __init__(self, reason: str, why: str = "") -> None:
        super().__init__(reason)
        self.reason, self.why = reason, why


class BadFilter(ValueError):
    """A filter that is none."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a bind, or a change of a password, came to. `code`: the result code (RFC 4511 §4.1.9); `said`: the server's
    own words; `policy`: the password policy's error, None where it has none to tell.
    """

    code: int
    said: str = ""
    policy: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the password was right."""
        return self.code == 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `values`: octets, by the attribute's name in lower case."""

    dn: str
    values: Mapping[str, Sequence[bytes]]

    def text(self, name: str) -> str:
        """The first value as text; '' for none."""
        return next((one.decode("utf-8", "replace") for one in self.values.get(name.lower(), ())), "")

    def texts(self, name: str) -> tuple[str, ...]:
        """All of them."""
        return tuple(one.decode("utf-8", "replace") for one in self.values.get(name.lower(), ()))


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what a search found. `cookie`: where the next one begins; empty after the last."""

    entries: tuple[Entry, ...]
    cookie: bytes
