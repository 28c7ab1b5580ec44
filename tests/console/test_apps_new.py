"""An application is connected in the console: gallery, other OIDC, SAML; who may open it. R1, R2, R4, R6, B5."""

from __future__ import annotations

import re

import pytest

from clients.gallery import shelf
from idp.accounts.roles import RoleGrant
from idp.audit.searching import Wanted, latest
from tests.console.conftest import Enter, form_at
from tests.provider import Answer, Browser, Provider

HOSTILE = """"><script>alert(1)</script><b id=x>'&{{7*7}}"""


def apps(provider: Provider) -> list[str]:
    return [one.name for one in provider.services.registry.search()]


def connect(owner: Browser, product: str, **values: str) -> Answer:
    page = owner.get(f"admin/apps/new/{product}")
    assert page.status == 200
    return send(owner, page, product, **values)


def send(owner: Browser, page: Answer, product: str = "oidc", **values: str) -> Answer:
    return owner.submit(page, form=form_at(page, f"/admin/apps/new/{product}"), **values)


def test_R1_a_product_of_the_gallery_is_connected_by_one_answer(provider: Provider, owner: Browser) -> None:
    assert "EspoCRM" in owner.get("admin/apps/new?q=espo").dom.text
    page = owner.get("admin/apps/new/espocrm")
    assert len(page.dom.find("input", type="text")) <= 3 + 1  # the questions, and its name
    made = send(owner, page, "espocrm", **{"q-app": "https://crm.example.com"})
    assert made.status == 200
    text = made.dom.text
    client = provider.services.registry.get(provider.services.registry.search("espo")[0].id)
    assert client.metadata["redirect_uris"] == ["https://crm.example.com/oauth-callback.php"]
    assert client.id in text
    assert f"{provider.issuer}/oauth/token" in text
    assert "Administration › Authentication" in text
    assert "shown this once" in text


def test_R4_nobody_may_open_a_new_application_unless_that_is_said(provider: Provider, owner: Browser) -> None:
    connect(owner, "espocrm", **{"q-app": "https://crm.example.com"})
    assert not provider.services.registry.search(which="everyone")
    connect(owner, "oidc", name="Open", redirect_uris="https://open.example/cb", who="everyone")
    assert [one.name for one in provider.services.registry.search(which="everyone")] == ["Open"]


def test_R4_groups_are_ticked_and_one_that_there_is_not_is_a_question(provider: Provider, owner: Browser) -> None:
    provider.add_person("sue", groups=("sales",))
    wrong = connect(owner, "oidc", name="A", redirect_uris="https://a.example/cb", who="groups")
    assert wrong.status == 400
    assert "Choose a group" in wrong.dom.text
    wrong = send(owner, wrong, more_groups="salse", redirect_uris="https://a.example/cb")
    assert wrong.status == 400
    assert "did you mean “sales”" in wrong.dom.text
    made = send(owner, wrong, group="sales", redirect_uris="https://a.example/cb")
    assert made.status == 200
    assert provider.services.registry.search("A")[0].access.groups == {"sales"}


def test_R6_the_secret_is_shown_once_and_stands_in_no_address_and_no_record(provider: Provider, owner: Browser) -> None:
    made = connect(owner, "oidc", name="CRM", redirect_uris="https://crm.example/cb")
    found = re.search(r'<code id="secret">([^<]+)</code>', made.text)
    assert found is not None
    secret = found[1]
    client = provider.services.registry.get(provider.services.registry.search("CRM")[0].id)
    assert client.find_secret(secret, provider.clock()) is not None
    assert secret not in made.url
    again = owner.get(f"admin/apps/{client.id}")
    assert secret not in again.text
    events = latest(provider.services.db, Wanted(client_id=client.id), 20)
    assert events
    assert events[0].actor.startswith("person:")
    assert all(secret not in repr(event) for event in events)


def test_R1_a_form_that_is_sent_twice_makes_one_application(provider: Provider, owner: Browser) -> None:
    page = owner.get("admin/apps/new/oidc")
    first = send(owner, page, name="CRM", redirect_uris="https://crm.example/cb")
    second = send(owner, page, name="CRM", redirect_uris="https://crm.example/cb")
    assert first.status == 200
    assert second.is_redirect
    client = provider.services.registry.search("CRM")
    assert len(client) == 1
    assert second.location.endswith(f"/admin/apps/{client[0].id}")


@pytest.mark.parametrize(
    ("product", "values", "field", "said"),
    [
        ("oidc", {"name": "", "redirect_uris": "https://a.example/cb"}, "name", "Example: Larkfield CRM"),
        ("oidc", {"name": "A", "redirect_uris": "http://a.example/cb"}, "redirect_uris", "https"),
        ("oidc", {"name": "A", "redirect_uris": "https://*.example/cb"}, "redirect_uris", "*"),
        ("oidc", {"name": "A", "redirect_uris": ""}, "redirect_uris", "at least one is needed"),
        ("espocrm", {"q-app": "crm example"}, "q-app", "Example: https://crm.example.com"),
        ("espocrm", {"q-app": ""}, "q-app", "Example"),
        ("saml", {"name": "A"}, "metadata", "entity ID"),
        ("saml", {"name": "A", "metadata": "<xml"}, "metadata", ""),
        ("saml", {"name": "A", "metadata": "what"}, "metadata", "https://app.example/saml/metadata"),
        ("saml", {"name": "A", "entity_id": "urn:a"}, "acs", "https://app.example/saml/acs"),
    ],
)
def test_B5_what_is_wrong_stands_at_its_field_with_an_example_and_nothing_typed_is_lost(
    provider: Provider, owner: Browser, product: str, values: dict[str, str], field: str, said: str
) -> None:
    before = apps(provider)
    answer = connect(owner, product, **values)
    assert answer.status == 400
    assert apps(provider) == before
    told = re.search(rf'<p class="problem" id="{field}-problem">(.*?)</p>', answer.text, re.DOTALL)
    assert told is not None, answer.dom.text
    assert said in told[1].replace("&#39;", "'")
    invalid = [about for _, about in answer.dom.elements if about.get("id") == field]
    assert invalid[0].get("aria-invalid") == "true"
    for value in values.values():
        assert value in answer.dom.text or any(about.get("value") == value for _, about in answer.dom.elements)


def test_R1_a_service_provider_is_connected_by_its_entity_id_and_acs(provider: Provider, owner: Browser) -> None:
    made = connect(owner, "saml", name="Desk", entity_id="urn:desk", acs="https://desk.example/saml/acs")
    assert made.status == 200
    for value in ("/saml/metadata", "/saml/sso", "/saml/slo", "BEGIN CERTIFICATE"):
        assert value in made.dom.text
    client = provider.services.registry.get(provider.services.registry.search("urn:desk")[0].id)
    assert client.saml is not None
    assert not client.access.everyone


def test_R1_a_service_provider_is_connected_by_the_text_of_its_metadata(provider: Provider, owner: Browser) -> None:
    text = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://wiki.example/saml">
<SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
 Location="https://wiki.example/acs"/></SPSSODescriptor></EntityDescriptor>"""
    assert connect(owner, "saml", name="Wiki", metadata=text).status == 200
    assert provider.services.registry.find_entity("https://wiki.example/saml") is not None
    again = connect(owner, "saml", name="Wiki 2", metadata=text)
    assert again.status == 400
    assert "is registered already" in again.dom.text


def test_R2_a_product_that_cannot_be_connected_says_why_and_offers_no_form(owner: Browser) -> None:
    cannot = [one for one in shelf.everything() if one.cannot]
    for template in cannot:
        page = owner.get(f"admin/apps/new/{template.id}")
        assert page.status == 200
        assert not page.dom.find("input", name="once")
    assert owner.get("admin/apps/new/no-such-product").status == 404


def test_R2_the_page_of_a_product_says_with_what_and_when_it_was_tried(owner: Browser) -> None:
    tried = next(one for one in shelf.everything() if one.id == "synapse").tried
    assert tried is not None
    assert f"Tried with {tried.version} on Nov 29, 2026." in owner.get("admin/apps/new/synapse").dom.text
    assert "Tried with" not in owner.get("admin/apps/new/gitea").dom.text


def test_R2_the_page_of_every_product_can_be_read_by_each_protocol(owner: Browser) -> None:
    for template in shelf.everything():
        for protocol in template.protocols:
            page = owner.get(f"admin/apps/new/{template.id}?protocol={protocol}")
            assert page.status == 200, template.id
            assert template.name in page.dom.text


def test_B1_what_is_typed_is_shown_as_text(owner: Browser) -> None:
    answer = connect(owner, "oidc", name=HOSTILE, redirect_uris=HOSTILE, more_groups=HOSTILE)
    assert answer.status == 400
    assert "<script>alert" not in answer.text
    assert not answer.dom.find("b", id="x")


def test_C2_an_app_admin_connects_nothing_new(provider: Provider, enter: Enter) -> None:
    mine = provider.add_client("Mine")
    visitor = enter("carol", RoleGrant("app_admin", (mine.id,)))
    assert visitor.get("admin/apps/new").status == 403
    assert visitor.get("admin/apps/new/oidc").status == 403
