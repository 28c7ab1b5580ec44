"""U5: an owner for the day when nothing else lets anybody in: it works then, is ended by nothing else, and watched."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from idp import audit
from idp.accounts import roles
from idp.accounts.break_glass import store
from idp.accounts.factors import backup_codes, list_of
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.accounts.set_password import set_password
from idp.admin import attention, factors, granting, people, planned_ends, sessions, turning_off
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.break_glass import keeping, standing, watching
from idp.admin.break_glass.keeping import Secrets
from idp.audit import Event
from idp.audit.exporting.outcome import severity
from idp.login.authenticators import removal
from idp.login.throttle import ACCOUNT_TTL
from idp.mail import rendering
from idp.mail.delivery import PURPOSE, Undelivered
from tests.backends import Clock, find_free_port
from tests.login import second_step
from tests.mail.samples import content
from tests.provider import PASSWORD, Answer, Browser, Provider

SHELL = of_shell("cli:test")
DAY = 86400.0


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(mail={"host": "mail.example"})


@pytest.fixture
def made(provider: Provider) -> Secrets:
    return keeping.make(provider.services, SHELL, "emergency")


def boss(provider: Provider, name: str = "boss") -> tuple[Person, Actor]:
    person = provider.add_person(name, email=f"{name}@example.org")
    roles.change(
        provider.services.db, person.id, give=(RoleGrant("owner"),), by="test", now=provider.clock(),
        record=lambda *_: None,
    )  # fmt: skip
    return person, Actor(kind="person", id=person.id, name=f"person:{person.id}", grants=(RoleGrant("owner"),))


def open_with(browser: Browser, made: Secrets, code: int = 0) -> Answer:
    """Password, then a code of the paper."""
    page = browser.log_in(browser.get(""), made.person.username, made.password)
    return browser.submit(page, code=made.codes[code])


def is_in(browser: Browser) -> bool:
    return not browser.get("profile").is_login_page


def mails(provider: Provider) -> list[tuple[str, str]]:
    """(to, what) of every alarm that is queued."""
    found = []
    for job in provider.services.jobs.pending():
        if job.name == "mail":
            content = json.loads(provider.services.sealer.open(PURPOSE, job.payload["sealed"], job.name.encode()))
            if content["message"] == "break_glass":
                found.append((content["to"], content["values"]["what"]))
    return found


def guess(provider: Provider, times: int, address: str = "198.51.100.9", login: str = "emergency") -> list[Answer]:
    browser = provider.browser(address)
    page = browser.get("")
    return [browser.log_in(page, login, f"wrong number {n}") for n in range(times)]


# -- it works --------------------------------------------------------------------------------------------------------


def test_U5_it_signs_in_with_its_password_and_a_code_of_the_paper_and_each_code_once(
    provider: Provider, made: Secrets
) -> None:
    browser = provider.browser()
    page = browser.log_in(browser.get(""), "emergency", made.password)
    assert not is_in(browser)  # the password alone is not enough, without any rule that says so
    assert browser.submit(page, code=made.codes[0]).is_redirect
    assert is_in(browser)
    other = provider.browser()
    assert not open_with(other, made).is_redirect
    assert not is_in(other)


@pytest.mark.parametrize(
    "rule",
    [
        {"need": "deny", "outside": ["10.0.0.0/8"]},
        {"need": "deny", "roles": ["owner"]},
        {"need": "phishing-resistant"},
        {"need": "phishing-resistant", "device": "unknown", "max_age_minutes": 1},
    ],
)  # fmt: skip
def test_U5_no_rule_of_network_device_or_factor_keeps_it_out(provider: Provider, made: Secrets, rule: dict) -> None:  # type: ignore[type-arg]
    provider.add_rule(name="strict", **rule)
    browser = provider.browser()
    assert open_with(browser, made).is_redirect
    assert is_in(browser)


def test_U5_the_console_opens_to_it_under_its_demand_for_a_second_factor(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    browser = provider.browser()
    open_with(browser, made)
    assert browser.get("admin").status == 200
    provider.add_rule(name="nobody", need="deny", outside=["10.0.0.0/8"])
    assert browser.get("admin").status == 200


def test_U5_who_has_the_password_alone_cannot_set_up_the_second_factor(provider: Provider, made: Secrets) -> None:
    with provider.services.db.transaction() as tx:
        backup_codes.drop(tx, made.person.id)
    browser = provider.browser()
    page = browser.log_in(browser.get(""), "emergency", made.password)
    assert page.location == "https://login.example/"  # no page that sets one up
    assert not is_in(browser)


def test_U5_neither_mail_nor_the_help_desk_is_a_second_step_for_it(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(factors={"email_is_second": True})
    made = keeping.make(provider.services, SHELL, "emergency")
    browser = provider.browser()
    page = browser.log_in(browser.get(""), "emergency", made.password)
    assert "mail" not in {value for _, name, value in page.form.buttons if name == "way"}
    for verb in (
        lambda: factors.issue_code(provider.services, SHELL, made.person, factors.Wish(reason="lost")),
        lambda: people.mail_link(provider.services, SHELL, made.person),
        lambda: people.hand_out_link(provider.services, SHELL, made.person),
    ):
        with pytest.raises(NotAllowed, match="break-glass"):
            verb()


def test_U5_a_passkey_of_its_own_may_come_and_go_and_the_paper_stays(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    second_step.set_up(provider, clock, made.person)
    (held,) = list_of(provider.services.db, made.person.id)
    outcome = removal.remove(provider.services, made.person, held.id, lambda *_: None)
    assert outcome.removed is not None
    assert backup_codes.left(provider.services.db, made.person.id) == 10


# -- strangers -------------------------------------------------------------------------------------------------------


def test_U5_strangers_pause_their_own_lane_and_never_the_account(provider: Provider, made: Secrets) -> None:
    for lane in range(30):  # past every limit of failures in a row
        guess(provider, 5, f"198.51.{lane}.9")
    paused = provider.browser("198.51.0.9")
    page = paused.log_in(paused.get(""), "emergency", "wrong once more")
    assert "wait" in page.dom.text.lower() or "unlock" in page.dom.text.lower()  # the throttle holds for guesses
    for address in ("198.51.0.9", "203.0.113.99"):  # and for nobody who has the paper, even from the same place
        browser = provider.browser(address)
        assert open_with(browser, made, 0 if address.startswith("198") else 1).is_redirect
        assert is_in(browser)


def test_U5_a_stop_for_good_does_not_stop_it_and_stops_others(provider: Provider, made: Secrets) -> None:
    ann = provider.add_person("ann")
    state = provider.services.state
    for id in (made.person.id, ann.id):
        state.put(f"throttle:account:{id}", {"generation": "x", "address": "stopped", "device": "stopped"}, ACCOUNT_TTL)
    other = provider.browser()
    other.log_in(other.get(""), "ann", PASSWORD)
    assert not is_in(other)
    browser = provider.browser()
    assert open_with(browser, made).is_redirect


def test_U5_a_wrong_password_for_it_looks_like_one_for_anybody_or_nobody(provider: Provider, made: Secrets) -> None:
    provider.add_person("ann")
    names = ("emergency", "ann", "nobody-is-called-so")
    told = {name: [page.dom.text.replace(name, "NAME") for page in guess(provider, 7, f"198.51.{n}.9", name)]
            for n, name in enumerate(names)}  # fmt: skip

    def plain(pages: list[str]) -> list[str]:
        return [re.sub(r"E-[0-9A-Z]{5}-[0-9A-Z]{5}|\d+", "#", page) for page in pages]

    assert plain(told["emergency"]) == plain(told["ann"]) == plain(told["nobody-is-called-so"])


def test_U5_a_wrong_password_costs_the_store_the_same_for_it_and_for_others(provider: Provider, made: Secrets) -> None:
    """The time tells nothing: alarms are looked for later, in the record."""
    provider.add_person("ann")

    def statements(login: str, lane: int) -> list[str]:
        browser = provider.browser(f"198.51.{lane}.9")
        page = browser.get("")
        done = []
        for n in range(7):  # into the pause
            ran, stated, _ = provider.counted(lambda n=n: browser.log_in(page, login, f"wrong {n}"))
            done += [len(ran), len(stated)]
        return [str(one) for one in done]

    assert statements("emergency", 1) == statements("ann", 2)


def test_U5_forgot_password_says_the_same_and_leads_nowhere(provider: Provider, made: Secrets) -> None:
    other = provider.add_person("ann", email="ann@example.org")
    assert provider.services.directory.fixed(made.person)
    assert not provider.services.directory.fixed(other)
    services = provider.services
    refused = set_password(
        services.directory, services.passwords, services.password_policy, made.person.id, "another long password 77"
    )
    assert "break-glass" in refused[0]


# -- nothing ends it by the way --------------------------------------------------------------------------------------


def test_U5_it_is_not_turned_off_removed_or_made_less_by_any_verb(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    services, one = provider.services, made.person
    _, owner = boss(provider)
    for actor in (owner, SHELL):
        for verb in (
            lambda a: turning_off.turn_off(services, a, one),
            lambda a: planned_ends.plan(services, a, one, clock() + 60, "UTC"),
            lambda a: people.remove(services, a, one),
            lambda a: granting.change_roles(services, a, one, take=("owner",)),
            lambda a: granting.change_roles(services, a, one, give=(RoleGrant("owner", until=clock() + 60),)),
            lambda a: people.set_password(services, a, one, "another long password 77"),
            lambda a: people.correct(services, a, one, people.Correction(changes={"username": "other"})),
        ):
            with pytest.raises(NotAllowed, match="break-glass"):
                verb(actor)


def test_U5_nor_by_what_asks_no_verb(provider: Provider, made: Secrets) -> None:
    directory = provider.services.directory
    boss(provider)
    for change in (
        lambda: directory.disable(made.person.id),
        lambda: directory.remove(made.person.id),
        lambda: directory.set_roles(made.person.id, ("auditor",)),
    ):
        with pytest.raises(InvalidPerson, match="break-glass"):
            change()
    assert directory.get(made.person.id).enabled


def test_U5_its_password_does_not_expire(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(passwords={"expire_days": {"*": 90}})
    made = keeping.make(provider.services, SHELL, "emergency")
    clock.advance(400 * DAY)
    browser = provider.browser()
    assert open_with(browser, made).is_redirect
    assert is_in(browser)


def test_U5_an_owner_ends_it_by_its_own_verb_and_all_that_it_had_open(provider: Provider, made: Secrets) -> None:
    _, owner = boss(provider)
    browser = provider.browser()
    open_with(browser, made)
    ended = keeping.end(provider.services, owner, made.person.id)
    assert not ended.enabled
    assert not is_in(browser)
    turning_off.turn_on(provider.services, owner, ended)  # an ordinary account from now on
    assert keeping.every(provider.services, owner) == ()


def test_U5_its_open_sign_ins_can_be_ended_at_once(provider: Provider, made: Secrets) -> None:
    _, owner = boss(provider)
    browser = provider.browser()
    open_with(browser, made)
    assert sessions.end_all(provider.services, owner, made.person) == 1
    assert not is_in(browser)


def test_U5_secrets_made_anew_replace_those_of_the_old_envelope(provider: Provider, made: Secrets) -> None:
    _, owner = boss(provider)
    browser = provider.browser()
    open_with(browser, made)
    again = keeping.renew(provider.services, owner, made.person.id)
    assert not is_in(browser)
    assert again.password != made.password
    old, new = provider.browser(), provider.browser()
    old.log_in(old.get(""), "emergency", made.password)
    assert not is_in(old)
    assert open_with(new, again).is_redirect


# -- it is watched ---------------------------------------------------------------------------------------------------


def test_U5_its_use_alarms_every_owner_and_stands_until_another_one_has_looked(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    services = provider.services
    (ann, owner), _ = boss(provider, "ann"), boss(provider, "bea")
    assert watching.watch(services) == 0
    clock.advance(60)
    browser = provider.browser()
    open_with(browser, made)
    assert watching.watch(services) == 1
    assert sorted(mails(provider)) == [
        (f"{name}@example.org", what) for name in ("ann", "bea") for what in ("half", "used")
    ]  # fmt: skip
    (alarm,) = provider.events("break_glass:alarm")
    assert severity(alarm.action) == 4  # for whoever receives the record
    assert (alarm.person_id, alarm.detail["uses"], alarm.detail["addresses"]) == (made.person.id, 1, ["203.0.113.7"])
    assert keeping.alarms(services, owner)[0].alarm_uses == 1
    assert [one.path for one in attention.find(services, owner) if "was used" in one.text] == ["/admin/break-glass"]
    itself = Actor(kind="person", id=made.person.id, name="", grants=(RoleGrant("owner"),))
    for verb in (keeping.acknowledge, keeping.renew, keeping.end):
        with pytest.raises(NotAllowed, match="another owner"):
            verb(services, itself, made.person.id)
    assert keeping.acknowledge(services, owner, made.person.id, "the yearly test")
    assert not keeping.acknowledge(services, owner, made.person.id)
    assert keeping.alarms(services, owner) == ()
    (seen,) = provider.events("break_glass:acknowledged")
    assert (seen.detail["note"], seen.detail["uses"]) == ("the yearly test", 1)
    assert ann.id in seen.actor


def test_U5_each_use_is_counted_once_by_any_number_of_processes_and_looks(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    boss(provider)
    open_with(provider.browser(), made)
    others = [provider.another() for _ in range(2)]
    assert sum(watching.watch(one.services) for one in (provider, *others, provider)) == 1
    clock.advance(400)
    watching.watch(provider.services)
    clock.advance(400)
    watching.watch(provider.services)
    assert len(provider.events("break_glass:alarm")) == 1
    clock.advance(3 * DAY)  # nothing ran meanwhile but the sign-in
    open_with(provider.browser(), made, 1)
    clock.advance(3 * DAY)
    assert watching.watch(provider.services) == 1
    (one,) = keeping.every(provider.services, SHELL)
    assert (one.alarm_uses, one.used_at) == (2, clock() - 3 * DAY)


def test_U5_the_right_password_without_a_second_factor_is_an_alarm_of_its_own(
    provider: Provider, made: Secrets
) -> None:
    boss(provider)
    browser = provider.browser()
    browser.log_in(browser.get(""), "emergency", made.password)
    watching.watch(provider.services)
    assert mails(provider) == [("boss@example.org", "half")]
    (one,) = keeping.every(provider.services, SHELL)
    assert (one.alarm_uses, one.alarm_failures, one.used_at) == (0, 1, None)


def test_U5_failed_tries_alarm_too_with_one_mail_an_hour(provider: Provider, made: Secrets, clock: Clock) -> None:
    boss(provider)
    guess(provider, 3)
    watching.watch(provider.services)
    guess(provider, 3, "198.51.101.9")
    watching.watch(provider.services)
    assert mails(provider) == [("boss@example.org", "tried")]
    assert keeping.every(provider.services, SHELL)[0].alarm_failures == 6
    clock.advance(3700)
    guess(provider, 1, "198.51.102.9")
    watching.watch(provider.services)
    assert len(mails(provider)) == 2


def test_U5_a_flood_of_failures_does_not_hide_a_use(provider: Provider, made: Secrets) -> None:
    boss(provider)
    open_with(provider.browser(), made)
    with provider.services.db.transaction() as tx:
        for _ in range(600):
            audit.record(tx, Event("session:failed", person_id=made.person.id), provider.clock())
    watching.watch(provider.services)
    assert ("boss@example.org", "used") in mails(provider)


def test_U5_with_mail_down_it_signs_in_and_the_alarm_stands_in_console_and_record(
    open_provider: Callable[..., Provider], clock: Clock
) -> None:
    provider = open_provider(mail={"host": "127.0.0.1", "port": find_free_port()})
    made = keeping.make(provider.services, SHELL, "emergency")
    _, owner = boss(provider)
    browser = provider.browser()
    assert open_with(browser, made).is_redirect
    watching.watch(provider.services)
    (job, _used) = [one for one in provider.services.jobs.pending() if one.name == "mail"]
    with pytest.raises(Undelivered):  # it stays in the queue
        provider.services.jobs.perform(job.name, job.payload)
    assert len(keeping.alarms(provider.services, owner)) == 1
    assert len(provider.events("break_glass:alarm")) == 1


def test_U5_making_renewing_and_ending_one_is_told_to_the_other_owners(provider: Provider) -> None:
    (_, owner), _ = boss(provider, "ann"), boss(provider, "bea")
    made = keeping.make(provider.services, owner, "emergency")
    keeping.renew(provider.services, owner, made.person.id)
    keeping.end(provider.services, owner, made.person.id)
    assert sorted(mails(provider)) == [("bea@example.org", what) for what in ("ended", "made", "renewed")]
    actions = [event.action for event in provider.events() if event.action.startswith("break_glass:")]
    assert sorted(actions) == ["break_glass:ended", "break_glass:made", "break_glass:renewed"]


def test_U5_no_secret_of_it_stands_in_the_record_or_in_the_table(provider: Provider, made: Secrets) -> None:
    rows = provider.services.db.all(store.EVERY), provider.services.db.all(store.OF, of_person=made.person.id)
    written = json.dumps([event.detail for event in provider.events()], default=str) + str(rows)
    assert made.password not in written
    assert not any(code.replace("-", "") in written.replace("-", "") for code in made.codes)


# -- owners are reminded ---------------------------------------------------------------------------------------------


def test_U5_an_envelope_that_was_never_tried_or_is_old_or_empty_needs_attention(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    services = provider.services

    def texts() -> list[str]:
        return [text for _, text in standing.findings(services)]

    assert texts() == []
    clock.advance(91 * DAY)
    assert [text for text in texts() if "never tried" in text]
    open_with(provider.browser(), made)
    watching.watch(services)
    keeping.acknowledge(services, SHELL, made.person.id)
    assert texts() == []
    clock.advance(200 * DAY)
    assert [text for text in texts() if "last tried 200 days ago" in text]
    clock.advance(100 * DAY)
    assert [text for text in texts() if "more than a year old" in text]
    with services.db.transaction() as tx:
        backup_codes.drop(tx, made.person.id)
    assert [text for text in texts() if "0 codes" in text]


def test_U5_owners_can_be_left_without_the_reminder(open_provider: Callable[..., Provider], clock: Clock) -> None:
    provider = open_provider(admin={"break_glass_try_days": 0})
    keeping.make(provider.services, SHELL, "emergency")
    clock.advance(300 * DAY)
    assert list(standing.findings(provider.services)) == []


def test_U5_each_mail_says_what_happened_and_where_it_is_looked_at(provider: Provider) -> None:
    values = {"username": "emergency", "link": "https://login.example/admin/break-glass", "n": 2}
    letters = [
        rendering.letter(provider.services, content("break_glass", what=what, **values))
        for what in ("used", "half", "tried", "made", "renewed", "ended", "token")
    ]
    assert len({one.subject for one in letters}) == 7
    assert all("emergency" in one.subject and values["link"] in one.text for one in letters)
    assert "2 tries" in letters[2].text
