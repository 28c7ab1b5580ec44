"""U5: what somebody can do who has the envelope once: no other password, nothing that stays, and no silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp import audit
from idp.accounts import links, tokens
from idp.accounts.factors import backup_codes, list_of
from idp.admin import turning_off
from idp.admin.break_glass import keeping, watching
from idp.admin.break_glass.keeping import Secrets
from tests.admin.test_break_glass import SHELL, boss, is_in, mails, open_with
from tests.admin.test_second_owner import again
from tests.backends import Clock
from tests.login import second_step
from tests.provider import Browser, Provider

CHOSEN = "violet teapots march north 77"


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(mail={"host": "mail.example"}, passwords={"expire_days": {"*": 90}})


@pytest.fixture
def made(provider: Provider) -> Secrets:
    return keeping.make(provider.services, SHELL, "emergency")


def opens(provider: Provider, made: Secrets, password: str) -> bool:
    stored = provider.services.directory.find_credentials(made.person.id)
    return stored is not None and provider.services.passwords.verify(stored.password_hash, password).ok


def signed_in(provider: Provider, made: Secrets) -> Browser:
    browser = provider.browser()
    open_with(browser, made)
    assert is_in(browser)
    return browser


# -- its password stays ----------------------------------------------------------------------------------------------


def test_U5_nobody_who_is_signed_in_with_it_chooses_another_password(provider: Provider, made: Secrets) -> None:
    browser = signed_in(provider, made)
    said = browser.submit(browser.get("password"), current=made.password, password=CHOSEN, confirm=CHOSEN)
    assert "its password is made by us" in said.dom.text
    assert opens(provider, made, made.password)


def test_U5_nor_does_a_link_from_before_set_one(provider: Provider, made: Secrets) -> None:
    token = links.make(provider.services.state, made.person, "reset", 600.0)
    browser = provider.browser()
    browser.submit(browser.get(f"setup/{token}"), password=CHOSEN, confirm=CHOSEN)
    assert opens(provider, made, made.password)
    assert not opens(provider, made, CHOSEN)


# -- nothing that was added stays ------------------------------------------------------------------------------------


def test_U5_renewing_removes_what_was_added_to_it_and_says_so(provider: Provider, made: Secrets, clock: Clock) -> None:
    second_step.set_up(provider, clock, made.person)
    (added,) = list_of(provider.services.db, made.person.id)
    _, owner = boss(provider)
    again = keeping.renew(provider.services, owner, made.person.id)
    assert list_of(provider.services.db, made.person.id) == ()
    assert again.removed == (added.label,)
    (gone,) = provider.events("factor:removed")
    assert (gone.person_id, gone.detail["factor"]) == (made.person.id, added.id)
    (renewed,) = provider.events("break_glass:renewed")
    assert renewed.detail["removed"] == 1
    assert keeping.renew(provider.services, owner, made.person.id).removed == ()


def test_U5_the_envelope_of_one_that_was_ended_opens_nothing_when_the_account_is_turned_on_again(
    provider: Provider, made: Secrets, clock: Clock
) -> None:
    second_step.set_up(provider, clock, made.person)
    _, owner = boss(provider)
    ended = keeping.end(provider.services, owner, made.person.id)
    turning_off.turn_on(provider.services, owner, ended)
    assert not opens(provider, made, made.password)
    assert backup_codes.left(provider.services.db, made.person.id) == 0
    assert list_of(provider.services.db, made.person.id) == ()


# -- no silence ------------------------------------------------------------------------------------------------------


def test_U5_whoever_turns_the_other_owners_off_at_once_is_too_late(provider: Provider, made: Secrets) -> None:
    (ann, _), (bea, _) = boss(provider, "ann"), boss(provider, "bea")
    browser = provider.browser()
    browser.log_in(browser.get(""), "emergency", made.password)  # no second factor was given yet
    itself = again(provider, made.person.id)
    for one in (ann, bea):
        turning_off.turn_off(provider.services, itself, one)
    watching.watch(provider.services)
    assert sorted(mails(provider)) == [("ann@example.org", "half"), ("bea@example.org", "half")]
    (opened,) = provider.events("break_glass:opened")
    assert opened.detail["told"]


def test_U5_its_password_again_and_again_is_one_mail_a_minute(provider: Provider, made: Secrets, clock: Clock) -> None:
    boss(provider)
    for _ in range(3):
        browser = provider.browser()
        browser.log_in(browser.get(""), "emergency", made.password)
    assert mails(provider) == [("boss@example.org", "half")]
    clock.advance(70)
    browser = provider.browser()
    browser.log_in(browser.get(""), "emergency", made.password)
    assert len(mails(provider)) == 2
    watching.watch(provider.services)
    assert len(mails(provider)) == 2  # nothing is mailed twice
    assert keeping.every(provider.services, SHELL)[0].alarm_failures == 4


def test_U5_an_API_token_that_it_makes_is_an_alarm_of_its_own(provider: Provider, made: Secrets, clock: Clock) -> None:
    boss(provider)
    signed_in(provider, made)
    watching.watch(provider.services)
    clock.advance(20)
    tokens.create(
        provider.services.db, made.person.id, "script", days=90, now=clock(),
        record=audit.recorder(clock, f"person:{made.person.id}"),
    )  # fmt: skip
    assert watching.watch(provider.services) == 1
    assert ("boss@example.org", "token") in mails(provider)
    (one,) = keeping.every(provider.services, SHELL)
    assert one.alarm_uses == 2
    assert provider.events("break_glass:alarm")[-1].detail["tokens"] == 1


def test_U5_only_what_was_seen_is_acknowledged(provider: Provider, made: Secrets, clock: Clock) -> None:
    _, owner = boss(provider)
    signed_in(provider, made)
    watching.watch(provider.services)
    (seen,) = keeping.alarms(provider.services, owner)
    clock.advance(20)
    open_with(provider.browser(), made, 1)
    watching.watch(provider.services)
    with pytest.raises(keeping.UsedAgain):
        keeping.acknowledge(provider.services, owner, made.person.id, uses=seen.alarm_uses)
    assert keeping.alarms(provider.services, owner)[0].alarm_uses == 2
    assert keeping.acknowledge(provider.services, owner, made.person.id, uses=2)
    assert not keeping.acknowledge(provider.services, owner, made.person.id, uses=2)


def test_S59_U5_who_looks_after_an_application_does_not_read_which_account_it_is(
    provider: Provider, made: Secrets
) -> None:
    app = provider.add_client("CRM")
    browser = provider.browser()
    browser.log_in(provider.authorize(browser, app), "emergency", made.password)
    (opened,) = provider.events("break_glass:opened")
    assert (opened.person_id, opened.client_id) == (made.person.id, None)
    assert "conversation" not in opened.detail
