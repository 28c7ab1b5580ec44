"""I2: two accounts of one provider never have one key."""

from __future__ import annotations

import itertools

import pytest

from idp.federation.saml.identity import _bare, _qualified

USUAL = ("https://idp.example", "https://ours.example")


@pytest.mark.spec("SAML Core 8.3.7")
def test_s_keys_of_name_ids_are_told_apart_wherever_a_mark_stands() -> None:
    parts = ("a", "a!b", "b", "b!c", "c", "!", "a!b!c", "%21", "https://idp.example")
    found = [_bare(value, USUAL) for value in (*parts, "!a%21b!b!c", "!".join((*USUAL, "x")))]
    found += [_qualified(*three) for three in itertools.product(parts, repeat=3)]
    assert len(set(found)) == len(found)


def test_s_keys_of_links_that_stand_stay_where_they_are_plain() -> None:
    assert _bare("there-1", USUAL) == "there-1"
    assert _bare("a!b", USUAL) == "a!b"
    assert _bare("!".join((*USUAL, "x")), USUAL) == "!".join((*USUAL, "x"))
    assert _qualified("urn:another", USUAL[1], "a!b") == "!".join(("urn:another", USUAL[1], "a!b"))
