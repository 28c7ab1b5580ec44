"""N35: each failed sign-in has an id that a person can read out and an admin can look up."""

from __future__ import annotations

import re

import pytest

from idp import audit
from tests.provider import App, Provider

ID = re.compile(r"E-[2-9A-HJ-NP-Z]{5}-[2-9A-HJ-NP-Z]{5}")


@pytest.fixture
def crm(provider: Provider) -> App:
    provider.add_person("ann")
    return provider.add_client("CRM")


def test_n35_each_wrong_password_has_an_id_of_its_own(provider: Provider, crm: App) -> None:
    browser = provider.browser()
    page = provider.authorize(browser, crm)
    for name in ("ann", "nobody"):
        page = browser.log_in(page, name, "wrong one")
    ids = [event.error_id for event in provider.events("session:failed")]
    assert len(set(ids)) == 2
    for error_id in ids:
        assert ID.fullmatch(error_id or "")
        assert [event.error_id for event in audit.explain(provider.services.db, (error_id or "").lower())] == [error_id]


def test_n35_the_page_names_it_once_a_typing_mistake_is_not_all_that_it_can_be(provider: Provider, crm: App) -> None:
    shown = {}
    for name in ("ann", "nobody"):
        browser = provider.browser(f"192.0.{len(shown)}.7")
        page = provider.authorize(browser, crm)
        texts = []
        for _ in range(4):  # the same one again is one event, and one id
            page = browser.log_in(page, name, "wrong one")
            texts.append(ID.findall(page.dom.text))
        shown[name] = texts
        latest = provider.events("session:failed")[-1]
        assert texts[-1] == [latest.error_id]
        assert texts[0] == []
    assert [len(ids) for ids in shown["ann"]] == [len(ids) for ids in shown["nobody"]]  # L7


def test_n35_a_disabled_account_with_the_right_password_has_an_id_at_once(provider: Provider, crm: App) -> None:
    person = provider.services.directory.find_by_login("ann")
    assert person is not None
    provider.services.directory.disable(person.id)
    browser = provider.browser()
    page = browser.log_in(provider.authorize(browser, crm), "ann")
    assert ID.findall(page.dom.text) == [provider.events("session:failed")[-1].error_id]
