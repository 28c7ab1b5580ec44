"""C3 in the console: what takes two owners waits on a page of its own, and another owner says yes or no."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.console.test_people import _press as press
from tests.provider import Answer, Browser, Provider


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    return open_provider(
        admin={"second_factor": False, "second_owner": ["user:turn_off", "rule:change", "key:promote"]}
    )  # fmt: skip


def decide(browser: Browser, page: Answer, do: str, note: str = "") -> Answer:
    number = next(n for n, form in enumerate(page.dom.forms) if any(value == do for _, _, value in form.buttons))
    return browser.submit(page, press=do, form=number, note=note)


def ask(provider: Provider, owner: Browser, name: str = "leaver") -> str:
    """Ask to turn somebody off; the path of what waits."""
    person = provider.add_person(name)
    answer = owner.submit(owner.get(f"admin/people/{person.id}/off"), form=_off(owner, person.id))
    return answer.location.partition("/admin/")[2]


def _off(owner: Browser, id: str) -> int:
    forms = owner.get(f"admin/people/{id}/off").dom.forms
    return next(
        n for n, form in enumerate(forms)
        if form.action.endswith("/off") and not {"day", "q"} & form.names() and ("do", "then") not in form.fields
    )  # fmt: skip


def test_C3_turning_somebody_off_waits_and_another_owner_approves_it(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    other = enter("other", RoleGrant("owner"))
    path = ask(provider, owner)
    leaver = provider.services.directory.find_by_login("leaver")
    assert leaver is not None
    assert leaver.enabled
    own = owner.get(f"admin/{path}")
    assert "Another owner has to approve" in own.dom.text
    assert "Approve and do it" not in own.dom.text
    overview = other.get("admin")
    assert "1 change waits for a second owner." in overview.dom.text
    assert 'href="/admin/approvals"' in overview.text  # B3: a press away
    assert "1 change waits" not in owner.get("admin").dom.text
    page = other.get(f"admin/{path}")
    assert "leaver" in page.dom.text  # what it changes
    assert "Sign-ins that end" in page.dom.text
    done = other.follow(decide(other, page, "approve", "seen with HR"))
    assert "Approved, and done." in done.dom.text
    assert not provider.services.directory.get(leaver.id).enabled
    assert "seen with HR" in owner.get(f"admin/{path}").dom.text


def test_C3_it_is_refused_with_a_word_and_taken_back_by_whoever_asked(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    other = enter("other", RoleGrant("owner"))
    path = ask(provider, owner)
    assert "Refused" in other.follow(decide(other, other.get(f"admin/{path}"), "refuse", "too early")).dom.text
    assert "too early" in owner.get(f"admin/{path}").dom.text
    second = ask(provider, owner, "second")
    assert "Taken back" in owner.follow(press(owner, owner.get(f"admin/{second}"), "withdraw")).dom.text
    overview = other.get("admin/approvals").dom.text
    assert "Nothing waits." in overview
    assert "taken back" in overview


def test_C3_a_rule_and_a_key_wait_as_well(provider: Provider, owner: Browser) -> None:
    page = owner.get("admin/rules/new")
    number = next(n for n, form in enumerate(page.dom.forms) if "name" in form.names())
    answer = owner.submit(page, form=number, name="Everybody", need="second", sure="1")
    while not answer.is_redirect:  # the page that says what it does to people
        number = next(n for n, form in enumerate(answer.dom.forms) if "name" in form.names())
        answer = owner.submit(answer, form=number)
    assert "/admin/approvals/" in answer.location
    assert '"Everybody"' in owner.get("admin/" + answer.location.partition("/admin/")[2]).dom.text


def test_S59_C3_others_neither_see_nor_decide_it(provider: Provider, owner: Browser, enter: Enter) -> None:
    path = ask(provider, owner)
    admin, auditor = enter("adam", RoleGrant("admin")), enter("aud", RoleGrant("auditor"))
    for browser in (admin, auditor):
        assert browser.get(f"admin/{path}").status == 404
        assert "leaver" not in browser.get("admin/approvals").text
    assert owner.get("admin/approvals/unknown").status == 404


def test_C3_a_request_that_cannot_be_done_any_more_says_so_and_is_over(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    other = enter("other", RoleGrant("owner"))
    path = ask(provider, owner)
    leaver = provider.services.directory.find_by_login("leaver")
    assert leaver is not None
    provider.services.directory.remove(leaver.id)
    page = decide(other, other.get(f"admin/{path}"), "approve")
    assert page.status == 409
    assert "could not be done" in page.dom.text
    assert "Approve and do it" not in other.get(f"admin/{path}").dom.text


def test_C3_what_was_not_seen_is_not_approved_and_the_word_stays(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    other = enter("other", RoleGrant("owner"))
    path = ask(provider, owner)
    page = other.get(f"admin/{path}")
    leaver = provider.services.directory.find_by_login("leaver")
    assert leaver is not None
    provider.services.directory.update(leaver.id, name="Somebody Else")
    again = decide(other, page, "approve", "seen with HR")
    assert again.status == 409
    assert "is not what you have seen" in again.dom.text
    assert "Somebody Else" in again.dom.text
    assert 'value="seen with HR"' in again.text
    assert provider.services.directory.get(leaver.id).enabled
    assert "Approved, and done." in other.follow(decide(other, again, "approve")).dom.text
