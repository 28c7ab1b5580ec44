"""Claims that an application's own rows make, as a relying party reads them. R5."""

from __future__ import annotations

from typing import Any

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from clients.registry import Draft
from idp.accounts.person import InvalidPerson, Person
from idp.accounts.roles import RoleGrant
from idp.admin import applications, attributes, groups
from idp.admin.actor import Actor
from idp.admin.preview import of_person
from tests.oidc.verifying import verified
from tests.provider import Browser, Provider

OWNER = Actor(kind="shell", id="cli:test", name="cli:test", grants=(RoleGrant("owner"),))
ROLE = [
    {"name": "role", "value": "'admin'", "groups": ["crm-admins"]},
    {"name": "role", "value": 'default(job, "user")', "not_groups": ["guests"]},
    {"name": "teams", "value": 'without("team-", starting("team-", groups))'},
]


@pytest.fixture
def ann(provider: Provider) -> Person:
    return provider.add_person(groups=("crm-admins", "team-north"), claims={"pay": "E14"})


def userinfo(provider: Provider, app: Any, scope: str = "openid profile", **more: str) -> dict[str, Any]:
    found: dict[str, Any] = provider.userinfo(provider.tokens(app, scope=scope, **more)["access_token"]).json
    return found


def test_R5_a_relying_party_reads_what_the_rows_make_in_the_id_token_and_from_userinfo(
    provider: Provider, ann: Person
) -> None:
    app = provider.add_client("CRM", id_token_claims=True, claim_rules=ROLE)
    tokens = provider.tokens(app, scope="openid profile")
    claims = verified(provider, tokens["id_token"], audience=app.id)
    assert (claims["role"], claims["teams"]) == ("admin", ["north"])
    assert claims["sub"] == ann.id
    told = provider.userinfo(tokens["access_token"]).json
    assert (told["role"], told["teams"]) == ("admin", ["north"])
    assert "role" not in userinfo(provider, app, "openid")
    assert userinfo(provider, app, "openid", claims='{"userinfo":{"role":null}}')["role"] == "admin"


def test_R5_what_has_no_row_for_a_person_is_left_out_and_nobody_is_refused(provider: Provider) -> None:
    provider.add_person(groups=("guests",))
    app = provider.add_client("CRM", claim_rules=[*ROLE, {"name": "groups", "value": "'x'", "groups": ["none"]}])
    told = userinfo(provider, app, "openid profile groups")
    assert not {"role", "teams", "groups"} & told.keys()


def test_R5_a_row_reads_no_more_than_the_application_may_be_told(provider: Provider, ann: Person) -> None:
    attributes.add(provider.services, OWNER, "pay", {"release": "nobody"})
    rows = [
        {"name": "a", "value": 'join(":", "p", pay)'},
        {"name": "b", "value": "pay"},
        {"name": "c", "value": "email"},
        {"name": "d", "value": 'case("crm-admins", "yes")'},
    ]
    app = provider.add_client("CRM", scope="openid profile", claim_rules=rows)
    told = userinfo(provider, app)
    assert {name: told.get(name) for name in "abcd"} == {"a": "p", "b": None, "c": None, "d": "yes"}


@pytest.mark.spec("OIDC Core 5.1")
def test_R5_an_address_that_nobody_checked_is_never_called_checked(provider: Provider, ann: Person) -> None:
    alike = provider.add_client("A", claim_rules=[{"name": "email", "value": "upper(email)"}])
    other = provider.add_client("B", claim_rules=[{"name": "email", "value": "'boss@example.com'"}])
    assert "email_verified" in userinfo(provider, alike, "openid email profile")
    told = userinfo(provider, other, "openid email profile")
    assert told["email"] == "boss@example.com"
    assert "email_verified" not in told


def test_R5_an_address_with_other_letters_is_another_one(provider: Provider) -> None:
    provider.add_person(email="groß@example.com", email_verified=True)
    app = provider.add_client("A", claim_rules=[{"name": "email", "value": "'gross@example.com'"}])
    told = userinfo(provider, app, "openid email profile")
    assert told["email"] == "gross@example.com"
    assert "email_verified" not in told


@pytest.mark.spec("OIDC Core 5.1")
@pytest.mark.parametrize("name", ["email", "Email", "EMAIL"])
def test_R5_readers_without_case_are_told_no_other_address_beside_the_checked_one(
    provider: Provider, name: str
) -> None:
    provider.add_person(email_verified=True, claims={"mail2": "boss@example.com"})
    app = provider.add_client("CRM", claim_rules=[{"name": name, "value": "mail2"}])
    told = userinfo(provider, app, "openid email profile")
    assert [value for claim, value in told.items() if claim.lower() == "email"] == ["boss@example.com"]
    assert "email_verified" not in told


def test_R5_names_that_differ_by_case_alone_and_words_of_the_provider_in_a_map_are_refused(provider: Provider) -> None:
    with pytest.raises(InvalidMetadata, match="Role and role differ by case alone"):
        provider.add_client("A", claim_rules=[{"name": "role", "value": "'a'"}, {"name": "Role", "value": "'b'"}])
    for claim in ("email_verified", "SUB", "verified_claims", "_claim_names"):
        with pytest.raises(InvalidMetadata, match="set by the provider itself"):
            provider.add_client("B", claims_map={claim: "nickname"})


def test_R5_what_rows_tell_beyond_what_was_agreed_to_is_asked_for(provider: Provider, browser: Browser) -> None:
    provider.add_person(claims={"salary": "99999"})
    app = provider.add_client("CRM", consent="explicit")
    page = browser.log_in(provider.authorize(browser, app, scope="openid profile"))
    assert browser.submit(page, "allow").code
    assert provider.authorize(browser, app, scope="openid profile").code  # remembered
    change = applications.Change(metadata={"claim_rules": [{"name": "wage_band", "value": "salary"}]})
    applications.update(provider.services, OWNER, provider.services.registry.get(app.id), change)
    page = provider.authorize(browser, app, scope="openid profile")
    assert page.is_consent_page
    assert "wage band" in page.dom.text
    assert browser.submit(page, "allow").code
    assert provider.authorize(browser, app, scope="openid profile").code


def test_R5_a_row_of_a_variant_by_language_is_of_its_attribute(provider: Provider) -> None:
    app = provider.add_client("CRM", claim_rules=[{"name": "b", "value": "first(list(pay#de, pay))"}])
    assert app.client.oidc.claim_rules.reads_of("b") == {"pay"}


def test_R5_a_claim_of_another_language_is_not_told_beside_a_made_one(provider: Provider) -> None:
    provider.add_person(claims={"nickname": "A", "nickname#de": "B"})
    app = provider.add_client("CRM", claim_rules=[{"name": "nickname", "value": "'made'"}])
    told = userinfo(provider, app, claims_locales="de")
    assert {name: value for name, value in told.items() if name.startswith("nick")} == {"nickname": "made"}


def test_R5_who_is_asked_reads_which_claims_are_made(provider: Provider, browser: Browser, ann: Person) -> None:
    app = provider.add_client("CRM", consent="explicit", claim_rules=[{"name": "cost_centre", "value": "'x'"}])
    page = browser.log_in(provider.authorize(browser, app, scope="openid profile"), "ann")
    assert page.is_consent_page
    assert "cost centre" in page.dom.text


def test_R5_what_only_people_and_scopes_tell_is_refused_when_it_is_saved(provider: Provider, ann: Person) -> None:
    app = provider.add_client("CRM", scope="openid profile")

    def save(value: str, **more: Any) -> Any:
        change = applications.Change(metadata={"claim_rules": [{"name": "a", "value": value, **more}]})
        return applications.update(provider.services, OWNER, provider.services.registry.get(app.id), change)

    for value, told in (
        ("emial", "did you mean email"), ("email", r"scope\+=email"), ('case("CRM-Admins", "x")', "written crm-admins"),
        ("lower(", "at character"),
    ):  # fmt: skip
        with pytest.raises(InvalidMetadata, match=told):
            save(value)
    with pytest.raises(InvalidMetadata, match="written crm-admins"):
        save("pay", groups=["crm-ADMINS"])
    save("pay", groups=["crm-admins", "not yet there"])
    assert userinfo(provider, app)["a"] == "E14"
    draft = Draft(name="X", metadata={"redirect_uris": ["https://x.example/cb"],
                                      "claim_rules": [{"name": "a", "value": "given_nam"}]})  # fmt: skip
    with pytest.raises(InvalidMetadata, match="did you mean given_name"):
        applications.register(provider.services, OWNER, draft)


def test_R5_the_preview_says_which_row_decided_and_hides_it_from_who_may_not_know(
    provider: Provider, ann: Person
) -> None:
    app = provider.add_client("CRM", claim_rules=ROLE)
    shown = of_person(provider.services, OWNER, app.client, ann)
    assert ("role", "admin", "claim_rules: row 1") in [(one.name, one.value, one.source) for one in shown.userinfo]
    appy = provider.add_person("appy")
    actor = Actor(kind="person", id=appy.id, name="appy", grants=(RoleGrant("app_admin", (app.id,)),))
    hidden = of_person(provider.services, actor, app.client, ann)
    assert ("role", "…", "claim_rules") in [(one.name, one.value, one.source) for one in hidden.userinfo]
    assert "row" not in str([one.source for one in hidden.userinfo])


def test_R5_a_group_of_another_name_is_followed(provider: Provider, ann: Person) -> None:
    rows = [*ROLE, {"name": "kind", "value": 'case("crm-admins", "a", "b")'}]
    app = provider.add_client("CRM", claim_rules=rows)
    group = groups.get(provider.services, "crm-admins")
    groups.rename(provider.services, OWNER, group, "sales-admins")
    told = userinfo(provider, app)
    assert (told["role"], told["kind"]) == ("admin", "a")
    kept = provider.services.registry.get(app.id).metadata["claim_rules"]
    assert kept[0]["groups"] == ["sales-admins"]
    assert provider.events("client:update")[-1].detail["client_id"] == app.id


def test_R5_a_name_that_rows_cannot_take_changes_nothing_at_all(provider: Provider, ann: Person) -> None:
    services = provider.services
    full = 'case("crm-admins", "' + "x" * 1960 + '")'
    provider.add_client("CRM", claim_rules=[{"name": "kind", "value": full}])
    limited = provider.add_client("Payroll", access=Access.only(groups=["crm-admins"]))
    group = groups.get(services, "crm-admins")
    with pytest.raises(InvalidPerson, match="the rows of claims of CRM name it, and cannot take the other name"):
        groups.rename(services, OWNER, group, "the administrators of the customer relationship management system")
    assert services.registry.get(limited.id).access.groups == {"crm-admins"}
    assert groups.get(services, "crm-admins").id == group.id
    assert not provider.events("client:update")


def test_R5_a_group_that_rows_leave_out_is_not_removed_in_silence(provider: Provider, ann: Person) -> None:
    services = provider.services
    guests, _ = groups.make(services, OWNER, "guests")
    app = provider.add_client("CRM", claim_rules=ROLE)
    with pytest.raises(InvalidPerson, match=r"leave its members out.*CRM"):
        groups.remove(services, OWNER, guests, with_members=True)
    services.registry.update(app.id, {"claim_rules": ROLE[:1]})
    assert groups.remove(services, OWNER, guests, with_members=True).group.name == "guests"


@pytest.mark.parametrize("name", ["Équipe\u00a0: A", "a\u200db", 'the "best"'])
def test_R5_rows_take_whatever_may_be_the_name_of_a_group(provider: Provider, ann: Person, name: str) -> None:
    rows = [*ROLE, {"name": "kind", "value": 'case("crm-admins", "a", "b")'}]
    app = provider.add_client("CRM", claim_rules=rows)
    renamed = groups.rename(provider.services, OWNER, groups.get(provider.services, "crm-admins"), name)
    told = userinfo(provider, app)
    assert (told["role"], told["kind"]) == ("admin", "a")
    assert provider.services.registry.get(app.id).metadata["claim_rules"][0]["groups"] == [renamed.name]


def test_R5_what_another_process_changed_of_the_rows_is_not_taken_back_by_a_rename(
    provider: Provider, ann: Person
) -> None:
    app = provider.add_client("CRM", claim_rules=ROLE)
    assert userinfo(provider, app)["role"] == "admin"  # held in memory here
    narrower = [{**ROLE[0], "not_groups": ["leavers"]}]
    provider.another().services.registry.update(app.id, {"claim_rules": narrower})
    groups.rename(provider.services, OWNER, groups.get(provider.services, "crm-admins"), "sales-admins")
    kept = provider.services.registry.get(app.id).metadata["claim_rules"]
    assert [dict(one) for one in kept] == [{**narrower[0], "groups": ["sales-admins"]}]


def test_R5_who_looks_after_an_application_adds_no_defined_attribute_by_a_row(provider: Provider, ann: Person) -> None:
    attributes.add(provider.services, OWNER, "pay", {})
    app = provider.add_client("CRM")
    appy = provider.add_person("appy")
    actor = Actor(kind="person", id=appy.id, name="appy", grants=(RoleGrant("app_admin", (app.id,)),))
    change = applications.Change(metadata={"claim_rules": [{"name": "a", "value": "upper(pay)"}]})
    with pytest.raises(InvalidMetadata, match="told pay"):
        applications.update(provider.services, actor, app.client, change)
    applications.update(provider.services, OWNER, app.client, change)
