"""Somebody's own tokens in the console: made, used, ended. C4, C3, S59."""

from __future__ import annotations

import pytest

from idp.accounts.roles import RoleGrant
from idp.accounts.tokens import PREFIX
from tests.backends import Clock
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider

PATH = "admin/tokens"


def make(browser: Browser, page: Answer | None = None, /, **typed: str) -> Answer:
    """Fill in the form and send it."""
    page = page or browser.get(PATH)
    return browser.submit(page, form=form_with(page, "once"), **{"name": "nightly report", "days": "90", **typed})


def form_with(page: Answer, name: str) -> int:
    """The place of the form that has this field."""
    return next(n for n, one in enumerate(page.dom.forms) if name in one.names())


def token_of(page: Answer) -> str:
    """The token that the page shows."""
    return next(word for word in page.dom.text.split() if word.startswith(PREFIX))


def call(provider: Provider, token: str) -> int:
    """The status of a call of the API by a token."""
    return provider.browser().get("api/v1/caller", headers={"Authorization": f"Bearer {token}"}).status


def test_C4_a_token_is_made_shown_once_works_and_is_ended(provider: Provider, owner: Browser) -> None:
    made = make(owner)
    assert made.status == 200
    assert "shown this once" in made.dom.text
    token = token_of(made)
    assert call(provider, token) == 200
    listed = owner.get(PATH)
    assert "nightly report" in listed.dom.text
    assert token not in listed.text
    ended = owner.follow(owner.submit(listed, form=form_with(listed, "end")))
    assert "The token has ended." in ended.dom.text
    assert "You have no token." in ended.dom.text
    assert provider.browser().get("api/v1/caller", headers={"Authorization": f"Bearer {token}"}).status == 401


def test_C4_the_answer_loaded_again_makes_no_second_token(owner: Browser) -> None:
    page = owner.get(PATH)
    make(owner, page)
    again = make(owner, page)
    assert again.is_redirect
    assert owner.get(PATH).dom.text.count("nightly report") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Say what it is for"), ({"name": "x" * 81}, "Say what it is for"),
        ({"days": "1000"}, "Choose how long"), ({"days": "-1"}, "Choose how long"),
        ({"role": ""}, "Choose at least one of your roles"), ({"role": "auditor"}, "Choose at least one of your roles"),
    ],
)  # fmt: skip
def test_B5_what_is_wrong_is_named_and_stays_typed(owner: Browser, typed: dict[str, str], said: str) -> None:
    page = make(owner, None, **typed)
    assert page.status == 422
    assert said in page.dom.text
    (field,) = page.dom.find("input", id="name")
    assert field["value"] == typed.get("name", "nightly report")
    assert "You have no token." in page.dom.text
    assert make(owner, days="7").status == 200


def test_C3_a_token_is_made_after_a_fresh_sign_in_and_nothing_typed_is_lost(
    provider: Provider, owner: Browser, clock: Clock
) -> None:
    page = owner.get(PATH)
    clock.advance(360)
    asked = make(owner, page, name="kept as it was")
    assert "shown this once" not in asked.text
    assert not provider.events("token:create")


def test_S59_somebody_else_s_token_is_neither_seen_nor_ended(provider: Provider, owner: Browser, enter: Enter) -> None:
    token = token_of(make(owner))
    listed = owner.get(PATH)
    (end,) = [one["value"] for one in listed.dom.find("input", name="end")]
    desk = enter("desk", RoleGrant("help_desk"))
    theirs = desk.get(PATH)
    assert "nightly report" not in theirs.text
    desk.submit(theirs, form=form_with(theirs, "once"), end=end)
    assert provider.browser().get("api/v1/caller", headers={"Authorization": f"Bearer {token}"}).status == 200
    assert "Owner" not in theirs.dom.text.partition("Which of your roles")[2].partition("Make a token")[0]


def test_C4_an_owner_sees_somebody_s_tokens_with_their_roles_and_ends_one(
    provider: Provider, owner: Browser, enter: Enter
) -> None:
    desk = enter("desk", RoleGrant("help_desk"))
    token = token_of(make(desk))
    person = provider.services.directory.find_by_login("desk")
    assert person is not None
    page = owner.get(f"admin/people/{person.id}/roles")
    assert "nightly report" in page.dom.text
    ended = owner.follow(owner.submit(page, form=form_with(page, "end_token")))
    assert "The token has ended." in ended.dom.text
    assert "nightly report" not in ended.dom.text
    assert call(provider, token) == 401
