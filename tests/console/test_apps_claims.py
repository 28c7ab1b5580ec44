"""The table of an application's claims, with what it makes of a person before it is saved. R5."""

from __future__ import annotations

from clients.client import Client
from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter, form_at
from tests.oidc.verifying import verified
from tests.provider import Answer, Browser, Provider


def kept(provider: Provider, client: Client) -> list[dict[str, object]]:
    found: list[dict[str, object]] = list(provider.services.registry.get(client.id).metadata.get("claim_rules", ()))
    return found


def fill(browser: Browser, page: Answer, act: str, **typed: str) -> Answer:
    fields = {key.replace("__", "-"): value for key, value in typed.items()}
    return browser.submit(page, act, form=form_at(page, "/claims"), **fields)


def test_R5_rows_are_tried_with_a_person_saved_and_read_by_the_application(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM", id_token_claims=True)
    provider.add_person("ann", groups=("crm-admins",), claims={"unit": "Sales"})
    page = owner.get(f"admin/apps/{crm.id}/claims")
    typed = {"name__0": "role", "value__0": "'user'", "name__1": "role", "value__1": "upper(unit)",
             "groups__1": "crm-admins", "place__0": "2", "place__1": "1", "person": "ann"}  # fmt: skip
    tried = fill(owner, page, "show", **typed)
    assert "role SALES row 1" in tried.dom.text
    assert kept(provider, crm.client) == []
    assert provider.events("client:previewed")[-1].person_id == provider.services.directory.find_named("ann").id
    for told in ("upper(unit)", "'user'", "crm-admins"):
        assert told in tried.dom.text, told  # nothing that was typed is lost
    assert fill(owner, tried, "save", **typed).is_redirect
    assert kept(provider, crm.client) == [
        {"name": "role", "value": "upper(unit)", "groups": ["crm-admins"]}, {"name": "role", "value": "'user'"},
    ]  # fmt: skip
    tokens = provider.tokens(crm, scope="openid profile")
    assert verified(provider, tokens["id_token"], audience=crm.id)["role"] == "SALES"
    assert provider.userinfo(tokens["access_token"]).json["role"] == "SALES"


def test_R5_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    page = owner.get(f"admin/apps/{crm.id}/claims")
    answer = fill(owner, page, "save", name__0="role", value__0="lowr(x)", name__1="sub", value__1="'<b>'")
    assert answer.status == 400
    for told in ("did you mean lower(value)", "sub is set by the provider itself", "lowr(x)", "'<b>'"):
        assert told in answer.dom.text, told
    answer = fill(owner, page, "save", name__0="role", value__0="emial")
    assert answer.status == 400
    assert "did you mean email" in answer.dom.text
    assert kept(provider, crm.client) == []


def test_R5_a_row_that_is_emptied_goes_and_others_changes_are_not_overwritten(
    provider: Provider, owner: Browser
) -> None:
    crm = provider.add_client("CRM", claim_rules=[{"name": "a", "value": "'x'"}, {"name": "b", "value": "'y'"}])
    page = owner.get(f"admin/apps/{crm.id}/claims")
    provider.services.registry.update(crm.id, {"description": "other"})
    emptied = {"name__0": "", "value__0": "", "name__1": "b", "value__1": "'y'"}
    answer = fill(owner, page, "save", **emptied)
    assert answer.status == 409
    assert fill(owner, answer, "save", **emptied).is_redirect
    assert kept(provider, crm.client) == [{"name": "b", "value": "'y'"}]


def test_R5_who_may_not_know_the_person_sees_the_names_of_the_claims_alone(provider: Provider, enter: Enter) -> None:
    crm = provider.add_client("CRM", claim_rules=[{"name": "role", "value": "unit", "groups": ["secret"]}])
    provider.add_person("ann", groups=("secret",), claims={"unit": "Sales"})
    browser = enter("appy", RoleGrant("app_admin", (crm.id,)))
    page = browser.get(f"admin/apps/{crm.id}/claims")
    found = fill(browser, page, "show", person="ann", name__0="role", value__0="unit", groups__0="secret").dom.text
    assert "Sales" not in found
    assert "role …" in found
    assert "role … row 1" not in found
