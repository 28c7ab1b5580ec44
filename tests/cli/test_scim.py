"""`doorward scim`: a directory is let in, gets another token, and is let in no more. Y1."""

from __future__ import annotations

from tests.cli.conftest import Folder


def test_Y1_a_directory_is_let_in_renewed_and_ended(site: Folder) -> None:
    made = site.run("scim", "add", "Entra", "--groups", "read", "--attribute", "displayName", "--adopts", "--json").json
    assert made["token"].startswith(f"dws_{made['id']}.")
    assert made["url"].endswith("/scim/v2")
    assert (made["users"], made["groups"], made["attributes"], made["adopts"]) == (
        "write",
        "read",
        ["displayName"],
        True,
    )
    assert "there is one of this name" in site.refusal("scim", "add", "Entra")
    assert "--attribute: there is no attribute" in site.refusal("scim", "add", "Okta", "--attribute", "shoes")
    (listed,) = site.run("scim", "list", "--json").json["clients"]
    assert "token" not in listed
    assert "displayName" in site.run("scim", "list").out
    given = ("--users", "no", "--all-attributes", "--no-adopts", "--off")
    changed = site.run("scim", "change", "entra", *given, "--json").json
    assert [changed[name] for name in ("users", "groups", "attributes", "adopts", "off")] == [
        "no", "read", None, False, True,
    ]  # fmt: skip
    assert "--users: it may do nothing" in site.refusal("scim", "change", "Entra", "--groups", "no")
    assert "Entra: users no, groups read, on" in site.run("scim", "change", "Entra", "--on").out
    renewed = site.run("scim", "renew", "entra", "--at-once").out
    assert "Token: dws_" in renewed
    assert made["token"] not in renewed
    assert "there is no “Okta”" in site.refusal("scim", "renew", "Okta")
    assert "What it made stays" in site.run("scim", "remove", "Entra").out
    assert site.run("scim", "list", "--json").json == {"clients": []}
