"""The encrypted file: age's format (age-encryption.org/v1, the C2SP specification), as a stream of any length.

Two kinds of recipients: a passphrase (scrypt), and a public key (X25519). What is written here, `age -d` opens; pyrage,
the library of it, takes a passphrase only for what fits in memory whole, and so stands in the tests alone.
"""

from __future__ import annotations

import io
import os
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol, Self

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from . import bech32

_VERSION = b"age-encryption.org/v1"
_SCRYPT, _X25519 = "age-encryption.org/v1/scrypt", "age-encryption.org/v1/X25519"
_CHUNK, _TAG = 65_536, 16  # bytes
_FILE_KEY = 16
WORK = 17  # scrypt's N is 2 to this: 128 MiB and half a second
_MOST_WORK = 20  # a file that asks for more than a gigabyte is not opened
_MOST_HEADER = 65_536  # bytes


class Damaged(Exception):
    """It is no such file, or was changed or cut off."""


class Closed(Exception):
    """None of the keys opens it."""


@dataclass(frozen=True)
class Stanza:
    """The file's key for one recipient."""

    kind: str
    args: tuple[str, ...]
    body: bytes

    def lines(self) -> bytes:
        text = b64encode(self.body).decode().rstrip("=")
        # The last line is shorter than 64, if need be empty: so its end is known.
        rows = [text[at : at + 64] for at in range(0, len(text) + 1, 64)]
        return "".join([f"-> {' '.join((self.kind, *self.args))}\n", *(f"{row}\n" for row in rows)]).encode()


class Recipient(Protocol):
    """For whom a file is encrypted."""

    def wrap(self, key: bytes) -> Stanza: ...


class Identity(Protocol):
    """What opens a file. None: a stanza is another's."""

    def unwrap(self, stanza: Stanza) -> bytes | None: ...


@dataclass(frozen=True)
class Passphrase:
    """A passphrase, both ways."""

    text: str = field(repr=False)

    def wrap(self, key: bytes) -> Stanza:
        salt = os.urandom(16)
        return Stanza("scrypt", (_base64(salt), str(WORK)), _sealed(self._key(salt, WORK), key))

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != "scrypt" or len(stanza.args) != 2:
            return None
        if not re.fullmatch(r"[1-9]\d?", stanza.args[1]) or int(stanza.args[1]) > _MOST_WORK:
            raise Damaged("it asks for more work than any backup of ours")
        return _opened(self._key(_unbase64(stanza.args[0]), int(stanza.args[1])), stanza.body)

    def _key(self, salt: bytes, work: int) -> bytes:
        kdf = Scrypt(salt=_SCRYPT.encode() + salt, length=32, n=2**work, r=8, p=1)
        return kdf.derive(self.text.encode())


@dataclass(frozen=True)
class PublicKey:
    """age1…: whoever has it can write backups, and open none."""

    raw: bytes

    @classmethod
    def read(cls, text: str) -> Self:
        """Errors: ValueError."""
        prefix, raw = bech32.decode(text.strip())
        if prefix != "age" or len(raw) != 32:
            raise ValueError("not age1…")
        return cls(raw)

    def __str__(self) -> str:
        return bech32.encode("age", self.raw)

    def wrap(self, key: bytes) -> Stanza:
        one_time = X25519PrivateKey.generate()
        share = one_time.public_key().public_bytes_raw()
        shared = one_time.exchange(X25519PublicKey.from_public_bytes(self.raw))
        return Stanza("X25519", (_base64(share),), _sealed(_derived(shared, share + self.raw, _X25519), key))


@dataclass(frozen=True)
class SecretKey:
    """AGE-SECRET-KEY-1…: opens what was written for its public key."""

    raw: bytes = field(repr=False)

    @classmethod
    def make(cls) -> Self:
        return cls(X25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def read(cls, text: str) -> Self:
        """Errors: ValueError."""
        prefix, raw = bech32.decode(text.strip())
        if prefix != "age-secret-key-" or len(raw) != 32:
            raise ValueError("not AGE-SECRET-KEY-1…")
        return cls(raw)

    def __str__(self) -> str:
        return bech32.encode("age-secret-key-", self.raw).upper()

    @property
    def public(self) -> PublicKey:
        return PublicKey(X25519PrivateKey.from_private_bytes(self.raw).public_key().public_bytes_raw())

    def unwrap(self, stanza: Stanza) -> bytes | None:
        if stanza.kind != "X25519" or len(stanza.args) != 1:
            return None
        share = _unbase64(stanza.args[0])
        try:
            other = X25519PublicKey.from_public_bytes(share)
            shared = X25519PrivateKey.from_private_bytes(self.raw).exchange(other)
        except ValueError:
            raise Damaged("a share is no point of the curve") from None
        return _opened(_derived(shared, share + self.public.raw, _X25519), stanza.body)


class Writer(io.RawIOBase):
    """What is written here stands encrypted in `out`; `close` writes the end, without which nobody takes the file."""

    def __init__(self, out: BinaryIO, recipients: Sequence[Recipient]) -> None:
        key, nonce = os.urandom(_FILE_KEY), os.urandom(16)
        # A file for a passphrase is for nobody else: whoever has another key could have written it.
        if not recipients or (len(recipients) > 1 and any(isinstance(one, Passphrase) for one in recipients)):
            raise ValueError("a passphrase alone, or public keys")
        head = _VERSION + b"\n" + b"".join(one.wrap(key).lines() for one in recipients) + b"---"
        out.write(head + b" " + _base64(_mac(key, head)).encode() + b"\n" + nonce)
        self._out, self._cipher = out, ChaCha20Poly1305(_derived(key, nonce, "payload"))
        self._held, self._number = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        given = bytes(data)  # type: ignore[call-overload]
        self._held += given
        while len(self._held) > _CHUNK:  # one is held back: it may be the last
            self._put(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(given)

    def finish(self) -> None:
        """The end."""
        self._put(bytes(self._held), last=True)
        self._held.clear()

    def _put(self, chunk: bytes, *, last: bool) -> None:
        self._out.write(self._cipher.encrypt(_nonce(self._number, last), chunk, None))
        self._number += 1


class Reader(io.RawIOBase):
    """The plain text of an encrypted file. Errors: `Damaged`, `Closed`; each byte that is read was proven."""

    def __init__(self, source: BinaryIO, identities: Sequence[Identity]) -> None:
        key = _file_key(source, identities)
        nonce = source.read(16)
        if len(nonce) != 16:
            raise Damaged("it is cut off")
        self._source, self._cipher = source, ChaCha20Poly1305(_derived(key, nonce, "payload"))
        self._ahead = source.read(_CHUNK + _TAG)
        self._held, self._number, self._ended = b"", 0, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if not self._held and not self._ended:
            self._held = self._next()
        part = self._held[: len(view)]
        self._held = self._held[len(part) :]
        view[: len(part)] = part
        return len(part)

    def _next(self) -> bytes:
        chunk, self._ahead = self._ahead, self._source.read(_CHUNK + _TAG)
        self._ended = not self._ahead
        try:
            plain = self._cipher.decrypt(_nonce(self._number, self._ended), chunk, None)
        except (InvalidTag, ValueError):
            raise Damaged("it was changed, or is cut off") from None
        self._number += 1
        return plain


def _file_key(source: BinaryIO, identities: Sequence[Identity]) -> bytes:
    head, stanzas, mac = _header(source)
    if any(one.kind == "scrypt" for one in stanzas) and len(stanzas) > 1:
        raise Damaged("a passphrase does not stand beside other keys")
    for stanza in stanzas:
        for identity in identities:
            key = identity.unwrap(stanza)
            if key is not None:
                _check_mac(key, head, mac)
                return key
    raise Closed


def _header(source: BinaryIO) -> tuple[bytes, list[Stanza], bytes]:
    if source.readline(_MOST_HEADER) != _VERSION + b"\n":
        raise Damaged("it is no backup of Doorward, nor anything that age encrypted")
    head = _VERSION + b"\n"
    stanzas: list[Stanza] = []
    while True:
        line = source.readline(1000)
        if line.startswith(b"--- ") and line.endswith(b"\n"):
            return head + b"---", stanzas, _unbase64(line[4:-1].decode("ascii", "replace"))
        words = line[:-1].decode("ascii", "replace").split(" ")
        if words[0] != "->" or len(words) < 2 or not line.endswith(b"\n") or len(head) > _MOST_HEADER:
            raise Damaged("its head is damaged")
        head += line
        body = ""
        while True:
            row = source.readline(66)
            head += row
            body += row.rstrip(b"\n").decode("ascii", "replace")
            if not row.endswith(b"\n") or len(row) > 65:
                raise Damaged("its head is damaged")
            if len(row) < 65:
                break
        stanzas.append(Stanza(words[1], tuple(words[2:]), _unbase64(body)))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + (b"\x01" if last else b"\x00")


def _derived(secret: bytes, salt: bytes | None, label: str) -> bytes:
    return HKDF(SHA256(), 32, salt=salt, info=label.encode()).derive(secret)


def _sealed(key: bytes, plain: bytes) -> bytes:
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, None)


def _opened(key: bytes, sealed: bytes) -> bytes | None:
    if len(sealed) != _FILE_KEY + _TAG:
        raise Damaged("its head is damaged")
    try:
        return ChaCha20Poly1305(key).decrypt(bytes(12), sealed, None)
    except InvalidTag:
        return None


def _mac(key: bytes, head: bytes) -> bytes:
    mac = HMAC(_derived(key, None, "header"), SHA256())
    mac.update(head)
    return mac.finalize()


def _check_mac(key: bytes, head: bytes, given: bytes) -> None:
    mac = HMAC(_derived(key, None, "header"), SHA256())
    mac.update(head)
    try:
        mac.verify(given)
    except InvalidSignature:
        raise Damaged("its head was changed") from None


def _base64(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")


def _unbase64(text: str) -> bytes:
    try:
        raw = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise Damaged("its head is damaged") from None
    if "=" in text or _base64(raw) != text:
        raise Damaged("its head is damaged")
    return raw
