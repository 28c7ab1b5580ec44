"""C5: export → apply on an empty installation → export gives the same bytes, and a plan on what was applied is empty.

Over every field of client metadata, every setting and fact of a service provider, and every other kind, with values
that are hard on a file format.
"""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey

from clients.access import EVERYONE, Access
from clients.details_types import kept
from clients.details_types.details_type import checked
from clients.documents import hosts
from clients.metadata import FIELDS, LOCALIZED
from clients.profiles import DEFAULTS, PROFILES
from clients.registry import Draft
from clients.saml_fields import SETTINGS
from clients.self_registered.policy import Policy
from clients.service_provider import DEFAULTS as SAML_DEFAULTS
from clients.unsupported import UNSUPPORTED
from idp.accounts import groups, notices
from idp.saml.metadata import sources
from tests.admin.configuration.conftest import Configured, Open
from tests.clients.test_saml_registry import facts
from tests.oidc.test_request_objects import Texts, texts
from tests.provider import public_jwk
from tests.saml.documents import certificate

__all__ = ["texts"]
HOME = "https://app.example/cb"
ODD = "“Ünï” 'q' \"dq\" \\ back\\slash # no [comment] = {x} 名前 🦉 {{ }}"
JWK = {"kty": "EC", "crv": "P-256", "x": "C" * 43, "y": "B" * 43, "kid": "a \"b\" 'c'", "note": None}
#: One that is a key, to encrypt for.
ENC_JWK = public_jwk(ECKey.generate_key("P-256", {"kid": "enc", "use": "enc"}))
_ENVELOPE = {"jwks": {"keys": [ENC_JWK]}}
#: A value or several for each field that can be registered, and what must stand beside it.
VALUES: dict[str, list[dict[str, Any]]] = {
    "redirect_uris": [
        {"redirect_uris": [HOME, "https://app.example/cb?a=1&b=%22", "https://app.example/%7Bx%7D"]},
        {"redirect_uris": [f"https://app.example/{n}" for n in range(60)]},
    ],
    "token_endpoint_auth_method": [
        {"token_endpoint_auth_method": "client_secret_post"},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/jwks"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks_uri": "https://app.example/jwks"},
    ],
    **{
        field: [{"token_endpoint_auth_method": "tls_client_auth", field: value}]
        for field, value in {
            "tls_client_auth_subject_dn": "CN=a\\, \\\"b\\\",O=Ünï 'q' {x},C=DE",
            "tls_client_auth_san_dns": "app.example",
            "tls_client_auth_san_uri": "spiffe://example/a?b='c'",
            "tls_client_auth_san_ip": "2001:db8::7",
            "tls_client_auth_san_email": "ä@app.example",
        }.items()
    },
    "tls_client_certificate_bound_access_tokens": [{"tls_client_certificate_bound_access_tokens": True}],
    "grant_types": [{"grant_types": ["authorization_code"]}],
    "response_types": [
        {"response_types": ["code"]},
        {"response_types": ["id_token"]},
        {"response_types": ["code", "id_token token"], "grant_types": ["authorization_code", "implicit"]},
    ],
    "logout_token_claims": [
        {"backchannel_logout_uri": "https://app.example/bye", "logout_token_claims": ["email", "groups"]}
    ],
    "frontchannel_logout_uri": [{"frontchannel_logout_uri": "https://app.example/out?x='y'"}],
    "frontchannel_logout_session_required": [
        {"frontchannel_logout_uri": "https://app.example/out", "frontchannel_logout_session_required": True}
    ],
    "scope": [{"scope": "openid profile offline_access"}, {"scope": "openid"}, {"scope": DEFAULTS["scope"]}],
    "contacts": [{"contacts": ["a.b+c@app.example", "ä@app.example"]}],
    "jwks": [
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [JWK]}},
        {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{**JWK, "note": [1.5, {"a": []}]}]}},
    ],
    "jwks_uri": [{"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://app.example/j?k='x'"}],
    "application_type": [{"application_type": "web"}],
    "subject_type": [{"subject_type": "public"}, {"subject_type": "pairwise"}],
    "id_token_signed_response_alg": [
        {"id_token_signed_response_alg": alg} for alg in ("RS256", "EdDSA", "PS512", "none")
    ],
    "userinfo_signed_response_alg": [{"userinfo_signed_response_alg": "ES384"}],
    "token_endpoint_auth_signing_alg": [
        {
            "token_endpoint_auth_method": "private_key_jwt",
            "jwks_uri": "https://app.example/j",
            "token_endpoint_auth_signing_alg": "PS256",
        }
    ],
    "require_signed_request_object": [{"jwks_uri": "https://app.example/j", "require_signed_request_object": True}],
    "request_object_signing_alg": [{"jwks_uri": "https://app.example/j", "request_object_signing_alg": "PS256"}],
    "request_uris": [{"request_uris": ["https://app.example/r?x=1", "https://app.example/s"]}],
    "authorization_signed_response_alg": [{"authorization_signed_response_alg": "ES512"}],
    "default_max_age": [{"default_max_age": 0}, {"default_max_age": 31_536_000}],
    "default_acr_values": [{"default_acr_values": [ODD, "urn:a b"]}],
    "post_logout_redirect_uris": [{"post_logout_redirect_uris": ["https://app.example/bye?x=[1]"]}],
    "response_modes": [{"response_modes": ["form_post", "query"]}],
    "access_token_format": [{"access_token_format": "jwt"}],
    "access_token_lifetime": [{"access_token_lifetime": 30}],
    "id_token_lifetime": [{"id_token_lifetime": 86_400}],
    "refresh_token_idle": [{"refresh_token_idle": 60}],
    "refresh_token_absolute": [{"refresh_token_absolute": 31_536_000}],
    "require_pkce": [{"require_pkce": True}],
    "resources": [{"resources": ["https://api.example/a?b='c'", "urn:x:y"]}],
    "authorization_details_types": [{"authorization_details_types": ["payment", "https://bank.example/pay?x=1#a"]}],
    "may_act": [{"may_act": ["c_1", "c_2"]}],
    "native_sso_group": [
        {
            "native_sso_group": "field of it",
            "application_type": "native",
            "redirect_uris": ["com.example.app:/cb"],
            "scope": "openid device_sso",
        },
    ],
    "may_impersonate": [{"may_impersonate": ["c_3"]}],
    "exchange_resources": [{"exchange_resources": ["https://api.example/b"]}],
    "id_jag_audiences": [
        {"id_jag_audiences": {"https://as.example": {"client_id": "x y", "scope": "a b", "resources": ["urn:r"]}}}
    ],
    "assertion_issuers": [
        {
            "assertion_issuers": {
                "https://a.example": {"jwks_uri": "https://a.example/k?x='", "subject": "email"},
                "urn:b": {"jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "B" * 43}]}, "subject": "id"},
            }
        }
    ],
    "allowed_origins": [{"allowed_origins": ["https://a.example:8443", "https://b.example"]}],
    "claims_map": [{"claims_map": {"a.b": "employee_number", 'q"uote': "x", "ümlaut"[1:]: "y", "#": "z"}}],
    "claim_rules": [
        {
            "claim_rules": [
                {"name": "role", "value": "case(\"a'b\", 'x\"y', department)", "groups": ["Ä b", "#"]},
                {"name": "urn:x", "value": "'\\\\'", "not_groups": ["a]["]},
            ]
        },
    ],
    "client_assertion_audience": [{"client_assertion_audience": "legacy"}],
    "request_uri_hash": [{"request_uri_hash": "ignored"}],
    "introspection": [{"introspection": "audience"}, {"introspection": "all"}],
    "consent": [{"consent": "explicit"}],
    "allow_dotless_scheme": [
        {"allow_dotless_scheme": True, "redirect_uris": ["myapp:/cb"], "application_type": "native"},
    ],
    "software_id": [{"software_id": ODD}],
    **{
        f"{what}_encrypted_response_{part}": [
            {**_ENVELOPE, f"{what}_encrypted_response_alg": "ECDH-ES", f"{what}_encrypted_response_enc": "A256GCM"}
        ]
        for what in ("id_token", "userinfo", "authorization", "introspection")
        for part in ("alg", "enc")
    },
    "introspection_signed_response_alg": [{"introspection_signed_response_alg": "PS384"}],
    "request_object_encryption_alg": [{"request_object_encryption_alg": "ECDH-ES"}],
    "request_object_encryption_enc": [
        {"request_object_encryption_alg": "ECDH-ES+A256KW", "request_object_encryption_enc": "A128GCM"}
    ],
    "backchannel_token_delivery_mode": [{"backchannel_token_delivery_mode": "poll"}],
    "backchannel_client_notification_endpoint": [
        {"backchannel_client_notification_endpoint": "https://app.example/c?x='y'"}
    ],
    "backchannel_authentication_request_signing_alg": [
        {"jwks_uri": "https://app.example/j", "backchannel_authentication_request_signing_alg": "PS256"}
    ],
}
_TEXTS = ("client_name", "software_id", "software_version", "description")
#: What another server is asked about: see `test_C5_a_sector_goes_there_and_back`.
ASKED_ABOUT = {"sector_identifier_uri"}
UNSUPPORTED_FIELDS = {row.field for row in UNSUPPORTED if not row.values}


def examples(field: str) -> list[dict[str, Any]]:
    """Metadata that has the field."""
    if field in VALUES:
        return VALUES[field]
    if field in _TEXTS:
        return [{field: ODD}, {field: "=", f"{field}#de-AT": "Ä"} if field in LOCALIZED else {field: "="}]
    if field.endswith(("_uri", "_url")):
        more = {f"{field}#fr": "https://app.example/%C3%A9"} if field in LOCALIZED else {}
        return [{field: "https://app.example/a'b?c=d" if field == "logo_uri" else "https://app.example/a'b", **more}]
    return [{field: True}, {field: False}]


def register(
    here: Configured, name: str, metadata: dict[str, Any], profile: str = "web", access: Access = EVERYONE
) -> str:
    given = {"redirect_uris": [HOME], **metadata} if profile != "machine" else metadata
    title = given.pop("client_name", name)
    draft = Draft(name=f"{name} {title}", profile=profile, metadata=given, access=access)
    return here.services.registry.register(draft).client.id


def there_and_back(here: Configured, other: Configured) -> str:
    """Export, apply elsewhere, export: the same bytes, and nothing to do in either place."""
    text = here.export()
    assert here.changes(text) == ()
    other.apply(text)
    assert other.export() == text
    assert other.changes(text) == ()
    assert here.changes(text) == ()
    return text


def test_C5_every_field_of_client_metadata_goes_there_and_back(configured: Configured, another: Open) -> None:
    for field in FIELDS:
        if field in UNSUPPORTED_FIELDS | ASKED_ABOUT:
            continue
        for number, metadata in enumerate(examples(field)):
            profile = "native" if field in ("allow_dotless_scheme", "native_sso_group") else "web"
            register(configured, f"{field} {number}", dict(metadata), profile)
    text = there_and_back(configured, another())
    for field in FIELDS:
        if field not in UNSUPPORTED_FIELDS | ASKED_ABOUT and field != "client_name":
            written = (f"\n{field} = ", f"\n[application.{field}]", f"\n[application.{field}.",
                       f"\n[[application.{field}]]")  # a table, or of tables  # fmt: skip
            assert any(one in text for one in written) or field == "jwks", field


def test_C5_a_field_that_does_not_work_yet_is_refused_by_a_file_as_by_every_other_door(configured: Configured) -> None:
    assert set(FIELDS) >= UNSUPPORTED_FIELDS
    for field in sorted(UNSUPPORTED_FIELDS):
        value = '"https://app.example/x"' if field.endswith(("_uri", "_endpoint")) else "true"
        value = '"RS256"' if field.endswith("_alg") else '"A256GCM"' if field.endswith("_enc") else value
        value = '"x"' if field.startswith(("tls_client_auth", "software")) else value
        text = f'[[application]]\nname = "A"\naccess = "nobody"\nredirect_uris = ["{HOME}"]\n{field} = {value}\n'
        (line,) = configured.faults(text)
        assert line.startswith(f"apps.toml:5: application “A”: {field}: "), line
        assert "not supported yet" in line, line


def test_C5_a_sector_goes_there_and_back(another: Open, texts: Texts) -> None:
    outside = {"server": {"issuer": "http://127.0.0.1:8000"}, "outbound": {"allow": [texts.origin]}}
    here, other = another(**outside), another(**outside)
    texts.text = json.dumps([HOME, "https://two.example/cb"])
    both = {"redirect_uris": [HOME, "https://two.example/cb"], "sector_identifier_uri": texts.origin + "/sector"}
    register(here, "both", {**both, "subject_type": "pairwise"})
    text = there_and_back(here, other)
    assert "sector_identifier_uri = " in text
    texts.text = "[]"
    other.provider.clock.advance(61)  # type: ignore[attr-defined]
    assert "sector_identifier_uri: cannot be read" in other.faults(text.replace("two.example/cb", "two.example/x"))[0]


@pytest.mark.parametrize("profile", PROFILES)
def test_C5_each_profile_goes_there_and_back_with_its_defaults_said_and_unsaid(
    configured: Configured, another: Open, profile: str
) -> None:
    redirects = {
        "native": {"redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/cb"]},
        "fapi2": {"jwks_uri": "https://app.example/j"},
    }.get(profile, {})
    register(configured, "plain", dict(redirects), profile)
    told = {**DEFAULTS, **PROFILES[profile].defaults, **redirects}
    register(configured, "told", {key: value for key, value in told.items() if key in FIELDS}, profile)
    client_id = register(configured, "off", dict(redirects), profile)
    configured.services.registry.disable(client_id)
    text = there_and_back(configured, another())
    assert text.count("enabled = false") == 1
    assert text.count("has_secret = true") == (3 if profile in ("web", "machine", "legacy") else 0)


SAML_VALUES: dict[str, list[Any]] = {
    "sign": ["assertion", "response", "both"],
    "encrypt": ["auto", "never", "required"],
    "name_id_format": ["email", "persistent", "none", "urn:my:format#x"],
    "attributes": [
        "default", "none", "eduperson",
        {"*": "default", "team 'x'": "groups"},
        {"mail": {"source": "email", "name_format": "uri", "friendly_name": ODD}, "Role": {"values": [ODD, "b"]}},
        {'a.b "c"': "email", "urn:oid:1.2": {"values": []}},
    ],
    "claim_rules": [
        [{"name": "role", "value": 'case("a", "b\\"c", "d")', "groups": [ODD], "not_groups": ["x"]},
         {"name": "mail", "value": "lower(email)"}],
    ],
    "require_signed_requests": [True, False],
    "signature_algorithm": ["rsa-sha512", "rsa-sha1"],
    "digest_algorithm": ["sha384", "sha1"],
    "allow_sha1": [True, False],
    "allow_cbc": [True, False],
    "default_relay_state": [ODD, "https://sp.example/?a=b#c"],
    "allow_idp_initiated": [True, False],
    "skew_seconds": [0, 600],
    "session_lifetime": [60, 31_536_000],
    "consent": ["explicit", "implicit"],
    "scoping": ["honour", "ignore"],
    "contacts": [["a@sp.example"]],
    "logo_uri": ["https://sp.example/l.png?a='b'"],
    "client_uri": ["https://sp.example/"],
    "policy_uri": ["https://sp.example/p"],
    "tos_uri": ["https://sp.example/t"],
    "launch_url": ["https://sp.example/go"],
    "description": [ODD],
}  # fmt: skip


def saml_facts(number: int, **more: Any) -> dict[str, Any]:
    pair = {"signing_certificates": [certificate()], "encryption_keys": [{"certificate": certificate()}]}
    return facts(f"https://sp.example/{number}", **pair, **more)


def test_C5_every_setting_of_a_service_provider_goes_there_and_back(configured: Configured, another: Open) -> None:
    assert set(SAML_VALUES) == set(SETTINGS)
    number = 0
    for field, values in SAML_VALUES.items():
        for value in [*values, *([SAML_DEFAULTS[field]] if field in SAML_DEFAULTS else [])]:
            number += 1
            sha1 = {"allow_sha1": True} if str(value).endswith("sha1") else {}
            metadata = {"sp_metadata": saml_facts(number), **sha1, field: value}
            draft = Draft(kind="saml", name=f"{field} {number}", metadata=metadata)
            configured.services.registry.register(draft)
    text = there_and_back(configured, another())
    written = ("\n{} = ", "\n[application.{}", "\n[[application.{}")
    assert all(any(one.format(field) in text for one in written) for field in SETTINGS)


def test_C5_every_fact_of_a_service_providers_metadata_goes_there_and_back(
    configured: Configured, another: Open
) -> None:
    here = "https://sp.example/x?a='b'"
    more: dict[str, Any] = {
        "slo": [{"binding": "urn:oasis:names:tc:SAML:2.0:bindings:SOAP", "location": here},
                {"binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect", "location": here,
                 "response_location": here}],
        "artifact_resolution": [{"index": 4, "location": here, "is_default": True}],
        "digest_methods": ["urn:d"],
        "signing_methods": [{"algorithm": "urn:s", "min_key_size": 2048}],
        "name_id_formats": ["urn:f"],
        "attribute_services": [
            {"index": 2, "is_default": True, "names": {"en": ODD},
             "requested": [{"name": "mail", "name_format": "urn:n", "required": True, "values": [ODD]}]},
            {"index": 3, "requested": []},
        ],
        "authn_requests_signed": True,
        "want_assertions_signed": True,
        "valid_until": 1_999_999_999.125,
        "entity_attributes": {"urn:oasis:names:tc:SAML:profiles:subject-id:req": ["pairwise-id"]},
        "display_names": {"en": "Wiki", "de": ODD, "": "none"},
        "descriptions": {"en": ODD},
        "privacy_statement_urls": {"en": "https://sp.example/privacy"},
        "information_urls": {"en": "https://sp.example/info"},
        "logo_uri": "https://sp.example/logo.png",
        "organization": {"en": "Wiki Ltd"},
        "contacts": [{"kind": "technical", "name": ODD, "emails": ["ann@sp.example"]}, {"kind": "other"}],
    }  # fmt: skip
    for number, (key, fact) in enumerate(more.items()):
        draft = Draft(kind="saml", name=key, metadata={"sp_metadata": saml_facts(number, **{key: fact})})
        configured.services.registry.register(draft)
    whole = Draft(kind="saml", name="whole", metadata={"sp_metadata": saml_facts(99, **more)})
    configured.services.registry.register(whole)
    there_and_back(configured, another())


def test_C5_groups_sources_notices_and_rules_go_there_and_back(configured: Configured, another: Open) -> None:
    other, now = another(), configured.services.clock()
    for here in (configured, other):
        here.provider.add_person("bo'b", None)
        here.provider.add_person("ann", None)
    db, record = configured.services.db, configured.record
    for name in ("zebra", "Ärzte & Söhne", "a 'b' \"c\" \\d", "sales"):
        groups.add(db, name, now, record=record)
    people = configured.services.directory.list()
    rule = Access.only(groups=["sales", "not there yet"], persons=[person.id for person in people])
    client_id = register(configured, "limited", {}, access=rule)
    register(configured, "shut", {}, access=Access.only())
    for number, (kind, more) in enumerate([
        ("aggregate", {"name": ODD, "defaults": {"sign": "both", "attributes": {"*": "none", "x y": "groups"}}}),
        ("mdq", {"sha1": True, "max_validity": 3 * 86_400.0, "access": rule}),
        ("aggregate", {"access": Access.only(), "max_validity": 1.5 * 86_400}),
    ]):  # fmt: skip
        url = f"https://federation.example/{number}?a='b'"
        draft = sources.SourceDraft(kind, url, (certificate(), certificate("other")), **more)
        sources.add(configured.services, draft, record=record)
    types = [
        (
            "https://bank.example/pay?x=1",
            {"properties": {"a": {"enum": [1, None, 'q"', []]}}},
            {"en": "Pay {a}"},
        ),
        ("payment", {"type": "object", "required": ["to"], "properties": {"to": {"title": ODD}}}, {}),
        ("anything", {}, {"zh-Hans": "支付 {a.b}", "de": "“{a}” 'zahlen' \\"}),
    ]
    for name, schema, told in types:
        kept.put(db, checked(name, schema, told, ("urn:x:y",) if told else ()), now, record=record)
    for host, state, policy in (
        ("agent.example", hosts.ALLOWED, Policy(scopes=("openid", "a:b"), resources=("https://api.example/a?b='c'",))),
        ("xn--bcher-kva.example", hosts.ALLOWED, Policy(scopes=())),
        ("evil.example", hosts.REFUSED, Policy()),
    ):
        hosts.decide(db, host, state, policy, by="cli:test", now=now)
    hosts.ask(db, "waits.example", "https://waits.example/c", by="", now=now)
    notices.add(db, now, ODD, "x")
    notices.add(db, now, "twice", "x", ends_at=now + 1e6)
    notices.add(db, now, "twice", "x", ends_at=now + 1e6)
    notices.add(db, now, "later", "x", starts_at=now + 1.234567891e5, ends_at=now + 9e5, place="launcher")
    notices.add(db, now, "of one", "x", client_id=client_id, place="login", starts_at=0.5)
    text = there_and_back(configured, other)
    assert "waits.example" not in text  # nobody has decided
    assert text.count('text = "twice"') == 1  # the same to whoever reads it


# -- made-up combinations --------------------------------------------------------------------------------------------

PLAIN = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp", "Cn", "Co"),
                  exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"),
    min_size=1, max_size=40,
).filter(str.strip)  # fmt: skip
NAMES = st.text(string.ascii_letters + string.digits + "._-'\"\\#=[]{}", min_size=1, max_size=12)
METADATA = st.fixed_dictionaries(
    {},
    optional={
        "description": PLAIN, "description#de": PLAIN, "software_id": PLAIN, "software_version": PLAIN,
        "default_acr_values": st.lists(PLAIN, max_size=4),
        "claims_map": st.dictionaries(NAMES.map("x".__add__), NAMES, max_size=4),
        "scope": st.lists(NAMES.filter(lambda s: not set(s) & set("\"\\")), max_size=5).map(" ".join),
        "access_token_lifetime": st.integers(30, 86_400),
        "default_max_age": st.integers(0, 31_536_000),
        "id_token_claims": st.booleans(), "require_auth_time": st.booleans(), "refresh_token_rotation": st.booleans(),
        "contacts": st.lists(st.emails().filter(lambda s: len(s) < 300), max_size=3),
        "id_token_signed_response_alg": st.sampled_from(["RS256", "ES256", "EdDSA"]),
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, template: Any) -> Any:
    from tests.backends import Clock
    from tests.provider import Provider

    server = {"issuer": "https://login.example"}
    opened = [Provider.open(tmp_path_factory.mktemp("both") / "p", Clock(), template, server=server) for _ in range(2)]
    yield [Configured(one) for one in opened]
    for one in opened:
        one.close()


@given(name=PLAIN, metadata=METADATA, later=METADATA)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_C5_whatever_was_registered_goes_there_and_back(
    both: list[Configured], name: str, metadata: dict[str, Any], later: dict[str, Any]
) -> None:
    here, other = both
    registry = here.services.registry
    client_id = registry.register(Draft(name=name, metadata={"redirect_uris": [HOME], **metadata})).client.id
    text = there_and_back(here, other)
    # Changed there, it is changed back by the file; changed here, the new file changes it there.
    other.services.registry.update(client_id, later)
    other.apply(text)
    assert other.changes(text) == ()
    assert {**registry.registered(client_id), **later} == {**other.services.registry.registered(client_id), **later}
    registry.update(client_id, later)
    changed = here.export()
    other.apply(changed)
    assert other.changes(changed) == ()
    for one in both:
        one.services.registry.remove(client_id)
