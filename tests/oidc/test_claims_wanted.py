"""What an application asks to be told: values of claims, one of several subjects, languages. S47, Core §5.2, §5.5."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.oidc.verifying import verified
from tests.provider import App, Browser, Provider


def wish(part: str = "userinfo", /, **claims: Any) -> str:
    return json.dumps({part: claims})


@pytest.mark.spec("OIDC-Core 5.5.1")
@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (None, ["sales", "support"]),
        ({"essential": True}, ["sales", "support"]),
        ({"values": ["support", "board"]}, ["support"]),
        ({"value": "sales"}, ["sales"]),
        ({"value": ["sales", "support"]}, ["sales", "support"]),
        ({"values": ["board"]}, None),
        ({"essential": True, "value": "board"}, None),
        ({"values": []}, ["sales", "support"]),
    ],
)
@pytest.mark.parametrize("part", ["userinfo", "id_token"])
def test_S47_of_a_claim_that_is_asked_for_with_values_no_more_is_told(
    provider: Provider, crm: App, wanted: Any, told: Any, part: str
) -> None:
    provider.add_person("bob", groups=("sales", "support"))
    tokens = provider.tokens(crm, login="bob", scope="openid", claims=wish(part, groups=wanted))
    found = verified(provider, tokens["id_token"], audience=crm.id)
    if part == "userinfo":
        found = provider.userinfo(tokens["access_token"]).json
    assert found.get("groups") == told


@pytest.mark.parametrize(("value", "told"), [("ann@example.com", True), ("eve@example.com", False), (7, False)])
def test_S47_a_single_value_is_that_or_nothing(provider: Provider, crm: App, value: Any, told: bool) -> None:
    tokens = provider.tokens(crm, scope="openid", claims=wish(email={"value": value}))
    assert ("email" in provider.userinfo(tokens["access_token"]).json) is told
    # What a scope gives is told all the same: it was asked for without a condition.
    tokens = provider.tokens(crm, scope="openid email", claims=wish(email={"value": value}))
    assert provider.userinfo(tokens["access_token"]).json["email"] == "ann@example.com"


@pytest.mark.spec("OIDC-Core 5.5.1")
def test_S47_one_of_several_subjects_is_signed_in_and_nobody_else(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    bob, eve = provider.add_person("bob"), provider.add_person("eve")
    assert provider.sign_in(browser, crm).code
    for part in ("userinfo", "id_token"):
        clock.advance(1)
        both = wish(part, sub={"values": [bob.id, ann.id]})
        assert provider.authorize(browser, crm, prompt="none", claims=both).code
        others = wish(part, sub={"essential": True, "values": [bob.id, eve.id]})
        assert provider.authorize(browser, crm, prompt="none", claims=others).error == "login_required"
        page = provider.authorize(browser, crm, claims=others)
        assert browser.log_in(page, "ann").error == "login_required"
    tokens = provider.tokens(crm, provider.browser(), "bob", claims=others)
    assert verified(provider, tokens["id_token"], audience=crm.id)["sub"] == bob.id
    # With a hint it is the one in both.
    hint = tokens["id_token"]
    assert provider.authorize(browser, crm, claims=others, id_token_hint=hint, prompt="none").error == "login_required"
    none = wish(sub={"values": [ann.id, eve.id]})
    assert provider.authorize(browser, crm, claims=none, id_token_hint=hint).error == "invalid_request"


def test_S47_of_several_accounts_in_a_browser_the_one_that_may_be_is_taken(
    provider: Provider, browser: Browser, crm: App, ann: Person, clock: Clock
) -> None:
    provider.add_person("bob")
    assert provider.sign_in(browser, crm).code
    assert browser.log_in(browser.submit(browser.get("accounts"), "other"), "bob").is_redirect
    clock.advance(1)
    first = provider.redeem(crm, provider.authorize(browser, crm, claims=wish(sub={"values": [ann.id, "x"]})).code)
    assert first.status == 200
    assert verified(provider, first.json["id_token"], audience=crm.id)["sub"] == ann.id


KANJI = {
    "family_name": "Yamada",
    "family_name#ja-Kana-JP": "ヤマダ",
    "family_name#ja": "山田",
    "family_name#de": "Bergfeld",
}


@pytest.mark.spec("OIDC-Core 5.2")
@pytest.mark.parametrize(
    ("locales", "more"),
    [
        (None, {}),
        ("", {}),
        ("fr", {}),
        ("de", {"family_name#de": "Bergfeld"}),
        ("de-AT fr", {"family_name#de": "Bergfeld"}),
        ("fr JA", {"family_name#ja": "山田"}),
        ("ja-kana-jp de", {"family_name#ja-Kana-JP": "ヤマダ"}),
        ("*** ../../ de", {"family_name#de": "Bergfeld"}),
        (" ".join(["xx"] * 5000), {}),
    ],
)
def test_claims_come_in_the_languages_that_are_wanted_as_well(
    provider: Provider, crm: App, locales: str | None, more: dict[str, str]
) -> None:
    provider.add_person("yuki", claims=KANJI)
    tokens = provider.tokens(crm, login="yuki", claims_locales=locales)
    told = provider.userinfo(tokens["access_token"]).json
    assert told["family_name"] == "Yamada"
    assert {name: value for name, value in told.items() if "#" in name} == more
    # Core §12.2: a refresh changes nothing of it.
    renewed = provider.refresh(crm, tokens["refresh_token"]).json
    assert provider.userinfo(renewed["access_token"]).json == told


def test_a_claim_may_be_asked_for_in_one_language_by_its_own_name(provider: Provider, browser: Browser) -> None:
    provider.add_person("yuki", claims=KANJI)
    app = provider.add_client("Club", consent="explicit", scope="openid profile", id_token_claims=False)
    asked = {"scope": "openid", "claims": wish("id_token", **{"family_name#JA-kana-jp": None, "nickname#de": None})}
    page = browser.log_in(provider.authorize(browser, app, **asked), "yuki")
    assert "Your profile" in page.dom.text  # nobody is told more than the person was asked about
    tokens = provider.redeem(app, browser.submit(page, "allow").code).json
    told = verified(provider, tokens["id_token"], audience=app.id)
    assert {name: told[name] for name in told if "name" in name} == {"family_name#ja-Kana-JP": "ヤマダ"}
    bare = provider.add_client("Bare", scope="openid email")
    tokens = provider.tokens(bare, login="yuki", **asked)
    assert "ヤマダ" not in str(verified(provider, tokens["id_token"], audience=bare.id))
