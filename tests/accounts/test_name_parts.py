"""First and last name out of a full one, where it is safe. N25."""

from __future__ import annotations

import pytest

from idp.accounts import name_parts


@pytest.mark.parametrize(
    ("name", "given", "family"),
    [
        ("Ann Example", "Ann", "Example"), ("  Jürgen   Groß ", "Jürgen", "Groß"),
        ("Anne-Marie O’Neil", "Anne-Marie", "O’Neil"),
        ("Ελένη Παπαδοπούλου", "Ελένη", "Παπαδοπούλου"), ("Анна Каренина", "Анна", "Каренина"),
        ("Miller, Ann", "Ann", "Miller"), ("van Dyck, Anton", "Anton", "van Dyck"),
        ("García Márquez, Gabriel", "Gabriel", "García Márquez"),
    ],
)  # fmt: skip
def test_n25_two_words_or_last_comma_first_are_taken_apart(name: str, given: str, family: str) -> None:
    assert name_parts.split(name) == {"given_name": given, "family_name": family}


@pytest.mark.parametrize(
    "name",
    ["", "Ann", "Gabriel García Márquez", "van Dyck", "Dr. Miller", "A. Miller", "李小龍", "李 小龍", "김 민준",
     "Ann 2", "Ann B", "Miller, Ann, Dr.", "Miller,", ",Ann", "Meeting Room 3", "Ann \U0001f98a", "ann@example.com x"],
)  # fmt: skip
def test_n25_whatever_else_is_not_guessed(name: str) -> None:
    assert name_parts.split(name) == {}


def test_n25_what_is_given_is_never_changed() -> None:
    assert name_parts.completed("Ann Example", {"family_name": "Other"}) == {"family_name": "Other"}
    assert name_parts.completed("Ann Example", {"dept": "x"}) == {
        "given_name": "Ann", "family_name": "Example", "dept": "x",
    }  # fmt: skip
