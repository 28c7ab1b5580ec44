"""Bech32 (BIP 173), in which age writes its keys. No length limit: age has none."""

from __future__ import annotations

from collections.abc import Iterable

_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_CHECKSUM = 6


def encode(prefix: str, raw: bytes) -> str:
    """Lower case."""
    values = _regrouped(raw, 8, 5, pad=True)
    sum_ = _polymod([*_expanded(prefix), *values, *[0] * _CHECKSUM]) ^ 1
    values += [(sum_ >> 5 * (5 - i)) & 31 for i in range(_CHECKSUM)]
    return f"{prefix}1{''.join(_LETTERS[value] for value in values)}"


def decode(text: str) -> tuple[str, bytes]:
    """The prefix, in lower case, and what stands behind it. Errors: ValueError."""
    if text not in (text.lower(), text.upper()):
        raise ValueError("mixed case")
    prefix, one, rest = text.lower().rpartition("1")
    if not one or not prefix or len(rest) < _CHECKSUM or set(rest) - set(_LETTERS):
        raise ValueError("no Bech32")
    values = [_LETTERS.index(letter) for letter in rest]
    if _polymod([*_expanded(prefix), *values]) != 1:
        raise ValueError("mistyped")
    return prefix, bytes(_regrouped(values[:-_CHECKSUM], 5, 8, pad=False))


def _expanded(prefix: str) -> list[int]:
    return [*(ord(c) >> 5 for c in prefix), 0, *(ord(c) & 31 for c in prefix)]


def _polymod(values: Iterable[int]) -> int:
    sum_ = 1
    for value in values:
        top = sum_ >> 25
        sum_ = (sum_ & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATORS):
            sum_ ^= generator if top >> i & 1 else 0
    return sum_


def _regrouped(values: Iterable[int], given: int, wanted: int, *, pad: bool) -> list[int]:
    held = bits = 0
    found = []
    for value in values:
        held, bits = held << given | value, bits + given
        while bits >= wanted:
            bits -= wanted
            found.append(held >> bits)
            held &= (1 << bits) - 1
    if pad and bits:
        found.append(held << wanted - bits)
    elif not pad and (bits >= given or held):
        raise ValueError("left over bits")
    return found
