"""R5: who may open an application, and the rule that says so."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from clients.access import EVERYONE, Access, decide


@dataclass(frozen=True)
class App:
    access: Access
    enabled: bool = True


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
    decision = decide(App(access), person, groups)
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
    decision = decide(app, person, groups)
    assert (decision.allowed, decision.rule) == (False, rule)
    assert decision.reason


@pytest.mark.parametrize("access", [EVERYONE, BOTH, Access.only()])
def test_an_access_rule_survives_its_stored_form(access: Access) -> None:
    assert Access.from_json(access.to_json()) == access


def test_an_unreadable_access_rule_lets_nobody_in() -> None:
    assert not decide(App(Access.from_json({})), "u1", ["sales"]).allowed
