"""What an admin says about attributes: a preset, a preset and more, a table; and never a name that nobody has. N25."""

from __future__ import annotations

from typing import Any

import pytest

from clients.errors import InvalidMetadata
from clients.metadata import parse_setting
from clients.registry import Draft
from clients.saml_fields import SETTINGS
from idp.accounts.person import Person
from idp.saml.assertions.attribute_sources import check_sources
from idp.saml.metadata import sources
from idp.saml.metadata.description import from_acs
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_redirect
from tests.saml.relying import NS, facts, message, register

MAIL, UID = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:0.9.2342.19200300.100.1.1"


def told(provider: Provider, browser: Browser) -> dict[str, list[str]]:
    root = message(by_redirect(browser, authn_request(provider)))
    return {str(one.get("Name")): [value.text or "" for value in one] for one in root.iterfind(".//saml:Attribute", NS)}


def said(text: str) -> Any:
    return SETTINGS["attributes"].check(parse_setting("attributes", text, SETTINGS), False)


def test_n25_groups_are_sent_by_default_to_an_application_that_an_admin_registered(
    provider: Provider, signed_in: Browser, ann: Person
) -> None:
    register(provider)
    provider.services.directory.set_groups(ann.id, ["staff", "sales"])
    sent = told(provider, signed_in)
    assert sent["groups"] == ["sales", "staff"]
    assert sent[MAIL] == ["ann@example.com"]


def test_n25_what_a_federation_brought_gets_none_until_an_admin_says_so(
    provider: Provider, signed_in: Browser, ann: Person
) -> None:
    provider.services.directory.set_groups(ann.id, ["staff"])
    client = register(provider, metadata_source="m1")
    assert "groups" not in told(provider, signed_in)
    provider.services.registry.update(client.id, {"attributes": "default"})
    assert told(provider, signed_in)["groups"] == ["staff"]


def test_n25_one_that_asks_for_attributes_gets_what_it_asks_for(
    provider: Provider, signed_in: Browser, ann: Person
) -> None:
    register(provider, said=facts(attribute_services=[{"index": 0, "requested": [{"name": MAIL}]}]))
    assert [*told(provider, signed_in)] == [MAIL]


@pytest.mark.parametrize(
    "text", ['+{"team": "groups"}', 'default+{"team": "groups"}', '{"*": "default", "team": "groups"}']
)
def test_n25_one_attribute_is_added_without_writing_the_table(
    provider: Provider, signed_in: Browser, ann: Person, text: str
) -> None:
    provider.services.directory.set_groups(ann.id, ["staff"])
    client = register(provider)
    before = told(provider, signed_in)
    provider.services.registry.update(client.id, {"attributes": said(text)})
    assert told(provider, signed_in) == {**before, "team": ["staff"]}


def test_n25_a_line_takes_the_place_of_the_presets_of_that_name(
    provider: Provider, signed_in: Browser, ann: Person
) -> None:
    register(provider, attributes=said('+{"uid": "email", "plan": {"values": ["gold"]}}'))
    sent = told(provider, signed_in)
    assert sent[UID] == ["ann@example.com"]
    assert sent["plan"] == ["gold"]
    assert MAIL in sent
    register(
        provider, said=facts("https://two.example/metadata", "https://two.example/acs"),
        attributes=said('google+{"team": "groups"}'),
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ['defualt+{"a": "email"}', '+{"a": "email"', '{"*": "nonsense", "a": "email"}', 'default{"a": "email"}', "+groups"],
)
def test_n25_what_is_no_preset_or_table_is_refused_with_the_ways_to_write_it(text: str) -> None:
    with pytest.raises((InvalidMetadata, ValueError), match="add to a preset"):
        said(text)


def test_n25_a_typo_in_a_source_is_refused_with_the_list_of_what_exists(provider: Provider, ann: Person) -> None:
    described = from_acs("https://wiki.example/metadata", ["https://wiki.example/acs"])
    attributes = {"mail": "emial", "team": {"source": "gruops"}}
    with pytest.raises(InvalidMetadata) as caught:
        sources.register(provider.services, described, Draft(kind="saml", metadata={"attributes": attributes}))
    text = str(caught.value)
    for part in ("emial", "did you mean email?", "gruops", "did you mean groups?", "employee_number", "given_name"):
        assert part in text
    # What somebody has of their own exists.
    with pytest.raises(InvalidMetadata):
        check_sources(provider.services, {"attributes": {"cc": "cost_center"}})
    provider.services.directory.update(ann.id, merge={"cost_center": "4711"})
    check_sources(provider.services, {"attributes": {"cc": "cost_center", "fixed": {"values": ["x"]}}})


def test_n25_the_claims_that_people_have_are_found_on_every_database(database_url: str, open_provider: Any) -> None:
    provider = open_provider(storage={"database_url": database_url})
    assert provider.services.directory.claim_names() == frozenset()
    provider.add_person("ann", claims={"cost_center": "1", "given_name": "Ann"})
    provider.add_person("bob", claims={"badge": 7})
    assert provider.services.directory.claim_names() == {"cost_center", "given_name", "badge"}


# -- metadata that ran out (N40) -------------------------------------------------------------------------------------


def test_n40_metadata_that_ran_out_is_told_by_show_doctor_and_the_audit_log(
    provider: Provider, signed_in: Browser, clock: Any
) -> None:
    from idp.saml.metadata.troubles import find_troubles, record_ended

    day = 86400.0
    client = register(provider, said=facts(valid_until=provider.clock() + 20 * day))
    assert find_troubles(provider.services, client) == []
    assert record_ended(provider.services) == 0
    clock.advance(10 * day)
    assert "runs out on" in find_troubles(provider.services, client)[0]
    clock.advance(11 * day)
    (text,) = find_troubles(provider.services, client)
    assert "ran out on" in text
    assert f"doorward client refresh {client.id} --metadata" in text
    assert record_ended(provider.services) == 1
    assert record_ended(provider.services) == 0
    (event,) = provider.events("saml:metadata-ended")
    assert event.client_id == client.id
    assert event.detail["in_use"] is True
    clock.advance(31 * day)
    assert record_ended(provider.services) == 1
