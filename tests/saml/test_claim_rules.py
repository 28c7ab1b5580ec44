"""Attributes that an application's own rows make, as a service provider reads them. R5."""

from __future__ import annotations

import pytest

from clients.errors import InvalidMetadata
from idp.accounts.roles import RoleGrant
from idp.admin import applications, attributes
from idp.admin.actor import Actor
from idp.admin.preview import HIDDEN, Line, masked, of_person
from tests.provider import Provider
from tests.saml.relying import Toolkit, register, sign_in

OWNER = Actor(kind="shell", id="cli:test", name="cli:test", grants=(RoleGrant("owner"),))
ROLE = "https://aws.amazon.com/SAML/Attributes/Role"
ARN = "arn:aws:iam::123456789012:role/{0},arn:aws:iam::123456789012:saml-provider/Doorward"
ROWS = [
    {"name": ROLE, "value": f'map(groups, "aws-admin", "{ARN.format("Admin")}", "aws-read", "{ARN.format("Read")}")'},
    {"name": "displayName", "value": "upper(name)", "groups": ["aws-read"]},
    {"name": "plan", "value": "'gold'", "groups": ["none"]},
    {"name": "pay", "value": "pay"},
]


@pytest.mark.spec("SAML Core 2.7.3")
def test_R5_a_service_provider_reads_what_the_rows_make(provider: Provider) -> None:
    ann = provider.add_person(name="Ann Bell", groups=("aws-admin", "aws-read", "more"), claims={"pay": "E14"})
    attributes.add(provider.services, OWNER, "pay", {"release": "nobody"})
    wiki = register(provider, attributes={"*": "default", "plan": {"values": ["free"]}}, claim_rules=ROWS)
    toolkit, browser = Toolkit(provider), provider.browser()
    found = toolkit.accept(sign_in(browser, browser.get(toolkit.login_url()))).get_attributes()
    assert found[ROLE] == [ARN.format("Admin"), ARN.format("Read")]
    assert found["urn:oid:2.16.840.1.113730.3.1.241"] == ["ANN BELL"]  # in the place of the preset's
    assert "plan" not in found
    assert "pay" not in found
    shown = {one.name: (one.value, one.source) for one in of_person(provider.services, OWNER, wiki, ann).attributes}
    assert shown[ROLE] == (", ".join(found[ROLE]), "claim_rules: row 1")


def test_R5_a_made_value_is_shown_to_nobody_who_may_not_see_what_it_is_made_of(provider: Provider) -> None:
    provider.add_person(claims={"pay": "E14"})
    attributes.add(provider.services, OWNER, "pay", {"sees": [], "edits": []})
    wiki = register(provider, consent="explicit", claim_rules=[{"name": "tier", "value": 'wrap("grade ", pay)'}])
    lines = [Line("tier", "grade E14", "claim_rules tier"), Line("mail", "a", "email")]
    assert wiki.saml is not None
    hidden = masked(tuple(lines), frozenset({"pay"}), wiki.saml.claim_rules)
    assert [one.value for one in hidden] == [HIDDEN, "a"]
    toolkit, browser = Toolkit(provider), provider.browser()
    page = browser.log_in(browser.get(toolkit.login_url()), "ann")
    assert page.is_consent_page
    assert "tier" in page.dom.text
    assert "E14" not in page.dom.text


def test_R5_who_is_asked_reads_what_the_rows_make_of_them(provider: Provider) -> None:
    provider.add_person(groups=("aws-read",))
    register(provider, consent="explicit", claim_rules=[{"name": "tier", "value": 'case("aws-read", "silver")'}])
    toolkit, browser = Toolkit(provider), provider.browser()
    page = browser.log_in(browser.get(toolkit.login_url()), "ann")
    assert page.is_consent_page
    assert "tier" in page.dom.text
    assert "silver" in page.dom.text


def test_R5_an_attribute_that_nobody_has_is_refused_when_it_is_saved(provider: Provider) -> None:
    wiki = register(provider)
    change = applications.Change(metadata={"claim_rules": [{"name": "a", "value": "lower(emial)"}]})
    with pytest.raises(InvalidMetadata, match="did you mean email"):
        applications.update(provider.services, OWNER, wiki, change)
