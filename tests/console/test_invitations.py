"""U1: invitations in the console: seen, mailed again with an own text, withdrawn."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts import invitations, inviting
from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter, form_at
from tests.console.test_import import work
from tests.console.test_many import press
from tests.provider import Answer, Browser, Provider
from tests.recovery.post import MAIL, collect

PATH = "admin/people/invitations"


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(admin={"second_factor": False}, mail=MAIL)


def tick(browser: Browser, action: str, *ids: str, note: str = "") -> Answer:
    page = browser.get(PATH)
    fields = [pair for pair in page.dom.forms[form_at(page, PATH)].fields if pair[0] not in ("person", "note")]
    return browser.post(PATH, [*fields, *(("person", id) for id in ids), ("note", note), ("action", action)])


def test_U1_the_page_says_who_waits_since_when_by_whom_and_until_when(provider: Provider, owner: Browser) -> None:
    ann, bea = (provider.add_person(name, password=None) for name in ("ann", "bea"))
    assert "Everybody who was invited has set a password." in owner.get(PATH).dom.text
    invitations.hand_out(provider.services, ann, "person:" + provider.services.directory.find_named("boss").id)  # type: ignore[union-attr]
    text = owner.get(PATH).dom.text
    assert "Ann Example" in text
    assert "a link to hand out · Boss Example" in text
    assert "The link works" in text
    assert bea.name not in text
    assert PATH in owner.get("admin/people").text


def test_U1_those_ticked_are_withdrawn_after_the_numbers_and_the_person_page_says_so(
    provider: Provider, owner: Browser
) -> None:
    ann = provider.add_person("ann", password=None)
    invitations.hand_out(provider.services, ann, "cli:root")
    assert "Nobody was chosen" in tick(owner, "withdraw").dom.text
    page = owner.follow(tick(owner, "withdraw", ann.id))
    assert "1 will have it withdrawn" in page.dom.text
    assert not inviting.is_withdrawn(provider.services.db, ann)
    press(owner, page, "run")
    work(provider)
    assert inviting.is_withdrawn(provider.services.db, ann)
    assert "Withdrawn" in owner.get(f"{PATH}?show=withdrawn").dom.text
    shown = owner.get(f"admin/people/{ann.id}")
    assert "Withdrawn" in shown.dom.text
    assert "Withdraw the invitation" not in shown.dom.text


def test_U1_one_is_withdrawn_on_the_page_of_the_person(provider: Provider, owner: Browser) -> None:
    ann = provider.add_person("ann", password=None)
    invitations.hand_out(provider.services, ann, "cli:root")
    page = owner.get(f"admin/people/{ann.id}")
    done = owner.follow(press(owner, page, "withdraw"))
    assert "It is withdrawn" in done.dom.text
    assert inviting.is_withdrawn(provider.services.db, ann)


def test_U1_an_own_text_leaves_under_the_writers_name_and_one_with_a_link_is_shown_again(
    provider: Provider, owner: Browser
) -> None:
    ann = provider.add_person("ann", password=None)
    invitations.hand_out(provider.services, ann, "cli:root")
    again = tick(owner, "invite", ann.id, note="Look at evil.example")
    assert again.status == 422
    assert "reads like a web address" in again.dom.text
    assert "Look at evil.example" in again.text
    assert f'value="{ann.id}" checked' in again.text
    press(owner, owner.follow(tick(owner, "invite", ann.id, note="Ask Ben.")), "run")
    (mail,) = collect(provider, "invitation")
    assert "Boss Example writes:\n> Ask Ben." in mail.text


def test_U1_who_may_only_read_gets_no_boxes(provider: Provider, enter: Enter) -> None:
    invitations.hand_out(provider.services, provider.add_person("ann", password=None), "cli:root")
    page = enter("aud", RoleGrant("auditor")).get(PATH)
    assert "Ann Example" in page.dom.text
    assert "Withdraw…" not in page.dom.text
