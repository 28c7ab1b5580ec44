"""`doorward client check`: the live check from a shell. R3."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.conftest import Folder


@pytest.fixture
def crm(site: Folder) -> Iterator[str]:
    made = site.run("client", "add", "oidc", "--json", "--name", "CRM", "--redirect-uri", "https://crm.example/").json
    yield str(made["client_id"])
    site.run("client", "remove", made["client_id"])


def test_R3_a_check_is_begun_shown_and_ended(site: Folder, crm: str) -> None:
    assert "No check of CRM" in site.run("client", "check", "CRM", "--show").out
    begun = site.run("client", "check", "CRM")
    assert "CRM is watched until" in begun.out
    assert "sign in there" in begun.out
    again = site.run("client", "check", "CRM", "--json").json
    assert again["running"] is True
    assert again["findings"] == []
    assert {one["state"] for one in again["milestones"]} == {"missing"}
    assert 14 * 60 < again["check"]["ends_at"] - again["check"]["started_at"] <= 15 * 60
    assert "ended at" in site.run("client", "check", "CRM", "--stop").out
    assert site.run("client", "check", "CRM", "--show", "--json").json["running"] is False
    actions = site.run("audit", "list", "--app", crm, "--json").json["events"]
    assert [one["action"] for one in actions][-2:] == ["client:check_started", "client:check_ended"]


def test_R3_the_address_for_sign_outs_is_named_where_it_cannot_be_called(site: Folder, crm: str) -> None:
    site.run("client", "set", crm, "backchannel_logout_uri=https://127.0.0.1:1/out")
    told = site.run("client", "check", "CRM").out
    assert "Wrong, on our side: backchannel_logout_uri" in told
    assert "outbound.allow" in told


def test_R3_a_check_that_was_ended_a_moment_ago_is_begun_again_after_a_moment(site: Folder, crm: str) -> None:
    site.run("client", "check", "CRM")
    site.run("client", "check", "CRM", "--minutes", "15")  # the one that runs
    site.run("client", "check", "CRM", "--stop")
    assert "began less than 30 seconds ago: wait a moment" in site.refusal("client", "check", "CRM")


def test_R3_a_link_is_made_once_and_withdrawn(site: Folder, crm: str) -> None:
    site.run("client", "check", "CRM")
    link = site.run("client", "check", "CRM", "--share", "--json").json["link"]
    assert "/app-check/" in link
    assert "link" not in site.run("client", "check", "CRM", "--json").json
    site.run("client", "check", "CRM", "--withdraw")
    actions = site.run("audit", "list", "--app", crm, "--json").json["events"]
    assert [one["action"] for one in actions][-2:] == ["client:check_shared", "client:check_unshared"]


def test_R3_a_name_that_nothing_has_is_answered_with_those_that_fit(site: Folder, crm: str) -> None:
    assert "did you mean “CRM”" in site.refusal("client", "check", "CRN")
