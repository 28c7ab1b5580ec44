"""Tokens for applications that register themselves, in the console. S35, C1, S59."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.provider import Answer, Browser, Provider

PATH = "admin/registration"
FORM = {"name": "build server", "days": "30", "scopes": "openid\nemail", "hosts": "", "resources": ""}


def form_with(page: Answer, name: str) -> int:
    return next(n for n, one in enumerate(page.dom.forms) if name in one.names())


def make(browser: Browser, page: Answer | None = None, /, **typed: str) -> Answer:
    page = page or browser.get(PATH)
    return browser.submit(page, form=form_with(page, "once"), **{**FORM, **typed})


def register(provider: Provider, token: str, **metadata: Any) -> Answer:
    body = json.dumps({"client_name": "<b>Shop</b>", "redirect_uris": ["https://shop.example/cb"], **metadata}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return provider.browser().open("POST", "oauth/register", body, headers)


def test_s35_a_token_is_made_shown_once_and_what_came_by_it_is_shown(provider: Provider, owner: Browser) -> None:
    made = make(owner, None, hosts="shop.example", most="2", owner="boss")
    assert made.status == 200
    token = next(word for word in made.dom.text.split() if word.startswith("dwi_"))
    assert owner.get(PATH).text.count(token) == 0
    told = register(provider, token)
    assert told.status == 201, told.text
    assert register(provider, token, redirect_uris=["https://evil.example/cb"]).status == 400
    listed = owner.get(PATH)
    assert "1 of 2 registered" in listed.dom.text
    assert "<b>Shop</b>" in listed.dom.text  # as text
    shown = owner.get(f"admin/apps/{told.json['client_id']}")
    assert "It registered itself by the token “build server”." in shown.dom.text
    assert "answers for it." in shown.dom.text
    ended = owner.follow(owner.submit(listed, form=form_with(listed, "end")))
    assert "The token has ended." in ended.dom.text
    assert register(provider, token).status == 401
    assert "registered itself" in owner.get(f"admin/apps/{told.json['client_id']}").dom.text  # it stays


def test_s35_what_an_admin_vouches_for_and_what_is_legacy_stands_at_the_token(
    provider: Provider, owner: Browser
) -> None:
    usual = next(word for word in make(owner).dom.text.split() if word.startswith("dwi_"))
    assert not {"Legacy", "Vouched for"} & set(owner.get(PATH).dom.text.split("\n"))
    made = make(owner, None, name="old shop", vouched="yes", client_assertion_audience="yes")
    token = next(word for word in made.dom.text.split() if word.startswith("dwi_"))
    assert "old shop Legacy Vouched for" in " ".join(owner.get(PATH).dom.text.split())
    for value, audience, stranger in ((usual, "issuer", True), (token, "legacy", False)):
        told = register(provider, value)
        client = provider.services.registry.get(told.json["client_id"])
        assert client.oidc.client_assertion_audience == audience
        assert bool(client.metadata.get("self_registered")) is stranger


def test_b4_the_list_is_narrowed_to_those_that_registered_themselves(provider: Provider, enter: Enter) -> None:
    """S59: whoever looks after one application sees among these only theirs."""
    owner = enter("boss", RoleGrant("owner"))
    crm = provider.add_client("CRM")
    token = next(word for word in make(owner).dom.text.split() if word.startswith("dwi_"))
    mine, other = (register(provider, token, client_name=name).json for name in ("Mine", "Other"))
    shown = owner.get("admin/apps?show=self_registered").dom.text
    assert "Mine" in shown
    assert "Other" in shown
    assert "CRM" not in shown
    limited = enter("carl", RoleGrant("app_admin", (mine["client_id"], crm.id)))
    seen = limited.get("admin/apps?show=self_registered").dom.text
    assert "Mine" in seen
    assert "Other" not in seen
    assert "CRM" not in seen
    assert limited.get(f"admin/apps/{other['client_id']}").status in (403, 404)


def test_s35_the_answer_loaded_again_makes_no_second_token(owner: Browser) -> None:
    page = owner.get(PATH)
    make(owner, page)
    assert make(owner, page).is_redirect
    assert owner.get(PATH).dom.text.count("build server") == 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": ""}, "Say what it is for"), ({"most": "0"}, "A number from 1"), ({"most": "many"}, "A number from 1"),
        ({"days": "9999"}, "Choose how long"), ({"hosts": "https://shop.example/"}, "Hosts, one a line"),
        ({"owner": "zoe"}, "Nobody who may sign in is called so"), ({"resources": "api"}, "One a line: https://api.example.com"),
    ],
)  # fmt: skip
def test_b5_what_is_wrong_is_named_and_stays_typed(owner: Browser, typed: dict[str, str], said: str) -> None:
    page = make(owner, None, **typed)
    assert page.status == 422
    assert said in page.dom.text
    assert "There is no token." in page.dom.text
    (field,) = page.dom.find("input", id="name")
    assert field["value"] == typed.get("name", "build server")
    assert make(owner, page, name="x", most="1", days="7", hosts="", resources="", owner="").status == 200


def test_s59_who_looks_after_one_application_sees_no_tokens(provider: Provider, enter: Enter) -> None:
    app = provider.add_client("CRM")
    browser = enter("carl", RoleGrant("app_admin", (app.id,)))
    assert browser.get(PATH).status in (403, 404)
    assert "register themselves" not in browser.get("admin/apps").dom.text
