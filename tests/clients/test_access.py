"""R5: who may open an application, and the rule that says so."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from clients.access import EVERYONE, Access, Term, decide, group_key, person_key


@dataclass(frozen=True)
class App:
    access: Access
    enabled: bool = True


NOW = 1_800_000_000.0
BOTH = Access.only(groups=["sales", "support"], persons=["u1"])


@pytest.mark.parametrize(
    ("access", "person", "groups", "rule"),
    [
        (EVERYONE, "u9", [], "everyone"),
        (BOTH, "u1", [], "person"),
        (BOTH, "u2", ["staff", "support"], "group:support"),
        (Access.only(persons=["u1"]), "u1", ["sales"], "person"),
    ],
)
def test_R5_a_person_gets_in_by_a_rule_that_is_named(access: Access, person: str, groups: list[str], rule: str) -> None:
    decision = decide(App(access), person, groups, NOW)
    assert (decision.allowed, decision.rule) == (True, rule)
    assert decision.reason


@pytest.mark.parametrize(
    ("app", "person", "groups", "rule"),
    [
        (App(BOTH), "u2", ["staff"], "not listed"),
        (App(BOTH), "sales", [], "not listed"),
        (App(BOTH), "u2", ["u1"], "not listed"),
        (App(Access.only(persons=["u1"])), "u2", ["sales"], "not listed"),
        (App(Access.only()), "u1", ["sales"], "nobody"),
        (App(EVERYONE, enabled=False), "u1", [], "disabled"),
        (App(BOTH, enabled=False), "u1", [], "disabled"),
    ],
)
def test_R5_a_person_is_kept_out_with_the_reason(app: App, person: str, groups: list[str], rule: str) -> None:
    decision = decide(app, person, groups, NOW)
    assert (decision.allowed, decision.rule) == (False, rule)
    assert decision.reason


@pytest.mark.parametrize("access", [EVERYONE, BOTH, Access.only()])
def test_an_access_rule_survives_its_stored_form(access: Access) -> None:
    assert Access.from_json(access.to_json()) == access


def test_an_unreadable_access_rule_lets_nobody_in() -> None:
    assert not decide(App(Access.from_json({})), "u1", ["sales"], NOW).allowed


SOON, LATER = Term(since=NOW + 60), Term(until=NOW + 60)
OVER = Term(until=NOW)


@pytest.mark.parametrize(
    ("terms", "person", "groups", "rule", "until"),
    [
        ({"person:u1": LATER}, "u1", [], "person", NOW + 60),
        ({"person:u1": OVER}, "u1", [], "ended", None),
        ({"person:u1": SOON}, "u1", [], "not yet", None),
        ({"person:u1": OVER}, "u1", ["sales"], "group:sales", None),
        ({"person:u1": LATER, "group:sales": LATER}, "u1", ["sales"], "person", NOW + 60),
        ({"group:sales": OVER}, "u2", ["sales", "support"], "group:support", None),
        ({"group:sales": OVER}, "u2", ["sales"], "ended", None),
        ({"group:sales": OVER, "group:support": SOON}, "u2", ["sales", "support"], "not yet", None),
        ({"group:sales": LATER}, "u3", [], "not listed", None),
        ({"group:elsewhere": OVER, "person:u9": OVER}, "u1", [], "person", None),
    ],
)
def test_R4_somebody_gets_in_within_their_term_only(
    terms: dict[str, Term], person: str, groups: list[str], rule: str, until: float | None
) -> None:
    access = Access.only(groups=["sales", "support"], persons=["u1"], terms=terms)
    decision = decide(App(access), person, groups, NOW)
    assert (decision.rule, decision.until) == (rule, until)
    assert decision.allowed is (rule == "person" or rule.startswith("group:"))
    assert Access.from_json(access.to_json()) == access


def test_R4_a_term_goes_with_whom_it_is_of_and_ends_with_a_grant_for_good() -> None:
    access = Access.only(groups=["sales"], persons=["u1"], terms={group_key("sales"): LATER, person_key("u1"): OVER})
    assert access.narrowed(groups=["sales"]).terms == (("person:u1", OVER),)
    assert access.widened(persons=["u1"]).terms == (("group:sales", LATER),)
    assert access.widened(persons=["u2"]).terms == access.terms
    assert "terms" not in BOTH.to_json()
