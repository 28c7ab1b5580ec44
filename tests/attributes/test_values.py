"""U1: values of each type, as people type them and as programs send them."""

from __future__ import annotations

from typing import Any

import pytest

from clients.attributes import checking
from idp.attribute_values import WrongValue, read, shown
from idp.texts import Text, translate

CHOOSE = {"options": ["Red", "Green", "Blue"]}


def of(type: str, **said: Any) -> Any:
    return checking.checked("x", {"type": type, **said})


@pytest.mark.parametrize(
    ("type", "said", "given", "kept"),
    [
        ("text", {}, " Sales ", "Sales"), ("text", {}, 42, "42"), ("text", {"min": 2, "max": 3}, "abc", "abc"),
        ("number", {}, "12", 12), ("number", {}, "0.5", 0.5), ("number", {}, "1e3", 1000), ("number", {}, 7, 7),
        ("number", {"min": 0, "max": 9}, "9", 9), ("boolean", {}, "yes", True), ("boolean", {}, "0", False),
        ("boolean", {}, False, False), ("date", {}, "2026-12-31", "2026-12-31"),
        ("choice", CHOOSE, "red", "Red"), ("choices", CHOOSE, "Blue| red|Blue", ["Red", "Blue"]),
        ("choices", CHOOSE, ["Green"], ["Green"]), ("email", {}, "anna@example.com", "anna@example.com"),
        ("phone", {}, "+49 30 1234567", "+49301234567"), ("url", {}, "example.com/a", "https://example.com/a"),
    ],
)  # fmt: skip
def test_U1_a_value_is_kept_in_one_form_and_reads_back(type: str, said: Any, given: Any, kept: Any) -> None:
    one = of(type, **said)
    value = read(one, given)
    assert value == kept
    assert value.__class__ is kept.__class__
    assert read(one, shown(value)) == kept
    assert read(one, value, exact=True) == kept


@pytest.mark.parametrize("given", [[""], "|", ["", ""]])
def test_U1_a_list_of_nothing_is_no_value_either(given: Any) -> None:
    assert read(of("choices", **CHOOSE, min=1), given) is None


@pytest.mark.parametrize("type", ["text", "number", "boolean", "date", "email", "phone", "url"])
@pytest.mark.parametrize("given", [None, "", "  ", []])
def test_U1_nothing_is_no_value(type: str, given: Any) -> None:
    assert read(of(type), given) is None


@pytest.mark.parametrize(
    ("type", "said", "given"),
    [
        ("text", {}, "a\nb"), ("text", {}, "a" * 1001), ("text", {}, {"a": 1}), ("text", {}, True),
        ("text", {"min": 2}, "a"), ("text", {"max": 2}, "abc"), ("text", {"pattern": "[0-9]+"}, "12a"),
        ("text", {}, "a\u202eb"), ("number", {}, "twelve"), ("number", {}, "NaN"), ("number", {}, float("inf")),
        ("number", {}, "1e999999"), ("number", {}, True), ("number", {"min": 0}, "-1"), ("number", {"max": 9}, 10),
        ("boolean", {}, "perhaps"), ("boolean", {}, 2), ("date", {}, "31.12.2026"), ("date", {}, "2026-02-30"),
        ("date", {"min": "2026-01-01"}, "2025-12-31"), ("date", {}, 5), ("choice", CHOOSE, "Pink"),
        ("choices", CHOOSE, "Red|Pink"), ("choices", {**CHOOSE, "max": 1}, ["Red", "Blue"]),
        ("choices", {**CHOOSE, "min": 2}, "Red"), ("choices", CHOOSE, {"Red": 1}), ("email", {}, "anna"),
        ("email", {}, "anna@localhost"), ("email", {}, "a b@example.com"), ("phone", {}, "12345"),
        ("phone", {}, "+1 call me"), ("url", {}, "javascript:alert(1)"), ("url", {}, "https://[::1"),
        ("url", {}, "https://no host.example"), ("url", {}, "ftp://example.com"),
        ("number", {}, float("nan")),
        *(pytest.param(type, {}, 10**5000, id=type) for type in ("number", "text", "boolean")),
    ],
)  # fmt: skip
def test_U1_a_value_of_another_kind_is_refused_in_words_that_every_language_has(
    type: str, said: Any, given: Any
) -> None:
    with pytest.raises(WrongValue) as caught:
        read(of(type, **said), given)
    message = caught.value.message
    english = message.one if isinstance(message, Text) else message
    assert translate("de", message)
    assert english


@pytest.mark.parametrize(
    ("type", "said", "given"),
    [
        ("text", {}, 42), ("number", {}, "12"), ("boolean", {}, "true"), ("boolean", {}, 1),
        ("choice", CHOOSE, "red"), ("choices", CHOOSE, "Red"),
    ],
)  # fmt: skip
def test_U1_a_program_sends_the_type_that_is_kept(type: str, said: Any, given: Any) -> None:
    with pytest.raises(WrongValue):
        read(of(type, **said), given, exact=True)
