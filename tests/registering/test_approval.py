"""U1: where an admin must approve: who waits, who decides, who is told."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from idp.accounts import roles
from idp.accounts.registering import waiting
from idp.accounts.roles import RoleGrant
from idp.admin import attention, registrations
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.registrations import Decided
from idp.audit import tail
from idp.background import sweep
from idp.console.people import registrations as page_of_registrations
from tests.backends import Clock
from tests.provider import Answer, Browser, Provider
from tests.recovery.post import Mail, collect
from tests.registering import post
from tests.registering.conftest import Open
from tests.registering.post import ZOE

SHELL = of_shell("cli:test")


@pytest.fixture
def provider(open_registering: Open) -> Provider:
    provider = open_registering(approval=True, groups=["Guests"], fields=["reason"])
    provider.add_person("boss", roles=("owner",))
    return provider


def wait(provider: Provider, email: str = ZOE, name: str = "Zoe Miller", reason: str = "I fix printers") -> str:
    """Ask for an account to the end; answers the request's id."""
    browser = provider.browser()
    done = post.enter(browser, post.link(provider, browser, email), name=name, reason=reason)
    assert "The admins know" in done.dom.text
    found = waiting.of_address(provider.services.db, email)
    assert found is not None
    return found.id


def one(provider: Provider, id: str) -> waiting.Waiting:
    return registrations.get(provider.services, SHELL, id)


def test_U1_nobody_is_added_before_an_admin_says_so_and_both_are_told_by_mail(provider: Provider) -> None:
    id = wait(provider)
    assert post.people(provider) == {"boss"}
    (to_boss,) = collect(provider)
    assert (to_boss.to, to_boss.message) == ("boss@example.com", "registration_waiting")
    assert "Zoe" not in to_boss.text  # nothing that a stranger typed
    person, _ = registrations.approve(provider.services, SHELL, one(provider, id))
    assert (person.username, person.groups, person.email_verified, person.roles) == (ZOE, ("Guests",), True, ())
    (to_zoe,) = collect(provider)
    assert (to_zoe.to, to_zoe.message) == (ZOE, "registration_approved")
    browser = provider.browser("198.51.100.3")
    page = browser.get(to_zoe.link)
    assert browser.submit(page, password=post.PASSWORD, confirm=post.PASSWORD).location == provider.issuer + "/"
    (event,) = provider.events("registration:approved")
    assert (event.actor, event.person_id) == ("cli:test", person.id)
    assert waiting.count(provider.services.db) == 0


def test_U1_who_is_refused_is_told_and_may_ask_again(provider: Provider) -> None:
    id = wait(provider)
    collect(provider)
    registrations.refuse(provider.services, SHELL, one(provider, id), note="Ask\u202e your   manager\nfirst.")
    (mail,) = collect(provider)
    assert (mail.to, mail.message) == (ZOE, "registration_refused")
    assert "Ask your manager first." in mail.text
    (event,) = provider.events("registration:refused")
    assert event.detail == {"registration": id, "note": "Ask your manager first."}  # no name, no address
    ours = [event for event in tail(provider.services.db, 50) if event.action.startswith("registration:")]
    assert len(ours) == 3
    assert not any(word in str(event.detail) for event in ours for word in (ZOE, "Zoe"))
    assert post.people(provider) == {"boss"}
    wait(provider)


def test_U1_of_two_who_decide_one_does(provider: Provider) -> None:
    who = one(provider, wait(provider))
    registrations.approve(provider.services, SHELL, who)
    for decide in (registrations.approve, registrations.refuse):
        with pytest.raises(Decided):
            decide(provider.services, SHELL, who)
    assert post.people(provider) == {"boss", ZOE}


def test_U1_an_address_waits_once_and_asking_again_says_so(provider: Provider, browser: Browser) -> None:
    first, second = post.link(provider, browser), post.link(provider, browser)
    post.enter(browser, first, reason="x y")
    assert "The admins know" in post.enter(browser, second, reason="other").dom.text
    assert "The admins know" in browser.get(first).dom.text  # clicked once more
    assert waiting.count(provider.services.db) == 1
    collect(provider)
    post.ask(browser)
    (mail,) = collect(provider)
    assert mail.message == "registration_again"
    assert "Your first request is with the admins" in mail.text


def test_U1_the_owners_get_one_mail_an_hour_however_many_wait(provider: Provider, clock: Clock) -> None:
    told = []
    for n in range(5):
        told.append(len(collect_waiting(provider, f"p{n}@example.com")))
        clock.advance(1801)
    assert told == [1, 0, 1, 0, 1]


def test_U1_the_mail_of_the_hour_is_for_who_waits_now_not_for_who_waits_already(
    open_registering: Open, clock: Clock
) -> None:
    provider = open_registering(approval=True, link_minutes=240)
    provider.add_person("boss", roles=("owner",))
    browser = provider.browser()
    post.ask(browser)
    post.ask(browser)
    first, second = post.links(provider)
    post.enter(browser, first)
    assert len(collect(provider, "registration_waiting")) == 1
    clock.advance(3601)
    assert "The admins know" in post.enter(browser, second).dom.text  # nothing new
    assert not collect(provider, "registration_waiting")
    honest = provider.browser("198.51.100.9")
    post.enter(honest, post.link(provider, honest, "honest@example.com"))
    assert len(collect(provider, "registration_waiting")) == 1


def test_U1_addresses_of_the_settings_are_told_in_place_of_the_owners(open_registering: Open) -> None:
    provider = open_registering(approval=True, notify=["hr@example.com", "it@example.com"])
    provider.add_person("boss", roles=("owner",))
    browser = provider.browser()
    post.enter(browser, post.link(provider, browser))
    assert [mail.to for mail in collect(provider, "registration_waiting")] == ["hr@example.com", "it@example.com"]


def collect_waiting(provider: Provider, email: str) -> list[Mail]:
    wait(provider, email)
    return collect(provider, "registration_waiting")


def test_U1_the_console_shows_who_waits_and_lets_them_in_with_one_press(provider: Provider) -> None:
    first, second = wait(provider), wait(provider, "yan@example.com", "Yan Li & Co", "<b>Because</b>")
    owner = signed_in(provider, "boss")
    assert "2 people ask for an account." in owner.get("admin").dom.text
    assert "2 people ask for an account." in owner.get("admin/people").dom.text
    assert "2 people ask for an account." in owner.get("admin/requests").dom.text
    page = owner.get("admin/people/registrations")
    for said in ("Zoe Miller", "I fix printers", ZOE, "Guests", first, second):
        assert said in page.dom.text
    told = press(owner, page, first, "approve")
    assert "They have an account now, and a mail" in owner.follow(told).dom.text
    told = press(owner, page, second, "refuse", note="Not now")
    assert "a mail that says so is on its way" in owner.follow(told).dom.text
    assert post.people(provider) == {"boss", ZOE}
    again = press(owner, page, first, "approve")
    assert (again.status, "Somebody else has decided" in again.dom.text) == (422, True)
    assert "Nobody asks for anything" in owner.get("admin/people/registrations").dom.text


def test_U1_who_asks_is_found_behind_any_number_of_others(
    provider: Provider, monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    monkeypatch.setattr(page_of_registrations, "MANY", 2)
    for n in range(3):
        apply(provider, f"e{n}@evil.example", f"Eve {n}")
        clock.advance(1)
    apply(provider, "änne@example.com", "Änne Zorn")
    owner = signed_in(provider, "boss")
    assert "Änne Zorn" not in owner.get("admin/people/registrations").dom.text
    (anne,) = registrations.listed(provider.services, SHELL, search="zorn")
    for query in ("ÄNNE", "zorn", "nne@Example", anne.id.lower()):
        page = owner.get("admin/people/registrations?" + urlencode({"q": query}))
        assert "Änne Zorn" in page.dom.text
        assert "Eve" not in page.dom.text
    assert "Nobody who asks is called so" in owner.get("admin/people/registrations?q=%25").dom.text
    provider.add_person("somebody", email="other@example.com")
    taken = press(owner, page, anne.id, "approve", username="somebody")
    assert "already somebody's username" in taken.dom.text
    assert press(owner, taken, anne.id, "approve", username="anne").is_redirect


def apply(provider: Provider, email: str, name: str) -> None:
    who = waiting.Applicant(email=email, username=email, name=name, claims={})
    assert waiting.add(provider.services, who, lambda *_: None)


def test_U1_where_the_username_is_taken_by_now_another_one_can_be_given(open_registering: Open) -> None:
    provider = open_registering(approval=True, fields=["username"])
    provider.add_person("boss", roles=("owner",))
    browser = provider.browser()
    post.enter(browser, post.link(provider, browser), username="zoe")
    provider.add_person("zoe", email="other@example.com")
    owner = signed_in(provider, "boss")
    (who,) = waiting.list_of(provider.services.db)
    page = press(owner, owner.get("admin/people/registrations"), who.id, "approve")
    assert "already somebody's username" in page.dom.text
    told = press(owner, page, who.id, "approve", username="zoe2")
    assert told.is_redirect
    assert post.people(provider) == {"boss", "zoe", "zoe2"}


@pytest.mark.parametrize("role", ["help_desk", "app_admin:crm", "auditor", "help_desk:Guests"])
def test_S59_others_neither_see_nor_decide_nor_hear_of_it(provider: Provider, role: str) -> None:
    id = wait(provider)
    name, _, scope = role.partition(":")
    ann = provider.add_person("ann")
    grant = RoleGrant(name, (scope,) if scope else None)
    roles.change(provider.services.db, ann.id, give=(grant,), by="t", now=0, record=lambda *_: None)
    browser = signed_in(provider, "ann")
    assert browser.get("admin/people/registrations").status == 403
    actor = Actor(kind="person", id=ann.id, name=f"person:{ann.id}", grants=(grant,))
    with pytest.raises(NotAllowed):
        registrations.listed(provider.services, actor)
    assert "registration" not in {found.kind for found in attention.find(provider.services, actor)}
    for path in ("admin", "admin/people", "admin/requests"):
        assert "asks for an account" not in browser.get(path).text
    who = one(provider, id)
    for decide in (registrations.approve, registrations.refuse):
        with pytest.raises(NotAllowed):
            decide(provider.services, actor, who)


def test_U1_what_nobody_answers_is_dropped_after_the_days_of_the_settings(provider: Provider, clock: Clock) -> None:
    wait(provider)
    clock.advance(29 * 86400.0)
    assert sweep(provider.services)["registrations"] == 0
    clock.advance(2 * 86400.0)
    assert sweep(provider.services)["registrations"] == 1
    assert waiting.count(provider.services.db) == 0


def test_U1_where_too_many_wait_the_link_stays_good(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = provider.browser()
    path = post.link(provider, browser)
    monkeypatch.setattr(waiting, "MOST", 0)
    assert "Too many wait" in post.enter(browser, path, reason="why").dom.text
    monkeypatch.undo()
    assert "The admins know" in post.enter(browser, path, reason="why").dom.text


def signed_in(provider: Provider, username: str) -> Browser:
    object.__setattr__(provider.settings.admin, "second_factor", False)
    browser = provider.browser("192.0.2.7")
    browser.log_in(browser.get(""), username)
    return browser


def press(browser: Browser, page: Answer, id: str, do: str, **values: str) -> Answer:
    wanted = {("registration", id), ("do", do)}
    (form,) = [n for n, one in enumerate(page.dom.forms) if wanted <= set(one.fields)]
    return browser.submit(page, form=form, **values)
