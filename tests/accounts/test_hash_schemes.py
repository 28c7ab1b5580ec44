"""Passwords that another product hashed: right ones are right, wrong ones wrong, and ours stands there after. Y3."""

from __future__ import annotations

import hashlib
from base64 import b64encode

import bcrypt
import pytest
from argon2 import PasswordHasher
from passlib import hash as schemes

from idp.accounts import hash_schemes
from idp.accounts.passwords import Verifier
from idp.importing import hashes
from idp.importing.found import FastHash

PASSWORD = "grüne Äpfel 7"
RAW = PASSWORD.encode()


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(threads=1, memory_kib=8192, time_cost=1)


def _django_scrypt() -> str:
    made = hashlib.scrypt(RAW, salt=b"saltsalt", n=1024, r=8, p=1, dklen=64)
    return f"scrypt$saltsalt$1024$8$1${b64encode(made).decode()}"


def _ssha(name: str) -> bytes:
    return b64encode(hashlib.new(name, RAW + b"salt").digest() + b"salt")


PLAIN = {
    "bcrypt": bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode(),
    "bcrypt of PHP": "$2y$" + bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode()[4:],
    "SHA-256-crypt": schemes.sha256_crypt.using(rounds=5000).hash(PASSWORD),
    "SHA-512-crypt": schemes.sha512_crypt.using(rounds=5000).hash(PASSWORD),
    "PBKDF2-SHA1": schemes.pbkdf2_sha1.using(rounds=10000).hash(PASSWORD),
    "PBKDF2-SHA256": schemes.pbkdf2_sha256.using(rounds=10000).hash(PASSWORD),
    "PBKDF2-SHA512": schemes.pbkdf2_sha512.using(rounds=10000).hash(PASSWORD),
    "scrypt": schemes.scrypt.using(rounds=10).hash(PASSWORD),
    "argon2id": PasswordHasher(time_cost=3, memory_cost=4096, parallelism=2).hash(PASSWORD),
    "Apache's MD5": schemes.apr_md5_crypt.hash(PASSWORD),
    "MD5-crypt": schemes.md5_crypt.hash(PASSWORD),
}
LDAP = {
    "SSHA": "{SSHA}" + _ssha("sha1").decode(),
    "SSHA512": "{SSHA512}" + _ssha("sha512").decode(),
    "SHA": "{SHA}" + b64encode(hashlib.sha1(RAW).digest()).decode(),
    "SMD5": "{SMD5}" + _ssha("md5").decode(),
    "CRYPT": "{CRYPT}" + schemes.sha512_crypt.using(rounds=5000).hash(PASSWORD),
    "PBKDF2-SHA256": schemes.ldap_pbkdf2_sha256.using(rounds=10000).hash(PASSWORD),
    "BCRYPT": "{BCRYPT}" + bcrypt.hashpw(RAW, bcrypt.gensalt(4)).decode(),
    "ARGON2": "{ARGON2}" + PasswordHasher(time_cost=1, memory_cost=10240, parallelism=1).hash(PASSWORD),
}
DJANGO = {
    "PBKDF2": schemes.django_pbkdf2_sha256.using(rounds=10000).hash(PASSWORD),
    "scrypt": _django_scrypt(),
    "argon2": "argon2" + PasswordHasher(time_cost=1, memory_cost=10240, parallelism=1).hash(PASSWORD),
}


def _all() -> list[tuple[str, hashes.Hash]]:
    return [
        *((f"plain-{name}", hashes.plain(text)) for name, text in PLAIN.items()),
        *((f"ldap-{name}", hashes.ldap(text)) for name, text in LDAP.items()),
        *((f"django-{name}", hashes.django(text)) for name, text in DJANGO.items()),
    ]


FOUND = _all()


@pytest.mark.parametrize("found", [one for _, one in FOUND], ids=[name for name, _ in FOUND])
def test_y3_the_password_of_before_is_right_once_more_and_then_it_is_hashed_by_us(
    verifier: Verifier, found: hashes.Hash
) -> None:
    stored = verifier.wrap(found.kind, found.salt, found.digest) if isinstance(found, FastHash) else found
    hash_schemes.check(stored)
    assert not verifier.verify(stored, PASSWORD + "x").ok
    assert not verifier.verify(stored, PASSWORD.upper()).ok
    verdict = verifier.verify(stored, PASSWORD)
    assert verdict.ok
    assert verdict.rehash is not None
    assert verdict.rehash.startswith("$argon2id$v=19$m=8192,t=1,")
    assert verifier.verify(verdict.rehash, PASSWORD).rehash is None


FAST = [(name, one) for name, one in FOUND if isinstance(one, FastHash)]


@pytest.mark.parametrize("found", [one for _, one in FAST], ids=[name for name, _ in FAST])
def test_y3_a_fast_hash_is_never_kept_as_it_was(verifier: Verifier, found: FastHash) -> None:
    stored = verifier.wrap(found.kind, found.salt, found.digest)
    assert "$argon2id$" in stored
    assert b64encode(found.digest).decode().rstrip("=") not in stored
    assert found.digest.decode("latin-1") not in stored


@pytest.mark.parametrize(
    "text",
    [
        "$2b$31$abcdefghijklmnopqrstuu5Vq8vY8XJr8h2gW1b7m0m1m1m1m1m1m",
        "$pbkdf2-sha512$i=90000000$c2FsdA$aGFzaA",
        "$scrypt$ln=30,r=8,p=1$c2FsdA$aGFzaA",
        "$6$rounds=99999999$salt$" + "a" * 86,
        "$argon2id$v=19$m=99999999,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "$7$unknown$hash", "secret", "", "{SSHA}", "$argon2id$v=16$m=1024,t=3,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNo",
        "abJnggxhB/yWI",
    ],
)  # fmt: skip
def test_y3_what_costs_too_much_or_is_unknown_is_not_taken(text: str) -> None:
    with pytest.raises(hash_schemes.UnknownScheme):
        hash_schemes.check(text)


def test_y3_a_wrong_password_for_a_damaged_hash_costs_what_any_costs(verifier: Verifier) -> None:
    for stored in ("$2b$04$short", "$once$sha1$c2FsdA$argon2id$broken", "$pbkdf2-sha1$i=1$$", "!"):
        before = verifier.hashes
        assert not verifier.verify(stored, PASSWORD).ok
        assert verifier.hashes == before + 1


def test_y3_bcrypt_looks_at_72_bytes_as_it_always_has(verifier: Verifier) -> None:
    long = "x" * 100
    stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode()
    assert verifier.verify(stored, long).ok
    assert not verifier.verify(stored, "y" + long).ok


def _text(raw: bytes) -> str:
    return b64encode(raw).decode().rstrip("=")


SALT, DIGEST = _text(b"s" * 16), _text(b"d" * 32)


@pytest.mark.parametrize(
    "text",
    [
        f"$pbkdf2-sha512$i=20000${SALT}$AA", f"$pbkdf2-sha512$i=20000$AA${DIGEST}",
        f"$scrypt$ln=14,r=8,p=1${SALT}$AA", f"$argon2id$v=19$m=65536,t=3,p=1${SALT}$AAAAAA",
    ],
)  # fmt: skip
def test_y3_a_cut_hash_that_other_passwords_fit_as_well_is_not_taken(text: str) -> None:
    with pytest.raises(hash_schemes.UnknownScheme):
        hash_schemes.check(text)


@pytest.mark.parametrize(
    "text",
    [
        f"$pbkdf2-sha256$i=1${SALT}${DIGEST}", f"$scrypt$ln=1,r=1,p=1${SALT}${DIGEST}",
        "$5$rounds=1000$salt$" + "a" * 43, f"$argon2id$v=19$m=8,t=1,p=1${SALT}${DIGEST}",
        f"$once$sha1$c2FsdA$argon2id$v=19$m=8,t=1,p=1${SALT}${DIGEST}",
    ],
)  # fmt: skip
def test_y3_a_hash_that_costs_nothing_to_guess_is_not_taken(text: str) -> None:
    with pytest.raises(hash_schemes.UnknownScheme):
        hash_schemes.check(text)


@pytest.mark.parametrize(
    "text",
    [
        f"$pbkdf2-sha1$i=3000000${SALT}${_text(b'd' * 64)}", f"$pbkdf2-sha1$i=20000${SALT}${_text(b'd' * 6000)}",
        f"$argon2id$v=19$m=262144,t=64,p=1${SALT}${DIGEST}", f"$scrypt$ln=16,r=8,p=16${SALT}${DIGEST}",
        "$6$rounds=1000000$salt$" + "a" * 86,
    ],
)  # fmt: skip
def test_X30_the_price_is_that_of_all_figures_together(text: str) -> None:
    with pytest.raises(hash_schemes.UnknownScheme):
        hash_schemes.check(text)


@pytest.mark.parametrize("scheme", ["apr1", "1"])
def test_y3_a_nul_is_a_wrong_password_for_an_old_hash_too(verifier: Verifier, scheme: str) -> None:
    kind = schemes.apr_md5_crypt if scheme == "apr1" else schemes.md5_crypt
    found = hashes.plain(kind.hash(PASSWORD))
    assert isinstance(found, FastHash)
    stored = verifier.wrap(found.kind, found.salt, found.digest)
    before = verifier.hashes
    assert not verifier.verify(stored, "a\0b").ok
    assert verifier.hashes == before + 1


def test_y3_a_salt_of_other_signs_is_no_hash() -> None:
    with pytest.raises(hash_schemes.UnknownScheme):
        hashes.plain("$apr1$abé$" + "a" * 22)
