"""The same on PostgreSQL: each statement of the recovery's and the earlier passwords' stores, once. P3, P4, P6, L6."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import expiry, history
from idp.accounts.recovery import contacts, undoing
from tests.backends import Clock
from tests.provider import Provider
from tests.recovery.post import MAIL, collect
from tests.recovery.reset_mails import choose, reset_mail


@pytest.mark.slow
def test_P3_P4_P6_recovery_works_on_postgresql(
    open_provider: Callable[..., Provider], postgresql_url: str, clock: Clock
) -> None:
    provider = open_provider(
        storage={"database_url": postgresql_url}, mail=MAIL, passwords={"history": 2, "expire_days": {"*": 30}}
    )
    services, ann = provider.services, provider.add_person("ann", email_verified=True)
    for value in ("ann@home.example", "ann@new.example"):
        contacts.change(services, ann, "email", value, {})
        clock.advance(1)
    last = [mail for mail in collect(provider, "recovery_address_changed") if mail.to == "ann@example.com"][-1]
    assert {person.id for person in contacts.owners_of(services, "ANN@new.example")} == {ann.id}
    assert undoing.undo(services, last.link.rpartition("/")[2], {}) is not None
    assert contacts.of_person(services, ann.id)["email"].value == "ann@home.example"
    contacts.reviewed(services, ann, {})
    contacts.change(services, ann, "email", None, {})
    collect(provider)
    for n in range(3):
        browser = provider.browser()
        page = reset_mail(provider, browser)
        assert choose(browser, page.link, f"a brand new phrase, number {n}").is_redirect
        clock.advance(3601)
    assert len(history.latest(services, ann.id, 10)) == 2
    clock.advance(20 * 86400)
    assert [expiry.tell_everybody(services), expiry.tell_everybody(services)] == [1, 0]
    clock.advance(7 * 86400)
    assert expiry.tell_everybody(services) == 1
    assert contacts.sweep(services) == 6
