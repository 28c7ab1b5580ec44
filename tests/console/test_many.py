"""The same done to many people, from the list (U1)."""

from __future__ import annotations

import csv
import io

import pytest

from idp.accounts import batches, roles
from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin.batches import WHY, work_on
from tests.backends import Clock
from tests.console.conftest import Enter, form_at, give
from tests.console.test_import import work
from tests.provider import Answer, Browser, Provider


def choose(browser: Browser, action: str, *people: Person, query: str = "", **values: str) -> Answer:
    """Tick people in the list, or none for all that it finds."""
    page = browser.get(f"admin/people{query}")
    fields = [
        pair
        for pair in page.dom.forms[form_at(page, "/admin/people/many")].fields
        if pair[0] not in ("person", "group")
    ]
    fields += [("person", one.id) for one in people]
    fields += [("action", action), ("whom", "chosen" if people else "all"), *values.items()]
    return browser.post("admin/people/many", fields)


def press(browser: Browser, page: Answer, do: str) -> Answer:
    number = next(n for n, form in enumerate(page.dom.forms) if ("do", do) in form.fields)
    return browser.submit(page, form=number)


def do(provider: Provider, browser: Browser, page: Answer) -> Answer:
    sent = press(browser, page, "run")
    assert sent.status == 303, sent.dom.text
    work(provider)
    return browser.follow(sent)


def groups_of(provider: Provider, username: str) -> tuple[str, ...]:
    person = provider.services.directory.find_by_login(username)
    assert person is not None
    return person.groups


def test_u1_those_ticked_are_put_in_a_group_after_the_numbers_and_it_can_be_undone(
    provider: Provider, owner: Browser
) -> None:
    provider.add_person("seed", groups=("Sales",))
    ann, bob = provider.add_person("ann"), provider.add_person("bob", groups=("Sales",))
    page = owner.follow(choose(owner, "join", ann, bob, group="sales"))
    assert "1 will be put in" in page.dom.text
    assert "1 are so already" in page.dom.text
    assert groups_of(provider, "ann") == ()
    done = do(provider, owner, page)
    assert "1 were put in" in done.dom.text
    assert groups_of(provider, "ann") == ("Sales",)
    back = owner.follow(press(owner, done, "undo"))
    assert "1 will be taken out" in back.dom.text
    do(provider, owner, back)
    assert (groups_of(provider, "ann"), groups_of(provider, "bob")) == ((), ("Sales",))  # bob was in it before


def test_u1_all_that_the_list_finds_are_meant_on_every_page(provider: Provider, owner: Browser) -> None:
    provider.add_person("seed", groups=("Club",))
    for number in range(120):
        provider.add_person(f"guest{number:03}", password=None)
    page = owner.follow(choose(owner, "join", query="?q=guest", group="Club"))
    assert "120 people chosen" in page.dom.text
    work(provider)
    page = owner.get(page.url)
    assert "120 will be put in" in page.dom.text
    do(provider, owner, page)
    assert all(groups_of(provider, f"guest{n:03}") == ("Club",) for n in (0, 60, 119))
    assert groups_of(provider, "boss") == ()
    assert provider.events("people:many_changed")[0].detail["done"] == 120


def test_u1_turning_many_off_needs_a_fresh_sign_in_and_leaves_evidence_of_each(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    ann, bob = provider.add_person("ann"), provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "ann")
    page = owner.follow(choose(owner, "off", ann, bob))
    clock.advance(600)
    assert press(owner, page, "run").is_login_page
    assert provider.services.directory.get(ann.id).enabled


def test_u1_turning_many_off_ends_what_they_have_open_and_can_be_undone(provider: Provider, owner: Browser) -> None:
    ann, bob = provider.add_person("ann"), provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "ann")
    page = owner.follow(choose(owner, "off", ann, bob))
    done = do(provider, owner, page)
    assert "2 were turned off" in done.dom.text
    assert browser.get("profile").is_login_page
    event = next(one for one in provider.events("person:disabled") if one.person_id == ann.id)
    assert event.detail["sessions"] == 1
    back = owner.follow(press(owner, done, "undo"))
    do(provider, owner, back)
    assert provider.services.directory.get(ann.id).enabled


def test_u1_c2_nobody_turns_off_by_a_list_who_may_do_more_nor_themselves(provider: Provider, enter: Enter) -> None:
    boss = provider.add_person("the-boss")
    give(provider, boss.id, RoleGrant("owner"))
    ann = provider.add_person("ann")
    admin = enter("admin", RoleGrant("admin"))
    me = provider.services.directory.find_by_login("admin")
    assert me is not None
    page = admin.follow(choose(admin, "off", boss, ann, me))
    assert "1 will be turned off" in page.dom.text
    assert "2 cannot be done to" in page.dom.text
    assert "may do more here than you" in page.dom.text
    do(provider, admin, page)
    assert provider.services.directory.get(boss.id).enabled
    assert provider.services.directory.get(me.id).enabled
    assert not provider.services.directory.get(ann.id).enabled


def test_u1_the_last_owner_stays_whoever_asks(provider: Provider, owner: Browser, enter: Enter) -> None:
    boss = provider.services.directory.find_by_login("boss")
    assert boss is not None
    page = owner.follow(choose(owner, "remove", boss))
    assert "cannot be done to" in page.dom.text


def test_s59_a_help_desk_of_one_group_reaches_and_learns_of_nobody_else(provider: Provider, enter: Enter) -> None:
    ann = provider.add_person("ann", groups=("Sales",))
    secret = provider.add_person("secret.name", groups=("Board",))
    desk = enter("desk", RoleGrant("help_desk", ("Sales",)))
    offered = {value for about in desk.get("admin/people").dom.find("option") if (value := about.get("value"))}
    assert {"invite", "sign_out"} <= offered
    assert not {"join", "off", "remove"} & offered
    page = desk.follow(choose(desk, "sign_out", ann, secret))
    made_up = "u" + "a" * 26
    other = desk.post(
        "admin/people/many", [*_key(desk), ("person", made_up), ("action", "sign_out"), ("whom", "chosen")]
    )
    assert "secret" not in page.text
    assert "1 will be signed out" in page.dom.text
    found = {_why(provider, desk, page, secret.id), _why(provider, desk, desk.follow(other), made_up)}
    assert found == {("failed", "is not there")}  # the same for somebody else's as for nobody
    assert desk.post("admin/people/many", [*_key(desk), ("person", ann.id), ("action", "off")]).status == 403
    everybody = desk.follow(choose(desk, "sign_out", query=""))
    assert "1 person chosen" in everybody.dom.text


def _key(browser: Browser) -> list[tuple[str, str]]:
    page = browser.get("admin/people")
    fields = page.dom.forms[form_at(page, "/admin/people/many")].fields
    return [pair for pair in fields if pair[0] in ("form_key", "browser_key")]


def _why(provider: Provider, browser: Browser, page: Answer, person_id: str) -> tuple[str, str]:
    text = browser.get(page.url + "/rows").body.decode("utf-8-sig")
    row = next(row for row in csv.DictReader(io.StringIO(text)) if row["id"] == person_id)
    return row["outcome"], row["why"]


def test_s59_a_list_of_somebody_else_is_not_there_for_a_limited_help_desk(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    ann = provider.add_person("ann")
    page = owner.follow(choose(owner, "off", ann))
    desk = enter("desk", RoleGrant("help_desk", ("Sales",)))
    for url in (page.url, page.url + "/rows"):
        answer = desk.get(url)
        assert answer.status == 404
        assert "ann" not in answer.dom.text.split()


def test_u1_a_kill_in_the_middle_does_nothing_twice(provider: Provider, owner: Browser) -> None:
    people = [provider.add_person(f"p{n:03}", password=None) for n in range(101)]
    page = owner.follow(choose(owner, "off", query="?q=p0"))
    work(provider)
    press(owner, owner.get(page.url), "run")
    (batch, *_) = batches.latest(provider.services.db, "bulk")
    next(work_on(provider.services, batch.id))
    list(work_on(provider.another().services, batch.id))
    assert len(provider.events("person:disabled")) == 100
    assert batches.latest(provider.services.db, "bulk")[0].counts == {"done": 100}
    assert provider.services.directory.get(people[100].id).enabled


def test_u1_nobody_or_nothing_chosen_is_said(provider: Provider, owner: Browser) -> None:
    ann = provider.add_person("ann")
    for action, group, said in (
        ("join", "No such", "There is no group of this name"),
        ("made up", "", "Nothing was chosen to be done"),
    ):
        assert said in owner.follow(choose(owner, action, ann, group=group)).dom.text


def test_u1_invitations_of_many_are_queued_one_by_one(provider: Provider, owner: Browser) -> None:
    ann, bob = provider.add_person("ann", password=None), provider.add_person("bob")
    page = owner.follow(choose(owner, "invite", ann, bob))
    assert "1 are so already" in page.dom.text
    assert "is not waiting for an invitation" in page.dom.text
    assert "no mail reaches them" in page.dom.text  # there is no mail server here


# -- rights that are lost meanwhile ----------------------------------------------------------------------------------


def _begun(provider: Provider, browser: Browser, action: str = "off", many: int = 120) -> tuple[Answer, batches.Batch]:
    """Work on many that was carried out, and stands after its first step of 50."""
    for number in range(many):
        provider.add_person(f"guest{number:03}", password=None)
    page = browser.follow(choose(browser, action, query="?q=guest"))
    work(provider)
    press(browser, browser.get(page.url), "run")
    (batch, *_) = batches.latest(provider.services.db, "bulk")
    return page, batch


def _lose(provider: Provider, username: str, how: str) -> None:
    services = provider.services
    person = services.directory.find_by_login(username)
    assert person is not None
    if how == "gone":
        services.directory.disable(person.id)
    else:
        give(provider, person.id, RoleGrant("help_desk"))
        roles.change(
            services.db, person.id, take=("admin",), by="test", now=services.clock(), record=lambda *_: None
        )  # fmt: skip


@pytest.mark.parametrize("how", ["gone", "no_right"])
def test_u1_c2_work_on_many_stops_at_the_step_at_which_its_starter_has_lost_the_right(
    provider: Provider, owner: Browser, enter: Enter, how: str
) -> None:
    page, batch = _begun(provider, enter("admin", RoleGrant("admin")))
    steps = work_on(provider.services, batch.id)
    assert next(steps).done == 50
    _lose(provider, "admin", how)  # in the middle of a slice, which would go on for all of the 120
    assert list(steps) == []
    assert list(work_on(provider.services, batch.id)) == []
    after = batches.find(provider.services.db, batch.id, "bulk")
    assert after is not None
    assert (after.state, after.stopped_by, after.done) == ("stopped", how, 50)
    off = [one for one in provider.services.directory.list("", 200, "guest") if not one.enabled]
    assert len(off) == 50
    (event,) = provider.events("people:many_stopped")
    assert (event.actor, event.detail["done"], event.detail["of"]) == (batch.made_by, 50, 120)
    shown = owner.get(page.url).dom.text
    assert "Stopped at 50 of 120 people" in shown
    assert WHY[how] in shown
    assert "70 of them are left" in owner.get("admin").dom.text
    rows = list(csv.DictReader(io.StringIO(owner.get(page.url + "/rows").body.decode("utf-8-sig"))))
    assert [row["outcome"] for row in rows].count("unreached") == 70


def test_u1_c2_a_role_that_runs_out_in_the_middle_ends_the_work(provider: Provider, enter: Enter, clock: Clock) -> None:
    _, batch = _begun(provider, enter("admin", RoleGrant("admin", until=clock() + 600)))
    steps = work_on(provider.services, batch.id)
    next(steps)
    clock.advance(700)
    assert list(steps) == []
    after = batches.find(provider.services.db, batch.id, "bulk")
    assert after is not None
    assert after.stopped_by == "no_right"


def test_u1_c2_whom_a_step_finds_raised_meanwhile_stays(provider: Provider, enter: Enter) -> None:
    _, batch = _begun(provider, enter("admin", RoleGrant("admin")), many=60)
    steps = work_on(provider.services, batch.id)
    next(steps)
    raised = provider.services.directory.find_by_login("guest055")
    assert raised is not None
    give(provider, raised.id, RoleGrant("owner"))
    list(steps)
    assert provider.services.directory.get(raised.id).enabled


def test_u1_c2_an_invitation_is_not_mailed_once_its_asker_may_not_any_more(provider: Provider, enter: Enter) -> None:
    ann = provider.add_person("ann", password=None)
    enter("admin", RoleGrant("admin"))
    me = provider.services.directory.find_by_login("admin")
    assert me is not None
    provider.services.jobs.enqueue("people.invite", {"person": ann.id, "by": f"person:{me.id}"})
    _lose(provider, "admin", "gone")
    work(provider)
    assert provider.events("link:made") == []
    assert [one.person_id for one in provider.events("link:refused")] == [ann.id]
