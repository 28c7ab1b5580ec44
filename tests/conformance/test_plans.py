"""The plans and the browser's steps hold together; the suite itself is run by `make conformance`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.conformance.configuring import CLIENTS, HERE, browser

PLANS: list[dict[str, Any]] = json.loads((HERE / "plans.json").read_text("utf-8"))


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan["name"])
def test_a_plan_has_a_name_of_its_own_and_applications_that_are_registered(plan: dict[str, Any]) -> None:
    assert plan["clients"] in CLIENTS
    assert [one["name"] for one in PLANS].count(plan["name"]) == 1
    assert plan["plan"].endswith("-test-plan")


def test_every_page_of_the_browser_s_steps_is_one_of_ours_or_the_suite_s() -> None:
    usual, override = browser("https://id.example")
    visits = [*usual, *(visit for one in override.values() for visit in one["browser"])]
    assert len(visits) > len(usual)
    for visit in visits:
        assert visit["match"].startswith("https://id.example/oauth/")
        assert not re.search(r"@[A-Z]+@", json.dumps(visit)), "a mark that nothing stands for"
