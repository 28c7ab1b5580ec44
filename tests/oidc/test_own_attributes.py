"""U1: applications are told the organisation's own attributes as their definitions say, and no others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.accounts.roles import RoleGrant
from idp.admin import attributes
from idp.admin.actor import Actor
from tests.oidc.verifying import verified
from tests.provider import Provider

OWNER = Actor(kind="shell", id="cli:test", name="cli:test", grants=(RoleGrant("owner"),))
CLAIMS = {"centre": "4711", "badge": "B-7", "pay": "E14", "desk": "7.12", "desk#de": "7.12 links"}


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(claims=CLAIMS)


def define(provider: Provider, name: str, **said: Any) -> None:
    attributes.add(provider.services, OWNER, name, said)


def told(provider: Provider, app: Any, scope: str, **more: str) -> dict[str, Any]:
    """What userinfo says of the organisation's own."""
    found = provider.userinfo(provider.tokens(app, scope=scope, **more)["access_token"]).json
    return {name: value for name, value in found.items() if name in CLAIMS}


def test_U1_a_scope_gives_what_is_released_by_it_to_whoever_may_have_it(provider: Provider, ann: Person) -> None:
    define(provider, "centre", release="scope", scope="hr")
    app = provider.add_client("HR", scope="openid profile hr", id_token_claims=True)
    other = provider.add_client("Wiki", scope="openid profile")
    tokens = provider.tokens(app, scope="openid hr")
    assert verified(provider, tokens["id_token"], audience=app.id)["centre"] == "4711"
    assert told(provider, app, "openid profile") == {}
    assert told(provider, other, "openid profile") == {}
    wish = '{"userinfo":{"centre":null,"desk":null}}'
    assert told(provider, app, "openid", claims=wish) == {"centre": "4711"}
    assert told(provider, other, "openid", claims=wish) == {}


def test_U1_named_applications_are_told_with_the_profile_and_no_others_by_any_table(
    provider: Provider, ann: Person
) -> None:
    app = provider.add_client("Doors")
    define(provider, "badge", release="apps", apps=[app.id])
    other = provider.add_client("Wiki", claims_map={"badge": "badge", "card": "badge"})
    assert told(provider, app, "openid profile") == {"badge": "B-7"}
    assert told(provider, app, "openid") == {}
    assert told(provider, other, "openid profile") == {}
    found = provider.userinfo(provider.tokens(other, scope="openid profile")["access_token"]).json
    assert "card" not in found


def test_U1_what_is_released_to_nobody_leaves_by_no_table_and_no_wish(provider: Provider, ann: Person) -> None:
    app = provider.add_client("Pay", claims_map={"pay": "pay", "salary": "pay", "desk": "desk"})
    before = told(provider, app, "openid profile", claims='{"userinfo":{"desk#de":null}}')
    assert before == {"pay": "E14", "desk": "7.12", "desk#de": "7.12 links"}  # free claims, as ever
    define(provider, "pay", release="nobody")
    define(provider, "desk", release="nobody")
    wish = '{"userinfo":{"pay":null,"salary":null,"desk#de":null},"id_token":{"pay":{"essential":true}}}'
    tokens = provider.tokens(app, scope="openid profile", claims=wish)
    assert "E14" not in json.dumps(provider.userinfo(tokens["access_token"]).json)
    assert "7.12" not in json.dumps(provider.userinfo(tokens["access_token"]).json)
    assert "pay" not in verified(provider, tokens["id_token"], audience=app.id)
    attributes.change(provider.services, OWNER, "pay", {})  # to whoever's table names it
    assert provider.userinfo(tokens["access_token"]).json["salary"] == "E14"
    attributes.remove(provider.services, OWNER, "desk", with_values=True)
    assert told(provider, app, "openid profile")["desk"] == "7.12"


def test_U1_discovery_names_what_scopes_give_and_nothing_else(provider: Provider) -> None:
    document = provider.browser().get(".well-known/openid-configuration").json
    assert "hr" not in document["scopes_supported"]
    define(provider, "centre", release="scope", scope="hr")
    define(provider, "level", release="scope", scope="profile")
    define(provider, "pay", release="nobody")
    define(provider, "desk")
    document = provider.browser().get(".well-known/openid-configuration").json
    assert {"centre", "level"} <= set(document["claims_supported"])
    assert not {"pay", "desk"} & set(document["claims_supported"])
    assert document["scopes_supported"].count("profile") == 1
    assert "hr" in document["scopes_supported"]


def test_U1_people_read_by_name_what_they_agree_to(provider: Provider, ann: Person) -> None:
    define(provider, "centre", label="<b>Cost</b> centre", release="scope", scope="hr")
    define(provider, "level", label="Level", release="scope", scope="email")
    app = provider.add_client("HR", scope="openid email hr", consent="explicit")
    browser = provider.browser()
    page = browser.log_in(provider.authorize(browser, app, scope="openid email hr"))
    assert page.is_consent_page
    assert "<b>Cost</b> centre" in page.dom.text  # as text
    assert "<b>Cost" not in page.text
    assert "Also: Level." in page.dom.text


def test_U1_the_page_of_consent_names_attributes_in_the_language_of_whoever_reads_it(
    provider: Provider, ann: Person
) -> None:
    define(provider, "centre", label="Cost centre", labels={"de": "Kostenstelle"}, release="scope", scope="hr")
    app = provider.add_client("HR", scope="openid profile hr", consent="explicit")
    define(provider, "badge", label="Badge", labels={"de": "Ausweis"}, release="apps", apps=[app.id])
    browser = provider.browser()
    asked = provider.authorize(browser, app, scope="openid profile hr", ui_locales="de")
    page = browser.log_in(asked)
    assert page.is_consent_page
    assert "Kostenstelle" in page.dom.text
    assert "Ausweis" in page.dom.text  # given with the profile, to this application alone
    assert "Cost centre" not in page.dom.text
