"""Access reviews: confirmed or withdrawn person by person, by a date; then what was chosen happens (U6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from clients.access import Access
from clients.client import Client
from clients.registry import Draft
from idp.accounts import groups as accounts_groups
from idp.accounts import reviews as kept
from idp.accounts import roles
from idp.accounts.groups import Group
from idp.accounts.person import Person
from idp.accounts.reviews import GONE, KEPT, NOT_DONE, REPORTED, STAYS, TAKEN, Review
from idp.accounts.roles import RoleGrant
from idp.admin import reviews
from idp.admin.actor import Actor, NotAllowed, of_name, of_shell
from idp.admin.configuration import marks
from idp.admin.reviews import BadReview, NotOpen, Wish, rights
from idp.mail import outbox
from tests.backends import Clock
from tests.provider import Provider

SHELL = of_shell("cli:test")
DAY = 86400.0


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False})


def person(provider: Provider, username: str, *grants: RoleGrant, groups: tuple[str, ...] = (), **about: Any) -> Person:
    made = provider.add_person(username, None, groups=groups, **about)
    give(provider, made, *grants)
    return made


def give(provider: Provider, one: Person, *grants: RoleGrant, take: tuple[str, ...] = ()) -> None:
    services = provider.services
    roles.change(
        services.db, one.id, give=grants, take=take, by="test", now=services.clock(), record=lambda *_: None
    )  # fmt: skip


def actor(provider: Provider, one: Person) -> Actor:
    found = of_name(provider.services, f"person:{one.id}")
    assert found is not None
    return found


def app(provider: Provider, access: Access, name: str = "Payroll") -> Client:
    draft = Draft(name=name, metadata={"redirect_uris": ["https://pay.example/cb"]}, access=access)
    return provider.services.registry.register(draft).client


def group(provider: Provider, name: str) -> Group:
    found = accounts_groups.find(provider.services.db, name)
    assert found is not None
    return found


def start(
    provider: Provider, about: Client | Group, reviewer: Person, *, by: Actor = SHELL, unconfirmed: str = "withdraw",
    days: float = 14, months: int = 0,
) -> Review:  # fmt: skip
    kind = "app" if isinstance(about, Client) else "group"
    wish = Wish(
        kind=kind, about=about.id, reviewers=(reviewer,), due_at=provider.clock() + days * DAY, unconfirmed=unconfirmed,
        months=months,
    )  # fmt: skip
    return reviews.start(provider.services, by, wish)


def end(provider: Provider, review: Review, clock: Clock) -> dict[str, tuple[str, str]]:
    """After its date: what became of each, by username."""
    clock.advance(max(0.0, review.due_at - clock()) + 1)
    assert reviews.run_due(provider.services)
    return outcome(provider, review)


def outcome(provider: Provider, review: Review) -> dict[str, tuple[str, str]]:
    return {one.username: (one.outcome, one.why) for one in kept.everybody(provider.services.db, review.id)}


def who(provider: Provider, client: Client) -> set[str]:
    found = provider.services.registry.find(client.id)
    assert found is not None
    return {provider.services.directory.get(one).username for one in found.access.persons}


def members(provider: Provider, name: str) -> set[str]:
    return {one.username for one in accounts_groups.members_of(provider.services.db, group(provider, name).id)}


def test_u6_a_group_s_people_are_confirmed_or_withdrawn_and_nothing_happens_before_the_date(
    provider: Provider, clock: Clock
) -> None:
    desk = person(provider, "desk", RoleGrant("help_desk", ("Sales",)))
    ann, bob, eve = (person(provider, name, groups=("Sales",)) for name in ("ann", "bob", "eve"))
    review = start(provider, group(provider, "Sales"), desk)
    by = actor(provider, desk)
    reviews.decide(provider.services, by, review, [ann.id], "keep")
    reviews.decide(provider.services, by, review, [bob.id], "withdraw")
    clock.advance(13 * DAY)
    reviews.run_due(provider.services)
    assert members(provider, "Sales") == {"ann", "bob", "eve"}
    done = end(provider, review, clock)
    assert done == {"ann": (KEPT, ""), "bob": (TAKEN, ""), "eve": (TAKEN, "")}
    assert members(provider, "Sales") == {"ann"}
    ended = kept.find(provider.services.db, review.id)
    assert ended is not None
    assert (ended.state, ended.counts) == ("ended", {KEPT: 1, TAKEN: 2})
    (event,) = provider.events("review:ended")
    assert event.detail["counts"] == {KEPT: 1, TAKEN: 2}
    changed = [one for one in provider.events("person:groups") if one.detail.get("removed")]
    assert {one.person_id for one in changed} == {bob.id, eve.id}
    assert {(one.actor, one.request_id) for one in changed} == {("cli:test", f"review-{review.id}")}


def test_u6_what_nobody_confirmed_is_only_reported_where_that_was_chosen(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    ann, bob = (person(provider, name, groups=("Sales",)) for name in ("ann", "bob"))
    review = start(provider, group(provider, "Sales"), boss, unconfirmed="report")
    reviews.decide(provider.services, actor(provider, boss), review, [bob.id], "withdraw")
    assert end(provider, review, clock) == {"ann": (REPORTED, ""), "bob": (TAKEN, "")}
    assert members(provider, "Sales") == {"ann"}
    assert provider.services.directory.get(ann.id).groups == ("Sales",)


def test_u6_c2_withdrawing_from_an_application_takes_the_name_off_and_never_anybody_out_of_a_group(
    provider: Provider, clock: Clock
) -> None:
    """Whose access comes from a group stays, and is left for those who look after groups."""
    ann, bob = person(provider, "ann"), person(provider, "bob", groups=("Sales",))
    eve = person(provider, "eve", groups=("Sales",))
    client = app(provider, Access.only(groups=("Sales",), persons=(ann.id, bob.id)))
    owner = person(provider, "apps", RoleGrant("app_admin", (client.id,)))
    by = actor(provider, owner)
    review = start(provider, client, owner, by=by)
    foreseen = reviews.foreseen(provider.services, by, review)
    assert foreseen.counts == {TAKEN: 1, STAYS: 2}
    assert foreseen.why[STAYS, "Sales"] == 2
    assert who(provider, client) == {"ann", "bob"}
    reviews.decide(provider.services, by, review, [eve.id], "withdraw")
    done = end(provider, review, clock)
    assert done == {"ann": (TAKEN, ""), "bob": (STAYS, "Sales"), "eve": (STAYS, "Sales")}
    assert who(provider, client) == set()
    assert members(provider, "Sales") == {"bob", "eve"}
    ended = kept.find(provider.services.db, review.id)
    assert ended is not None
    assert ended.to_see_to == 2


def test_u6_of_what_everyone_may_open_nobody_is_taken_off_and_it_says_so_in_numbers_before(
    provider: Provider, clock: Clock
) -> None:
    boss = person(provider, "boss", RoleGrant("owner"))
    person(provider, "ann")
    client = app(provider, Access())
    review = start(provider, client, boss)
    assert reviews.foreseen(provider.services, SHELL, review).why == {(STAYS, "everyone"): 2}
    assert set(end(provider, review, clock).values()) == {(STAYS, "everyone")}
    found = provider.services.registry.find(client.id)
    assert found is not None
    assert found.access.everyone


def test_u6_c2_nobody_decides_about_themselves_or_about_who_may_do_more(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("owner"), groups=("Sales",))
    desk = person(provider, "desk", RoleGrant("help_desk", ("Sales",)), groups=("Sales",))
    ann = person(provider, "ann", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), desk)
    said = reviews.decide(
        provider.services, actor(provider, desk), review, [boss.id, desk.id, ann.id, "unknown"], "withdraw"
    )
    assert said.done == 1
    assert said.refused == {"rank": ["boss"], "self": ["desk"]}
    assert reviews.decide(provider.services, actor(provider, boss), review, [desk.id], "keep").done == 1


def test_u6_c2_the_end_asks_anew_what_whoever_started_it_may(provider: Provider, clock: Clock) -> None:
    ann = person(provider, "ann")
    client = app(provider, Access.only(persons=(ann.id,)))
    owner = person(provider, "apps", RoleGrant("app_admin", (client.id,)))
    review = start(provider, client, owner, by=actor(provider, owner))
    give(provider, owner, take=("app_admin",))
    assert end(provider, review, clock) == {"ann": (NOT_DONE, "starter")}
    assert who(provider, client) == {"ann"}


def test_u6_c2_the_word_of_a_reviewer_who_may_no_longer_takes_nothing_from_anybody(
    provider: Provider, clock: Clock
) -> None:
    desk = person(provider, "desk", RoleGrant("help_desk", ("Sales",)))
    ann, bob, eve = (person(provider, name, groups=("Sales",)) for name in ("ann", "bob", "eve"))
    review = start(provider, group(provider, "Sales"), desk)
    by = actor(provider, desk)
    reviews.decide(provider.services, by, review, [ann.id], "withdraw")
    reviews.decide(provider.services, by, review, [bob.id, eve.id], "keep")
    give(provider, bob, RoleGrant("owner"))
    give(provider, desk, RoleGrant("help_desk", ("Other",)))
    with pytest.raises(NotAllowed):
        reviews.decide(provider.services, actor(provider, desk), review, [bob.id], "withdraw")
    done = end(provider, review, clock)
    assert done == {"ann": (NOT_DONE, "reviewer"), "bob": (KEPT, ""), "eve": (KEPT, "")}


def test_u6_c2_an_app_admin_s_review_takes_nothing_from_who_has_come_to_do_more(
    provider: Provider, clock: Clock
) -> None:
    ann = person(provider, "ann")
    client = app(provider, Access.only(persons=(ann.id,)))
    owner = person(provider, "apps", RoleGrant("app_admin", (client.id,)))
    review = start(provider, client, owner, by=actor(provider, owner))
    give(provider, ann, RoleGrant("admin"))
    assert end(provider, review, clock) == {"ann": (NOT_DONE, "rank")}


def test_u6_who_has_gone_meanwhile_and_who_came_by_another_way_is_told_apart(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    ann, bob, eve = person(provider, "ann"), person(provider, "bob"), person(provider, "eve")
    client = app(provider, Access.only(groups=("Sales",), persons=(ann.id, bob.id, eve.id)))
    review = start(provider, client, boss)
    provider.services.directory.remove(ann.id)
    provider.services.registry.change_access(client.id, lambda now: now.narrowed(persons=(bob.id,)))
    provider.services.directory.add_to_group(eve.id, "Sales")
    assert end(provider, review, clock) == {"ann": (GONE, ""), "bob": (GONE, ""), "eve": (STAYS, "Sales")}
    found = provider.services.registry.find(client.id)
    assert found is not None
    assert found.access.persons == {ann.id}  # the id of nobody, as it stood before


def test_u6_an_application_of_a_file_is_left_to_the_file(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(admin={"second_factor": False, "managed": "refuse"})
    boss, ann = person(provider, "boss", RoleGrant("admin")), person(provider, "ann")
    client = app(provider, Access.only(persons=(ann.id,)))
    review = start(provider, client, boss)
    with provider.services.db.transaction() as tx:
        marks.put(tx, "application", client.id, "apps.toml", ("access",), clock())
    assert end(provider, review, clock) == {"ann": (NOT_DONE, "file")}


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"due_at": -1.0}, "due"), ({"due_at": 400 * DAY}, "due"), ({"reviewers": ()}, "reviewers"),
        ({"unconfirmed": "burn"}, "unconfirmed"), ({"months": 5}, "months"), ({"about": "nothing"}, "about"),
    ],
)  # fmt: skip
def test_u6_what_cannot_be_started_says_which_value_is_wrong(
    provider: Provider, said: dict[str, Any], field: str
) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    person(provider, "ann", groups=("Sales",))
    wish = Wish(
        kind="group", about=group(provider, "Sales").id, reviewers=(boss,), due_at=provider.clock() + DAY,
        unconfirmed="report",
    )  # fmt: skip
    if "due_at" in said:
        said = {"due_at": provider.clock() + said["due_at"]}
    with pytest.raises(BadReview) as refused:
        reviews.start(provider.services, SHELL, replace(wish, **said))
    assert refused.value.field == field
    assert kept.latest(provider.services.db) == ()


def test_u6_of_one_thing_there_is_one_open_review_at_a_time(provider: Provider) -> None:
    """An app admin could start any number, and each of them mails."""
    ann = person(provider, "ann", groups=("Sales",))
    first, other = (app(provider, Access.only(persons=(ann.id,)), name) for name in ("Payroll", "Wiki"))
    owner = person(provider, "apps", RoleGrant("app_admin", (first.id, other.id)))
    by = actor(provider, owner)
    there = start(provider, first, owner, by=by)
    for who_starts in (by, SHELL):
        with pytest.raises(BadReview) as refused:
            start(provider, first, owner, by=who_starts)
        assert (refused.value.field, refused.value.review) == ("about", there.id)
        assert there.id in str(refused.value)
    start(provider, other, owner, by=by)
    start(provider, group(provider, "Sales"), person(provider, "boss", RoleGrant("admin")))
    assert len(kept.in_state(provider.services.db, "open")) == 3
    reviews.stop(provider.services, by, there)
    start(provider, first, owner, by=by)


def test_u6_what_begins_again_waits_for_one_that_is_open(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    person(provider, "ann", groups=("Sales",))
    end(provider, start(provider, group(provider, "Sales"), boss, months=1, unconfirmed="report"), clock)
    (planned,) = kept.in_state(provider.services.db, "planned")
    by_hand = start(provider, group(provider, "Sales"), boss, days=60)
    clock.advance(30 * DAY)
    reviews.run_due(provider.services)
    assert [one.id for one in kept.in_state(provider.services.db, "open")] == [by_hand.id]
    reviews.stop(provider.services, SHELL, by_hand)
    reviews.run_due(provider.services)
    assert [one.id for one in kept.in_state(provider.services.db, "open")] == [planned.id]


def test_u6_only_who_looks_after_it_is_asked(provider: Provider) -> None:
    ann = person(provider, "ann", groups=("Sales",))
    other = person(provider, "other", RoleGrant("help_desk", ("Board",)))
    client = app(provider, Access.only(persons=(ann.id,)))
    for about, reviewer in ((group(provider, "Sales"), other), (group(provider, "Sales"), ann), (client, other)):
        with pytest.raises(BadReview) as refused:
            start(provider, about, reviewer)
        assert refused.value.field == "reviewers"
    able = person(provider, "apps", RoleGrant("app_admin", (client.id,)))
    assert [one.username for one in reviews.able(provider.services, "app", client.id, rights.P.REVIEWS_DECIDE)] == [
        "apps"
    ]
    start(provider, client, able)


def test_u6_after_its_date_nobody_decides_even_before_the_end_has_run(provider: Provider, clock: Clock) -> None:
    boss, ann = person(provider, "boss", RoleGrant("admin")), person(provider, "ann", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), boss, days=1)
    clock.advance(DAY)
    with pytest.raises(NotOpen):
        reviews.decide(provider.services, actor(provider, boss), review, [ann.id], "keep")


def test_u6_of_several_processes_each_person_is_done_once_also_after_a_kill(provider: Provider, clock: Clock) -> None:
    from idp.admin.reviews import ending

    boss = person(provider, "boss", RoleGrant("admin"))
    for number in range(120):
        person(provider, f"p{number:03}", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), boss)
    clock.advance(15 * DAY)
    others = [provider.another() for _ in range(2)]
    ending._close(provider.services, review)
    assert ending._step(others[0].services, review)  # and then it was killed
    assert len(members(provider, "Sales")) == 70
    for one in (*others, provider):
        assert reviews.run_due(one.services)
    assert set(outcome(provider, review).values()) == {(TAKEN, "")}
    assert len(provider.events("review:ended")) == 1
    assert sum("Sales" in one.detail.get("removed", ()) for one in provider.events("person:groups", 1000)) == 120


def test_u6_one_who_cannot_be_done_does_not_hold_up_the_others(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    ann, bob = (person(provider, name, groups=("Sales",)) for name in ("ann", "bob"))
    review = start(provider, group(provider, "Sales"), boss)
    with provider.services.db.transaction() as tx:  # a row that nobody can read
        from idp.accounts import store

        tx.run(store.people.update().where(store.people.c.id == ann.id).values(claims="{broken"))
    assert end(provider, review, clock) == {"ann": (NOT_DONE, "broken"), "bob": (TAKEN, "")}
    assert bob.id


def test_u6_by_hand_it_ends_at_once_or_nothing_comes_of_it(provider: Provider) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    person(provider, "ann", groups=("Sales",))
    stopped = start(provider, group(provider, "Sales"), boss)
    assert reviews.stop(provider.services, SHELL, stopped)
    assert not reviews.end_now(provider.services, SHELL, stopped)
    ended = start(provider, group(provider, "Sales"), boss)
    assert reviews.end_now(provider.services, SHELL, ended)
    assert not reviews.end_now(provider.services, SHELL, ended)
    reviews.run_due(provider.services)
    assert outcome(provider, stopped) == {"ann": ("", "")}
    assert outcome(provider, ended) == {"ann": (TAKEN, "")}


def test_u6_what_is_left_is_seen_to_after_the_end_and_not_before_it_is_known(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    person(provider, "ann", groups=("Sales",))
    stopped = start(provider, group(provider, "Sales"), boss)
    reviews.stop(provider.services, SHELL, stopped)
    review = start(provider, group(provider, "Sales"), boss, unconfirmed="report")
    for one in (stopped, review):
        assert not reviews.settle(provider.services, SHELL, one, "Done.")
    reviews.end_now(provider.services, SHELL, review)
    assert not reviews.settle(provider.services, SHELL, review, "Done.")
    reviews.run_due(provider.services)
    ended = kept.find(provider.services.db, review.id)
    assert ended is not None
    assert (ended.to_see_to, ended.note) == (1, "")
    assert provider.events("review:settled") == []
    assert reviews.settle(provider.services, SHELL, review, "Asked.")
    assert not reviews.settle(provider.services, SHELL, review, "Again.")


def test_u6_the_reviewer_is_told_at_the_start_and_before_the_date_and_those_in_charge_at_the_end(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(server={"issuer": "http://127.0.0.1:8000"}, admin={"second_factor": False})
    desk = person(provider, "desk", RoleGrant("help_desk", ("Sales",)), email="desk@example.org")
    person(provider, "boss", RoleGrant("admin"), email="boss@example.org")
    ann = person(provider, "ann", groups=("Sales",))

    def mails() -> list[outbox.Kept]:
        before = {one.id for one in outbox.newest(provider.services)}
        for job in provider.services.jobs.pending():
            if job.name == "mail":
                provider.services.jobs.perform(job.name, job.payload)
                provider.services.jobs.forget(job.id)
        return [one for one in outbox.newest(provider.services) if one.id not in before]

    review = start(provider, group(provider, "Sales"), desk)
    (mail,) = mails()
    assert mail.to == "desk@example.org"
    assert f"/admin/reviews/{review.id}" in mail.text
    for days, many in ((6, 0), (1.5, 1), (0.5, 0), (5.2, 1), (0.1, 0)):
        clock.advance(days * DAY)
        reviews.run_due(provider.services)
        reviews.run_due(provider.another().services)
        assert len(mails()) == many, days
    reviews.decide(provider.services, actor(provider, desk), review, [ann.id], "keep")
    clock.advance(2 * DAY)
    reviews.run_due(provider.services)
    (mail,) = mails()
    assert mail.to == "boss@example.org"
    assert "Confirmed: 1" in mail.text


def test_u6_it_begins_again_after_so_many_months_with_the_people_of_then(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    ann = person(provider, "ann", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), boss, months=3)
    reviews.decide(provider.services, actor(provider, boss), review, [ann.id], "keep")
    end(provider, review, clock)
    (planned,) = kept.in_state(provider.services.db, "planned")
    assert 89 * DAY <= planned.started_at - review.started_at <= 93 * DAY
    person(provider, "new", groups=("Sales",))
    clock.advance(planned.started_at - clock())
    reviews.run_due(provider.services)
    again = kept.find(provider.services.db, planned.id)
    assert again is not None
    assert (again.state, again.total) == ("open", 2)
    assert again.due_at - again.started_at == pytest.approx(14 * DAY)
    give(provider, boss, take=("admin",))
    end(provider, again, clock)
    assert len(kept.in_state(provider.services.db, "planned")) == 1


def test_u6_c2_it_does_not_begin_again_for_who_may_no_longer(provider: Provider, clock: Clock) -> None:
    ann = person(provider, "ann")
    client = app(provider, Access.only(persons=(ann.id,)))
    owner = person(provider, "apps", RoleGrant("app_admin", (client.id,)))
    review = start(provider, client, owner, by=actor(provider, owner), months=1)
    reviews.end_now(provider.services, SHELL, review)
    reviews.run_due(provider.services)
    (planned,) = kept.in_state(provider.services.db, "planned")
    give(provider, owner, take=("app_admin",))
    clock.advance(40 * DAY)
    reviews.run_due(provider.services)
    stopped = kept.find(provider.services.db, planned.id)
    assert stopped is not None
    assert (stopped.state, stopped.note) == ("stopped", "starter")


def test_u6_s59_each_sees_the_reviews_of_their_own_part(provider: Provider) -> None:
    ann = person(provider, "ann", groups=("Sales", "Board"))
    boss = person(provider, "boss", RoleGrant("admin"))
    client, other = app(provider, Access.only(persons=(ann.id,))), app(provider, Access.only(persons=(ann.id,)), "Wiki")
    made = {
        name: start(provider, about, boss).id
        for name, about in (("app", client), ("other", other), ("sales", group(provider, "Sales")),
                            ("board", group(provider, "Board")))
    }  # fmt: skip
    sees = {
        "desk": (RoleGrant("help_desk", ("sales",)), {"sales"}), "all": (RoleGrant("help_desk"), {"sales", "board"}),
        "apps": (RoleGrant("app_admin", (client.id,)), {"app"}), "audit": (RoleGrant("auditor"), set(made)),
        "none": (RoleGrant("app_admin", ("x",)), set()),
    }  # fmt: skip
    for username, (grant, wanted) in sees.items():
        by = actor(provider, person(provider, username, grant))
        assert {one.id for one in reviews.listed(provider.services, by)} == {made[name] for name in wanted}, username
        for name, review_id in made.items():
            assert (reviews.find(provider.services, by, review_id) is not None) is (name in wanted), (username, name)


def test_u6_s59_a_group_s_old_name_shows_nobody_its_reviews(provider: Provider) -> None:
    """Whoever looks after a new group of the old name has nothing to do with the old one."""
    boss = person(provider, "boss", RoleGrant("admin"))
    ann = person(provider, "ann", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), boss)
    accounts_groups.rename(
        provider.services.db, group(provider, "Sales"), "Selling", provider.clock(), record=lambda *_: None
    )
    provider.services.directory.add_to_group(ann.id, "Sales")
    by = actor(provider, person(provider, "desk", RoleGrant("help_desk", ("Sales",))))
    assert reviews.find(provider.services, by, review.id) is None


def test_u6_it_is_kept_as_long_as_the_history_and_a_name_can_be_blanked(provider: Provider, clock: Clock) -> None:
    boss = person(provider, "boss", RoleGrant("admin"))
    ann = person(provider, "ann", groups=("Sales",))
    review = start(provider, group(provider, "Sales"), boss)
    provider.services.directory.remove(ann.id)
    end(provider, review, clock)
    assert "ann" in outcome(provider, review)
    kept.blank(provider.services.db, ann.id)
    assert set(outcome(provider, review)) == {""}
    assert kept.sweep(provider.services.db, clock() - DAY, 100) == 0
    assert kept.sweep(provider.services.db, clock() + DAY, 100) == 1
    assert kept.find(provider.services.db, review.id) is None
    assert list(kept.everybody(provider.services.db, review.id)) == []


def test_u6_ten_thousand_people_are_a_page_at_a_time_and_found_by_any_part(provider: Provider) -> None:
    from idp.accounts.person import Draft as NewPerson

    boss = person(provider, "boss", RoleGrant("admin"))
    provider.services.directory.add_all(
        [NewPerson(username=f"guest{n:05}", name=f"Guest {n}", groups=("Guests",)) for n in range(2000)]
    )
    review = start(provider, group(provider, "Guests"), boss)
    assert review.total == 2000
    seen, after = [], ""
    while found := kept.page(provider.services.db, review.id, after=after, many=300):
        seen += [one.username for one in found]
        after = found[-1].key
    assert seen == [f"guest{n:05}" for n in range(2000)]
    assert [one.username for one in kept.page(provider.services.db, review.id, text="EST01234")] == ["guest01234"]
    assert kept.page(provider.services.db, review.id, text="%") == ()


@pytest.mark.slow
def test_u6_on_postgresql_it_is_searched_in_order_ended_and_swept_as_well(
    open_provider: Callable[..., Provider], postgresql_url: str, clock: Clock
) -> None:
    provider = open_provider(storage={"database_url": postgresql_url}, admin={"second_factor": False})
    boss = person(provider, "boss", RoleGrant("admin"))
    for number in range(60):
        person(provider, f"p-{number:03}", groups=("Sales",), name=f"Zoë_{number % 2} Example")
    first = person(provider, "_first", groups=("Sales",), name="50 % Ann")
    review = start(provider, group(provider, "Sales"), boss, months=1)
    seen, after = [], ""
    while found := kept.page(provider.services.db, review.id, after=after, many=25):
        seen += [one.username for one in found]
        after = found[-1].key
    assert len(seen) == len(set(seen)) == 61
    assert [one.username for one in kept.page(provider.services.db, review.id, text="50 %")] == ["_first"]
    reviews.decide(provider.services, actor(provider, boss), review, [first.id], "keep")
    assert reviews.foreseen(provider.services, SHELL, review).counts == {KEPT: 1, TAKEN: 60}
    end(provider, review, clock)
    assert members(provider, "Sales") == {"_first"}
    assert [one.state for one in reviews.listed(provider.services, SHELL)] == ["planned", "ended"]
    assert kept.blank(provider.services.db, first.id) == 1
    assert kept.sweep(provider.services.db, clock() + DAY, 100) == 1


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, the next two looks see no open review: as of one that another transaction just begins."""
    real = kept.open_about

    def arm() -> None:
        left = [None, None]
        monkeypatch.setattr(kept, "open_about", lambda *a: left.pop() if left else real(*a))

    return arm


def test_U6_of_two_that_begin_in_one_moment_one_is_told_of_the_other(
    provider: Provider, blind: Callable[[], None]
) -> None:
    ann, payroll = person(provider, "ann", RoleGrant("owner")), app(provider, Access(everyone=True))
    first = start(provider, payroll, ann)
    blind()
    with pytest.raises(BadReview) as refused:
        start(provider, payroll, ann)
    assert refused.value.review == first.id
    assert [one.id for one in kept.in_state(provider.services.db, "open")] == [first.id]


def test_U6_a_planned_one_waits_for_one_that_begins_in_the_same_moment(
    provider: Provider, clock: Clock, blind: Callable[[], None]
) -> None:
    ann, payroll = person(provider, "ann", RoleGrant("owner")), app(provider, Access(everyone=True))
    end(provider, start(provider, payroll, ann, months=1), clock)
    other = start(provider, payroll, ann, days=60)
    clock.advance(31 * DAY)
    blind()
    assert reviews.run_due(provider.services)
    assert [one.id for one in kept.in_state(provider.services.db, "open")] == [other.id]
    assert len(kept.in_state(provider.services.db, "planned")) == 1
