"""U1, B4: how many people have which claim, without a look at everybody for a page."""

from __future__ import annotations

from typing import Any

import pytest

from idp.accounts import known_claims
from idp.accounts.directory import Directory
from idp.accounts.known_claims import Counts
from idp.accounts.person import Draft


def add(directory: Directory, name: str, **claims: Any) -> None:
    directory.add(Draft(username=name, claims=claims))


@pytest.fixture
def three(directory: Directory) -> Directory:
    add(directory, "ann", **{"room": "1", "it.s": "x", "nested": {"deep": 1}})
    add(directory, "bob", **{"room": "2", "urn:x/y": "y"})
    add(directory, "cid", **{"note": "room", "deep#de": "z"})
    return directory


def test_U1_each_claim_is_counted_once_for_each_who_has_it(three: Directory) -> None:
    assert three.claim_names() == {"room", "it.s", "nested", "urn:x/y", "note", "deep#de"}
    counts = three.claim_counts()
    assert counts == Counts({"room": 2, "it.s": 1, "nested": 1, "urn:x/y": 1, "note": 1, "deep#de": 1})
    for name in three.claim_names():
        assert three.claim_count(name) == counts.of(name), name
    for name in ("deep", "roo", "%", ""):  # neither within another one, nor a part of a name
        assert three.claim_count(name) == counts.of(name) == 0, name


def test_B4_of_very_many_people_some_are_looked_at(three: Directory, monkeypatch: pytest.MonkeyPatch) -> None:
    add(three, "dan", room="3")
    monkeypatch.setattr(known_claims, "MOST", 1)
    counts = three.claim_counts()
    assert not counts.is_exact
    assert set(counts.by_name.values()) == {4}  # of four people, as far as the one tells
    assert three.claim_count("room") == 3  # of one alone it is counted
    monkeypatch.setattr(known_claims, "MOST", 4)
    assert three.claim_counts().is_exact
