"""Phone numbers: one reader for profiles, recovery and text messages."""

from __future__ import annotations

import pytest

from idp.phone_numbers import read


@pytest.mark.parametrize(
    "typed",
    ["+49 170 1234567", "0049 (170) 123-4567", "+49 (0)170 1234567", " +49/170/1234567 ", "+491701234567"],
)
def test_a_number_is_kept_in_one_form_however_it_is_typed(typed: str) -> None:
    assert read(typed) == "+491701234567"


@pytest.mark.parametrize(
    "typed",
    [
        "", "0170 1234567", "+49", "+1 800 FLOWERS", "+49 170 1234567 ext. 5", "+999 1234567", "+12345",
        "+49170123456789012", "tel:+491701234567", "+0123456789", "+49\u0660170\u06601234567", "+" + "1" * 60,
    ],
)  # fmt: skip
def test_what_is_no_number_of_a_country_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read(typed)
