"""P6: the recovery address and number: confirmed, told to the old one, undone for 72 hours, reviewed. With P7, S58."""

from __future__ import annotations

import threading

import pytest

from idp.accounts.person import Person
from idp.accounts.recovery import contacts, undoing
from idp.admin import people
from idp.admin.actor import of_shell
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Browser, Provider
from tests.recovery.post import collect

PAGE = "security/recovery"
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def signed_in(browser: Browser, ann: Person) -> Browser:
    browser.log_in(browser.get(""))
    return browser


def act(browser: Browser, action: str, page: Answer | None = None, **values: str) -> Answer:
    """Press a button of the page, and see where it leads."""
    page = page or browser.get(PAGE)
    key = dict(page.dom.forms[0].fields)["form_key"]
    answer = browser.post(PAGE, {"form_key": key, "action": action, **values})
    return browser.follow(answer) if answer.is_redirect else answer


def add(provider: Provider, browser: Browser, value: str, kind: str = "email") -> list[str]:
    """Add and confirm; answers who was told what."""
    act(browser, "add", kind=kind, value=value)
    (mail,) = [one for one in collect(provider) if one.message in ("confirm_address", "confirm_number")]
    assert mail.to.replace(" ", "") == value.replace(" ", "")
    act(browser, "confirm", code=mail.code)
    return [f"{one.message} {one.to}" for one in collect(provider)]


def kept(provider: Provider, person: Person) -> dict[str, str]:
    return {kind: one.value for kind, one in contacts.of_person(provider.services, person.id).items()}


def test_P6_an_address_is_kept_once_its_code_is_typed(provider: Provider, ann: Person, signed_in: Browser) -> None:
    page = act(signed_in, "add", kind="email", value=" ann@home.example ")
    assert "ann@home.example" in page.dom.text
    assert kept(provider, ann) == {}
    (mail,) = collect(provider)
    page = act(signed_in, "confirm", code=mail.code)
    assert kept(provider, ann) == {"email": "ann@home.example"}
    assert [event.detail["kind"] for event in provider.events("recovery:added")] == ["email"]
    assert [f"{one.message} {one.to}" for one in collect(provider)] == ["recovery_address_changed ann@example.com"]


def test_P6_a_number_is_confirmed_by_a_text_message(provider: Provider, ann: Person, signed_in: Browser) -> None:
    act(signed_in, "add", kind="phone", value="0049 (170) 123-4567")
    (sms,) = collect(provider)
    assert (sms.to, sms.message) == ("+491701234567", "confirm_number")
    act(signed_in, "confirm", code=sms.code)
    assert kept(provider, ann) == {"phone": "+491701234567"}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("email", "ann@example.com", "the address of your account"), ("email", "ann", "not a complete e-mail"),
        ("email", "a@b.example, c@d.example", "not a complete"), ("phone", "0170 1234567", "country code"),
        ("phone", "+49", "country code"),
    ],
)  # fmt: skip
def test_P6_what_cannot_be_used_is_said_at_once(
    provider: Provider, signed_in: Browser, kind: str, value: str, said: str
) -> None:
    page = act(signed_in, "add", kind=kind, value=value)
    assert said in page.dom.text
    assert value in page.text
    assert collect(provider) == []


def test_P6_X27_wrong_codes_are_capped_and_the_code_is_of_one_session(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    act(signed_in, "add", kind="email", value="ann@home.example")
    (mail,) = collect(provider)
    other = provider.browser()
    other.log_in(other.get(""))
    assert "run out" in act(other, "confirm", code=mail.code).dom.text
    for _ in range(5):
        assert "not the code" in act(signed_in, "confirm", code="000000").dom.text
    assert "Too many" in act(signed_in, "confirm", code=mail.code).dom.text
    assert kept(provider, ann) == {}
    assert mail.code not in "".join(answer.text for answer in signed_in.answers)


def test_P6_codes_are_sent_again_after_half_a_minute_and_six_times_an_hour(
    provider: Provider, signed_in: Browser, clock: Clock
) -> None:
    act(signed_in, "add", kind="email", value="ann@home.example")
    assert "half a minute" in act(signed_in, "again").dom.text
    for _ in range(7):
        clock.advance(31)
        act(signed_in, "again")
    assert len(collect(provider, "confirm_address")) == 6


def test_P6_P7_changing_needs_a_fresh_sign_in_looking_does_not(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    page = signed_in.get(PAGE)
    clock.advance(301)
    assert "sign in once more" in signed_in.get(PAGE).dom.text
    for action in ("add", "remove", "confirm"):
        assert act(signed_in, action, page, kind="email", value="ann@home.example", code="1").is_login_page
    assert collect(provider) == []
    again = signed_in.log_in(signed_in.get(PAGE + "?change=1"), "ann", PASSWORD)
    assert again.location == f"{provider.issuer}/{PAGE}"
    assert add(provider, signed_in, "ann@home.example")


def test_P6_the_old_address_is_told_of_a_change_and_of_a_removal(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    add(provider, signed_in, "ann@home.example")
    told = add(provider, signed_in, "ann@new.example")
    assert sorted(told) == [
        "recovery_address_changed ann@example.com", "recovery_address_changed ann@home.example",
    ]  # fmt: skip
    act(signed_in, "remove", kind="email")
    assert sorted(f"{one.to}" for one in collect(provider)) == ["ann@example.com", "ann@new.example"]
    assert kept(provider, ann) == {}


def changed(provider: Provider, browser: Browser, clock: Clock) -> str:
    """Somebody changes an address that has stood for longer than the window; answers the link that the old one got."""
    add(provider, browser, "ann@home.example")
    clock.advance(73 * HOUR)
    browser.log_in(browser.get(PAGE))
    act(browser, "add", kind="email", value="thief@evil.example")
    (mail,) = collect(provider, "confirm_address")
    act(browser, "confirm", code=mail.code)
    (old,) = [one for one in collect(provider) if one.to == "ann@home.example"]
    assert "72 hours" in old.text
    return old.link


def test_P6_a_change_is_taken_back_by_the_old_address_for_72_hours(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    link = changed(provider, signed_in, clock)
    clock.advance(72 * HOUR - 1)
    stranger = provider.browser()
    for _ in range(5):
        assert stranger.open("HEAD", link).status == 200
        page = stranger.get(link)  # opening it changes nothing
    assert kept(provider, ann) == {"email": "thief@evil.example"}
    assert "taken back" in stranger.submit(page, "undo").dom.text
    assert kept(provider, ann) == {"email": "ann@home.example"}
    assert stranger.get(link).status == 404
    assert [event.actor for event in provider.events("recovery:undone")] == [""]
    assert {one.to for one in collect(provider)} == {"ann@example.com", "thief@evil.example"}


def test_P6_after_72_hours_it_is_too_late(provider: Provider, ann: Person, signed_in: Browser, clock: Clock) -> None:
    link = changed(provider, signed_in, clock)
    stranger = provider.browser()
    page = stranger.get(link)
    clock.advance(72 * HOUR)
    assert stranger.get(link).status == 404
    assert stranger.submit(page, "undo").status == 404
    assert kept(provider, ann) == {"email": "thief@evil.example"}
    clock.advance(1)
    assert contacts.sweep(provider.services) == 4  # of each change one for the account's own address, one for contacts


def test_P6_whoever_changed_it_cannot_undo_the_undoing(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    link = changed(provider, signed_in, clock)
    # The thief goes on, and gets links of their own.
    act(signed_in, "remove", kind="email")
    told = collect(provider, "recovery_address_changed")
    theirs = [one.text for one in told if one.to == "thief@evil.example"]
    own = [one.link for one in told if one.to == "ann@example.com"]
    assert "https://" not in theirs[0].partition("Hello")[2]  # N6: confirmed a moment ago, so offered nothing
    stranger = provider.browser()
    # The link at the old address ends with the next change, which may be the owner's; the account's own goes on.
    assert stranger.get(link).status == 404
    stranger.submit(stranger.get(own[0]), "undo")
    assert kept(provider, ann) == {"email": "thief@evil.example"}


def test_P6_of_racing_undoings_one_happens(provider: Provider, ann: Person, signed_in: Browser, clock: Clock) -> None:
    link = changed(provider, signed_in, clock)
    token = link.rpartition("/")[2]
    done: list[object] = []
    start = threading.Barrier(8)

    def run() -> None:
        start.wait()
        done.append(undoing.undo(provider.services, token, {}))

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in done if one is not None]) == 1


def test_P6_a_link_to_undo_stands_in_no_event_and_in_no_row(
    provider: Provider, signed_in: Browser, ann: Person, clock: Clock
) -> None:
    link = changed(provider, signed_in, clock)
    provider.browser().post(link, {})  # without a form key: an error page with an event
    token = link.rpartition("/")[2]
    assert all(token not in str(event) for event in provider.events())
    assert [event.detail["path"] for event in provider.events("error:stale_form")] == ["/recovery/undo/…"]


def test_P6_a_review_is_due_after_180_days(provider: Provider, ann: Person, signed_in: Browser, clock: Clock) -> None:
    services = provider.services
    assert not contacts.review_due(services, ann)  # nothing to review
    add(provider, signed_in, "ann@home.example")
    clock.advance(180 * DAY - 1)
    assert not contacts.review_due(services, ann)
    clock.advance(2)
    assert contacts.review_due(services, ann)
    signed_in.log_in(signed_in.get(""))
    page = signed_in.get("recovery/review")
    assert "ann@home.example" in page.dom.text
    assert signed_in.submit(page, "right").location == f"{provider.issuer}/"
    assert not contacts.review_due(services, ann)
    assert len(provider.events("recovery:reviewed")) == 1


def test_P6_the_review_leads_to_changing_it(provider: Provider, ann: Person, signed_in: Browser) -> None:
    add(provider, signed_in, "ann@home.example")
    page = signed_in.submit(signed_in.get("recovery/review"), "change")
    assert "Getting back in" in signed_in.follow(page).dom.text


def test_S59_one_person_changes_nothing_of_another(provider: Provider, ann: Person, signed_in: Browser) -> None:
    bob = provider.add_person("bob", email_verified=True)
    contacts.change(provider.services, bob, "email", "bob@home.example", {})
    act(signed_in, "remove", kind="email", person_id=bob.id, owner_id=bob.id)
    assert kept(provider, bob) == {"email": "bob@home.example"}
    assert "bob@home.example" not in signed_in.get(PAGE).text


def test_P4_P6_an_unconfirmed_address_of_the_account_is_confirmed_here(provider: Provider) -> None:
    bob = provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "bob")
    act(browser, "own")
    (mail,) = collect(provider)
    assert (mail.to, mail.message) == ("bob@example.com", "confirm_address")
    act(browser, "confirm", code=mail.code)
    assert provider.services.directory.get(bob.id).email_verified
    assert kept(provider, bob) == {}
    assert [event.actor for event in provider.events("person:changed")] == [bob.id]


def test_P4_P6_a_code_for_an_address_that_was_changed_meanwhile_confirms_nothing(provider: Provider) -> None:
    bob = provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "bob")
    act(browser, "own")
    (mail,) = collect(provider)
    provider.services.directory.update(bob.id, email="bob@new.example")
    act(browser, "confirm", code=mail.code)
    assert not provider.services.directory.get(bob.id).email_verified


def test_P6_the_first_page_reminds_of_the_review(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    assert not signed_in.get("").dom.find("a", href="/recovery/review")
    add(provider, signed_in, "ann@home.example")
    clock.advance(181 * DAY)
    signed_in.log_in(signed_in.get(""))
    assert signed_in.get("").dom.find("a", href="/recovery/review")


def test_n11_contacts_and_the_own_address_are_masked_until_the_proof_is_fresh(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    add(provider, signed_in, "ann@home.example")
    contacts.change(provider.services, ann, "phone", "+491701234567", {})
    act(signed_in, "add", kind="email", value="ann@new.example")
    whole = ("ann@home.example", "+491701234567", "ann@new.example", "ann@example.com")
    assert all(value in signed_in.get(PAGE).text for value in whole)
    clock.advance(301)
    for path in (PAGE, "recovery/review"):
        page = signed_in.get(path)
        assert not [value for value in whole if value in page.text]
        assert "a…@home.example" in page.text
        assert "…67" in page.text


def test_n11_what_is_masked_is_still_confirmed_and_removed_after_a_sign_in(
    provider: Provider, ann: Person, signed_in: Browser, clock: Clock
) -> None:
    add(provider, signed_in, "ann@home.example")
    clock.advance(301)
    page = signed_in.get(PAGE)
    assert act(signed_in, "remove", page, kind="email").is_login_page
    signed_in.log_in(signed_in.get(PAGE + "?change=1"), "ann", PASSWORD)
    act(signed_in, "remove", kind="email")
    assert kept(provider, ann) == {}


def test_n26_a_reminder_asks_to_confirm_and_goes_once_it_is(provider: Provider) -> None:
    bob = provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "bob", PASSWORD)
    assert "Please confirm your e-mail address" in browser.get("").dom.text
    act(browser, "own")
    (mail,) = collect(provider, "confirm_address")
    act(browser, "confirm", code=mail.code)
    assert provider.services.directory.get(bob.id).email_verified
    assert "Please confirm your e-mail address" not in browser.get("").dom.text


def test_n26_a_code_for_one_address_never_confirms_another(provider: Provider) -> None:
    bob = provider.add_person("bob")
    browser = provider.browser()
    browser.log_in(browser.get(""), "bob", PASSWORD)
    act(browser, "own")
    (mail,) = collect(provider, "confirm_address")
    provider.services.directory.update(bob.id, email="bob.new@example.com")
    assert "another one now" in act(browser, "confirm", code=mail.code).dom.text
    assert not provider.services.directory.get(bob.id).email_verified


# -- the account's own address -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("confirmed", [True, False])
def test_P6_A3_a_confirmed_old_address_gets_the_link_that_restricts_and_any_other_gets_none(
    provider: Provider, confirmed: bool
) -> None:
    services = provider.services
    person = provider.add_person("ben", email="ben@old.example", email_verified=confirmed)
    people.correct(services, of_shell("boss"), person, people.Correction(changes={"email": "ben@new.example"}))
    told = {mail.to: mail.text for mail in collect(provider, "address_changed")}
    assert {*told} == {"ben@old.example", "ben@new.example"}
    assert "/not-me/" in told["ben@new.example"]
    assert ("/not-me/" in told["ben@old.example"]) is confirmed
