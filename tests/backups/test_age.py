"""D1: the encrypted file is age's, as another implementation of it finds."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence

import pyrage
import pytest

from idp.installation.backups import age, bech32

SIZES = [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]


def encrypted(plain: bytes, *recipients: age.Recipient) -> bytes:
    out = io.BytesIO()
    writer = age.Writer(out, recipients)
    for at in range(0, len(plain), 7_001):
        writer.write(plain[at : at + 7_001])
    writer.finish()
    return out.getvalue()


def decrypted(file: bytes, *identities: age.Identity) -> bytes:
    return io.BufferedReader(age.Reader(io.BytesIO(file), identities)).read()


@pytest.mark.spec("C2SP age: X25519 recipient stanza, payload")
@pytest.mark.parametrize("size", SIZES)
def test_d1_what_is_written_for_a_public_key_another_program_reads_and_the_other_way_round(size: int) -> None:
    secret, plain = age.SecretKey.make(), os.urandom(size)
    theirs = pyrage.x25519.Identity.from_str(str(secret))
    assert str(theirs.to_public()) == str(secret.public)
    assert pyrage.decrypt(encrypted(plain, secret.public), [theirs]) == plain
    assert decrypted(pyrage.encrypt(plain, [theirs.to_public()]), secret) == plain


@pytest.mark.spec("C2SP age: scrypt recipient stanza")
def test_d1_what_is_written_for_a_passphrase_another_program_reads() -> None:
    assert (
        pyrage.passphrase.decrypt(encrypted(b"all of it", age.Passphrase("pässword 密码")), "pässword 密码")
        == b"all of it"
    )


def test_d1_one_file_may_be_for_several_public_keys_and_each_opens_it() -> None:
    ann, bob, eve = (age.SecretKey.make() for _ in range(3))
    file = encrypted(b"for two", ann.public, bob.public)
    assert decrypted(file, ann) == decrypted(file, bob) == decrypted(file, eve, bob) == b"for two"
    with pytest.raises(age.Closed):
        decrypted(file, eve)


def test_d1_a_passphrase_stands_alone() -> None:
    with pytest.raises(ValueError, match="alone"):
        encrypted(b"", age.Passphrase("one"), age.SecretKey.make().public)
    with pytest.raises(ValueError, match="keys"):
        encrypted(b"")


@pytest.mark.parametrize("size", [1, 65_536, 140_000])
def test_d1_whatever_is_cut_off_or_added_is_found(size: int) -> None:
    secret = age.SecretKey.make()
    file = encrypted(os.urandom(size), secret.public)
    ends = {len(file) - 1, len(file) - 17, 20, 100, 180, len(file) // 2, len(file) - size % 65_536 - 16}
    for broken in (*(file[:end] for end in ends if 0 < end < len(file)), file + b"x", b"", b"\n"):
        with pytest.raises(age.Damaged):
            decrypted(broken, secret)


def test_d1_every_changed_octet_is_found() -> None:
    secret = age.SecretKey.make()
    file = encrypted(b"a short one", secret.public)
    for at in range(len(file)):
        broken = bytearray(file)
        broken[at] ^= 0x01
        with pytest.raises((age.Damaged, age.Closed)):
            decrypted(bytes(broken), secret)


@pytest.mark.spec("C2SP age: a decryptor SHOULD limit the work factor")
def test_d1_a_file_that_asks_for_endless_work_is_not_begun() -> None:
    file = encrypted(b"x", age.Passphrase("a passphrase")).replace(f" {age.WORK}\n".encode(), b" 30\n", 1)
    with pytest.raises(age.Damaged, match="work"):
        decrypted(file, age.Passphrase("a passphrase"))


@pytest.mark.spec("BIP 173")
def test_d1_a_mistyped_key_is_no_key() -> None:
    key = str(age.SecretKey.make().public)
    assert str(age.PublicKey.read(f" {key}\n")) == key
    for at in range(len("age1"), len(key)):
        other = "q" if key[at] != "q" else "p"
        with pytest.raises(ValueError):  # noqa: PT011
            age.PublicKey.read(key[:at] + other + key[at + 1 :])
    wrong: Sequence[str] = ("", "age1", key.upper()[:5] + key[5:], key[:-1], str(age.SecretKey.make()))
    for text in wrong:
        with pytest.raises(ValueError):  # noqa: PT011
            age.PublicKey.read(text)
    with pytest.raises(ValueError):  # noqa: PT011
        age.SecretKey.read(key)


def test_d1_nothing_of_a_key_is_in_what_is_printed_of_it() -> None:
    secret = age.SecretKey.make()
    assert repr(secret.raw) not in repr(secret)
    assert "horse" not in repr(age.Passphrase("horse"))
    assert bech32.decode(str(secret))[1] == secret.raw
