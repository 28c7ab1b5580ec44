"""L1: the form in which names are compared."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.person import Draft, fold, identifiers

SPACES = st.text(alphabet=" \t\n\r\u00a0\u2003\u3000", max_size=4)


@given(st.text())
def test_L1_folding_comes_to_rest(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(), SPACES, SPACES)
def test_L1_outer_spaces_do_not_count(text: str, before: str, after: str) -> None:
    assert fold(before + text + after) == fold(text)


@given(st.text(), st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_L1_every_unicode_form_of_a_name_is_the_same_name(text: str, form: str) -> None:
    assert fold(unicodedata.normalize(form, text)) == fold(text)  # type: ignore[arg-type]


@given(st.text())
def test_L1_case_does_not_count(text: str) -> None:
    assert fold(text.casefold()) == fold(text)


@given(st.text(alphabet=st.characters(categories=["Ll", "Lu", "Nd"], max_codepoint=0x7F)))
def test_L1_capitals_do_not_count(text: str) -> None:
    assert fold(text.upper()) == fold(text.lower()) == text.lower()


@given(st.text())
def test_L1_a_key_is_something_that_every_database_stores(text: str) -> None:
    assert not any(unicodedata.category(c) in ("Cs", "Cf") or c == "\0" for c in fold(text))


def test_L1_lookalikes_of_one_name_are_one_key() -> None:
    spellings = ["straße", "STRASSE", "ﬆraße", "Ｓｔｒａße", "stra\u00adße", "s\u200dtraße"]
    assert {fold(s) for s in spellings} == {"strasse"}


def test_L1_one_key_is_kept_for_each_way_to_sign_in() -> None:
    draft = Draft(username="A@b.c", email="a@B.c", employee_number="7")
    assert identifiers(draft) == {"a@b.c": "username", "7": "employee_number"}
