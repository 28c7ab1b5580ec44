"""Envelopes that come in: whatever somebody makes up is refused, and costs nothing. S40, X10."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

from keys.encrypting import AGREED, ENCS, choose, decrypt, encrypt, own_key, read_recipients
from keys.verifying import InvalidToken, UnknownKey

OWN = own_key(bytes(range(64)))
KEY = ECKey.import_key(OWN.public_jwk)
WHOLE = jwe.encrypt_compact({"alg": "ECDH-ES", "enc": "A128GCM", "kid": OWN.kid}, "a.b.c", KEY)
EPK = {"kty": "EC", "crv": "P-256", "x": "A" * 43, "y": "A" * 43}


def headed(header: Any, rest: str = "") -> str:
    head = urlsafe_b64encode(json.dumps(header).encode()).decode()
    return head + (rest or WHOLE[WHOLE.index(".") :])


def test_the_key_of_a_secret_is_always_the_same_and_shows_no_private_part() -> None:
    assert own_key(bytes(range(64))).kid == OWN.kid != own_key(bytes(64)).kid
    assert OWN.public_jwk.keys() == {"kty", "crv", "x", "y", "use", "kid"}
    assert decrypt(WHOLE, [own_key(bytes(64)), OWN]) == "a.b.c"


HEADERS: list[Any] = [
    {}, [], 7, None, "x", {"alg": None, "enc": None}, {"alg": "ECDH-ES"}, {"alg": ["ECDH-ES"], "enc": "A128GCM"},
    {"alg": "dir", "enc": "A128GCM"}, {"alg": "RSA-OAEP-256", "enc": "A128GCM"}, {"alg": "RSA1_5", "enc": "A128GCM"},
    {"alg": "ECDH-ES", "enc": "A192GCM"}, {"alg": "none", "enc": "none"}, {"alg": "ECDH-ES", "enc": "A128GCM"},
    *({"alg": "ECDH-ES", "enc": "A128GCM", "epk": epk} for epk in (
        None, 7, [], {}, {"kty": "EC"}, {**EPK, "crv": "P-521"}, EPK, {**EPK, "kty": "oct", "k": "AAAA"},
        {"kty": "OKP", "crv": "X25519", "x": "A" * 43}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"})),
    *({"alg": "ECDH-ES", "enc": "A128GCM", "epk": EPK, **more} for more in (
        {"zip": "DEF"}, {"crit": ["x"]}, {"p2c": 10**9}, {"apu": 7}, {"apv": "é"}, {"kid": 7}, {"kid": {"a": 1}})),
    {"alg": "ECDH-ES", "enc": "A128GCM", "x": "y" * 2000},
]  # fmt: skip


@pytest.mark.spec("RFC 8725 3.2")
@pytest.mark.parametrize("header", HEADERS, ids=lambda header: json.dumps(header)[:60])
def test_S40_a_header_that_is_made_up_is_refused(header: Any) -> None:
    with pytest.raises(InvalidToken):
        decrypt(headed(header), [OWN])


@pytest.mark.spec("RFC 7516 5.2")
def test_S40_an_encrypted_key_where_none_belongs_is_refused() -> None:
    """It would be one token under many spellings, and room for anything."""
    head, _, *rest = WHOLE.split(".")
    for key in ("AAAA", "x", "AAAA" * 100):
        with pytest.raises(InvalidToken, match="second part must be empty"):
            decrypt(".".join((head, key, *rest)), [OWN])
    assert decrypt(".".join((head, "", *rest)), [OWN]) == "a.b.c"


def test_S40_another_kid_says_that_the_keys_are_to_be_read_again() -> None:
    with pytest.raises(UnknownKey):
        decrypt(headed({"alg": "ECDH-ES", "enc": "A128GCM", "kid": "old"}), [OWN])


@given(place=st.integers(0, len(WHOLE) - 1), letter=st.sampled_from("AZaz09-_.=!\n"))
@settings(max_examples=150)
def test_S40_one_letter_changed_is_refused_or_the_same(place: int, letter: str) -> None:
    with contextlib.suppress(InvalidToken):
        assert decrypt(WHOLE[:place] + letter + WHOLE[place + 1 :], [OWN]) == "a.b.c"


@given(st.text("AZaz09-_.", max_size=300) | st.from_regex(r"\A[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){4}\Z"))
@settings(max_examples=100)
def test_S40_made_up_text_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        decrypt(text, [OWN])


def test_X10_size_is_bounded_before_anything_is_read() -> None:
    for text in ("." * 70_000, "A" * 70_000 + "....", "A" * 20_000_000 + "...."):
        with pytest.raises(InvalidToken, match="at most"):
            decrypt(text, [OWN])


_VALUES = st.none() | st.integers() | st.text(max_size=20) | st.lists(st.text(max_size=5), max_size=3)


_MEMBERS = st.sampled_from(["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid", "key_ops"])
_KNOWN = st.sampled_from(["RSA", "EC", "OKP", "P-256", "enc", *AGREED])


@given(st.lists(st.dictionaries(_MEMBERS, _VALUES | _KNOWN), max_size=4))
def test_S40_a_key_set_that_is_made_up_has_no_key(members: list[dict[str, Any]]) -> None:
    assert choose(read_recipients({"keys": members}), "ECDH-ES") is None


@pytest.mark.parametrize("document", [None, 7, [], {}, {"keys": None}, {"keys": {}}])
def test_S40_what_is_no_key_set_says_so(document: Any) -> None:
    with pytest.raises(ValueError, match="a JWKS is"):
        read_recipients(document)
    assert read_recipients({"keys": [None, 7, "x", [], {}]}) == ()


def test_S40_a_private_part_that_was_published_is_not_kept() -> None:
    key = RSAKey.generate_key(2048, {"kid": "r"})
    (found,) = read_recipients({"keys": [key.as_dict(private=True)]})
    assert not found.key.is_private
    text = encrypt(b"x", found, "RSA-OAEP-256", ENCS[0])
    assert jwe.decrypt_compact(text, key, algorithms=["RSA-OAEP-256", ENCS[0]]).plaintext == b"x"
