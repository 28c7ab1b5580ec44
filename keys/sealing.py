"""Secrets at rest: sealed with AES-256-GCM, under one root secret that the operator's master key wraps.

Only the one row with the root secret is under the master key itself, so changing the master key rewrites one row.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from . import store
from .ports import Statements

KEY_BYTES = 32
_VERSION = b"\x01"
_NONCE = 12  # NIST SP 800-38D §8.2.2: random, so at most 2^32 seals per purpose
_TAG = 16
_ROOT = b"doorward root secret"


class BrokenSeal(Exception):
    """A sealed value that was changed, moved from its place, or sealed by another installation."""


class WrongMasterKey(Exception):
    """The master key does not open this database's root secret."""

    def __init__(self) -> None:
        super().__init__(
            "the master key is not the one this database was set up with: check keys.master_key_file "
            "(or DOORWARD_MASTER_KEY, keys.master_key, keys.master_key_command, whichever is set), and restore the "
            "key that was in use when the database was made or backed up"
        )


class NoRootSecret(Exception):
    """The database has no root secret yet."""

    def __init__(self) -> None:
        super().__init__("the database has no root secret yet: run `doorward init` first")


def _lock(cipher: AESGCM, plain: bytes, about: bytes) -> str:
    nonce = os.urandom(_NONCE)
    return urlsafe_b64encode(_VERSION + nonce + cipher.encrypt(nonce, plain, about)).decode("ascii")


def _unlock(cipher: AESGCM, sealed: str, about: bytes) -> bytes:
    try:
        raw = urlsafe_b64decode(sealed.encode("ascii"))
        if raw[:1] != _VERSION or len(raw) < 1 + _NONCE + _TAG:
            raise ValueError
        return cipher.decrypt(raw[1 : 1 + _NONCE], raw[1 + _NONCE :], about)
    except (ValueError, InvalidTag):  # UnicodeEncodeError and binascii.Error are ValueErrors
        raise BrokenSeal("the seal is broken: changed, moved, or made by another installation") from None


@dataclass(frozen=True, slots=True, eq=False)
class Sealer:
    """Seals and opens short secrets. A `purpose` is a constant of the code (it names a key), never a person's input."""

    root: bytes = field(repr=False)
    _ciphers: dict[str, AESGCM] = field(default_factory=dict, repr=False)
    _mac_keys: dict[str, bytes] = field(default_factory=dict, repr=False)
    _names: dict[str, AESSIV] = field(default_factory=dict, repr=False)

    def _derive(self, label: str, size: int = KEY_BYTES) -> bytes:
        return HKDF(SHA256(), size, salt=None, info=label.encode()).derive(self.root)

    def _cipher(self, purpose: str) -> AESGCM:
        found = self._ciphers.get(purpose)
        if found is None:
            found = self._ciphers[purpose] = AESGCM(self._derive(f"seal:{purpose}"))
        return found

    def seal(self, purpose: str, plain: bytes, context: bytes = b"") -> str:
        """Encrypt, bound to purpose and context (the row it belongs to, say): base64url, 39 characters and up."""
        return _lock(self._cipher(purpose), plain, purpose.encode() + b"\0" + context)

    def open(self, purpose: str, sealed: str, context: bytes = b"") -> bytes:
        """What was sealed for this purpose and context. Errors: `BrokenSeal`."""
        return _unlock(self._cipher(purpose), sealed, purpose.encode() + b"\0" + context)

    def name(self, purpose: str, plain: bytes) -> str:
        """A name that stands for this: always the same for a purpose, and nobody but `named` learns what for.

        RFC 5297: AES-SIV, made for this; base64url, 22 characters and up. `plain` is not empty.
        """
        return urlsafe_b64encode(self._siv(purpose).encrypt(plain, None)).decode("ascii")

    def named(self, purpose: str, name: str) -> bytes:
        """What a name stands for. Errors: `BrokenSeal`."""
        try:
            return self._siv(purpose).decrypt(urlsafe_b64decode(name.encode("ascii")), None)
        except (ValueError, InvalidTag):
            raise BrokenSeal("the name stands for nothing here: changed, or made by another installation") from None

    def _siv(self, purpose: str) -> AESSIV:
        found = self._names.get(purpose)
        if found is None:
            found = self._names[purpose] = AESSIV(self._derive(f"name:{purpose}", 2 * KEY_BYTES))
        return found

    def mac_key(self, purpose: str) -> bytes:
        """32 bytes for HMAC, always the same for a purpose, unrelated to the one that seals for it."""
        found = self._mac_keys.get(purpose)
        if found is None:
            found = self._mac_keys[purpose] = self._derive(f"mac:{purpose}")
        return found


def create(db: Statements, master: bytes, clock: Callable[[], float]) -> Sealer:
    """The sealer, its root secret made first where there is none. Racing processes end with the same one.

    Errors: `WrongMasterKey`.
    """
    if store.find_root(db) is None:
        store.add_root(db, _lock(AESGCM(master), os.urandom(KEY_BYTES), _ROOT), clock())
    return load(db, master)


def load(db: Statements, master: bytes) -> Sealer:
    """The sealer of this database. Errors: `NoRootSecret`, `WrongMasterKey`."""
    return Sealer(_unwrap(_get_root(db), master))


def rewrap(db: Statements, old_master: bytes, new_master: bytes) -> None:
    """Change the master key; nothing else needs sealing again, and running processes need not stop.

    Errors: `NoRootSecret`; `WrongMasterKey` when `old_master` is not, or no longer, the one in force.
    """
    wrapped = _get_root(db)
    root = _unwrap(wrapped, old_master)
    if not store.replace_root(db, wrapped, _lock(AESGCM(new_master), root, _ROOT)):
        raise WrongMasterKey  # somebody else changed it meanwhile


def of_root(wrapped: str, master: bytes) -> Sealer:
    """The sealer of a root secret that stands elsewhere, such as in a backup. Errors: `WrongMasterKey`."""
    return Sealer(_unwrap(wrapped, master))


def opens(wrapped: str, master: bytes) -> bool:
    """Whether a master key opens a root secret, such as that of a backup."""
    try:
        of_root(wrapped, master)
    except WrongMasterKey:
        return False
    return True


def _get_root(db: Statements) -> str:
    wrapped = store.find_root(db)
    if wrapped is None:
        raise NoRootSecret
    return wrapped


def _unwrap(wrapped: str, master: bytes) -> bytes:
    try:
        return _unlock(AESGCM(master), wrapped, _ROOT)
    except BrokenSeal:
        raise WrongMasterKey from None
