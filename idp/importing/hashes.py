"""How other products write the hash of a password, turned into what `accounts.hash_schemes` compares."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from idp.accounts import hash_schemes
from idp.accounts.carrying import Carried
from idp.accounts.hash_schemes import SIZES, UnknownScheme
from idp.importing.found import FastHash, Someone

Hash = str | FastHash
_LDAP = re.compile(r"\{([A-Za-z0-9_-]+)\}(.*)", re.DOTALL)
#: RFC 2307 §5.3 and what OpenLDAP, 389 and slapd-sha2 have beside it: the scheme, and the hash inside.
_LDAP_FAST: Final = {
    "MD5": "md5", "SMD5": "md5", "SHA": "sha1", "SSHA": "sha1", "SHA256": "sha256", "SSHA256": "sha256",
    "SHA384": "sha384", "SSHA384": "sha384", "SHA512": "sha512", "SSHA512": "sha512",
}  # fmt: skip
_MD5_CRYPT = re.compile(r"\$(1|apr1)\$([./A-Za-z0-9]{1,8})\$([./A-Za-z0-9]{22})")
_PASSLIB_PBKDF2 = re.compile(r"\$pbkdf2(?:-(sha1|sha256|sha512))?\$(\d{1,8})\$([A-Za-z0-9./+]+)\$([A-Za-z0-9./+]+)")
_DJANGO_PBKDF2 = re.compile(r"pbkdf2_(sha1|sha256|sha512)\$(\d{1,8})\$([^$]+)\$([A-Za-z0-9+/=]+)")
_DJANGO_SCRYPT = re.compile(r"scrypt\$([^$]+)\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([A-Za-z0-9+/=]+)")


def plain(text: str) -> Hash:
    """A hash as crypt(3), PHC strings, passlib, htpasswd or Go's crypt write it. Errors: `UnknownScheme`."""
    if (found := _MD5_CRYPT.fullmatch(text)) is not None:
        return FastHash(found[1], found[2].encode(), found[3].encode())
    if (made := _PASSLIB_PBKDF2.fullmatch(text)) is not None:
        return _pbkdf2(made[1] or "sha1", int(made[2]), _adapted(made[3]), _adapted(made[4]))
    hash_schemes.check(text)
    return text


def ldap(text: str) -> Hash:
    """A `userPassword` (RFC 2307 §5.3). Errors: `UnknownScheme`, also for a password that stands there as it is."""
    found = _LDAP.fullmatch(text)
    if found is None:
        raise UnknownScheme("no scheme in braces")
    scheme, value = found[1].upper().replace("_", "-"), found[2]
    if scheme in _LDAP_FAST:
        kind, both = _LDAP_FAST[scheme], raw(value)
        if len(both) < SIZES[kind]:
            raise UnknownScheme(f"{{{scheme}}} is cut")
        return FastHash(kind, both[SIZES[kind] :], both[: SIZES[kind]])
    if scheme in ("CRYPT", "BCRYPT", "ARGON2", "ARGON2I", "ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT", "SHA256-CRYPT"):
        return plain(value)
    if scheme.startswith("PBKDF2"):
        return plain(f"${scheme.lower()}${value}")
    raise UnknownScheme(f"{{{scheme}}} is not known here")


def django(text: str) -> Hash:
    """A hash of Django's (authentik). Errors: `UnknownScheme`."""
    if (found := _DJANGO_PBKDF2.fullmatch(text)) is not None:
        return _pbkdf2(found[1], int(found[2]), found[3].encode(), raw(found[4]))
    if (found := _DJANGO_SCRYPT.fullmatch(text)) is not None:
        n, r, p = map(int, found.group(2, 3, 4))
        if n < 2 or n & (n - 1):
            raise UnknownScheme("scrypt's cost is no power of two")
        return _checked(f"$scrypt$ln={n.bit_length() - 1},r={r},p={p}${_b64(found[1].encode())}${_b64(raw(found[5]))}")
    if text.startswith("argon2$"):
        return plain(text.removeprefix("argon2"))
    if text.startswith("bcrypt$"):
        return plain(text.removeprefix("bcrypt$"))
    raise UnknownScheme(f"{text.partition('$')[0][:30]} is not known here")


def keycloak(secret: Mapping[str, Any], about: Mapping[str, Any]) -> Hash:
    """A credential of type "password": its `secretData` and `credentialData`. Errors: `UnknownScheme`."""
    algorithm, salt, value = str(about.get("algorithm", "")), raw(str(secret.get("salt", ""))), secret.get("value", "")
    more: Mapping[str, Sequence[str]] = about.get("additionalParameters") or {}
    turns = int(about.get("hashIterations") or 0)
    if algorithm.startswith("pbkdf2"):
        digest = algorithm.removeprefix("pbkdf2").removeprefix("-") or "sha1"
        return _pbkdf2(digest, turns, salt, raw(str(value)))
    if algorithm == "argon2":
        kind, memory, lanes = (str((more.get(name) or [""])[0]) for name in ("type", "memory", "parallelism"))
        if (more.get("version") or ["1.3"])[0] != "1.3":
            raise UnknownScheme("argon2 of version 1.0")
        head = f"$argon2{kind}$v=19$m={memory},t={turns},p={lanes}"
        return _checked(f"{head}${_b64(salt)}${_b64(raw(str(value)))}")
    if algorithm == "bcrypt":
        return plain(str(value))
    raise UnknownScheme(f"{algorithm[:30] or 'a hash without a name'} is not known here")


def base64url(data: bytes) -> str:
    """Without padding (RFC 7515 §2)."""
    return urlsafe_b64encode(data).decode("ascii").rstrip("=")


def raw(text: str) -> bytes:
    """Base64 of either alphabet, padded or not. Errors: `UnknownScheme`."""
    text = text.strip().replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise UnknownScheme("the hash is no base64") from None


def given(carried: Carried, found: Hash | None) -> Someone:
    """Somebody with that hash."""
    if isinstance(found, FastHash):
        return Someone(carried=carried, fast=found)
    return Someone(carried=replace(carried, password_hash=found))


# -- below -----------------------------------------------------------------------------------------------------------


def _pbkdf2(digest: str, turns: int, salt: bytes, made: bytes) -> str:
    return _checked(f"$pbkdf2-{digest}$i={turns}${_b64(salt)}${_b64(made)}")


def _checked(stored: str) -> str:
    hash_schemes.check(stored)
    return stored


def _b64(raw: bytes) -> str:
    return b64encode(raw).decode("ascii").rstrip("=")


def _adapted(text: str) -> bytes:
    """passlib's base64, with a dot for the plus."""
    return raw(text.replace(".", "+"))
