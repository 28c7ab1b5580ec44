"""`doorward registration`: who may register applications by themselves. S35, C1."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Folder


@pytest.fixture(scope="module", autouse=True)
def people(site: Folder) -> None:
    site.run("user", "add", "--username", "ann", "--email", "ann@example.com")


def test_s35_an_initial_access_token_is_made_listed_and_withdrawn(site: Folder) -> None:
    options = (
        "--clients",
        "3",
        "--redirect-host",
        "*.shop.example",
        "--scope",
        "openid",
        "--owner",
        "ann",
        "--start-off",
        "--vouched",
        "--legacy",
        "client_assertion_audience",
    )
    made = site.run("registration", "create", "--name", "CI", *options, "--json").json
    assert made["token"].startswith(f"dwi_{made['id']}.")
    assert made["registration_endpoint"].endswith("/oauth/register")
    policy = made["policy"]
    assert (policy["hosts"], policy["scopes"], policy["starts_off"]) == (["*.shop.example"], ["openid"], True)
    assert (policy["vouched"], policy["legacy"]) == (True, ["client_assertion_audience"])
    assert policy["owner"] == site.run("user", "show", "ann", "--json").json["id"]
    (listed,) = site.run("registration", "list", "--json").json["tokens"]
    assert (listed["id"], listed["name"], listed["used"], listed["most"]) == (made["id"], "CI", 0, 3)
    shown = site.run("registration", "list").out
    assert "0 of 3" in shown
    assert made["token"].partition(".")[2] not in shown
    assert site.run("registration", "clients", "--json").json["clients"] == []
    assert "withdrawn" in site.run("registration", "withdraw", made["id"]).out
    assert "registration list" in site.refusal("registration", "withdraw", made["id"])
    assert site.run("registration", "list", "--json").json["tokens"] == []


def test_s35_what_cannot_be_made_is_said_by_its_option_all_at_once(site: Folder) -> None:
    wrong = (
        "--clients",
        "0",
        "--days",
        "9999",
        "--profile",
        "phone",
        "--redirect-host",
        "https://x/",
        "--grant-type",
        "magic",
        "--legacy",
        "pkce",
    )
    told = site.refusal("registration", "create", "--name", " ", *wrong)
    for words in ("--name: say what it is for", "--clients: expected 1", "--days: expected 1 to 3660",
                  "--profile: phone is unknown; expected web", "--redirect-host: https://x/: expected a host",
                  "--grant-type: magic is unknown", "--legacy: pkce is unknown; expected"):  # fmt: skip
        assert words in told
    assert "--owner: zoe: there is no such person" in site.refusal(
        "registration", "create", "--name", "x", "--owner", "zoe"
    )
