"""Products are registered by few answers, opened to nobody, and answered with what to paste (R1, R2, R4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from clients.access import Access
from clients.errors import InvalidMetadata
from clients.gallery import shelf
from clients.gallery.answers import InvalidAnswers
from clients.gallery.shelf import UnknownTemplate
from idp.admin import gallery
from idp.admin.actor import of_shell
from idp.audit.searching import Wanted, latest
from idp.saml.metadata.description import from_acs
from tests.provider import Provider

ISSUER = "https://login.example"
ESPOCRM = {"app": "https://crm.example.com"}
AWS = {
    "acs_url": "https://eu.signin.aws.amazon.com/platform/saml/acs/1",
    "issuer_url": "https://eu.signin.aws.amazon.com/1",
}


def add(provider: Provider, template_id: str, given: Mapping[str, str], **more: Any) -> gallery.Added:
    return gallery.add(provider.services, of_shell("test"), template_id, given, **more)


def test_r1_one_answer_registers_an_application_and_says_what_to_paste(provider: Provider) -> None:
    added = add(provider, "espocrm", ESPOCRM)
    client = added.made.client
    assert (client.name, client.profile, client.enabled) == ("EspoCRM", "legacy", True)
    assert client.oidc.redirect_uris == {"https://crm.example.com/oauth-callback.php"}
    assert client.oidc.ignore_prompt_consent
    pasted = {field.label: field.value for field in added.filled.fields}
    assert pasted["Client ID"] == client.id
    assert pasted["Client Secret"] == added.made.client_secret
    assert pasted["Token Endpoint"] == f"{ISSUER}/oauth/token"
    assert client.id in pasted["Logout URL"]


def test_r4_nobody_may_open_it_until_somebody_says_who(provider: Provider) -> None:
    assert add(provider, "espocrm", ESPOCRM).made.client.access == Access.only()
    sales = Access.only(groups=["sales"])
    assert add(provider, "espocrm", ESPOCRM, access=sales, name="CRM 2").made.client.access == sales


def test_r1_a_service_provider_without_metadata_is_made_of_its_answers(provider: Provider) -> None:
    added = add(provider, "aws-iam-identity-center", AWS, name="AWS")
    saml = added.made.client.saml
    assert saml is not None
    assert (saml.entity_id, [a.location for a in saml.acs]) == (AWS["issuer_url"], [AWS["acs_url"]])
    assert saml.name_id_format == "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    assert added.made.client.access == Access.only()
    pasted = {field.label: field.value for field in added.filled.fields}
    assert pasted["IdP sign-in URL"] == f"{ISSUER}/saml/sso"
    assert pasted["IdP certificate (PEM)"].startswith("-----BEGIN CERTIFICATE-----\nMII")


def test_r1_metadata_holds_and_where_it_disagrees_with_what_was_typed_is_said(provider: Provider) -> None:
    found = from_acs("https://eu.signin.aws.amazon.com/2", ["https://eu.signin.aws.amazon.com/platform/saml/acs/2"])
    added = add(provider, "aws-iam-identity-center", AWS, found=found)
    assert added.made.client.saml is not None
    assert added.made.client.saml.entity_id == found.entity_id
    assert any("the metadata's entity ID is https://eu.signin.aws.amazon.com/2, not" in one for one in added.warnings)
    assert any("the metadata has no ACS" in one for one in added.warnings)


def test_r1_with_metadata_no_question_needs_an_answer(provider: Provider) -> None:
    found = from_acs("https://crm.example.com/saml/metadata", ["https://crm.example.com/saml/acs"])
    added = add(provider, "salesforce", {}, found=found)
    assert not [one for one in added.warnings if one.startswith("the metadata")]
    assert f"Entity ID: {found.entity_id}." in added.filled.steps


def test_r2_a_redirect_uri_that_follows_keeps_the_application_off_until_then(provider: Provider) -> None:
    added = add(provider, "wikijs", {})
    client, registry = added.made.client, provider.services.registry
    assert not client.enabled
    assert added.made.client_secret
    assert "it is turned off until it has its redirect URI" in added.warnings
    with pytest.raises(InvalidMetadata, match="redirect_uris: at least one is needed"):
        registry.enable(client.id)
    registry.update(client.id, {"redirect_uris": ["https://wiki.example.com/login/1/callback"]})
    assert registry.enable(client.id).enabled


def test_r2_one_redirect_uri_of_two_is_not_enough_to_be_turned_on(provider: Provider) -> None:
    added = add(provider, "personio", {})
    assert added.made.client.oidc.redirect_uris == {"https://login.personio.com/login/callback"}
    assert (added.made.client.enabled, added.filled.missing) == (False, ("callback",))


def test_r1_a_service_provider_that_tells_its_addresses_later_is_set_up_there_first(provider: Provider) -> None:
    before = len(provider.services.registry.list())
    with pytest.raises(gallery.Unfinished) as caught:
        add(provider, "atlassian-cloud", {})
    assert caught.value.questions == ("entity", "acs_url")
    assert len(provider.services.registry.list()) == before
    shown = {field.label: field.value for field in gallery.shown(provider.services, caught.value.template).fields}
    assert shown["Identity provider SSO URL"] == f"{ISSUER}/saml/sso"


def test_r2_a_redirect_uri_can_be_taken_away_only_while_it_is_off(provider: Provider) -> None:
    registry = provider.services.registry
    client = add(provider, "espocrm", ESPOCRM).made.client
    with pytest.raises(InvalidMetadata, match="at least one is needed"):
        registry.update(client.id, {"redirect_uris": None})
    registry.disable(client.id)
    assert not registry.update(client.id, {"redirect_uris": None}).oidc.redirect_uris


def test_r2_S8_a_product_that_knows_the_implicit_flow_alone_gets_it_with_a_warning(provider: Provider) -> None:
    made = add(provider, "odoo", {"app": "https://odoo.example.com"})
    assert made.made.client.oidc.response_types == {"token"}
    assert any("legacy" in warning for warning in made.warnings)


def test_r2_what_cannot_be_connected_is_not_registered(provider: Provider) -> None:
    before = len(provider.services.registry.list())
    with pytest.raises(InvalidAnswers):
        add(provider, "espocrm", {"app": "http://crm.example.com"})
    with pytest.raises(UnknownTemplate) as caught:
        add(provider, "espo-crm", {})
    assert "espocrm" in caught.value.near
    with pytest.raises(UnknownTemplate):
        add(provider, "../secrets", {})
    assert len(provider.services.registry.list()) == before


def test_r1_the_values_to_paste_are_shown_before_anything_is_registered(provider: Provider) -> None:
    before = len(provider.services.registry.list())
    made = gallery.shown(provider.services, shelf.get("gitea"), {"source": "sso"})
    assert made.metadata["redirect_uris"] == ["https://git.example.com/user/oauth2/sso/callback"]
    assert "CLIENT_SECRET" in [field.value for field in made.fields]
    assert len(provider.services.registry.list()) == before


def test_r2_who_did_it_is_on_record(provider: Provider) -> None:
    client = add(provider, "espocrm", ESPOCRM).made.client
    (event,) = latest(provider.services.db, Wanted(client_id=client.id), 5)
    assert (event.action, event.actor) == ("client:register", "test")
    assert "secret" not in str(event.detail).lower().replace("client_secret_basic", "")


def test_r2_no_template_is_read_before_somebody_asks() -> None:
    """Not when the server starts, nor on any path of a sign-in: the first reader reads."""
    import subprocess
    import sys

    said = (
        "import idp.app, idp.admin.gallery; from clients.gallery import shelf; print(shelf._read.cache_info().misses)"
    )
    done = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "0"
