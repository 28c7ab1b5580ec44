"""`doorward user list --pending`, `user approve`, `user refuse` (U1)."""

from __future__ import annotations

from idp.accounts.registering import store
from idp.db import Database
from tests.cli.conftest import Folder


def asks(site: Folder, id: str, email: str, username: str = "") -> None:
    """Somebody has proven an address and waits."""
    db = Database(f"sqlite:///{site.data / 'doorward.db'}")
    with db.transaction() as tx:
        tx.run(
            store.ADD, id=id, email=email, email_key=email, username=username or email, name="Zoe Miller", claims="{}",
            reason="printers", client_id="", locale="", address="203.0.113.7", asked_at=1793000000.0,
        )  # fmt: skip
    db.close()


def test_u1_who_waits_is_listed_and_let_in(site: Folder) -> None:
    asks(site, "R-11111-11111", "zoe@example.com")
    listed = site.run("user", "list", "--pending")
    assert "R-11111-11111" in listed.out
    assert "printers" in listed.out
    (one,) = site.run("user", "list", "--pending", "--json").json["pending"]
    assert (one["email"], one["name"], one["client_id"]) == ("zoe@example.com", "Zoe Miller", None)
    assert site.run("user", "list", "--pending", "--search", "nobody", "--json").json["pending"] == []
    done = site.run("user", "approve", "zoe@example.com")
    assert "Added zoe@example.com" in done.out
    shown = site.run("user", "show", "zoe@example.com", "--json").json
    assert (shown["email_verified"], shown["roles"], shown["has_password"]) == (True, [], False)
    assert site.run("user", "list", "--pending", "--json").json["pending"] == []
    assert "nobody waits as" in site.refusal("user", "approve", "R-11111-11111")


def test_u1_a_username_that_is_taken_by_now_is_said_and_another_one_given(site: Folder) -> None:
    asks(site, "R-22222-22222", "yan@example.com", "yan")
    site.run("user", "add", "--username", "yan", "--link")
    assert "--username: “yan” is already somebody's username" in site.refusal("user", "approve", "r-22222-22222")
    made = site.run("user", "approve", "R-22222-22222", "--username", "yan.li", "--json").json
    assert made["username"] == "yan.li"


def test_u1_who_is_refused_is_gone_from_the_list(site: Folder) -> None:
    asks(site, "R-33333-33333", "xia@example.com")
    said = site.run("user", "refuse", "xia@example.com", "--note", "Ask your manager first.")
    assert "Refused xia@example.com." in said.out
    assert site.run("user", "list", "--pending", "--json").json["pending"] == []
    assert "nobody waits as" in site.refusal("user", "refuse", "xia@example.com")
