"""Products of the gallery are opened by somebody: what each reads is what it gets (R1, R2)."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from clients.access import EVERYONE
from clients.gallery import shelf
from clients.gallery.filling import fill
from clients.gallery.template import SamlConnection
from clients.profiles import PROFILES
from idp.admin import gallery
from idp.admin.actor import of_shell
from idp.saml.messages import names
from tests.provider import App, Browser, Provider
from tests.saml.relying import NS, message

OWN = {"Sec-Fetch-Site": "same-origin"}
#: What applications know by these names; what a product calls otherwise stands in its template's table.
CLAIMS = {
    "sub", "email", "email_verified", "name", "given_name", "family_name", "preferred_username", "groups", "username",
    "id", "user_name", "member_of",
}  # fmt: skip
SPOKEN = [(one, protocol) for one in shelf.everything() for protocol in one.protocols]
OIDC = [one.id for one, protocol in SPOKEN if protocol == "oidc" and one.oidc is not None and not one.oidc.cannot]
SAML = [one.id for one, protocol in SPOKEN if protocol == "saml"]


@pytest.fixture
def ann(provider: Provider) -> Browser:
    """The browser of somebody of whom everything is known that these products read."""
    provider.add_person(
        "ann", groups=("ops",), email_verified=True, employee_number="7",
        claims={"given_name": "Ann", "family_name": "Example", "mattermost_id": 1001},
    )  # fmt: skip
    browser = provider.browser()
    browser.log_in(browser.get("/"))
    return browser


def add(provider: Provider, template_id: str, protocol: str) -> gallery.Added:
    template = shelf.get(template_id)
    given = {question.id: question.example for question in template.questions}
    return gallery.add(provider.services, of_shell("test"), template_id, given, protocol=protocol, access=EVERYONE)


def test_r2_each_openid_product_gets_the_claims_that_it_reads(provider: Provider, ann: Browser) -> None:
    """By the code flow, with PKCE only where its profile asks for it; in the ID token where it looks nowhere else."""
    for template_id in OIDC:
        made = add(provider, template_id, "oidc").made
        app = App(made.client, made.client_secret)
        told = tell(provider, ann, app)
        template = shelf.get(template_id)
        assert template.oidc is not None
        wanted = {claim for claim in template.oidc.reads if claim in CLAIMS}
        assert wanted <= set(told), (template_id, wanted - set(told))


def tell(provider: Provider, browser: Browser, app: App) -> dict[str, Any]:
    """Sign in, as silently as the session allows; all that the application is told then."""
    (response_type,) = app.client.metadata.get("response_types") or ["code"]
    if response_type != "code":  # products that know no other flow
        wish = {"scope": "openid profile email groups", "response_type": response_type, "nonce": "n" * 12}
        answer = provider.sign_in(browser, app, **wish)
        if "id_token" in answer.sent:
            return dict(jwt.decode(answer.sent["id_token"], options={"verify_signature": False}))
        assert "access_token" in answer.sent, (app.client.name, answer.sent, answer.status, answer.text[:500])
        return dict(provider.userinfo(answer.sent["access_token"]).json)
    pkce = {} if PROFILES[app.client.profile].public or app.client.oidc.require_pkce else {
        "code_challenge": None, "code_challenge_method": None,
    }  # fmt: skip
    answer = provider.sign_in(browser, app, scope="openid profile email groups", **pkce)
    assert answer.code, app.client.name
    data = {"code_verifier": None} if pkce else {}
    tokens = provider.redeem(app, answer.code, **data)
    assert tokens.status == 200, (app.client.name, tokens.text)
    claims = jwt.decode(tokens.json["id_token"], options={"verify_signature": False})
    if app.client.oidc.id_token_claims:
        return dict(claims)
    return {**claims, **provider.userinfo(tokens.json["access_token"]).json}


def test_r2_each_saml_product_gets_a_name_and_its_attributes(provider: Provider, ann: Browser) -> None:
    for template_id in SAML:
        client = add(provider, template_id, "saml").made.client
        answer = ann.get(f"/saml/start/{client.id}", headers=OWN)
        root = message(answer)
        template = shelf.get(template_id)
        connection = template.saml
        assert isinstance(connection, SamlConnection)
        made = fill(template, {}, gallery.ours(provider.services, "saml"), protocol="saml", preview=True)
        assert made.service_provider is not None
        assert answer.form.action == made.service_provider.acs[0], template_id
        assert root.findtext(".//saml:Audience", "", NS) == made.service_provider.entity_id
        check_name(template_id, root, connection.settings.get("name_id_format"))
        released = connection.settings.get("attributes", "default")
        sent = {one.get("Name") for one in root.iterfind(".//saml:Attribute", NS)}
        if isinstance(released, dict):
            assert set(released) - {"*"} <= sent, (template_id, set(released) - sent)
        else:
            assert bool(sent) is (released != "none"), template_id


def check_name(template_id: str, root: Any, wanted: str | None) -> None:
    name = root.find(".//saml:Subject/saml:NameID", NS)
    assert name is not None, template_id
    if wanted == names.NAMEID_EMAIL:
        assert name.text == "ann@example.com", template_id
    elif wanted == names.NAMEID_UNSPECIFIED:
        assert name.text == "ann", template_id
    else:
        assert name.text, template_id
