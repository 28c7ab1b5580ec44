"""What an application would get of a person. R3, R5, U7."""

from __future__ import annotations

import json

from idp.accounts.roles import RoleGrant
from idp.admin.actor import of_shell
from idp.admin.preview import of_person
from tests.console.conftest import Enter
from tests.provider import Browser, Provider
from tests.saml.relying import Toolkit, register, sign_in


def test_R5_U7_every_claim_is_shown_with_what_gives_it_and_it_is_what_the_application_gets(
    provider: Provider, owner: Browser
) -> None:
    crm = provider.add_client("CRM", scope="openid profile email", claims_map={"department": "unit"})
    ann = provider.add_person("ann", name="Ann Bell", claims={"unit": "Sales", "locale": "de"})
    page = owner.get(f"admin/apps/{crm.id}/preview?person=ann")
    assert "ann may open it: everyone may open it." in page.dom.text
    for told in ("Ann Bell", "scope profile", "ann@example.com", "scope email", "Sales", "claims_map: unit", ann.id):
        assert told in page.dom.text, told
    assert "phone_number" not in page.dom.text
    assert provider.events("client:previewed")[-1].person_id == ann.id
    assert len(provider.events("session:started")) == 1  # the owner's own

    preview = of_person(provider.services, of_shell("cli:test"), crm.client, ann)
    access_token = provider.tokens(crm, scope="openid profile email")["access_token"]
    got = provider.userinfo(access_token).json
    assert {one.name: one.value for one in (*preview.subject, *preview.userinfo)} == {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in got.items()
    }


def test_R5_U7_a_service_provider_gets_the_name_and_attributes_that_are_shown(
    provider: Provider, owner: Browser
) -> None:
    wiki = register(provider)
    ann = provider.add_person("ann", name="Ann Bell")
    page = owner.get(f"admin/apps/{wiki.id}/preview?person=ann")
    toolkit, browser = Toolkit(provider), provider.browser()
    auth = toolkit.accept(sign_in(browser, browser.get(toolkit.login_url())))
    shown = of_person(provider.services, of_shell("cli:test"), wiki, ann)
    assert {one.name: one.value for one in shown.attributes} == {
        name: ", ".join(values) for name, values in auth.get_attributes().items()
    }
    assert shown.subject[0].value == auth.get_nameid()
    for values in auth.get_attributes().values():
        assert all(value in page.dom.text for value in values)


def test_R5_what_is_not_known_of_them_is_named(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM", scope="openid phone")
    provider.add_person("ann")
    page = owner.get(f"admin/apps/{crm.id}/preview?person=ann@example.com")
    assert "if they were known of this person phone_number" in page.dom.text


def test_R4_why_they_may_not_open_it_is_said(provider: Provider, owner: Browser) -> None:
    from clients.access import Access

    crm = provider.add_client("CRM", access=Access.only(groups=["Board"]))
    provider.add_person("ann")
    assert (
        "ann may not open it: the person is in none of its groups (Board)."
        in owner.get(f"admin/apps/{crm.id}/preview?person=ann").dom.text
    )


def test_B5_a_name_that_nobody_has_is_said_at_the_field(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    page = owner.get(f"admin/apps/{crm.id}/preview?person=nobody")
    assert "Nobody has this username" in page.dom.text
    assert owner.get("admin/apps/unknown/preview").status == 404


def test_C2_an_app_admin_previews_their_application_alone(provider: Provider, enter: Enter) -> None:
    crm, pay = provider.add_client("CRM"), provider.add_client("Pay")
    provider.add_person("ann")
    admin = enter("appy", RoleGrant("app_admin", (crm.id,)))
    assert admin.get(f"admin/apps/{crm.id}/preview?person=ann").status == 200
    assert admin.get(f"admin/apps/{pay.id}/preview?person=ann").status == 403


def test_B2_the_tab_where_one_is_is_marked(provider: Provider, owner: Browser) -> None:
    crm = provider.add_client("CRM")
    for path in ("", "/preview", "/history"):
        page = owner.get(f"admin/apps/{crm.id}{path}")
        marked = [a["href"] for a in page.dom.find("a", **{"aria-current": "page"})]
        assert marked == ["/admin/apps", f"/admin/apps/{crm.id}{path}"]
