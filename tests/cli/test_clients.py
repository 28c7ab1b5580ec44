"""`doorward client …`."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest

from tests.cli.conftest import Folder

CALLBACK = "https://crm.example/cb"


def add(site: Folder, *words: str) -> dict[str, Any]:
    return site.run("client", "add", "oidc", *words, "--json").json


@pytest.fixture(scope="module")
def crm(site: Folder) -> dict[str, Any]:
    """An application on a server."""
    return site.spawn(
        "client", "add", "oidc", "--json", "--name", "CRM", "--profile", "web",
        "--redirect-uri", CALLBACK, "--redirect-uri", CALLBACK + "2",
        "--post-logout-redirect-uri", "https://crm.example/bye", "--backchannel-logout-uri", "https://crm.example/bc",
        "--consent", "explicit", "--set", "access_token_format=jwt", "--set", "access_token_lifetime=5m",
        "--set", "contacts=it@example.com",
    ).json  # fmt: skip


def test_R2_registering_gives_the_id_the_secret_and_what_to_paste(crm: dict[str, Any]) -> None:
    assert crm["redirect_uris"] == [CALLBACK, CALLBACK + "2"]
    assert crm["post_logout_redirect_uris"] == ["https://crm.example/bye"]
    assert crm["backchannel_logout_uri"] == "https://crm.example/bc"
    assert (crm["consent"], crm["access_token_format"], crm["access_token_lifetime"]) == ("explicit", "jwt", 300)
    assert (crm["name"], crm["profile"], crm["contacts"]) == ("CRM", "web", ["it@example.com"])
    assert crm["issuer"] == "http://127.0.0.1:8000"
    assert crm["discovery_url"] == "http://127.0.0.1:8000/.well-known/openid-configuration"
    assert f"OIDC_CLIENT_SECRET={crm['client_secret']}" in crm["snippet"]


def test_S18_the_secret_is_shown_once_and_stored_hashed(site: Folder, crm: dict[str, Any]) -> None:
    shown = site.run("client", "show", crm["client_id"], "--json")
    assert "client_secret" not in shown.json
    assert shown.json["secrets"][0]["last_used_at"] is None
    with sqlite3.connect(site.data / "doorward.db") as db:
        kept = "".join(db.iterdump())
    assert crm["client_id"] in kept
    assert crm["client_secret"] not in kept + shown.out


def test_the_text_for_people_has_the_secret_and_says_that_it_comes_once(site: Folder) -> None:
    said = site.spawn("client", "add", "oidc", "--name", "Wiki", "--redirect-uri", "https://wiki.example/cb").out
    assert "shown this once" in said
    assert "Client id:     c" in said
    assert "OIDC_REDIRECT_URI=https://wiki.example/cb" in said


@pytest.mark.parametrize("profile", ["spa", "native"])
def test_a_public_client_has_no_secret(site: Folder, profile: str) -> None:
    made = add(site, "--name", profile, "--profile", profile, "--redirect-uri", "https://app.example/cb")
    assert "client_secret" not in made
    assert made["token_endpoint_auth_method"] == "none"


def test_a_machine_needs_no_redirect_uri(site: Folder) -> None:
    made = add(site, "--name", "Nightly", "--profile", "machine")
    assert made["grant_types"] == ["client_credentials"]
    assert made["client_secret"]


def test_an_algorithm_that_is_registered_has_a_key_at_once(site: Folder) -> None:
    add(site, "--name", "Ed", "--redirect-uri", CALLBACK, "--set", "id_token_signed_response_alg=EdDSA")
    assert "EdDSA" in {key["alg"] for key in site.run("key", "list", "--json").json["keys"]}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--redirect-uri", "http://crm.example/cb"], "--redirect-uri: "),
        (["--redirect-uri", CALLBACK + "#x"], "--redirect-uri: https://crm.example/cb#x has a fragment"),
        (["--redirect-uri", "https://*.example/cb"], "--redirect-uri: "),
        ([], "--redirect-uri: "),
        (["--redirect-uri", CALLBACK, "--profile", "webb"], "argument --profile: invalid choice: 'webb'"),
        (["--redirect-uri", CALLBACK, "--profile", "fapi2"], "needs the app's public keys"),
        (
            ["--redirect-uri", CALLBACK, "--set", "acces_token_format=jwt"],
            "--set acces_token_format: unknown key; did you mean access_token_format?",
        ),
        (["--redirect-uri", CALLBACK, "--set", "access_token_format"], "“access_token_format” has no value"),
        (["--redirect-uri", CALLBACK, "--set", "access_token_format=xml"], "--set access_token_format: expected"),
        (["--redirect-uri", CALLBACK, "--set", "redirect_uris=https://b.example/"], "by --redirect-uri already"),
        (["--redirect-uri", CALLBACK, "--group", "\t"], "--group: "),
        (["--redirect-uri", CALLBACK, "--person", "nobody"], "nobody has the username"),
    ],
)
def test_R1_a_registration_that_cannot_stand_is_refused_with_the_option_to_change(
    site: Folder, words: list[str], said: str
) -> None:
    assert said in site.refusal("client", "add", "oidc", "--name", "Bad", *words, "--json")


def test_R1_every_problem_is_told_at_once(site: Folder) -> None:
    said = site.refusal(
        "client", "add", "oidc", "--name", "Bad", "--redirect-uri", "http://a.example", "--redirect-uri",
        "https://a.example/#x", "--set", "access_token_lifetime=1",
    )  # fmt: skip
    assert said.count("doorward: --redirect-uri: ") == 2
    assert "--set access_token_lifetime: expected a number of seconds" in said


def test_R1_what_cannot_be_read_and_what_breaks_a_rule_are_told_in_one_go(site: Folder) -> None:
    refused = site.run(
        "client", "add", "oidc", "--name", "Shop", "--redirect-uri", "http://shop.example/cb",
        "--set", "redirct_uris=x", "--set", "access_token_lifetime=soon", "--set", "consent",
        "--set", "refresh_token_idle=1s",
    )  # fmt: skip
    assert refused.code == 2
    for part in (
        "did you mean redirect_uris?", "--redirect-uri: http://shop.example/cb", "--set access_token_lifetime:",
        "“consent” has no value", "--set refresh_token_idle:",
    ):  # fmt: skip
        assert part in refused.err
    assert "Shop" not in site.run("client", "list").out


def test_R1_a_change_tells_unknown_keys_wrong_values_the_profile_and_rules_in_one_go(site: Folder) -> None:
    made = add(site, "--name", "Till", "--redirect-uri", "https://till.example/cb")
    before = site.run("client", "show", made["client_id"], "--json").json
    refused = site.run(
        "client", "set", made["client_id"], "redirect_uris=http://till.example/cb", "colour=", "require_pkce=maybe",
        "jwks={}}",
    )  # fmt: skip
    assert refused.code == 2
    for part in ("redirect_uris: http://till.example/cb", "colour: unknown key", "require_pkce: ", "jwks: "):
        assert part in refused.err
    refused = site.run("client", "set", made["client_id"], "profile=wbe", "default_max_age=never")
    assert "profile: unknown; expected one of web" in refused.err
    assert "default_max_age: " in refused.err
    assert site.run("client", "show", made["client_id"], "--json").json == before


def test_access_is_for_groups_and_persons(site: Folder) -> None:
    made = add(site, "--name", "Payroll", "--redirect-uri", CALLBACK, "--group", "hr", "--person", "owner")
    owner = site.run("user", "show", "owner", "--json").json["id"]
    assert made["access"] == {"everyone": False, "groups": ["hr"], "persons": [owner]}


def test_a_name_that_only_one_has_stands_for_the_id(site: Folder, crm: dict[str, Any]) -> None:
    assert site.run("client", "show", "CRM", "--json").json["client_id"] == crm["client_id"]
    for _ in range(2):
        add(site, "--name", "Twin", "--redirect-uri", CALLBACK)
    assert "2 applications are called “Twin”; give the id: c" in site.refusal("client", "show", "Twin")
    assert "no application has the id or name “Nope”" in site.refusal("client", "show", "Nope")


def test_the_list_has_every_application(site: Folder, crm: dict[str, Any]) -> None:
    clients = site.run("client", "list", "--json").json["clients"]
    assert crm["client_id"] in {client["client_id"] for client in clients}
    assert f"CRM\t{crm['client_id']}\tweb\tyes" in site.run("client", "list").out


def test_R6_a_new_secret_works_beside_the_old_one(site: Folder) -> None:
    made = add(site, "--name", "Rolling", "--redirect-uri", CALLBACK)
    new = site.run("client", "secret", "Rolling", "--keep-old", "1d", "--json").json
    assert new["client_secret"] != made["client_secret"]
    assert new["keep_old_for"] == 86400
    first, second = site.run("client", "show", "Rolling", "--json").json["secrets"]
    assert [bool(first["expires_at"]), bool(second["expires_at"])].count(True) == 1
    assert "The old ones have ended" in site.run("client", "secret", "Rolling").out
    assert "--keep-old: expected" in site.refusal("client", "secret", "Rolling", "--keep-old", "soon")


def test_metadata_name_and_profile_change(site: Folder) -> None:
    made = add(site, "--name", "Old", "--redirect-uri", CALLBACK)
    changed = site.run(
        "client", "set", made["client_id"], "name=New", "access_token_lifetime=1h", "client_uri=https://a.example",
        "--json",
    ).json  # fmt: skip
    assert (changed["name"], changed["access_token_lifetime"]) == ("New", 3600)
    back = site.run("client", "set", "New", "access_token_lifetime=", "--json").json
    assert "access_token_lifetime" not in back
    assert "access_tokn_lifetime: unknown key; did you mean" in site.refusal(
        "client", "set", "New", "access_tokn_lifetime="
    )
    event = site.run("audit", "tail", "-n", "1", "--json").json["events"][0]
    assert (event["action"], event["client_id"]) == ("client:update", made["client_id"])


def test_Q1_one_more_address_is_added_to_those_that_are_registered_and_none_is_lost(site: Folder) -> None:
    made = add(site, "--name", "Growing", "--redirect-uri", CALLBACK)
    second, third = "https://new.example/callback?a+=b", "https://third.example/callback"
    told = site.run("client", "set", "Growing", f"redirect_uris+={second}", f"redirect_uris+={third}").out
    assert f"redirect_uris was:  {CALLBACK}\n" in told
    assert f"redirect_uris now:  {CALLBACK}, {second}, {third}\n".removeprefix("redirect_uris") in told
    again = site.run("client", "set", "Growing", f"redirect_uris+={third}", "--json").json
    assert again["redirect_uris"] == [CALLBACK, second, third]
    less = site.run("client", "set", made["client_id"], f"redirect_uris-={second}", "--json").json
    assert less["redirect_uris"] == [CALLBACK, third]


def test_Q1_a_list_that_is_replaced_says_what_went_and_how_one_adds(site: Folder) -> None:
    add(site, "--name", "Replaced", "--redirect-uri", CALLBACK)
    told = site.run("client", "set", "Replaced", "redirect_uris=https://other.example/cb", "name=Replaced").out
    assert f"redirect_uris was:  {CALLBACK}\n" in told
    assert "now:  https://other.example/cb\n" in told
    assert "redirect_uris+=VALUE adds to a list and leaves what is there" in told
    assert "was:" not in site.run("client", "set", "Replaced", "access_token_lifetime=5m").out


@pytest.mark.parametrize(
    ("given", "key", "values"),
    [
        ("post_logout_redirect_uris+=https://app.example/", "post_logout_redirect_uris", {"https://app.example/"}),
        ("grant_types+=client_credentials", "grant_types",
         {"authorization_code", "refresh_token", "client_credentials"}),
        ("resources+=https://api.example", "resources", {"https://api.example"}),
        ("contacts+=a@b.example,c@d.example", "contacts", {"a@b.example", "c@d.example"}),
    ],
)  # fmt: skip
def test_Q1_a_list_that_was_never_said_grows_from_what_holds(
    site: Folder, given: str, key: str, values: set[str]
) -> None:
    made = add(site, "--name", f"Lists {key}", "--redirect-uri", CALLBACK)
    assert set(site.run("client", "set", made["client_id"], given, "--json").json[key]) == values


def test_Q1_a_scope_is_added_to_and_taken_from_the_text_that_has_them(site: Folder) -> None:
    made = add(site, "--name", "Scopes", "--redirect-uri", CALLBACK, "--set", "scope=openid profile")
    assert site.run("client", "set", made["client_id"], "scope+=email groups", "--json").json["scope"] == (
        "openid profile email groups"
    )
    assert site.run("client", "set", made["client_id"], "scope-=profile", "--json").json["scope"] == (
        "openid email groups"
    )


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("redirect_urls+=https://a.example/cb", "redirect_urls: unknown key; did you mean redirect_uris?"),
        ("client_uri+=https://a.example", "client_uri: is no list; write client_uri=VALUE"),
        ("redirect_uris+=", "redirect_uris: redirect_uris+= needs a value"),
        ("redirect_uris-=https://never.example/", f"https://never.example/ is not among them; there is {CALLBACK}"),
        ("redirect_uris+=http://app.example/cb", "redirect_uris: "),
    ],
)
def test_Q1_what_cannot_be_added_or_taken_out_is_told_and_nothing_is_changed(
    site: Folder, given: str, told: str
) -> None:
    made = add(site, "--name", "Kept", "--redirect-uri", CALLBACK)
    assert told in site.refusal("client", "set", made["client_id"], given)
    assert site.run("client", "show", made["client_id"], "--json").json["redirect_uris"] == [CALLBACK]


def test_R7_an_application_is_turned_off_and_on_removed_and_restored(site: Folder) -> None:
    made = add(site, "--name", "Toggle", "--redirect-uri", CALLBACK)
    assert site.run("client", "disable", "Toggle", "--json").json["enabled"] is False
    assert site.run("client", "enable", "Toggle", "--json").json["enabled"] is True
    assert site.run("client", "remove", "Toggle").code == 0
    assert "no application has" in site.refusal("client", "show", "Toggle")
    assert site.run("client", "restore", "Toggle", "--json").json["client_id"] == made["client_id"]
    assert "there is no removed client with this id" in site.refusal("client", "restore", made["client_id"])


def test_n38_whatever_changes_an_application_says_when_servers_know_it(site: Folder) -> None:
    made = add(site, "--name", "Told", "--redirect-uri", CALLBACK)
    for words in (
        ("set", made["client_id"], "access_token_lifetime=5m"), ("secret", made["client_id"]),
        ("disable", made["client_id"]), ("enable", made["client_id"]), ("remove", made["client_id"]),
        ("restore", made["client_id"]),
    ):  # fmt: skip
        assert "Servers that run see it within 5 seconds." in site.run("client", *words).out, words
