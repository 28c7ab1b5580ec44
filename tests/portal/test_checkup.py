"""The check-up above the page of security, and passkeys by their maker. T2."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest

from idp.accounts import factors
from idp.accounts.factors import backup_codes
from idp.accounts.factors.makers import MAKERS, maker_of
from idp.accounts.person import Person
from tests.provider import Browser, Provider


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person("ann", email_verified=True)


def add_passkey(provider: Provider, person: Person, **data: Any) -> None:
    about = {"rp_id": "login.example", "public_key": "", "transports": ["internal"], **data}
    with provider.services.db.transaction() as tx:
        factors.add(tx, time.time(), person.id, "webauthn", "Mine", key="key", data=about)


def checkup(browser: Browser) -> str:
    found = browser.get("security").text.partition('id="checkup"')[2].partition("\n</div>")[0]
    return re.sub(r"<[^>]*>", " ", found)


def test_T2_whoever_has_a_password_alone_is_told_what_is_missing(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    browser.log_in(browser.get(""))
    assert "To be well protected" in checkup(browser)
    assert "stolen password" in checkup(browser)


def test_T2_the_line_names_what_is_missing_next_and_then_nothing(
    provider: Provider, browser: Browser, ann: Person
) -> None:
    browser.log_in(browser.get(""))
    add_passkey(provider, ann)
    assert "backup codes" in checkup(browser)
    batch = backup_codes.make(provider.services)
    with provider.services.db.transaction() as tx:
        backup_codes.keep(tx, time.time(), ann.id, batch, lambda *_: None)
    assert "Well protected" in checkup(browser)


def test_T2_at_most_two_things_are_asked_for(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", email="")
    browser.log_in(browser.get(""))
    assert browser.get("security").text.partition('id="checkup"')[2].partition("\n</div>")[0].count("<a ") <= 2


@pytest.mark.parametrize(
    ("aaguid", "name"),
    [
        ("ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4", "Google Password Manager"),
        ("BADA5566-A7AA-401F-BD96-45619A55120D", "1Password"),
    ],
)
def test_T2_a_passkey_shows_its_maker_and_whether_it_is_synced(
    provider: Provider, browser: Browser, ann: Person, aaguid: str, name: str
) -> None:
    browser.log_in(browser.get(""))
    add_passkey(provider, ann, aaguid=aaguid, backed_up=True)
    page = browser.get("security")
    assert name in page.dom.text
    assert "works on your other devices, too" in page.dom.text


@pytest.mark.parametrize("aaguid", [None, "", "00000000-0000-0000-0000-000000000000", "<script>", 7])
def test_T2_an_unknown_maker_has_no_name(aaguid: object) -> None:
    assert maker_of(aaguid) == ""


def test_T2_the_list_is_well_formed() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in MAKERS)
