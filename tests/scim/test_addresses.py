"""An address that a directory wrote without being trusted with addresses helps nobody in until it is proven."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.recovery import contacts
from idp.admin import people
from tests.provider import Provider
from tests.recovery.post import MAIL, collect
from tests.scim.conftest import SHELL, Connect

THEIRS = "thief@example.net"


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(mail=MAIL)


def _asked(provider: Provider, login: str = "ann") -> list[str]:
    browser = provider.browser()
    browser.submit(browser.get("help/password"), login=login)
    return [mail.to for mail in collect(provider, "reset_password")]


def _write(address: str) -> dict[str, object]:
    return {"op": "replace", "path": 'emails[type eq "work"].value', "value": address}


def test_P6_an_address_that_was_not_proven_gets_no_link(provider: Provider, connect: Connect) -> None:
    ann = provider.add_person("ann", email_verified=True)
    scim = connect(adopts=True)
    assert scim.patch(f"Users/{ann.id}", _write(THEIRS)).status == 200
    assert provider.services.directory.get(ann.id).email == THEIRS
    assert _asked(provider) == []
    assert _asked(provider, THEIRS) == []
    assert scim.patch(f"Users/{ann.id}", {"op": "replace", "path": "title", "value": "Boss"}).status == 200
    assert _asked(provider) == []  # another change does not make it better
    browser = provider.browser()
    browser.submit(browser.get("help/username"), email=THEIRS)
    assert collect(provider, "usernames") == []
    provider.services.directory.confirm_address(ann.id, THEIRS)
    assert _asked(provider) == [THEIRS]


def test_P6_nor_does_that_of_a_person_whom_the_client_made(provider: Provider, connect: Connect) -> None:
    scim = connect()
    made = scim.make("Users", userName="ann", emails=[{"type": "work", "value": "ann@example.com"}])
    assert scim.get(f"Users/{made['id']}")["emails"][0]["value"] == "ann@example.com"
    assert _asked(provider) == []
    ann = provider.services.directory.get(made["id"])
    people.correct(provider.services, SHELL, ann, people.Correction(changes={"email": "ann@example.org"}))
    assert _asked(provider) == ["ann@example.org"]  # an admin's word


def test_P6_an_address_of_a_client_that_is_trusted_with_them_does(provider: Provider, connect: Connect) -> None:
    ann = provider.add_person("ann")
    assert contacts.addresses(provider.services, ann) == ("ann@example.com",)  # an admin's word
    assert connect(adopts=True, trusts_mail=True).patch(f"Users/{ann.id}", _write("new@example.com")).status == 200
    assert _asked(provider) == ["new@example.com"]


def test_P6_an_invitation_proves_the_address_that_it_goes_to(provider: Provider, connect: Connect) -> None:
    connect(invites=True).make("Users", userName="ann", emails=[{"type": "work", "value": "ann@example.com"}])
    (mail,) = collect(provider, "invitation")
    browser = provider.browser()
    browser.submit(browser.get(mail.link), password="a brand new pass phrase", confirm="a brand new pass phrase")
    assert _asked(provider) == ["ann@example.com"]
