"""Access reviews in the console: started in numbers, decided page by page, the result as evidence (U6, C2, S59)."""

from __future__ import annotations

import csv
import io

import pytest

from clients.access import Access
from idp.accounts import groups as accounts_groups
from idp.accounts import reviews as kept
from idp.accounts.person import Draft
from idp.accounts.reviews import Review
from idp.accounts.roles import RoleGrant
from idp.admin import reviews
from tests.admin.test_reviews import DAY, app, group, members, start, who
from tests.backends import Clock
from tests.console.conftest import Enter, form_at, give
from tests.provider import Answer, Browser, Provider


def press(browser: Browser, page: Answer, do: str, people: tuple[str, ...] = ()) -> Answer:
    """A button of the form of decisions, with these people marked."""
    form = page.dom.forms[next(n for n, one in enumerate(page.dom.forms) if "after" in one.names())]
    fields = [pair for pair in form.fields if pair[0] not in ("person", "do")]
    return browser.post(form.action, [*fields, *(("person", one) for one in people), ("do", do)])


def only(provider: Provider) -> Review:
    (review,) = kept.latest(provider.services.db)
    return review


def test_u6_the_journey_from_the_start_to_the_evidence(provider: Provider, enter: Enter, clock: Clock) -> None:
    owner = enter("boss", RoleGrant("owner"))
    ann, bob, eve = (provider.add_person(name, groups=("Sales",)) for name in ("ann", "bob", "eve"))
    desk = enter("desk", RoleGrant("help_desk", ("Sales",)))
    desk_id = provider.services.directory.find_by_login("desk")
    assert desk_id is not None

    page = owner.get("admin/reviews/new?group=Sales")
    assert "Desk Example" in page.dom.text
    form = form_at(page, "/admin/reviews/new")
    sure = owner.submit(page, form=form, reviewer=desk_id.id, unconfirmed="withdraw")
    assert sure.status == 200, sure.dom.text
    assert "3 people are to be confirmed" in sure.dom.text
    assert "leaves the group, and with it all that it opens: 3 people" in sure.dom.text
    assert kept.latest(provider.services.db) == ()
    begun = owner.follow(owner.submit(sure, form=form_at(sure, "/admin/reviews/new")))
    assert "The access review has begun" in begun.dom.text
    review = only(provider)

    assert "Sales" in desk.get("admin/reviews").dom.text
    page = desk.get(f"admin/reviews/{review.id}")
    assert "0 of 3 people" in page.dom.text
    assert press(desk, page, f"keep:{ann.id}").status == 303
    page = desk.get(f"admin/reviews/{review.id}")
    assert "ann" not in {cell.split()[-1] for cell in page.dom.text.split("Choose")}
    assert press(desk, page, "withdraw", (bob.id,)).status == 303
    assert "2 of 3 people" in desk.get(f"admin/reviews/{review.id}?show=all").dom.text
    assert members(provider, "Sales") == {"ann", "bob", "eve"}

    numbers = owner.get(f"admin/reviews/{review.id}/end")
    assert "2 · Withdrawn" in numbers.dom.text
    assert "1 · Confirmed" in numbers.dom.text
    clock.advance(15 * DAY)
    reviews.run_due(provider.services)
    owner = _again(provider, "boss")
    result = owner.get(f"admin/reviews/{review.id}")
    assert "2 · Withdrawn" in result.dom.text
    assert members(provider, "Sales") == {"ann"}
    lines = list(csv.DictReader(io.StringIO(owner.get(f"admin/reviews/{review.id}/rows").text.lstrip("\ufeff"))))
    assert {one["username"]: (one["decision"], one["outcome"], one["decided_by"]) for one in lines} == {
        "ann": ("keep", "kept", "Desk Example"), "bob": ("withdraw", "taken", "Desk Example"), "eve": ("", "taken", ""),
    }  # fmt: skip
    assert eve.id in {one["person_id"] for one in lines}


def _again(provider: Provider, username: str) -> Browser:
    """Weeks later everybody has to sign in again."""
    browser = provider.browser()
    browser.log_in(browser.get(""), username)
    return browser


def test_u6_an_app_admin_reads_in_numbers_what_withdrawing_means_for_each_way(
    provider: Provider, enter: Enter, clock: Clock
) -> None:
    ann = provider.add_person("ann")
    for number in range(3):
        provider.add_person(f"s{number}", groups=("Sales",))
    client = app(provider, Access.only(groups=("Sales",), persons=(ann.id,)))
    browser = enter("apps", RoleGrant("app_admin", (client.id,)))
    page = browser.get(f"admin/reviews/new?app={client.id}")
    sure = browser.submit(page, form=form_at(page, "/admin/reviews/new"), unconfirmed="withdraw")
    assert "1 person is named for it" in sure.dom.text
    assert "3 people have it through a group. Withdrawing takes nobody out of a group" in sure.dom.text
    browser.follow(browser.submit(sure, form=form_at(sure, "/admin/reviews/new")))
    review = only(provider)
    assert "4 people" in browser.get("admin/reviews").dom.text
    assert "3 · through Sales" in browser.get(f"admin/reviews/{review.id}/end").dom.text
    page = browser.get(f"admin/reviews/{review.id}/end")
    number = next(n for n, form in enumerate(page.dom.forms) if ("do", "end") in form.fields)
    browser.follow(browser.submit(page, form=number))
    reviews.run_due(provider.services)
    result = browser.get(f"admin/reviews/{review.id}")
    assert "3 · Still has it by another way" in result.dom.text
    assert who(provider, client) == set()
    assert len(members(provider, "Sales")) == 3
    assert "left 3 people to look at" in browser.get("admin").dom.text
    form = next(n for n, one in enumerate(result.dom.forms) if ("do", "settle") in one.fields)
    browser.submit(result, form=form, note="Asked the sales lead.")
    assert "left 3 people" not in browser.get("admin").dom.text
    assert "Asked the sales lead." in browser.get(f"admin/reviews/{review.id}").dom.text


def test_u6_a_second_one_of_the_same_is_refused_and_leads_to_the_first(provider: Provider, owner: Browser) -> None:
    chief = provider.add_person("chief", groups=("Board",))
    give(provider, chief.id, RoleGrant("owner"))
    page = owner.get("admin/reviews/new?group=Board")
    review = start(provider, group(provider, "Board"), chief)
    answer = owner.submit(page, form=form_at(page, "/admin/reviews/new"), unconfirmed="report")
    assert answer.status == 422
    assert f"Board has an access review that is still open: {review.id}." in answer.dom.text
    assert f"/admin/reviews/{review.id}" in answer.text
    assert only(provider).id == review.id


def test_u6_one_that_is_open_is_not_said_to_be_seen_to(provider: Provider, owner: Browser) -> None:
    boss = provider.add_person("chief", groups=("Board",))
    give(provider, boss.id, RoleGrant("owner"))
    review = start(provider, group(provider, "Board"), boss)
    fields = dict(owner.get("profile").dom.forms[0].fields)
    answer = owner.follow(owner.post(f"admin/reviews/{review.id}/end", {**fields, "do": "settle", "note": "Done."}))
    assert "It has not ended, so there is nothing to see to yet." in answer.dom.text
    assert "Nobody is reminded" not in answer.dom.text
    assert only(provider).settled_at is None


def test_u6_everyone_is_said_in_numbers_before_it_begins(provider: Provider, owner: Browser) -> None:
    client = app(provider, Access())
    page = owner.get(f"admin/reviews/new?app={client.name}")
    sure = owner.submit(page, form=form_at(page, "/admin/reviews/new"))
    assert "Everyone may open it: withdrawing 1 person changes nothing" in sure.dom.text


def test_u6_c2_who_may_do_more_and_oneself_have_no_button_and_cannot_be_sent(provider: Provider, enter: Enter) -> None:
    desk = enter("desk", RoleGrant("help_desk", ("Sales",)))
    me = provider.services.directory.find_by_login("desk")
    assert me is not None
    boss = provider.add_person("boss", groups=("Sales",))
    give(provider, boss.id, RoleGrant("owner"))
    provider.services.directory.add_to_group(me.id, "Sales")
    review = start(provider, group(provider, "Sales"), me)
    page = desk.get(f"admin/reviews/{review.id}")
    assert boss.id not in {one.get("value") for one in page.dom.find("input", name="person")}
    assert "This is you" in page.dom.text
    sent = press(desk, page, "withdraw", (boss.id, me.id))
    assert sent.status == 422
    assert "They may do more here than you" in sent.dom.text
    assert kept.progress(provider.services.db, review).left == 2


def test_u6_s59_others_parts_are_as_if_they_were_not_there(provider: Provider, enter: Enter) -> None:
    boss = provider.add_person("boss", groups=("Board",))
    give(provider, boss.id, RoleGrant("owner"))
    provider.add_person("sam", groups=("Sales",))
    client = app(provider, Access.only(persons=(boss.id,)))
    hidden = [start(provider, group(provider, "Board"), boss), start(provider, client, boss)]
    for visitor in (
        enter("desk", RoleGrant("help_desk", ("Sales",))), enter("apps", RoleGrant("app_admin", ("other",)))
    ):  # fmt: skip
        nothing = visitor.get("admin/reviews/unknown")
        assert "no access review yet" in visitor.get("admin/reviews").dom.text
        for review in hidden:
            for path in ("", "/rows"):
                answer = visitor.get(f"admin/reviews/{review.id}{path}")
                assert answer.status == nothing.status == 404
            fields = dict(visitor.get("profile").dom.forms[0].fields)
            sent = visitor.post(f"admin/reviews/{review.id}", {**fields, "do": f"withdraw:{boss.id}"})
            assert sent.status in (403, 404)
        assert "Board" not in visitor.get("admin").dom.text
    apps = visitor
    for query in (f"app={client.id}", f"app={client.name}", "group=Board", "app=nothing", "group=Nothing"):
        answer = apps.get(f"admin/reviews/new?{query}")
        assert "There is nothing of this name or id that you look after." in answer.dom.text, query
    assert all(kept.progress(provider.services.db, one).left == 1 for one in hidden)


def test_u6_an_auditor_reads_it_and_decides_nothing(provider: Provider, enter: Enter) -> None:
    boss = provider.add_person("boss", groups=("Board",))
    give(provider, boss.id, RoleGrant("owner"))
    review = start(provider, group(provider, "Board"), boss)
    auditor = enter("audit", RoleGrant("auditor"))
    page = auditor.get(f"admin/reviews/{review.id}")
    assert "boss" in page.dom.text
    assert not page.dom.find("button", value=f"keep:{boss.id}")
    assert auditor.get(f"admin/reviews/{review.id}/end").status == 403


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": "2020-01-01"}, "That moment is over"), ({"day": "1.1."}, "like 2026-12-31"),
        ({"others": "nobody.here"}, "Nobody has the name nobody.here"), ({"others": "ann"}, "may not decide"),
    ],
)  # fmt: skip
def test_u6_what_is_wrong_is_said_and_what_was_typed_stays(
    provider: Provider, owner: Browser, changed: dict[str, str], said: str
) -> None:
    provider.add_person("ann", groups=("Sales",))
    page = owner.get("admin/reviews/new?group=Sales")
    answer = owner.submit(page, form=form_at(page, "/admin/reviews/new"), unconfirmed="withdraw", **changed)
    assert answer.status == 422
    assert said in answer.dom.text
    assert all(value in answer.text for value in changed.values())
    assert kept.latest(provider.services.db) == ()


def test_u6_a_group_without_anybody_is_not_reviewed(provider: Provider, owner: Browser) -> None:
    accounts_groups.add(provider.services.db, "Empty", 0.0, record=lambda *_: None)
    page = owner.get("admin/reviews/new?group=Empty")
    assert "Nobody has it" in owner.submit(page, form=form_at(page, "/admin/reviews/new")).dom.text


def test_u6_ten_thousand_people_are_decided_about_page_by_page(provider: Provider, owner: Browser) -> None:
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    provider.services.directory.add_all(
        [Draft(username=f"g{n:04}", name=f"Guest {n}", groups=("Guests",)) for n in range(450)]
    )
    review = start(provider, group(provider, "Guests"), boss)
    path, pages = f"admin/reviews/{review.id}", 0
    while people := owner.get(path).dom.find("input", name="person"):
        ids = tuple(one["value"] for one in people)
        assert len(ids) <= 100
        assert press(owner, owner.get(path), "keep", ids).status == 303
        pages += 1
    assert pages == 5
    assert "450 of 450" in owner.get(path).dom.text
    found = owner.get(f"{path}?show=all&q=guest+123")
    assert "g0123" in found.text
    assert "g0124" not in found.text


def test_u6_the_file_runs_nothing_in_a_spreadsheet(provider: Provider, owner: Browser) -> None:
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    provider.services.directory.add(Draft(username="x1", name='=HYPERLINK("https://evil.example")', groups=("Sales",)))
    review = start(provider, group(provider, "Sales"), boss)
    text = owner.get(f"admin/reviews/{review.id}/rows").text
    assert "\"'=HYPERLINK" in text


def test_u6_overview_says_what_is_near_its_end_and_what_should_have_ended(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    provider.add_person("ann", groups=("Sales",))
    start(provider, group(provider, "Sales"), boss, days=0.4)
    assert "Sales: 1 person still waits to be confirmed" in owner.get("admin").dom.text
    clock.advance(0.41 * DAY)
    clock.advance(700)
    owner = _again(provider, "boss")
    assert "Sales: the access review should have ended by now" in owner.get("admin").dom.text
    reviews.run_due(provider.services)
    assert "should have ended" not in owner.get("admin").dom.text
