"""The language of claims made by rows: what it means, what it refuses, and that nothing gets it to fail. R5."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clients.claim_rules import CLAIM_RULES, Outcome, compiled, expression, renamed
from clients.claim_rules.expression import EACH, MAX_ALL, ExpressionError, Reading, parse, value_of
from clients.claim_rules.functions import FUNCTIONS, MAX_TEXT, MAX_VALUES, TooLong, texts

ANN: dict[str, Any] = {
    "given_name": "Ann", "family_name": "Bell", "email": "Ann.Bell@Example.com", "department": "Sales", "age": 41,
    "email_verified": True, "address": {"locality": "Bonn"}, "nickname": " Annie ", "odd name": "x",
    "groups": ["crm-admins", "crm-users", "staff", "gitlab-dev", "gitlab-ops"],
}  # fmt: skip


def made(text: str, known: dict[str, Any] | None = None) -> Any:
    known = ANN if known is None else known
    return value_of(parse(text), Reading(known, frozenset(known.get("groups", ()))))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("department", "Sales"),
        ("'gold'", "gold"),
        (r'"say \"hi\" \\"', 'say "hi" \\'),
        ("true", True),
        ("email_verified", True),
        ("address", {"locality": "Bonn"}),
        ("groups", ANN["groups"]),
        ("nobody_has_this", None),
        ('join(" ", given_name, middle_name, family_name)', "Ann Bell"),
        ('join(",", groups)', "crm-admins,crm-users,staff,gitlab-dev,gitlab-ops"),
        ('join(", ", nobody_has_this)', None),
        ("lower(email)", "ann.bell@example.com"),
        ("upper(department)", "SALES"),
        ("trim(nickname)", "Annie"),
        ('before("@", lower(email))', "ann.bell"),
        ('before("@", department)', "Sales"),
        ('before("", department)', "Sales"),
        ('after("@", email)', "Example.com"),
        ('after("@", department)', None),
        ('wrap("[", department, "]")', "[Sales]"),
        ("first(groups)", "crm-admins"),
        ("list(department, 'x', department)", ["Sales", "x"]),
        ("list(nobody_has_this)", None),
        ("default(middle_name, nickname)", " Annie "),
        ("default(middle_name, other)", None),
        ('without("gitlab-", starting("gitlab-", groups))', ["dev", "ops"]),
        ('starting("none-", groups)', None),
        ('map(groups, "crm-admins", "Admin", "crm-users", "User")', ["Admin", "User"]),
        ('map(department, "Sales", "S", "Sales", "T")', "S"),
        ('map(department, "Legal", "L")', None),
        ('case("crm-admins", "admin", "staff", "user")', "admin"),
        ('case("none", "a", "staff", department, "c")', "Sales"),
        ('case("none", "a", "c")', "c"),
        ('case("none", "a")', None),
        ('attribute("odd name")', "x"),
        ("lower(age)", "41"),
        ("upper(email_verified)", "TRUE"),
        ("lower(address)", None),
        ("  lower (\n department )  ", "sales"),
    ],
)
def test_R5_what_is_written_means_this(text: str, value: Any) -> None:
    assert made(text) == value


@pytest.mark.parametrize(
    ("text", "at", "told"),
    [
        ("", 1, "empty"), ("   ", 1, "empty"), ("a b", 3, 'join(" ", a, b)'), ("given_name + x", 12, "there is no +"),
        ("“a”", 1, "straight quotes"), ('"abc', 1, "no end"), (r'"a\n"', 1, "no end"), ("5", 1, '"1"'),
        ("lowr(a)", 1, "did you mean lower"), ("exec(a)", 1, "there is no function"), ("lower", 1, "lower(value)"),
        ("lower()", 1, "lower(value)"), ("lower(a, b)", 1, "lower(value)"), ("lower(a", 8, "that closes lower("),
        ("lower(a))", 9, "one bracket too many"), ("join(,)", 6, "a value is missing"), ("join(a,)", 1, "join(sep"),
        ("case(staff, 'x')", 6, "name of a group in quotes"), ("case('', 'x')", 6, "name of a group"),
        ("map(groups, a, 'b')", 13, "a text in quotes"), ("map(groups, 'a', 'b', 'c')", 1, "nothing to become"),
        ("attribute(a)", 11, "a text in quotes"), ("a == 'b'", 3, "nothing is compared"), ("a ? b", 3, 'case("group"'),
        ('"a\x00b"', 3, "control character"), ('"a\u2028b"', 3, "control character"), ("${x}", 1, "attribute alone"),
        ("a.__class__()", 1, "there is no function"), ("\\", 1, "means nothing"), ("(a)", 1, "a value is missing"),
    ],
)  # fmt: skip
def test_R5_what_is_wrong_says_where_and_what_to_write(text: str, at: int, told: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"at character {at}: ")
    assert told in str(caught.value)


def test_R5_there_is_an_end_to_how_much_may_be_written() -> None:
    deep = "lower(" * 10 + "a" + ")" * 10
    assert made(deep, {"a": "X"}) == "x"
    for text, told in (
        (f"lower({deep})", "within each other"), (f"list({','.join(['a'] * 200)})", "200 parts"),
        ("a" * 2001, "2000 characters"), ("(" * 1999, "value is missing"), ("lower(" * 300, "within each other"),
    ):  # fmt: skip
        with pytest.raises(ExpressionError, match=told):
            parse(text)


# -- rows ------------------------------------------------------------------------------------------------------------


def checked(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = CLAIM_RULES.check(list(rows), False)
    return found


def test_R5_the_first_row_of_a_name_whose_condition_holds_decides() -> None:
    rules = compiled(checked(
        {"name": "role", "value": "'guest'", "not_groups": ["staff"]},
        {"name": "team", "value": "department"},
        {"name": "role", "value": "middle_name", "groups": ["x", "crm-admins"]},
        {"name": "role", "value": "'user'"},
    ))  # fmt: skip
    assert rules.explain(ANN, {"crm-admins", "staff"}) == [Outcome("role", 3), Outcome("team", 2, "Sales")]
    assert rules.explain(ANN, {"staff"})[0] == Outcome("role", 4, "user")
    assert rules.values({}, ()) == {"role": "guest"}
    assert compiled(checked({"name": "a", "value": "'x'", "groups": ["b"]})).explain({}, ()) == [Outcome("a")]


@pytest.mark.parametrize(
    "name",
    ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "nonce", "acr", "amr", "auth_time", "azp", "at_hash", "c_hash",
     "s_hash", "sid", "cnf", "act", "may_act", "client_id", "scope", "SUB", "Iss", "sub#de", "email_verified",
     "phone_number_verified", "verified_claims", "_claim_names", "urn:openid:params:jwt:claim:rt_hash", "ds_hash",
     "urn:oasis:names:tc:SAML:attribute:subject-id", " exp "],
)  # fmt: skip
def test_R5_a_claim_that_the_provider_answers_for_is_never_written(name: str) -> None:
    with pytest.raises(ValueError, match="set by the provider itself"):
        checked({"name": name, "value": "'x'"})


@pytest.mark.parametrize(
    "rows",
    [{}, "x", ["x"], [{"name": "a"}], [{"name": "a", "value": 1}], [{"name": "a", "value": "b", "more": 1}],
     [{"name": "a b", "value": "c"}], [{"name": "", "value": "c"}], [{"name": "a", "value": "b", "groups": "c"}],
     [{"name": "a", "value": "b", "groups": [""]}], [{"name": "a", "value": "b", "not_groups": ["x\ny"]}],
     [{"name": "a", "value": "b", "groups": ["g"] * 51}], [{"name": "a", "value": "b"}] * 51,
     [{"name": ["a"], "value": "b"}], [{"name": "a", "value": "b", "groups": [None]}]],
)  # fmt: skip
def test_R5_rows_of_another_shape_are_refused(rows: Any) -> None:
    with pytest.raises(ValueError, match=r"expected|name"):
        CLAIM_RULES.check(rows, False)


def test_R5_everything_wrong_is_told_at_once_with_its_row() -> None:
    with pytest.raises(
        ValueError, match=r"row 1 \(a\): value, at character 1.*row 3 \(sub\): name: sub is set"
    ) as caught:
        checked({"name": "a", "value": ""}, {"name": "b", "value": "c"}, {"name": "sub", "value": "c"})
    assert "row 2" not in str(caught.value)
    assert checked({"name": " a ", "value": " b ", "groups": ["x", " x "], "not_groups": []}) == [
        {"name": "a", "value": "b", "groups": ["x"]}
    ]


def test_R5_a_group_of_another_name_is_followed_into_values() -> None:
    rows = checked(
        {"name": "a", "value": 'case("x", "x", "y", map(groups, \'x\', "x"))', "groups": ["x", "y"]},
        {"name": "b", "value": '"x"', "not_groups": ["x"]},
    )
    assert compiled(rows).groups() == {"x", "y"}
    assert renamed(rows, "x", 'a"\\') == [
        {"name": "a", "value": r'case("a\"\\", "x", "y", map(groups, "a\"\\", "x"))', "groups": ['a"\\', "y"]},
        {"name": "b", "value": '"x"', "not_groups": ['a"\\']},
    ]
    assert compiled(renamed(rows, "x", 'a"\\')).groups() == {'a"\\', "y"}


# -- whatever comes --------------------------------------------------------------------------------------------------

NAMES = st.sampled_from([*ANN, "nothing", "huge", "deep"]).map(lambda one: f'attribute("{one}")')
TEXTS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=12).map(expression.quoted)
LEAVES = st.one_of(NAMES, TEXTS, st.sampled_from(["true", "false"]))


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    plain = [one for one in FUNCTIONS.values() if one.name not in ("case", "map", "attribute")]

    def of(function: Any) -> st.SearchStrategy[str]:
        many = st.lists(inner, min_size=function.least, max_size=function.most or 5)
        return many.map(lambda given: f"{function.name}({', '.join(given)})")

    def listed(pairs: list[tuple[str, str]]) -> str:
        return ", ".join(f"{a}, {b}" for a, b in pairs)

    words = TEXTS.filter(lambda one: len(one) > 2)
    pairs = st.lists(st.tuples(words, inner), min_size=1, max_size=3).map(
        lambda p: ", ".join(f"{a}, {b}" for a, b in p)
    )
    table = st.lists(st.tuples(words, words), min_size=1, max_size=3).map(
        lambda p: ", ".join(f"{a}, {b}" for a, b in p)
    )
    return st.one_of(
        st.sampled_from(plain).flatmap(of),
        st.tuples(pairs, inner).map(lambda one: f"case({one[0]}, {one[1]})"),
        st.tuples(inner, table).map(lambda one: f"map({one[0]}, {one[1]})"),
    )


EXPRESSIONS = st.recursive(LEAVES, _calls, max_leaves=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30)),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
HUGE = ["x" * 300] * 3000


def _read(text: str) -> tuple[Any, str]:
    """What it means, or why it cannot be read."""
    try:
        return parse(text), ""
    except ExpressionError as error:
        return None, str(error)


@settings(max_examples=300, deadline=None)
@given(EXPRESSIONS, st.dictionaries(st.sampled_from([*ANN, "deep"]), VALUES), st.booleans())
def test_R5_whatever_is_written_and_known_there_is_a_bounded_answer(
    text: str, known: dict[str, Any], is_huge: bool
) -> None:
    node, why = _read(text)
    if node is None:
        assert "within each other" in why or "parts" in why or "longer" in why
        return
    known = {**known, **({"huge": HUGE} if is_huge else {})}
    (found,) = compiled([{"name": "x", "value": text}]).explain(known, frozenset())
    if isinstance(node, expression.Name) or found.value is None or found.value in known.values():
        return  # as it is known of the person
    assert all(len(one) <= MAX_TEXT for one in texts(found.value))
    assert len(texts(found.value)) <= MAX_VALUES


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.text("abc\"\\'(),@ lowercasejoin", max_size=80))
def test_R5_no_text_is_read_with_another_error_than_its_own(text: str) -> None:
    node, why = _read(text)
    assert node is not None or 1 <= int(why.partition(": ")[0].removeprefix("at character ")) <= len(text) + 1


@settings(max_examples=100, deadline=None)
@given(EXPRESSIONS, st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=8))
def test_R5_a_renamed_group_leaves_a_value_that_can_be_read(text: str, new: str) -> None:
    try:
        rows = checked({"name": "a", "value": text})
    except ValueError:
        return
    for old in compiled(rows).groups():
        after = renamed(rows, old, new)
        assert new in compiled(after).groups()


def test_R5_a_value_that_would_be_too_long_is_left_out_and_never_cut() -> None:
    known = {"huge": HUGE, "long": "x" * 3000}
    for text in ('join("", long, long)', "list(huge)", f"list({','.join(['lower(long)'] * 95)})", 'join("", huge)'):
        (found,) = compiled([{"name": "a", "value": text}]).explain(known, ())
        assert (found.row, found.value) == (1, None), text
    assert compiled([{"name": "a", "value": 'join("", huge)'}]).explain(known, ())[0].is_too_long
    with pytest.raises(TooLong):
        Reading({}, frozenset(), left=2).spend("xxx")


@pytest.mark.parametrize(
    "worst",
    [
        f"list({','.join(['upper(groups)'] * 90)})",
        "default(" + ",".join(["starting('zz', groups)"] * 60) + ")",
        "lower(" * 9 + "groups" + ")" * 9,
        f'join("{"x" * 1900}", groups)',
        f'wrap("{"x" * 1900}", groups)',
    ],
)
def test_R5_X30_the_worst_that_may_be_written_goes_through_a_bounded_number_of_texts(worst: str) -> None:
    """Counted, since time says more about the machine: what all rows together may cost is one budget."""
    seen = 0

    class Counted(str):
        def __len__(self) -> int:
            nonlocal seen
            seen += 1
            return str.__len__(self)

    rules = compiled(checked(*({"name": f"c{one}", "value": worst} for one in range(50))))
    known = {"groups": [Counted(f"group-{one}") for one in range(1500)]}
    rules.explain(known, known["groups"])
    assert seen <= MAX_ALL // EACH


def test_R5_fifty_rows_about_a_thousand_groups_are_all_made() -> None:
    honest = 'without("crm-", starting("crm-", lower(groups)))'
    rules = compiled(checked(*({"name": f"c{one}", "value": honest} for one in range(50))))
    groups = [f"crm-{one:03}-of-the-house" for one in range(40)] + [f"other-{one:03}-of-it" for one in range(960)]
    found = rules.explain({"groups": groups}, groups)
    assert [len(one.value or ()) for one in found] == [40] * 50
