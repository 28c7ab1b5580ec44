"""Y3: whose password is still under another product's hash can be listed, and nobody's is after they signed in."""

from __future__ import annotations

import pytest

from idp.accounts import hash_schemes, old_hashes
from tests.provider import PASSWORD, Provider


def test_y3_the_list_gets_shorter_with_each_sign_in(provider: Provider) -> None:
    services, crm = provider.services, provider.add_client("CRM")
    for name in ("ann", "bob"):
        provider.add_person(name)
    old = hash_schemes.wrapped("md5", b"", hash_schemes.inner("md5", b"", PASSWORD.encode()), services.passwords._hash)
    for name in ("ann", "bob"):
        person = services.directory.find_by_login(name)
        assert person is not None
        services.directory.store_password(person.id, old, detail={})
    found = sorted(old_hashes.everybody(services.db), key=lambda one: one.username)  # ids of one moment are random
    assert [(one.username, one.scheme, one.enabled) for one in found] == [
        ("ann", "md5 in argon2id", True), ("bob", "md5 in argon2id", True),
    ]  # fmt: skip
    provider.sign_in(provider.browser(), crm, login="bob")
    assert [one.username for one in old_hashes.everybody(services.db)] == ["ann"]


@pytest.mark.parametrize(
    ("stored", "scheme"),
    [
        ("$2b$12$abc", "bcrypt"),
        ("$6$rounds=9$a$b", "SHA-512-crypt"),
        ("$5$a$b", "SHA-256-crypt"),
        ("$pbkdf2-sha512$i=1$a$b", "pbkdf2-sha512"),
        ("$scrypt$ln=16,r=8,p=1$a$b", "scrypt"),
        ("$once$sha1$c2FsdA$argon2id$v=19$x", "sha1 in argon2id"),
        ("$argon2i$v=19$x", "argon2i"),
    ],
    ids=["bcrypt", "sha512", "sha256", "pbkdf2", "scrypt", "once", "argon2i"],
)
def test_y3_each_scheme_has_a_name(stored: str, scheme: str) -> None:
    assert hash_schemes.name(stored) == scheme
