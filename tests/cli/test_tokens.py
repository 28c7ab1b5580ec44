"""`doorward token` and `doorward client role`: who calls the API, and with which rights. C2, C4."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Folder


@pytest.fixture(scope="module", autouse=True)
def people(site: Folder) -> None:
    site.run("user", "add", "--username", "ann", "--email", "ann@example.com", "--role", "admin")
    site.run("user", "add", "--username", "bob", "--email", "bob@example.com")


def test_C4_a_personal_token_is_made_listed_and_withdrawn(site: Folder) -> None:
    made = site.run("token", "create", "ann", "--name", "report", "--days", "30", "--json").json
    assert made["token"].startswith(f"dwp_{made['id']}.")
    (listed,) = site.run("token", "list", "ann", "--json").json["tokens"]
    assert (listed["id"], listed["name"], listed["roles"]) == (made["id"], "report", None)
    assert made["token"] not in site.run("token", "list", "ann").out
    assert "withdrawn" in site.run("token", "withdraw", "ann", made["id"]).out
    assert "token list ann" in site.refusal("token", "withdraw", "ann", made["id"])
    assert site.run("token", "list", "ann", "--json").json["tokens"] == []


def test_C4_what_cannot_be_made_is_said_by_its_option(site: Folder) -> None:
    assert "--role: bob has no role" in site.refusal("token", "create", "bob", "--name", "x")
    assert "--role: ann is no owner" in site.refusal("token", "create", "ann", "--name", "x", "--role", "owner")
    assert "--days: expected 1 to 366" in site.refusal("token", "create", "ann", "--name", "x", "--days", "9999")
    assert "--name: say what it is for" in site.refusal("token", "create", "ann", "--name", " ")


def test_C2_C4_a_program_is_given_a_role_with_its_limits_and_loses_it(site: Folder) -> None:
    site.run("client", "add", "oidc", "--name", "Robot", "--profile", "machine")
    site.run("client", "add", "oidc", "--name", "CRM", "--redirect-uri", "https://crm.example.com/cb")
    assert "Robot has no role." in site.run("client", "role", "Robot").out
    assert "name the applications" in site.refusal("client", "role", "Robot", "--add", "app_admin")
    done = site.run("client", "role", "Robot", "--add", "app_admin", "--app", "CRM", "--until", "2999-12-31")
    assert re.search(r"Robot has app_admin of CRM until 2999-12-31 23:59:59 \S+\.", done.out)  # the machine's own zone
    assert "Client secret: " in done.out
    assert "The old ones have ended." in done.out
    assert "doorward:admin" in site.run("client", "show", "Robot").out
    (role,) = site.run("client", "role", "Robot", "--json").json["roles"]
    assert role["role"] == "app_admin"
    assert "Robot has no role." in site.run("client", "role", "Robot", "--remove", "app_admin").out
    assert "doorward:admin" not in site.run("client", "show", "Robot").out


def test_C4_an_application_that_people_sign_in_to_is_no_program(site: Folder) -> None:
    site.run("client", "add", "oidc", "--name", "Shop", "--redirect-uri", "https://shop.example.com/cb")
    assert "profile machine" in site.refusal("client", "role", "Shop", "--add", "auditor")


def test_C2_who_gives_a_program_with_keys_a_role_says_which_keys_are_its_own(site: Folder) -> None:
    uri = "https://keys.example.com/jwks"
    site.run("client", "add", "oidc", "--name", "Keyed", "--profile", "machine", "--set", f"jwks_uri={uri}",
             "--set", "token_endpoint_auth_method=private_key_jwt")  # fmt: skip
    assert "--jwks FILE or --jwks-uri URL" in site.refusal("client", "role", "Keyed", "--add", "auditor")
    assert "Keyed has no role." in site.run("client", "role", "Keyed").out
    assert "--jwks: none.json" in site.refusal("client", "role", "Keyed", "--add", "auditor", "--jwks", "none.json")
    done = site.run("client", "role", "Keyed", "--add", "auditor", "--jwks-uri", uri, "--json").json
    assert "client_secret" not in done
    site.run("client", "add", "oidc", "--name", "Second", "--profile", "machine")
    assert site.run("client", "role", "Second", "--add", "auditor", "--json").json["client_secret"]
