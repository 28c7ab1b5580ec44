"""The token of a "This was not me" link. A3."""

from __future__ import annotations

import json

import pytest

from idp.accounts import not_me
from keys.sealing import Sealer

SEALER = Sealer(b"r" * 32)
NOW = 1_793_000_000.0


def test_A3_a_link_says_whose_account_and_which_message_for_seven_days() -> None:
    token = not_me.make(SEALER, "u1", "new_device", NOW)
    found = not_me.find(SEALER, token, NOW + 7 * 86400 - 1)
    assert found is not None
    assert (found.person_id, found.event, found.at) == ("u1", "new_device", NOW)
    assert not_me.find(SEALER, token, NOW + 7 * 86400) is None


def test_A3_two_messages_have_two_links_and_neither_says_who_it_is() -> None:
    one, other = (not_me.make(SEALER, "person-u1-of-ours", "new_device", NOW) for _ in range(2))
    first, second = not_me.find(SEALER, one, NOW), not_me.find(SEALER, other, NOW)
    assert first is not None
    assert second is not None
    assert first.id != second.id
    assert "person-u1-of-ours" not in one
    assert one.replace("-", "").replace("_", "").isalnum()  # fits in a path as it is


def test_A3_a_token_that_we_did_not_make_is_worth_nothing() -> None:
    token = not_me.make(SEALER, "u1", "new_device", NOW)
    for wrong in ("", "x", "é", token[:-1], token[:20] + ("A" if token[20] != "A" else "B") + token[21:], token + "\0"):
        assert not_me.find(SEALER, wrong, NOW) is None
    assert not_me.find(Sealer(b"s" * 32), token, NOW) is None
    assert not_me.find(SEALER, SEALER.seal("device", json.dumps(["u1", "x", NOW, "i"]).encode()), NOW) is None
    assert not_me.find(SEALER, not_me.make(SEALER, "u1", "x", NOW + 3600), NOW) is None


@pytest.mark.parametrize("value", [[], ["u1"], "u1", {"a": 1}, None])
def test_A3_a_token_of_another_form_is_no_error(value: object) -> None:
    assert not_me.find(SEALER, SEALER.seal(not_me.PURPOSE, json.dumps(value).encode()), NOW) is None
