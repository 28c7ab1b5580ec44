"""The console's list of applications: search, filter, pages; an app admin's own only. B4, R4, C2."""

from __future__ import annotations

import re

from clients.access import Access
from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider

HOSTILE = """"><script>alert(1)</script><b id=x>'&{{7*7}}"""


def names(answer: Answer) -> list[str]:
    found = re.findall(r'<th scope="row"><a href="[^"]+">([^<]*)</a>', answer.text)
    return [name.replace("&amp;", "&") for name in found]


def test_B4_the_list_is_searched_by_any_part_and_the_exact_one_comes_first(provider: Provider, owner: Browser) -> None:
    for name in ("Apache Spark", "Sparkling", "spark"):
        provider.add_client(name)
    assert names(owner.get("admin/apps?q=spark")) == ["spark", "Sparkling", "Apache Spark"]
    assert names(owner.get("admin/apps?q=apache-spark.example")) == ["Apache Spark"]
    assert "Nothing here matches" in owner.get("admin/apps?q=zebra").dom.text


def test_B4_the_list_is_shown_a_page_at_a_time_each_once(provider: Provider, owner: Browser) -> None:
    for number in range(53):
        provider.add_client(f"App {number:02}")
    page = owner.get("admin/apps?q=app")
    seen = names(page)
    assert len(seen) == 50
    onward = page.dom.find("a", rel="next")[0]["href"]
    second = owner.get(f"admin/apps{onward}")
    assert seen + names(second) == [f"App {number:02}" for number in range(53)]
    assert "Back to the start" in second.dom.text
    assert owner.get("admin/apps?after=%3Cscript%3E").status == 200


def test_R4_the_list_says_who_may_open_each_and_finds_those_open_to_everyone(
    provider: Provider, owner: Browser
) -> None:
    provider.add_client("Open")
    provider.add_client("Closed", access=Access.only())
    provider.add_client("Sales", access=Access.only(groups=["sales"], persons=["u1", "u2"]))
    text = owner.get("admin/apps").dom.text
    assert "sales + 2 people" in text
    assert "Nobody" in text
    assert names(owner.get("admin/apps?show=everyone")) == ["Open"]


def test_R7_removed_ones_are_listed_for_those_who_may_bring_them_back(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("Gone")
    provider.services.registry.remove(app.id)
    boss = enter("boss", RoleGrant("owner"))
    assert names(boss.get("admin/apps")) == []
    assert names(boss.get("admin/apps?show=removed")) == ["Gone"]
    assert enter("auditor", RoleGrant("auditor")).get("admin/apps?show=removed").status == 403


def test_C2_an_app_admin_sees_theirs_and_no_other(provider: Provider, enter: Enter) -> None:
    mine, other = provider.add_client("Mine"), provider.add_client("Other")
    visitor = enter("carol", RoleGrant("app_admin", (mine.id,)))
    assert names(visitor.get("admin/apps")) == ["Mine"]
    assert names(visitor.get("admin/apps?q=other")) == []
    assert names(visitor.get(f"admin/apps?q={other.id}")) == []
    assert names(visitor.get("admin/apps?q=mine.example")) == ["Mine"]
    assert names(visitor.get("admin/apps?show=off")) == []
    assert "Connect an application" not in visitor.get("admin/apps").dom.text


def test_B1_names_that_are_code_are_shown_as_text(provider: Provider, owner: Browser) -> None:
    provider.add_client(HOSTILE, redirect_uris=["https://evil.example/cb"])
    answer = owner.get("admin/apps?q=%22%3E%3Cscript%3E")
    assert HOSTILE in answer.dom.text
    assert "<script>alert" not in answer.text
    assert not answer.dom.find("b", id="x")
