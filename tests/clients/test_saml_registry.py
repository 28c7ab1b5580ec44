"""SAML service providers in the registry: found by entityID, taken over by nobody, settled by the admin."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from clients import saml_fields
from clients.access import Access, decide
from clients.errors import InvalidMetadata
from clients.metadata import parse_setting
from clients.registry import Draft, Registry
from clients.service_provider import HTTP_ARTIFACT, HTTP_POST, HTTP_REDIRECT, PAOS, SOAP
from idp.db import Database
from tests.backends import Clock

ENTITY = "https://wiki.example/saml"
ACS = "https://wiki.example/saml/acs"
KEY = base64.b64encode(b"\x30" + bytes(700)).decode()


def facts(entity_id: str = ENTITY, **more: Any) -> dict[str, Any]:
    return {"entity_id": entity_id, "acs": [{"index": 0, "binding": HTTP_POST, "location": ACS}], **more}


def draft(name: str = "Wiki", said: dict[str, Any] | None = None, **settings: Any) -> Draft:
    return Draft(kind="saml", name=name, metadata={"sp_metadata": said or facts(), **settings})


def problems(registry: Registry, given: Draft) -> str:
    with pytest.raises(InvalidMetadata) as caught:
        registry.register(given)
    return str(caught.value)


# -- registering and finding -----------------------------------------------------------------------------------------


def test_a_service_provider_is_found_by_its_id_and_by_its_entity_id(registry: Registry) -> None:
    made = registry.register(draft())
    assert made.client_secret is None
    for found in (registry.find(made.client.id), registry.find_entity(ENTITY)):
        assert found is not None
        assert (found.id, found.kind, found.name, found.enabled) == (made.client.id, "saml", "Wiki", True)
        assert found.saml is not None
        assert found.saml.entity_id == ENTITY
        assert [a.location for a in found.saml.acs] == [ACS]
    assert registry.list()[0].kind == "saml"


@pytest.mark.spec("Core 8.3.6")
def test_an_entity_id_is_compared_character_by_character(registry: Registry) -> None:
    registry.register(draft())
    near = [
        ENTITY + "/",
        ENTITY.upper(),
        ENTITY + " ",
        ENTITY + "\0",
        ENTITY[:-1],
        "",
        "x" * 5000,
        "\ud800",
        ENTITY + "'",
    ]
    assert [registry.find_entity(entity_id) for entity_id in near] == [None] * len(near)


def test_threat_23_an_entity_id_with_quotes_is_a_name_like_any_other(registry: Registry) -> None:
    odd = "urn:x:'or'1'='1\")]/*|%"
    registry.register(draft(said=facts(odd)))
    found = registry.find_entity(odd)
    assert found is not None
    assert found.saml is not None
    assert found.saml.entity_id == odd
    assert registry.find_entity("urn:x:") is None


def test_finding_costs_one_statement_and_then_none(db: Database, registry: Registry) -> None:
    registry.register(draft())
    registry.find_entity(ENTITY)
    other = Registry(db, registry._clock)
    seen: list[str] = []
    other.refresh()
    db.observer = seen.append
    found = other.find_entity(ENTITY)
    assert found is not None
    assert len([s for s in seen if "client_entities" in s]) == 1
    seen.clear()
    assert other.find_entity(ENTITY) is found
    assert other.find(found.id) is found
    assert other.find_entity("urn:unknown") is None
    seen.clear()
    assert other.find_entity("urn:unknown") is None
    assert seen == []


def test_A5_what_one_process_changes_another_one_sees(db: Database, clock: Clock) -> None:
    here, there = Registry(db, clock), Registry(db, clock)
    assert there.find_entity(ENTITY) is None
    client = here.register(draft()).client
    here.update(client.id, {"sign": "response"})
    clock.advance(6)
    found = there.find_entity(ENTITY)
    assert found is not None
    assert found.saml is not None
    assert found.saml.sign == "response"
    here.remove(client.id)
    clock.advance(6)
    assert there.find_entity(ENTITY) is None


def test_threat_21_nobody_takes_over_an_entity_id(registry: Registry) -> None:
    first = registry.register(draft()).client
    said = problems(
        registry, draft("Evil", facts(acs=[{"index": 0, "binding": HTTP_POST, "location": "https://evil.example/"}]))
    )
    assert f"entity_id: is registered already: Wiki ({first.id}" in said
    assert [entry.name for entry in registry.list()] == ["Wiki"]
    registry.disable(first.id)
    problems(registry, draft("Evil"))
    registry.remove(first.id)
    assert "can be restored" in problems(registry, draft("Evil"))
    registry.restore(first.id)
    found = registry.find_entity(ENTITY)
    assert found is not None
    assert found.id == first.id


def test_an_entity_id_is_free_again_when_its_owner_cannot_be_restored(registry: Registry, clock: Clock) -> None:
    registry.remove(registry.register(draft()).client.id)
    clock.advance(31 * 86_400)
    registry.sweep()
    second = registry.register(draft("New")).client
    found = registry.find_entity(ENTITY)
    assert found is not None
    assert found.id == second.id


def test_an_entity_id_never_changes(registry: Registry) -> None:
    client = registry.register(draft()).client
    with pytest.raises(InvalidMetadata, match=r"entity_id: .* cannot become urn:other"):
        registry.update(client.id, {"sp_metadata": facts("urn:other")})
    assert registry.find_entity("urn:other") is None


def test_R7_disable_remove_and_access_work_as_for_any_application(registry: Registry) -> None:
    given = draft()
    client = registry.register(
        Draft(kind="saml", name="Wiki", metadata=given.metadata, access=Access.only(groups=["it"]))
    ).client
    assert not decide(client, "u1", ["sales"], 0.0).allowed
    assert decide(client, "u1", ["it"], 0.0).allowed
    registry.disable(client.id)
    found = registry.find_entity(ENTITY)
    assert found is not None
    assert not found.enabled
    registry.enable(client.id)
    registry.remove(client.id)
    assert registry.find_entity(ENTITY) is None


def test_changes_are_recorded_by_what_changed(registry: Registry) -> None:
    seen: list[tuple[str, dict[str, Any]]] = []
    client = registry.register(draft(), record=lambda tx, action, detail: seen.append((action, detail))).client
    new = facts(signing_certificates=[KEY])
    registry.update(client.id, {"sp_metadata": new}, record=lambda tx, action, detail: seen.append((action, detail)))
    assert [action for action, _ in seen] == ["client:register", "client:update"]
    assert seen[1][1]["changed"] == {"sp_metadata.signing_certificates": [None, [KEY]]}


def test_no_endpoint_of_openid_connect_takes_a_service_provider(registry: Registry) -> None:
    client = registry.register(draft()).client
    party = client.oidc
    empty = (
        party.redirect_uris, party.grant_types, party.response_types, party.response_modes, party.scopes,
        party.allowed_origins, party.post_logout_redirect_uris, party.auth_methods, client.secrets,
    )  # fmt: skip
    assert not any(empty)
    assert not party.is_public
    with pytest.raises(InvalidMetadata, match="it has no secret"):
        registry.add_secret(client.id, 0)
    with pytest.raises(InvalidMetadata, match="redirect_uris: unknown key"):
        registry.update(client.id, {"redirect_uris": ["https://wiki.example/cb"]})
    with pytest.raises(InvalidMetadata, match="profile"):
        registry.update(client.id, {}, profile="spa")


def test_an_openid_connect_client_has_no_saml(registry: Registry) -> None:
    made = registry.register(Draft(name="CRM", metadata={"redirect_uris": ["https://crm.example/cb"]}))
    assert made.client.saml is None
    with pytest.raises(InvalidMetadata, match="sp_metadata: unknown key"):
        registry.update(made.client.id, {"sp_metadata": facts()})


# -- what the admin decides ------------------------------------------------------------------------------------------


def test_what_nobody_decided_is_safe_and_what_all_service_providers_read(registry: Registry) -> None:
    provider = registry.register(draft()).client.saml
    assert provider is not None
    assert (provider.sign, provider.encrypt, provider.attributes, provider.consent) == (
        "both",
        "auto",
        "default",
        "implicit",
    )
    assert provider.signature_algorithm.endswith("rsa-sha256")
    assert provider.digest_algorithm.endswith("sha256")
    assert (provider.allow_sha1, provider.allow_cbc, provider.has_own_algorithms) == (False, False, False)
    assert provider.allow_idp_initiated
    assert not provider.requires_signed_requests
    assert not provider.wants_encryption


def test_overrides_survive_a_refresh_of_the_metadata(registry: Registry) -> None:
    mine = {
        "sign": "assertion", "encrypt": "never", "name_id_format": "persistent", "attributes": {"mail": "email"},
        "require_signed_requests": False, "signature_algorithm": "rsa-sha512", "digest_algorithm": "sha512",
        "default_relay_state": "/home?x=ü", "allow_idp_initiated": False, "skew_seconds": 60,
        "session_lifetime": 3600, "consent": "explicit", "scoping": "ignore", "allow_sha1": True, "allow_cbc": True,
    }  # fmt: skip
    client = registry.register(draft(**mine)).client
    fresh = facts(
        signing_certificates=[KEY], authn_requests_signed=True, encryption_keys=[{"certificate": KEY}],
        name_id_formats=["urn:oasis:names:tc:SAML:2.0:nameid-format:transient"], display_names={"en": "New name"},
    )  # fmt: skip
    updated = registry.update(client.id, {"sp_metadata": fresh})
    provider = updated.saml
    assert provider is not None
    assert provider.signing_certificates == (KEY,)
    assert provider.authn_requests_signed
    assert not provider.requires_signed_requests
    assert not provider.wants_encryption
    assert (provider.sign, provider.consent, provider.scoping) == ("assertion", "explicit", "ignore")
    assert provider.name_id_format == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    assert provider.default_relay_state == "/home?x=ü"
    assert provider.signature_algorithm == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    assert (provider.skew_seconds, provider.session_lifetime, provider.allow_idp_initiated) == (60, 3600, False)
    assert provider.has_own_algorithms
    assert updated.name == "Wiki"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"sing": "both"}, "sing: unknown key; did you mean sign?"),
        ({"sign": "none"}, "sign: expected one of assertion, response, both"),
        ({"encrypt": True}, "encrypt: expected one of auto, never, required"),
        ({"encrypt": "required"}, "encrypt: required needs an encryption key"),
        ({"name_id_format": "email adress"}, "name_id_format: expected one of unspecified, email"),
        ({"attributes": "edu"}, "attributes: expected one of default"),
        ({"attributes": {"Role": {"source": "a", "values": ["b"]}}}, "either source"),
        ({"attributes": {"Role": {"from": "a"}}}, "attributes: Role: expected an attribute"),
        ({"attributes": {"mail": "e mail"}}, "is not an attribute of a person"),
        ({"signature_algorithm": "hmac-sha256"}, "signature_algorithm: expected one of rsa-sha256"),
        ({"signature_algorithm": "rsa-sha1"}, "signature_algorithm: SHA-1 can be forged"),
        ({"digest_algorithm": "sha1"}, "digest_algorithm: SHA-1 can be forged"),
        ({"require_signed_requests": True}, "require_signed_requests: requests are to be signed"),
        ({"default_relay_state": "a\nb"}, "default_relay_state: has a control character"),
        ({"default_relay_state": "a" * 1025}, "default_relay_state: expected a text of 1 to 1024 bytes"),
        ({"skew_seconds": 100_000}, "skew_seconds: expected a number of seconds"),
        ({"allow_idp_initiated": "no"}, "allow_idp_initiated: expected true or false"),
        ({"logo_uri": "javascript:alert(1)"}, "logo_uri"),
        ({"grant_types": ["authorization_code"]}, "grant_types: unknown key"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_expected(
    registry: Registry, settings: dict[str, Any], said: str
) -> None:
    assert said in problems(registry, draft(**settings))


def test_every_problem_is_told_at_once(registry: Registry) -> None:
    said = problems(registry, draft(sign="x", encrypt="y", allow_sha1=3))
    assert {line.partition(":")[0] for line in said.splitlines()} == {"sign", "encrypt", "allow_sha1"}


def test_settings_are_read_from_a_command_line() -> None:
    def parse(text: str) -> Any:
        key, _, value = text.partition("=")
        return parse_setting(key, value, saml_fields.SETTINGS)

    assert parse("allow_sha1=yes") is True
    assert parse("session_lifetime=8h") == 28_800
    assert parse('attributes={"mail": "email"}') == {"mail": "email"}
    assert parse("attributes=aws") == "aws"
    assert parse("default_relay_state=a, b") == "a, b"
    with pytest.raises(InvalidMetadata, match="did you mean encrypt"):
        parse("encypt=never")
    with pytest.raises(InvalidMetadata, match="sp_metadata: unknown key"):
        parse("sp_metadata={}")


def test_an_attribute_table_has_sources_and_fixed_values(registry: Registry) -> None:
    table = {
        "mail": "email",
        "https://aws.amazon.com/SAML/Attributes/Role": {"values": ["arn:a,arn:b"], "name_format": "basic"},
        "urn:oid:2.5.4.42": {"source": "given_name", "friendly_name": "givenName"},
    }
    provider = registry.register(draft(attributes=table)).client.saml
    assert provider is not None
    assert isinstance(provider.attributes, tuple)
    mail, role, given = provider.attributes
    assert (mail.name, mail.source, mail.values) == ("mail", "email", ())
    assert (role.source, role.values) == (None, ("arn:a,arn:b",))
    assert role.name_format == "urn:oasis:names:tc:SAML:2.0:attrname-format:basic"
    assert (given.source, given.friendly_name) == ("given_name", "givenName")


def test_warnings_say_what_is_worth_a_second_look(registry: Registry) -> None:
    said = " ".join(registry.register(draft(allow_sha1=True, allow_cbc=True)).warnings)
    for words in ("SHA-1", "CBC", "no encryption key", "no logout endpoint"):
        assert words in said


# -- what the metadata may say -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "location",
    [
        "http://wiki.example/acs",
        "http://127.0.0.1:5000/acs",
        "javascript:alert(1)//https://wiki.example",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//wiki.example/acs",
        "/acs",
        "",
        "https://",
        "https://user@evil.example/acs",
        "https://wiki.example\\@evil.example/acs",
        "https://wiki.example/acs#frag",
        "https://wiki.example/a/../acs",
        "https://wiki.example/acs\n",
        "https://wiki.example/a b",
        'https://wiki.example/"><script>',
        "https://wiki.example/acs?SAMLResponse=x",
        "https://wiki.example/acs?a=1&RelayState=x",
        "https://wiki.example/acs?a=1;relaystate=x",
        "https://wiki.example/acs?%53AMLResponse=x",
        "https://wiki.example/acs?SAMLart",
        "https://wiki.example/" + "a" * 2000,
        "https://wiki.exämple/acs",
    ],
)
def test_threat_10_an_acs_that_leads_astray_is_refused(registry: Registry, location: str) -> None:
    said = facts(acs=[{"index": 0, "binding": HTTP_POST, "location": location}])
    assert "sp_metadata: acs: " in problems(registry, draft(said=said))
    said = facts(slo=[{"binding": HTTP_REDIRECT, "location": location}])
    assert "sp_metadata: slo: " in problems(registry, draft(said=said))
    said = facts(slo=[{"binding": HTTP_REDIRECT, "location": ACS, "response_location": location}])
    assert "sp_metadata: slo: " in problems(registry, draft(said=said))


@pytest.mark.parametrize(
    "location",
    ["https://wiki.example/acs?provider=a%2Fb&x=1", "https://Wiki.Example/Acs", "https://wiki.example:8443", ACS],
)
def test_an_acs_is_kept_byte_for_byte(registry: Registry, location: str) -> None:
    said = facts(acs=[{"index": 0, "binding": HTTP_POST, "location": location}])
    provider = registry.register(draft(said=said)).client.saml
    assert provider is not None
    assert provider.acs_locations == {location}


def test_S49_an_acs_on_loopback_is_taken_only_where_the_provider_itself_is(db: Database, registry: Registry) -> None:
    local = draft(said=facts(acs=[{"index": 0, "binding": HTTP_POST, "location": "http://localhost:5000/acs"}]))
    assert "https" in problems(registry, local)
    made = Registry(db, allow_loopback=True).register(local)
    assert any("for development only" in warning for warning in made.warnings)


@pytest.mark.spec("SDP-IDP06")
def test_X18_an_acs_matches_exactly_or_not_at_all(registry: Registry) -> None:
    provider = registry.register(draft()).client.saml
    assert provider is not None
    assert provider.find_acs(ACS) is not None
    for near in (
        ACS + "/", ACS + "?x", ACS.upper(), ACS[:-1], "https://wiki.example:443/saml/acs", ACS + "#",
        "https://wiki.example/saml/./acs", "http://wiki.example/saml/acs", ACS + " ", "https://wiki.example/saml/%61cs",
        "https://wiki.example.evil.example/saml/acs", "https://evil@wiki.example/saml/acs",
    ):  # fmt: skip
        assert provider.find_acs(near) is None, near
    assert provider.find_acs(ACS, HTTP_ARTIFACT) is None


@pytest.mark.spec("Metadata 2.2.3")
def test_the_default_acs_is_the_marked_one_else_the_lowest_that_is_not_marked_as_none(registry: Registry) -> None:
    def default(*marks: tuple[int, bool | None], binding: str = HTTP_POST) -> int | None:
        acs = [
            {"index": i, "binding": binding, "location": f"{ACS}/{i}", **({} if mark is None else {"is_default": mark})}
            for i, mark in marks
        ]
        name = f"urn:{len(registry.list())}:{marks}".replace(" ", "")
        provider = registry.register(draft(said={**facts(name), "acs": acs})).client.saml
        assert provider is not None
        found = provider.default_acs()
        return None if found is None else found.index

    assert default((3, None), (1, None), (2, True)) == 2
    assert default((3, None), (1, False), (2, None)) == 2
    assert default((3, False), (1, False)) == 1
    assert default((3, None), (1, None)) == 1
    assert default((3, None), binding=PAOS) is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"acs": []}, "at least one is needed"),
        ({"acs": "https://wiki.example"}, "acs is not of the expected shape"),
        ({"acs": [{"location": ACS}]}, "acs is not of the expected shape"),
        ({"acs": [{"index": 0, "binding": HTTP_REDIRECT, "location": ACS}]}, "carries no Response"),
        ({"acs": [{"index": -1, "binding": HTTP_POST, "location": ACS}]}, "index from 0"),
        ({"acs": [{"index": True, "binding": HTTP_POST, "location": ACS}]}, "index from 0"),
        ({"acs": [{"index": 1, "binding": HTTP_POST, "location": ACS}] * 2}, "the same index"),
        ({"acs": [{"index": i, "binding": HTTP_POST, "location": ACS} for i in range(1001)]}, "more than 1000"),
        ({"slo": [{"binding": PAOS, "location": ACS}]}, "carries no logout"),
        ({"signing_certificates": ["not base64!"]}, "DER in base64"),
        ({"signing_certificates": ["AAAA"]}, "DER in base64"),
        ({"encryption_keys": [{"certificate": KEY, "methods": [{"digest": "x"}]}]}, "an encryption method"),
        ({"entity_id": "a b"}, "without spaces"),
        ({"entity_id": "x" * 1025}, "1 to 1024"),
        ({"entity_id": 5}, "1 to 1024"),
        ({"name_id_formats": ["a b"]}, "URI of an algorithm"),
        ({"display_names": {"en": "a\u202eb"}}, "control character"),
        ({"display_names": {"e n": "a"}}, "a language"),
        ({"privacy_statement_urls": {"en": "javascript:alert(1)"}}, "absolute|https|host"),
        ({"logo_uri": "data:image/svg+xml,<svg/>"}, "sp_metadata"),
        ({"valid_until": "tomorrow"}, "seconds since 1970"),
        ({"surprise": 1}, "surprise is not known"),
        ({"_location": "x"}, "_location is not known"),
        ({"entity_attributes": {"a": "b"}}, "entity_attributes"),
    ],
)  # fmt: skip
def test_facts_that_are_not_of_the_expected_shape_are_refused(
    registry: Registry, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidMetadata, match=said):
        registry.register(draft(said={**facts(), **wrong}))
    assert registry.list() == []


def test_all_facts_come_back_as_they_went_in(registry: Registry) -> None:
    said = facts(
        slo=[
            {"binding": SOAP, "location": ACS},
            {"binding": HTTP_REDIRECT, "location": ACS, "response_location": ACS + "r"},
        ],
        artifact_resolution=[{"index": 4, "location": ACS}],
        signing_certificates=[KEY],
        encryption_keys=[{"certificate": KEY, "methods": [{"algorithm": "urn:a", "digest": "urn:d", "mgf": "urn:m"}]}],
        digest_methods=["urn:d"],
        signing_methods=[{"algorithm": "urn:s", "min_key_size": 2048}],
        name_id_formats=["urn:f"],
        attribute_services=[
            {
                "index": 2, "is_default": True, "names": {"en": "All"},
                "requested": [
                    {"name": "mail", "name_format": "urn:n", "friendly_name": "m", "required": True, "values": ["x"]}
                ],
            }
        ],
        authn_requests_signed=True,
        want_assertions_signed=True,
        valid_until=1e9,
        entity_attributes={"urn:oasis:names:tc:SAML:profiles:subject-id:req": ["pairwise-id"]},
        display_names={"en": "Wiki", "de": "Das Wiki"},
        privacy_statement_urls={"en": "https://wiki.example/privacy"},
        logo_uri="https://wiki.example/logo.png",
        organization={"en": "Wiki Ltd"},
        contacts=[{"kind": "technical", "name": "Ann", "emails": ["ann@wiki.example"]}],
    )  # fmt: skip
    client = registry.get(registry.register(draft(said=said)).client.id)
    assert client.metadata["sp_metadata"] == said
    provider = client.saml
    assert provider is not None
    assert provider.requires_signed_requests
    assert provider.wants_encryption
    assert provider.find_slo(HTTP_POST, HTTP_REDIRECT, SOAP) is not None
    redirect = provider.find_slo(HTTP_REDIRECT)
    assert redirect is not None
    assert redirect.for_responses == ACS + "r"
    assert provider.encryption_keys[0].methods[0].mgf == "urn:m"
    service = provider.find_attribute_service()
    assert service is not None
    assert (service.index, service.requested[0].required, service.requested[0].values) == (2, True, ("x",))
    assert provider.find_attribute_service(9) is None
    assert provider.subject_id_req == "pairwise-id"
    assert provider.contacts[0].emails == ("ann@wiki.example",)
    assert client.logo_uri == "https://wiki.example/logo.png"
    assert client.localized("policy_uri", ["de"]) == "https://wiki.example/privacy"


def test_a_name_of_the_metadata_is_shown_in_the_persons_language_and_an_admins_name_in_all(registry: Registry) -> None:
    names = {"en": "Wiki", "de": "Das Wiki"}
    client = registry.register(draft("Wiki", facts(display_names=names))).client
    assert client.localized("client_name", ["de-CH"]) == "Das Wiki"
    client = registry.register(draft("Our wiki", facts("urn:2", display_names=names))).client
    assert client.localized("client_name", ["de"]) == "Our wiki"


def test_metadata_of_a_source_ends_and_what_an_admin_gave_does_not(registry: Registry) -> None:
    by_hand = registry.register(draft(said=facts(valid_until=100.0))).client.saml
    by_source = registry.register(draft(said=facts("urn:2", valid_until=100.0), metadata_source="m1")).client.saml
    assert by_hand is not None
    assert by_source is not None
    assert by_hand.is_current(200)
    assert by_source.is_current(99)
    assert not by_source.is_current(100)
