"""A program's role in the console: given with a secret that nobody else knows, taken back. C2, C4."""

from __future__ import annotations

import json
import re

from idp.accounts.roles import RoleGrant
from tests.console.conftest import Enter
from tests.console.test_own_tokens import form_with
from tests.provider import Answer, App, Browser, Provider, new_key

SCOPE = "doorward:admin"


def give(browser: Browser, app: App, **typed: str) -> Answer:
    """Fill in the form and send it."""
    page = browser.get(f"admin/apps/{app.id}/role")
    return browser.submit(page, form=form_with(page, "until"), **typed)


def test_C4_a_role_is_given_with_a_new_secret_works_and_is_taken_back(provider: Provider, owner: Browser) -> None:
    robot = provider.add_client("Robot", "machine")
    old = robot.secret
    made = give(owner, robot, role="auditor")
    assert made.status == 200
    (secret,) = re.findall('<code id="secret">([^<]+)</code>', made.text)
    assert provider.client_credentials(robot, scope=SCOPE).error == "invalid_client"
    robot.secret = secret
    assert secret != old
    assert provider.client_credentials(robot, scope=SCOPE).status == 200
    page = owner.get(f"admin/apps/{robot.id}/role")
    assert "Auditor" in page.dom.text
    assert secret not in page.text
    owner.submit(page, form=form_with(page, "take"))
    assert provider.client_credentials(robot, scope=SCOPE).status == 400


def test_C4_a_program_with_keys_needs_them_said_anew(provider: Provider, owner: Browser) -> None:
    robot = provider.add_client("Robot", "machine", key=new_key())
    asked = give(owner, robot, role="auditor")
    assert asked.status == 422
    assert "Whoever holds its keys would have the role" in asked.dom.text
    bad = give(owner, robot, role="auditor", keys="{")
    assert "Expected JSON" in bad.dom.text
    mine = new_key()
    keys = json.dumps({"keys": [mine.as_dict(private=False)]})
    assert owner.follow(give(owner, robot, role="auditor", keys=keys)).status == 200
    assert "Auditor" in owner.get(f"admin/apps/{robot.id}/role").dom.text


def test_C4_a_program_with_a_certificate_is_given_another_name_of_it(provider: Provider, owner: Browser) -> None:
    method = {"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=old,O=Example"}
    robot = provider.add_client("Robot", "machine", **method)
    assert "say another name" in give(owner, robot, role="auditor").dom.text
    assert "the name of the certificate that it has already" in give(
        owner, robot, role="auditor", keys="CN=old,O=Example"
    ).dom.text  # fmt: skip
    assert owner.follow(give(owner, robot, role="auditor", keys="tls_client_auth_san_dns=new.example")).status == 200
    known = provider.services.registry.get(robot.id).metadata
    assert known["tls_client_auth_san_dns"] == "new.example"
    assert "tls_client_auth_subject_dn" not in known


def test_B5_what_is_wrong_is_named_and_an_application_for_people_has_no_role(
    provider: Provider, owner: Browser
) -> None:
    robot, crm = provider.add_client("Robot", "machine"), provider.add_client("CRM")
    for typed, said in (({}, "Choose a role."), ({"role": "auditor", "until": "soon"}, "Write the day like"),
                        ({"role": "app_admin", "scope": "Nothing"}, "No single application")):  # fmt: skip
        page = give(owner, robot, **typed)
        assert page.status == 422
        assert said in page.dom.text
    assert "gets no tokens for itself" in owner.get(f"admin/apps/{crm.id}/role").dom.text
    assert "/role" not in owner.get(f"admin/apps/{crm.id}").text


def test_C2_nobody_but_owners_gives_a_program_a_role(provider: Provider, enter: Enter) -> None:
    robot = provider.add_client("Robot", "machine")
    for name, grant in (("anna", RoleGrant("admin")), ("ben", RoleGrant("app_admin", (robot.id,)))):
        browser = enter(name, grant)
        assert browser.get(f"admin/apps/{robot.id}/role").status == 403
        assert f"{robot.id}/role" not in browser.get(f"admin/apps/{robot.id}").text
