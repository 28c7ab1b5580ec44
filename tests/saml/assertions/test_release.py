"""Who is told what: attributes by preset, table, metadata and category, and identifiers that never change hands."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from clients.client import Client
from clients.saml_values import PRESETS as PRESET_NAMES
from clients.service_provider import build
from idp.accounts.person import Person
from idp.saml import store
from idp.saml.assertions import attribute_catalogue, attributes, name_ids
from idp.saml.messages import names
from idp.saml.messages.xml import serialize
from tests.provider import Browser, Provider
from tests.saml.asking import authn_request, by_redirect, policy
from tests.saml.conftest import WHO
from tests.saml.relying import NS, SP, facts, message, register, sign_in
from tests.saml.schemas import check

MAIL, DISPLAY_NAME = "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:2.16.840.1.113730.3.1.241"
EPPN = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
NIL = f"{{{names.XSI}}}nil"
REQ = "urn:oasis:names:tc:SAML:profiles:subject-id:req"
CATEGORY = "http://macedir.org/entity-category"


def told(provider: Provider, browser: Browser, issuer: str = SP) -> dict[str, list[str | None]]:
    """Attribute name to values."""
    root = message(sign_in(browser, by_redirect(browser, authn_request(provider, issuer=issuer))))
    return {
        str(a.get("Name")): [None if v.get(NIL) else v.text or "" for v in a.iterfind("saml:AttributeValue", NS)]
        for a in root.iter(f"{{{names.SAML}}}Attribute")
    }


def name_id(provider: Provider, browser: Browser, format_uri: str | None = None, issuer: str = SP) -> str:
    children = [policy(format_uri)] if format_uri else []
    root = message(sign_in(browser, by_redirect(browser, authn_request(provider, *children, issuer=issuer))))
    return str(root.findtext(".//saml:NameID", None, NS))


# -- attributes ------------------------------------------------------------------------------------------------------


def test_every_preset_that_can_be_registered_exists() -> None:
    assert set(attribute_catalogue.PRESETS) == set(PRESET_NAMES)


def test_SDP_IDP18_by_default_oid_names_with_friendly_names(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    root = message(by_redirect(signed_in, authn_request(provider)))
    listed = root.findall(".//saml:Attribute", NS)
    assert {a.get("NameFormat") for a in listed} == {names.ATTRNAME_URI}
    assert [a.get("FriendlyName") for a in listed] == [
        "mail", "displayName", "givenName", "sn", "uid", "eduPersonPrincipalName",
    ]  # fmt: skip


def test_SDP_IDP20_several_values_and_empty_nil_and_none(provider: Provider, browser: Browser) -> None:
    provider.add_person(
        "ann", groups=("a", "b"), claims={"one": "", "two": None, "three": [], "four": True, "five": [1, ""]}
    )
    register(provider, attributes={name: name for name in ("groups", "one", "two", "three", "four", "five", "six")})
    assert told(provider, browser) == {
        "groups": ["a", "b"], "one": [""], "two": [None], "three": [], "four": ["true"], "five": ["1", ""],
    }  # fmt: skip


def test_IIP_IDP01_any_name_and_format_and_fixed_values(provider: Provider, ann: Person, signed_in: Browser) -> None:
    table: dict[str, Any] = {
        "mail": "email",
        "urn:x:who": {"source": "name", "friendly_name": "who"},
        "Role": {"values": ["admin", "Älice & <Bob>"], "name_format": "basic"},
    }
    register(provider, attributes=table)
    root = message(by_redirect(signed_in, authn_request(provider)))
    listed = [
        (a.get("Name"), a.get("NameFormat"), a.get("FriendlyName"), [v.text for v in a])
        for a in root.iter(f"{{{names.SAML}}}Attribute")
    ]
    assert listed == [
        (MAIL, names.ATTRNAME_URI, "mail", ["ann@example.com"]),
        ("urn:x:who", names.ATTRNAME_URI, "who", [WHO]),
        ("Role", names.ATTRNAME_BASIC, None, ["admin", WHO]),
    ]


def test_no_attribute_means_no_statement(provider: Provider, ann: Person, signed_in: Browser) -> None:
    register(provider, attributes="none")
    root = message(by_redirect(signed_in, authn_request(provider)))
    assert root.find(".//saml:AttributeStatement", NS) is None


@pytest.mark.parametrize(
    ("preset", "expected"),
    [
        ("microsoft", {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": ["ann@example.com"],
                       "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname": ["& <Bob>"]}),
        ("google", {"email": ["ann@example.com"], "firstName": ["Älice"]}),
        ("aws", {"https://aws.amazon.com/SAML/Attributes/RoleSessionName": ["ann@example.com"]}),
        ("salesforce", {"User.Email": ["ann@example.com"], "User.LastName": ["& <Bob>"]}),
        ("eduperson", {MAIL: ["ann@example.com"], EPPN: ["ann@login.example"]}),
    ],
)  # fmt: skip
def test_the_presets(
    provider: Provider, ann: Person, signed_in: Browser, preset: str, expected: dict[str, list[str]]
) -> None:
    register(provider, attributes=preset)
    assert expected.items() <= told(provider, signed_in).items()


def test_IIP_IDP02_what_the_metadata_asks_for_is_given_under_the_names_it_asks(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    requested = [
        {"name": "mail", "name_format": names.ATTRNAME_BASIC},
        {"name": "urn:whatever", "friendly_name": "displayName"},
        {"name": "groups", "values": ["none of hers"]},
        {"name": "shoe-size"},
    ]
    register(provider, said=facts(attribute_services=[{"index": 0, "requested": requested}]))
    assert told(provider, signed_in) == {"mail": ["ann@example.com"], "urn:whatever": [WHO]}


def test_only_the_values_asked_for(provider: Provider, browser: Browser) -> None:
    provider.add_person("ann", groups=("a", "b", "c"))
    requested = [{"name": "groups", "values": ["a", "c", "z"]}]
    register(provider, said=facts(attribute_services=[{"index": 0, "requested": requested}]))
    assert told(provider, browser) == {"groups": ["a", "c"]}


def test_a_federations_metadata_may_ask_for_anything_and_gets_what_is_usual() -> None:
    requested = [{"name": "mail"}, {"name": "employeeNumber"}]

    def keys(**more: Any) -> list[str]:
        said = {"sp_metadata": facts(attribute_services=[{"index": 0, "requested": requested}], **more)}
        return [one.key for one in attributes.to_release(build({**said, "metadata_source": "m1"}))]

    assert keys() == ["mail"]
    assert keys(entity_attributes={CATEGORY: ["https://refeds.org/category/code-of-conduct/v2"]}) == [
        "mail", "employeeNumber",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("http://refeds.org/category/research-and-scholarship", {"mail", "eduPersonPrincipalName"}),
        ("https://refeds.org/category/pseudonymous", {"pairwise-id", "schacHomeOrganization"}),
        ("https://refeds.org/category/anonymous", {"schacHomeOrganization"}),
        ("https://refeds.org/category/personalized", {"subject-id", "mail"}),
    ],
)
def test_IIP_IDP03_entity_categories_stand_for_their_bundles(category: str, expected: set[str]) -> None:
    provider = build({"sp_metadata": facts(entity_attributes={CATEGORY: [category]}), "metadata_source": "m1"})
    keys = {one.key for one in attributes.to_release(provider)}
    assert expected <= keys
    assert ("mail" in keys) is ("mail" in expected)


@pytest.mark.parametrize(
    ("wish", "given"),
    [("subject-id", "subject-id"), ("pairwise-id", "pairwise-id"), ("any", "pairwise-id"), ("none", None)],
)
def test_SDP_IDP13_subject_id_and_pairwise_id(
    provider: Provider, ann: Person, signed_in: Browser, wish: str, given: str | None
) -> None:
    register(provider, said=facts(entity_attributes={REQ: [wish]}))
    found = told(provider, signed_in)
    identifiers = {name for name in found if name in (names.SUBJECT_ID, names.PAIRWISE_ID)}
    assert identifiers == ({f"urn:oasis:names:tc:SAML:attribute:{given}"} if given else set())
    for name in identifiers:
        (value,) = found[name]
        assert value is not None
        assert re.fullmatch(r"[a-z0-9][a-z0-9=-]{0,126}@login\.example", value)
        assert told(provider, signed_in)[name] == [value]


def test_pairwise_ids_of_two_applications_differ_and_subject_ids_do_not(
    provider: Provider, ann: Person, signed_in: Browser
) -> None:
    found = []
    for number, wish in enumerate(("pairwise-id", "pairwise-id", "subject-id", "subject-id")):
        entity = f"https://sp{number}.example/md"
        register(
            provider, f"SP {number}", facts(entity, f"https://sp{number}.example/acs", entity_attributes={REQ: [wish]})
        )
        answer = told(provider, signed_in, entity)
        found.append(answer[names.PAIRWISE_ID if wish == "pairwise-id" else names.SUBJECT_ID][0])
    assert found[0] != found[1]
    assert found[2] == found[3]


@pytest.mark.parametrize(
    ("username", "expected"),
    [("ann", "ann@login.example"), ("ann@login.example", "ann@login.example"), ("ann@elsewhere.example", None)],
)
def test_a_scoped_name_has_our_scope_or_is_not_told(
    provider: Provider, browser: Browser, username: str, expected: str | None
) -> None:
    """Shibboleth drops what has another scope than our metadata says."""
    provider.add_person(username, email="ann@example.com")
    register(provider)
    root = message(sign_in(browser, by_redirect(browser, authn_request(provider)), username))
    assert root.findtext(f".//saml:Attribute[@Name='{EPPN}']/saml:AttributeValue", None, NS) == expected


# -- identifiers -----------------------------------------------------------------------------------------------------


def test_IIP_IDP21_a_persistent_identifier_stays_whatever_changes(
    provider: Provider, wiki: Client, ann: Person, signed_in: Browser
) -> None:
    first = name_id(provider, signed_in, names.NAMEID_PERSISTENT)
    assert re.fullmatch(r"[a-z2-7]{32}", first)  # base32: no two differ in case alone
    provider.services.directory.update(ann.id, username="anna", email="new@example.com")
    assert name_id(provider, signed_in, names.NAMEID_PERSISTENT) == first
    provider.services.registry.remove(wiki.id)
    provider.services.registry.restore(wiki.id)
    assert name_id(provider, signed_in, names.NAMEID_PERSISTENT) == first


def test_IIP_IDP11_an_assertion_may_name_nobody(provider: Provider, ann: Person, browser: Browser) -> None:
    """Its attributes say who it is; a request that asks for a format gets it all the same."""
    register(provider, name_id_format="none", attributes={"mail": "email"})
    for _ in range(2):
        root = message(sign_in(browser, by_redirect(browser, authn_request(provider))))
        check("protocol", serialize(root))
        assert root.find(".//saml:NameID", NS) is None
        assert root.find(".//saml:Subject/saml:SubjectConfirmation", NS) is not None
        assert root.find(".//saml:AuthnStatement", NS).get("SessionIndex")
        assert root.findtext(".//saml:AttributeValue", "", NS) == "ann@example.com"
    assert name_id(provider, browser, names.NAMEID_TRANSIENT).startswith("_")
    page = browser.submit(browser.get("logout"), "confirm")
    assert "Its access has ended here" in page.dom.text  # a logout request could name nobody


def test_persistent_identifiers_differ_by_person_and_by_application(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))
    provider.add_person("eve")
    eve = provider.browser()
    eve.log_in(eve.get("/"), "eve")
    values = {
        name_id(provider, browser, names.NAMEID_PERSISTENT, issuer)
        for browser in (signed_in, eve)
        for issuer in (SP, "https://other.example/md")
    }
    assert len(values) == 4


def test_of_racing_sign_ins_one_identifier_stands(provider: Provider, wiki: Client, ann: Person) -> None:
    db = provider.services.db

    def make(_: int) -> str:
        with db.transaction() as tx:
            return store.save_persistent_id(tx, ann.id, SP, name_ids.new_persistent(), 1.0)

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(32)))) == 1


def test_SDP_IDP12_a_transient_identifier_lasts_as_long_as_the_session(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    first = name_id(provider, signed_in, names.NAMEID_TRANSIENT)
    assert name_id(provider, signed_in, names.NAMEID_TRANSIENT) == first
    assert name_id(provider, provider.browser(), names.NAMEID_TRANSIENT) != first


def test_T26_a_transient_identifier_is_another_one_at_each_application(
    provider: Provider, wiki: Client, signed_in: Browser
) -> None:
    register(provider, "Other", facts("https://other.example/md", "https://other.example/acs"))
    here = name_id(provider, signed_in, names.NAMEID_TRANSIENT)
    assert name_id(provider, signed_in, names.NAMEID_TRANSIENT, "https://other.example/md") != here


def test_a_new_e_mail_address_is_what_logout_will_name(
    provider: Provider, wiki: Client, ann: Person, signed_in: Browser
) -> None:
    assert name_id(provider, signed_in, names.NAMEID_EMAIL) == "ann@example.com"
    provider.services.directory.update(ann.id, email="new@example.com")
    assert name_id(provider, signed_in, names.NAMEID_EMAIL) == "new@example.com"
    session_id = provider.events("saml:signed-in")[0].session_id
    assert session_id is not None
    participants = store.participants_of_session(provider.services.db, session_id)
    assert [one.name_id for one in participants] == ["new@example.com"]


@pytest.mark.parametrize(
    ("settings", "declared", "expected"),
    [
        ({}, [], names.NAMEID_UNSPECIFIED),
        ({}, [names.NAMEID_TRANSIENT, names.NAMEID_EMAIL], names.NAMEID_TRANSIENT),
        ({}, ["urn:unknown", names.NAMEID_EMAIL], names.NAMEID_EMAIL),
        ({"name_id_format": "persistent"}, [names.NAMEID_EMAIL], names.NAMEID_PERSISTENT),
    ],
)
@pytest.mark.parametrize("asked", [None, names.NAMEID_UNSPECIFIED])
def test_where_the_request_leaves_it_open_the_admin_and_then_the_metadata_decide(
    provider: Provider, ann: Person, signed_in: Browser, settings: dict[str, str], declared: list[str], expected: str,
    asked: str | None,
) -> None:  # fmt: skip
    register(provider, said=facts(name_id_formats=declared), **settings)
    children = [policy(asked)] if asked else []
    root = message(by_redirect(signed_in, authn_request(provider, *children)))
    assert root.find(".//saml:NameID", NS).get("Format") == expected


def test_sessions_that_ran_out_are_swept_and_identifiers_never(
    provider: Provider, wiki: Client, signed_in: Browser, clock: Any
) -> None:
    from idp.app import sweep

    value = name_id(provider, signed_in, names.NAMEID_PERSISTENT)
    session_id = provider.events("saml:signed-in")[0].session_id or ""
    sweep(provider.services)
    assert store.participants_of_session(provider.services.db, session_id)
    clock.advance(3 * 86400)
    assert sweep(provider.services)["saml_sessions"] == 1
    assert not store.participants_of_session(provider.services.db, session_id)
    again = provider.browser()
    assert name_id(provider, again, names.NAMEID_PERSISTENT) == value


def test_it_is_the_same_on_every_database(database_url: str, open_provider: Any) -> None:
    provider = open_provider(storage={"database_url": database_url})
    provider.add_person("ann")
    register(provider, said=facts(entity_attributes={REQ: ["pairwise-id"]}))
    browser = provider.browser()
    for _ in range(2):
        for format_uri in (names.NAMEID_PERSISTENT, names.NAMEID_TRANSIENT, names.NAMEID_EMAIL):
            assert name_id(provider, browser, format_uri) == name_id(provider, browser, format_uri)
    assert told(provider, browser)[names.PAIRWISE_ID] == [
        name_id(provider, browser, names.NAMEID_PERSISTENT) + "@login.example"
    ]
    session_id = provider.events("saml:signed-in")[0].session_id
    assert len(provider.events("saml:signed-in")) == 4  # once for each format
    assert len(store.participants_of_session(provider.services.db, session_id or "")) == 4
    assert provider.services.protocols["saml"].notices(provider.services, _session(provider, browser))


def _session(provider: Provider, browser: Browser) -> Any:
    from idp.login.browser import sessions

    return sessions.get(provider.services, browser.cookie("session").partition(".")[0])
