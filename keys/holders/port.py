"""The port behind which a private key may lie, and the ones that this installation has."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

HERE: Final = "database"  # sealed in our own tables


class HolderUnavailable(Exception):
    """The key cannot be used now; the message says what to do, and carries no secret."""


@dataclass(frozen=True, slots=True)
class Made:
    """A pair that was just made there. `reference`: `<kind>:<what finds it again>`; `public`: SPKI, DER."""

    reference: str
    public: bytes = field(repr=False)


class Holder(Protocol):
    """Where keys lie. Safe to share between threads. Errors of all verbs: `HolderUnavailable`."""

    @property
    def kind(self) -> str:
        """How references begin."""

    def make(self, alg: str, rsa_bits: int) -> Made:
        """Make a pair for one algorithm (RFC 7518), whose private half never leaves."""

    def sign(self, reference: str, alg: str, message: bytes) -> bytes:
        """A signature in the form of RFC 7518 §3: of ECDSA r and s side by side."""

    def destroy(self, reference: str) -> None:
        """Away with the key; one that is not there is gone already."""

    def look(self) -> str:
        """What it is, in a few words, asked just now."""


def is_reference(private: bytes) -> bool:
    """Whether what a seal keeps is a reference: PKCS#8 in DER begins with a SEQUENCE."""
    return not private.startswith(b"\x30")


class Holders:
    """Those of this installation. `new`: where new keys are made, `HERE` or a kind."""

    def __init__(self, by_kind: Mapping[str, Callable[[], Holder]] = MappingProxyType({}), new: str = HERE) -> None:
        if new != HERE and new not in by_kind:
            raise ValueError(f"nothing is known of {new}")
        self.new, self._makers = new, by_kind
        self._made: dict[str, Holder] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """Those that are set up."""
        return tuple(self._makers)

    def of(self, reference: str) -> Holder:
        """Where a key lies, by its reference or kind. Errors: `HolderUnavailable`."""
        kind = reference.partition(":")[0]
        if kind not in self._makers:
            raise HolderUnavailable(f"a key lies in {kind}, of which the settings say nothing: see keys.{kind}_*")
        found = self._made.get(kind)
        if found is None:
            found = self._made.setdefault(kind, self._makers[kind]())
        return found

    def make(self, alg: str, rsa_bits: int) -> Made:
        """A pair where new ones are made, if that is not here. Errors: `HolderUnavailable`."""
        return self.of(self.new).make(alg, rsa_bits)

    def sign(self, reference: str, alg: str, message: bytes) -> bytes:
        """Errors: `HolderUnavailable`."""
        return self.of(reference).sign(reference, alg, message)

    def destroy(self, references: Iterable[str]) -> None:
        """Away with them, as far as they can be reached: nothing here knows of them any more."""
        for reference in references:
            with contextlib.suppress(HolderUnavailable):
                self.of(reference).destroy(reference)
