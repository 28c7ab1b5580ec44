"""The record in the console. O1, B2, C2."""

from __future__ import annotations

import pytest

from idp.accounts.roles import RoleGrant
from idp.audit import Event, record
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import Browser, Provider


def _rows(page: object) -> list[str]:
    return page.text.split("<tbody>")[-1].split("</tbody>")[0].split("<tr>")[1:]  # type: ignore[attr-defined]


def test_O1_events_are_found_by_person_application_action_day_and_failure(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    crm, ann = provider.add_client("CRM"), provider.add_person("ann")
    stranger = provider.browser("198.51.100.7")
    stranger.log_in(stranger.get(""), "ann", "wrong")
    provider.sign_in(provider.browser(), crm, "ann")
    assert "198.51.100.7" in owner.get("admin/activity?person=ann&failed=1").dom.text
    assert len(_rows(owner.get("admin/activity?person=ann&failed=1"))) == 1
    assert all("CRM" in row for row in _rows(owner.get("admin/activity?app=CRM&action=session:*")))
    assert _rows(owner.get("admin/activity?app=CRM&action=session:*"))
    assert "Nothing of the kind" in owner.get("admin/activity?person=ann&until=2001-01-01").dom.text
    assert len(_rows(owner.get(f"admin/activity?person={ann.id}"))) >= 2


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("person=nobody", "Nobody has this username"), ("app=nothing", "No application has this name"),
        ("since=31.12.2026", "Expected a day such as"), ("action=%27%20or%201", "Expected an action such as"),
        ("until=9999-12-31", "Expected a day such as"),
    ],
)  # fmt: skip
def test_B5_a_filter_that_cannot_be_is_named_and_stays(owner: Browser, query: str, said: str) -> None:
    page = owner.get(f"admin/activity?{query}")
    assert page.status == 200
    assert said in page.dom.text
    assert page.dom.find("input", **{"aria-invalid": "true"})


def test_O1_pages_follow_each_other_and_lose_nothing(provider: Provider, owner: Browser, clock: Clock) -> None:
    for number in range(120):
        record(provider.services.db, Event("test:happened", detail={"number": number}), clock())
    seen, page = [], owner.get("admin/activity?action=test:*")
    while len(seen) <= 120:
        seen += _rows(page)
        links = [about.get("href", "") for about in page.dom.find("a")]
        # Not the hidden one that leads whoever is at another address to this very page.
        older = [link for link in links if "before=" in link and link.startswith("/")]
        if not older or not older[0].rpartition("before=")[2]:
            break
        page = owner.get(older[0])
    assert len(seen) == len(set(seen)) == 120


def test_an_errors_id_leads_to_what_happened_whose_side_it_is_and_the_fix(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    shown = provider.browser().get(f"oauth/authorize?client_id={crm.id}&redirect_uri=https://other.example/")
    error_id = provider.events("error:*")[-1].error_id if provider.events("error:*") else ""
    if not error_id:
        error_id = next(word for word in shown.dom.text.split() if word.startswith("E-")).strip(".:,")
    page = owner.get(f"admin/activity/{error_id}")
    assert page.status == 200
    assert "What to do" in page.dom.text
    assert "CRM" in page.dom.text
    assert any(about.get("href", "").endswith("/errors/redirect_uri") for about in page.dom.find("a"))
    assert owner.get("admin/activity/E-22222-22222").status == 404


def test_C2_the_help_desk_of_a_group_reads_of_its_people_alone(provider: Provider, enter: Enter, clock: Clock) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    eve = provider.add_person("eve", groups=("Board",))
    desk = enter("desk", RoleGrant("help_desk", ("sales",)))
    for name in ("ann", "eve"):
        stranger = provider.browser("198.51.100.7")
        stranger.log_in(stranger.get(""), name, "wrong")
    assert "Name an application" in desk.get("admin/activity").dom.text
    assert len(_rows(desk.get("admin/activity?person=ann"))) >= 1
    assert "Nobody has this username" in desk.get("admin/activity?person=eve").dom.text
    failed = provider.events("session:failed")
    theirs = next(event for event in failed if event.person_id == ann.id)
    others = next(event for event in failed if event.person_id == eve.id)
    assert desk.get(f"admin/activity/{theirs.id}").status == 200
    assert desk.get(f"admin/activity/{others.id}").status == 403


def test_C2_an_app_admin_reads_of_their_application_alone(provider: Provider, enter: Enter) -> None:
    crm, wiki = provider.add_client("CRM"), provider.add_client("Wiki")
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    provider.add_person("ann")
    ann = provider.browser()
    provider.sign_in(ann, crm, "ann")
    assert _rows(admin.get("admin/activity?app=CRM"))
    assert "No application has this name" in admin.get(f"admin/activity?app={wiki.id}").dom.text


@pytest.mark.parametrize(
    "hostile", ["<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "</td></tr><b>bold"]
)
def test_S59_what_strangers_typed_is_text(provider: Provider, owner: Browser, clock: Clock, hostile: str) -> None:
    detail = {hostile: hostile, "what": hostile}
    event = Event("test:hostile", actor=hostile, address=hostile, request_id=hostile, detail=detail)
    record(provider.services.db, event, clock())
    page = owner.get("admin/activity?action=test:*")
    assert hostile in page.dom.text
    assert hostile not in page.text
    event = provider.events("test:hostile")[-1]
    assert hostile not in owner.get(f"admin/activity/{event.id}").text


def test_O1_a_pattern_of_many_stars_costs_nothing_and_is_refused(owner: Browser) -> None:
    page = owner.get("admin/activity?action=************************z")
    assert "Expected an action such as" in page.dom.text


@pytest.mark.parametrize(
    ("pattern", "text", "is_one"),
    [
        ("session:*", "session:started", True), ("*:started", "session:started", True), ("*", "x", True),
        ("a*b*c", "a-b-c", True), ("a*b*c", "a-c-b", False), ("ab*ba", "aba", False), ("**", "", True),
        ("a*" * 3000 + "z", "a" * 3000, False), ("session", "session:started", False),
    ],
)  # fmt: skip
def test_O1_actions_are_matched_by_their_parts_in_order(pattern: str, text: str, is_one: bool) -> None:
    from idp.audit.searching import _matches

    assert _matches(pattern, text) is is_one


def test_Q1_an_error_s_page_says_side_field_expected_and_came_with_the_difference_marked(
    provider: Provider, owner: Browser
) -> None:
    app = provider.add_client("CRM", redirect_uris=["https://crm.example/cb"])
    provider.authorize(provider.browser(), app, redirect_uri="https://crm.example/cb/<b>")
    (event,) = provider.events("error:unregistered_redirect_uri")
    page = owner.get(f"admin/activity/{event.error_id}")
    for text in ("On the application’s side", "redirect_uri", "crm.example/cb", "The path is /cb/<b> instead of /cb"):
        assert text in page.dom.text
    assert "<mark>/&lt;b&gt;</mark>" in page.text
