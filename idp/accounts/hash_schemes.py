"""Password hashes that another product made: compared once more at the next sign-in, then replaced by ours (Y3).

Strong ones stand as they came: `$2b$…` (bcrypt), `$5$…` and `$6$…` (SHA-crypt), and in PHC's form
(https://github.com/P-H-C/phc-string-format) `$pbkdf2-sha512$i=210000$SALT$HASH`, `$scrypt$ln=16,r=8,p=1$SALT$HASH`.
What a stolen database gives away in a second (MD5, SHA-1 and SHA-2 once, `$apr1$`) is never kept: `wrapped` puts
argon2id around it, so `$once$SCHEME$SALT` says how to come to what argon2id has seen. A slow scheme at a price that is
next to nothing, or so short that other passwords fit as well, is not taken at all: a cut or a made-up line of an
export opens nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import Final

ONCE: Final = "$once$"
#: What a comparison costs at least; and at most a second of a core, so that nobody's sign-in stops the others.
ITERATIONS: Final = range(10_000, 3_000_001)  # of PBKDF2, all blocks of the digest together
BCRYPT: Final = range(4, 15)
ROUNDS: Final = range(5_000, 100_001)  # of SHA-crypt, which holds the interpreter
MAX_MEMORY: Final = 64 * 1024 * 1024  # of scrypt, bytes
SCRYPT: Final = range(8 * 1024, 2 * 1024 * 1024 + 1)  # N·r·p, blocks of 128 bytes
MAX_ARGON2: Final = 256 * 1024  # KiB
ARGON2: Final = range(8 * 1024, 1024 * 1024 + 1)  # KiB·passes
SALTS: Final = range(8, 257)  # bytes (RFC 8018 §4.1: at least 8)
DIGESTS: Final = range(16, 65)  # bytes: less, and other passwords fit as well; more costs, and proves no more
_PASSWORD_OF_BCRYPT: Final = 72  # bytes; it has never looked at more

_PBKDF2 = re.compile(r"\$pbkdf2-(sha1|sha256|sha512)\$i=(\d{1,8})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
_SCRYPT = re.compile(r"\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")
_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_SHA_CRYPT = re.compile(r"\$([56])\$(?:rounds=(\d{1,9})\$)?([^$:\n]{0,16})\$([./A-Za-z0-9]{43}|[./A-Za-z0-9]{86})")
_ARGON2 = re.compile(
    r"\$argon2(?:id|i|d)\$v=19\$m=(\d{1,9}),t=(\d{1,6}),p=(\d{1,3})\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
)
_WRAPPED = re.compile(r"\$once\$([a-z0-9]+)\$([A-Za-z0-9+/]*)(\$argon2id\$.+)")
_FAST: Final = ("md5", "sha1", "sha256", "sha384", "sha512")


class UnknownScheme(ValueError):
    """No hash that can be compared; the text says which, or that it costs too much."""


def is_foreign(stored: str) -> bool:
    """Whether it is one of these, and not argon2's, which its own library compares."""
    return not stored.startswith("$argon2") and any(shape.fullmatch(stored) for shape, _ in _COSTS)


def check(stored: str) -> None:
    """Errors: `UnknownScheme` where nothing could be compared with it, or at a price that is too high or too low."""
    for shape, costs in _COSTS:
        if (found := shape.fullmatch(stored)) is not None:
            if not costs(found):
                raise UnknownScheme("costs more to compare than a sign-in may, or is too weak or too short to be kept")
            return
    raise UnknownScheme(f"no known hash ({stored[:8]}…)" if stored.startswith(("$", "{")) else "no known hash")


def matches(stored: str, password: bytes) -> bool:
    """Whether the password is that of a hash by another scheme than argon2id; False for what cannot be read."""
    for shape, compare in _COMPARED:
        if (found := shape.fullmatch(stored)) is not None:
            return compare(found, password)
    return False


def unwrapped(stored: str, password: bytes) -> tuple[str, bytes] | None:
    """Of a wrapped hash what argon2id is to be asked: its own hash and the inner one; None where it is none."""
    found = _WRAPPED.fullmatch(stored)
    if found is None:
        return None
    try:
        return found[3], inner(found[1], _bytes(found[2]), password)
    except ValueError:  # a NUL, or a salt that is none: the wrong password, at the price of any other
        return found[3], b""


def inner(scheme: str, salt: bytes, password: bytes) -> bytes:
    """The hash that is made once. `scheme`: a hash of hashlib, the salt after the password, or "apr1" and "1"."""
    if scheme in _FAST:
        return hashlib.new(scheme, password + salt, usedforsecurity=False).digest()
    from passlib import hash as schemes  # only where somebody brought such a hash

    kind = schemes.apr_md5_crypt if scheme == "apr1" else schemes.md5_crypt
    return str(kind.using(salt=salt.decode("ascii", "replace")).hash(password)).rpartition("$")[2].encode()


def wrapped(scheme: str, salt: bytes, inner_hash: bytes, hashed: Callable[[bytes], str]) -> str:
    """A fast hash with argon2id around it; `hashed` makes that."""
    return f"{ONCE}{scheme}${_text(salt)}{hashed(inner_hash)}"


def name(stored: str) -> str:
    """What a hash was made by, for people to read; nothing of the hash itself."""
    _, scheme, rest = (*stored.split("$", 2), "", "")[:3]
    if stored.startswith(ONCE):
        return f"{rest.partition('$')[0]} in argon2id"
    named = {"2a": "bcrypt", "2b": "bcrypt", "2y": "bcrypt", "5": "SHA-256-crypt", "6": "SHA-512-crypt"}
    return named.get(scheme, scheme)


# -- below -----------------------------------------------------------------------------------------------------------


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return b""


def _text(raw: bytes) -> str:
    return b64encode(raw).decode("ascii").rstrip("=")


def _pbkdf2(found: re.Match[str], password: bytes) -> bool:
    expected = _bytes(found[4])
    made = hashlib.pbkdf2_hmac(found[1], password, _bytes(found[3]), int(found[2]), len(expected) or 1)
    return hmac.compare_digest(made, expected)


def _scrypt(found: re.Match[str], password: bytes) -> bool:
    expected, (ln, r, p) = _bytes(found[5]), map(int, found.group(1, 2, 3))
    made = hashlib.scrypt(
        password, salt=_bytes(found[4]), n=1 << ln, r=r, p=p, maxmem=2 * MAX_MEMORY, dklen=len(expected) or 1
    )
    return hmac.compare_digest(made, expected)


def _bcrypt(found: re.Match[str], password: bytes) -> bool:
    import bcrypt

    try:
        return bcrypt.checkpw(password[:_PASSWORD_OF_BCRYPT], found[0].encode())
    except ValueError:  # a NUL, or a salt that is none
        return False


def _sha_crypt(found: re.Match[str], password: bytes) -> bool:
    from passlib import hash as schemes

    kind = schemes.sha256_crypt if found[1] == "5" else schemes.sha512_crypt
    try:
        return bool(kind.verify(password, found[0]))
    except ValueError:
        return False


def _is_whole(salt: str, digest: str) -> bool:
    return len(_bytes(salt)) in SALTS and len(_bytes(digest)) in DIGESTS


def _is_fair_pbkdf2(found: re.Match[str]) -> bool:
    blocks = -(-len(_bytes(found[4])) // SIZES[found[1]])  # each is made by all iterations (RFC 8018 §5.2)
    turns = int(found[2])
    return _is_whole(found[3], found[4]) and turns >= ITERATIONS.start and turns * blocks in ITERATIONS


def _is_fair_scrypt(found: re.Match[str]) -> bool:
    ln, r, p = map(int, found.group(1, 2, 3))
    fits = 1 <= ln <= 20 and r >= 1 and p >= 1 and 128 * r * (1 << ln) <= MAX_MEMORY
    return fits and r * p * (1 << ln) in SCRYPT and _is_whole(found[4], found[5])


def _is_fair_argon2(found: re.Match[str]) -> bool:
    memory, passes, lanes = map(int, found.group(1, 2, 3))
    fits = 8 * lanes <= memory <= MAX_ARGON2 and 1 <= lanes <= 16
    return fits and memory * passes in ARGON2 and _is_whole(found[4], found[5])


def _is_fair_wrapped(found: re.Match[str]) -> bool:
    around = _ARGON2.fullmatch(found[3])
    return found[1] in (*_FAST, "apr1", "1") and around is not None and _is_fair_argon2(around)


_COMPARED: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str], bytes], bool]], ...]] = (
    (_PBKDF2, _pbkdf2), (_SCRYPT, _scrypt), (_BCRYPT, _bcrypt), (_SHA_CRYPT, _sha_crypt),
)  # fmt: skip
_COSTS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bool]], ...]] = (
    (_PBKDF2, _is_fair_pbkdf2),
    (_SCRYPT, _is_fair_scrypt),
    (_BCRYPT, lambda found: int(found[1]) in BCRYPT),
    (_SHA_CRYPT, lambda found: int(found[2] or 5000) in ROUNDS),
    (_ARGON2, _is_fair_argon2),
    (_WRAPPED, _is_fair_wrapped),
)
#: How many bytes a fast hash has: what is longer, after it, is the salt (LDAP's `{SSHA}`).
SIZES: Final[Mapping[str, int]] = {name: hashlib.new(name, usedforsecurity=False).digest_size for name in _FAST}
