"""S4, S9, S23, S35, R1, R2: what may be registered, profile by profile, and the messages where it may not."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from clients.errors import InvalidMetadata
from clients.metadata import FIELDS, parse_setting
from clients.profiles import PROFILES, complete, describe
from clients.rules import find_warnings, validate
from clients.unsupported import UNSUPPORTED

CALLBACK = {"redirect_uris": ["https://crm.example/cb"]}
NEEDED: dict[str, dict[str, Any]] = {
    "web": CALLBACK,
    "spa": CALLBACK,
    "native": {"redirect_uris": ["com.example.app:/cb"]},
    "machine": {},
    "legacy": CALLBACK,
}


def _number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes((value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def _rsa(bits: int = 2048) -> dict[str, Any]:
    numbers = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e), "kid": "1"}


def _ec() -> dict[str, Any]:
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": _number(numbers.x), "y": _number(numbers.y)}


def problems(profile: str, said: dict[str, Any], **options: bool) -> dict[str, str]:
    with pytest.raises(InvalidMetadata) as refused:
        validate(profile, said, **options)
    return {problem.field: problem.message for problem in refused.value.problems}


def completed(profile: str, **said: Any) -> dict[str, Any]:
    return complete(PROFILES[profile], validate(profile, {**NEEDED[profile], **said}))


# -- profiles ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "method", "grants", "pkce", "alg", "consent"),
    [
        ("web", "client_secret_basic", ["authorization_code", "refresh_token"], True, "RS256", "implicit"),
        ("spa", "none", ["authorization_code", "refresh_token"], True, "ES256", "implicit"),
        ("native", "none", ["authorization_code", "refresh_token"], True, "ES256", "explicit"),
        ("machine", "client_secret_basic", ["client_credentials"], True, "RS256", "implicit"),
        ("legacy", "client_secret_basic", ["authorization_code", "refresh_token"], False, "RS256", "implicit"),
    ],
)
def test_R2_a_profile_alone_gives_a_complete_client(
    profile: str, method: str, grants: list[str], pkce: bool, alg: str, consent: str
) -> None:
    values = completed(profile)
    assert values["token_endpoint_auth_method"] == method
    assert values["grant_types"] == grants
    assert values["require_pkce"] is pkce
    assert values["id_token_signed_response_alg"] == alg
    assert values["consent"] == consent
    assert values["access_token_format"] == "opaque"
    assert values["response_types"] == ([] if profile == "machine" else ["code"])


@pytest.mark.parametrize(
    ("profile", "said", "field"),
    [
        ("web", {"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ("web", {"require_pkce": False}, "require_pkce"),
        ("legacy", {"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ("spa", {"require_pkce": False}, "require_pkce"),
        ("spa", {"refresh_token_rotation": False}, "refresh_token_rotation"),
        ("spa", {"refresh_token_absolute": 86_401}, "refresh_token_absolute"),
        ("spa", {"token_endpoint_auth_method": "client_secret_basic"}, "token_endpoint_auth_method"),
        ("spa", {"grant_types": ["authorization_code", "client_credentials"]}, "grant_types"),
        ("native", {"require_pkce": False}, "require_pkce"),
        ("native", {"refresh_token_rotation": False}, "refresh_token_rotation"),
        ("native", {"grant_types": ["client_credentials"]}, "grant_types"),
        ("native", {"application_type": "web"}, "application_type"),
        ("web", {"application_type": "native"}, "application_type"),
        ("machine", CALLBACK, "redirect_uris"),
        ("machine", {"post_logout_redirect_uris": ["https://crm.example/"]}, "post_logout_redirect_uris"),
        ("machine", {"grant_types": ["authorization_code"]}, "grant_types"),
        ("machine", {"token_endpoint_auth_method": "none"}, "token_endpoint_auth_method"),
        ("machine", {"scope": "openid api"}, "scope"),
    ],
)
def test_S4_S9_S23_a_profiles_rules_cannot_be_left(profile: str, said: dict[str, Any], field: str) -> None:
    assert field in problems(profile, {**NEEDED[profile], **said})


def test_S23_a_browser_app_gets_no_offline_access_and_a_day_at_most() -> None:
    values = completed("spa")
    assert "offline_access" not in values["scope"].split()
    assert values["refresh_token_absolute"] == 86_400


def test_a_browser_apps_origins_come_from_its_redirect_uris() -> None:
    uris = ["https://app.example/cb", "https://app.example:443/b", "https://b.example:8443/cb"]
    assert completed("spa", redirect_uris=uris)["allowed_origins"] == ["https://app.example", "https://b.example:8443"]
    assert completed("spa", allowed_origins=["https://c.example/"])["allowed_origins"] == ["https://c.example"]
    assert "allowed_origins" not in completed("web")


def test_S53_fapi2_takes_keys_alone_and_none_of_its_rules_can_be_left() -> None:
    assert "private_key_jwt needs" in problems("fapi2", CALLBACK)["jwks"]
    keys = {**CALLBACK, "jwks_uri": "https://crm.example/jwks"}
    assert validate("fapi2", keys)
    for field, value in (
        ("token_endpoint_auth_method", "client_secret_basic"), ("require_pkce", False),
        ("require_pushed_authorization_requests", False), ("dpop_bound_access_tokens", False),
        ("id_token_signed_response_alg", "RS256"), ("client_assertion_audience", "legacy"),
    ):  # fmt: skip
        assert "profile fapi2" in problems("fapi2", {**keys, field: value})[field], field


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    assert problems("server", CALLBACK) == {
        "profile": "unknown; expected one of web, spa, native, machine, legacy, fapi2"
    }


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_describes_its_rules(profile: str) -> None:
    text = "\n".join(describe(profile))
    assert text.startswith(f"{profile}: ")
    assert "redirect URIs: " in text
    assert ("PKCE: required" in text) == (profile in ("web", "spa", "native", "fapi2"))


# -- values --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_name", ""),
        ("client_name", "x" * 201),
        ("client_name", "CRM\nSign in"),
        ("client_name", "MRC\u202e"),
        ("client_name", 5),
        ("redirect_uris", "https://crm.example/cb"),
        ("redirect_uris", [1]),
        ("redirect_uris", []),
        ("redirect_uris", ["https://crm.example/cb"] + [f"https://crm.example/{n}" for n in range(101)]),
        ("grant_types", ["magic"]),
        ("grant_types", []),
        ("token_endpoint_auth_method", "magic"),
        ("response_modes", []),
        ("scope", ["openid"]),
        ("scope", 'say "hello"'),
        ("contacts", ["nobody"]),
        ("logo_uri", "http://crm.example/logo.png"),
        ("logo_uri", "javascript:alert(1)"),
        ("launch_url", "javascript:alert(1)"),
        ("policy_uri", "data:text/html,x"),
        ("initiate_login_uri", "http://crm.example/login"),
        ("backchannel_logout_uri", "http://crm.example/logout"),
        ("backchannel_logout_uri", "https://crm.example/logout#x"),
        ("backchannel_logout_session_required", "true"),
        ("jwks_uri", "file:///etc/passwd"),
        ("access_token_format", "saml"),
        ("access_token_lifetime", 29),
        ("access_token_lifetime", 600.5),
        ("access_token_lifetime", True),
        ("refresh_token_idle", 31_536_001),
        ("default_max_age", -1),
        ("resources", ["api"]),
        ("resources", ["https://api.example/#x"]),
        ("allowed_origins", ["https://crm.example/path"]),
        ("allowed_origins", ["null"]),
        ("allowed_origins", ["*"]),
        ("claims_map", {"sub": "email"}),
        ("claims_map", {"aud": "x"}),
        ("claims_map", {"dept": 5}),
        ("claims_map", ["dept"]),
        ("id_token_signed_response_alg", "HS256"),
        ("userinfo_signed_response_alg", "none"),
        ("consent", "never"),
        ("client_assertion_audience", "any"),
        ("post_logout_redirect_uris", ["javascript:alert(1)"]),
        ("post_logout_redirect_uris", ["http://crm.example/"]),
    ],
)
def test_S35_every_value_is_checked(key: str, value: Any) -> None:
    assert key in problems("web", {**CALLBACK, key: value})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("client_name#de", "Kundenverwaltung"),
        ("client_name#zh-Hant-TW", "客戶"),
        ("policy_uri#fr", "https://crm.example/fr/policy"),
        ("contacts", ["it@crm.example"]),
        ("software_id", "4NRB1-0XZABZI9E6-5SM3R"),
        ("default_max_age", 0),
        ("default_acr_values", ["urn:doorward:acr:2"]),
        ("backchannel_logout_uri", "https://crm.example/logout?tenant=1"),
        ("backchannel_logout_session_required", True),
        ("grant_types", ["authorization_code", "refresh_token", "client_credentials"]),
        ("response_types", ["code"]),
        ("subject_type", "public"),
        ("userinfo_signed_response_alg", "ES256"),
        ("resources", ["https://api.example/v1", "urn:example:api"]),
        ("claims_map", {"https://crm.example/dept": "department"}),
        ("token_endpoint_auth_method", "client_secret_post"),
        ("frontchannel_logout_session_required", False),
        ("require_pushed_authorization_requests", False),
        ("request_uris", []),
    ],
)
def test_S35_valid_values_are_taken_as_they_are(key: str, value: Any) -> None:
    assert validate("web", {**CALLBACK, key: value})[key] == value


@pytest.mark.spec("RFC7591 2.2")
@pytest.mark.parametrize("key", ["client_name#", "client_name#d", "client_name#de_DE", "scope#de", "client_name#de#fr"])
def test_only_texts_for_people_have_variants_by_language(key: str) -> None:
    assert key in problems("web", {**CALLBACK, key: "text"})


@pytest.mark.spec("RFC7591 2.1")
@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"grant_types": ["client_credentials"], "response_types": ["code"]}, "grant_types"),
        ({"grant_types": ["authorization_code"], "response_types": []}, "response_types"),
        ({"grant_types": ["refresh_token"]}, "grant_types"),
    ],
)
def test_S35_grant_types_and_response_types_go_together(said: dict[str, Any], field: str) -> None:
    assert field in problems("web", {**CALLBACK, **said})


def test_a_client_that_signs_people_in_needs_a_redirect_uri() -> None:
    assert "at least one is needed" in problems("web", {})["redirect_uris"]


def test_a_web_client_for_client_credentials_alone_needs_no_redirect_uri() -> None:
    valid = validate("web", {"grant_types": ["client_credentials"]})
    assert complete(PROFILES["web"], valid)["response_types"] == []


def test_lifetimes_of_refresh_tokens_agree() -> None:
    assert "refresh_token_idle" in problems("spa", {**CALLBACK, "refresh_token_idle": 86_401})


# -- keys ----------------------------------------------------------------------------------------------------------

BY_KEY = {**CALLBACK, "token_endpoint_auth_method": "private_key_jwt"}


def test_private_key_jwt_needs_public_keys() -> None:
    assert "jwks_uri or jwks" in problems("web", BY_KEY)["jwks"]
    validate("web", {**BY_KEY, "jwks_uri": "https://crm.example/jwks"})
    validate("web", {**BY_KEY, "jwks": {"keys": [_rsa(), _ec()]}, "token_endpoint_auth_signing_alg": "ES256"})


@pytest.mark.spec("RFC7591 2")
def test_S35_jwks_and_jwks_uri_exclude_each_other() -> None:
    said = {**BY_KEY, "jwks": {"keys": [_ec()]}, "jwks_uri": "https://crm.example/jwks"}
    assert "not both" in problems("web", said)["jwks"]


def test_a_private_key_is_refused_and_not_repeated_in_the_message() -> None:
    message = problems("web", {**BY_KEY, "jwks": {"keys": [{**_ec(), "d": "AAAA-secret"}]}})["jwks"]
    assert "private parts" in message
    assert "AAAA-secret" not in message


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": [{}]},
        {"keys": [5]},
        {"keys": {"kty": "RSA"}},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]},
        {"keys": [{"kty": ["RSA"]}]},
        {"keys": [{**_ec(), "crv": "P-192"}]},
        {"keys": [{**_ec(), "x": "not base64url!"}]},
        {"keys": [{**_ec(), "kid": 5}]},
        {"keys": [{**_ec(), "kid": "a"}, {**_ec(), "kid": "a"}]},
        {"keys": [_rsa(1024)]},
        {"keys": [_ec()] * 21},
    ],
)
def test_S35_a_key_set_that_proves_nothing_is_refused(jwks: Any) -> None:
    assert "jwks" in problems("web", {**BY_KEY, "jwks": jwks})


# -- what is not there yet -----------------------------------------------------------------------------------------

_EXAMPLES: dict[str, Any] = {
    "frontchannel_logout_uri": "https://crm.example/logout",
    "authorization_details_types": ["payment"],
}


@pytest.mark.parametrize("row", UNSUPPORTED, ids=lambda row: f"{row.field} {' '.join(sorted(row.values))}".strip())
def test_what_does_not_work_yet_is_refused_by_saying_so(row: Any) -> None:
    for value in row.values or [_EXAMPLES.get(row.field)]:
        if row.field == "profile":
            assert "is not supported yet" in problems(value, CALLBACK)["profile"]
            continue
        if value is None:
            value = next(v for v in (True, "ES256", "RSA-OAEP-256") if _is_taken(row.field, v))
        given_value = [value] if isinstance(value, str) and row.field.endswith(("types", "modes")) else value
        assert "is not supported yet" in problems("web", {**CALLBACK, row.field: given_value})[row.field]


def _is_taken(field: str, value: Any) -> bool:
    try:
        FIELDS[field].check(value, False)
    except ValueError:
        return False
    return True


# -- errors --------------------------------------------------------------------------------------------------------


@pytest.mark.spec("RFC7591 3.2.2")
def test_S35_all_problems_are_told_at_once_with_the_code_of_the_standard() -> None:
    said = {"redirect_uris": ["http://crm.example/cb"], "client_nam": "x", "scope": 5, "jwks_uri": "x"}
    with pytest.raises(InvalidMetadata) as refused:
        validate("web", said)
    assert {p.field for p in refused.value.problems} == set(said)
    assert {p.field: p.code for p in refused.value.problems}["redirect_uris"] == "invalid_redirect_uri"
    assert {p.field: p.code for p in refused.value.problems}["scope"] == "invalid_client_metadata"
    assert refused.value.code == "invalid_redirect_uri"
    with pytest.raises(InvalidMetadata) as refused:
        validate("web", {**CALLBACK, "scope": 5})
    assert refused.value.code == "invalid_client_metadata"


def test_an_unknown_key_is_refused_with_the_nearest_known_one() -> None:
    assert problems("web", {**CALLBACK, "redirect_uri": "x"}) == {
        "redirect_uri": "unknown key; did you mean redirect_uris?"
    }
    assert "did you mean" not in problems("web", {**CALLBACK, "zzzzzzzz": "x"})["zzzzzzzz"]


@given(st.dictionaries(st.one_of(st.sampled_from(sorted(FIELDS)), st.text(max_size=20)), st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
), max_size=5))  # fmt: skip
def test_S35_no_json_whatsoever_breaks_the_validation(said: dict[str, Any]) -> None:
    with contextlib.suppress(InvalidMetadata):
        json.dumps(validate("web", said))


# -- the command line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "given_text", "value"),
    [
        ("client_name", "CRM", "CRM"),
        ("client_name#de", "Kunden", "Kunden"),
        (
            "redirect_uris",
            "https://a.example/cb,https://b.example/cb",
            ["https://a.example/cb", "https://b.example/cb"],
        ),
        (
            "redirect_uris",
            "https://a.example/cb https://b.example/cb",
            ["https://a.example/cb", "https://b.example/cb"],
        ),
        ("redirect_uris", '["https://a.example/cb?a=1,2"]', ["https://a.example/cb?a=1,2"]),
        ("grant_types", "authorization_code, refresh_token", ["authorization_code", "refresh_token"]),
        ("response_types", "code id_token, code", ["code id_token", "code"]),
        ("scope", "openid,profile  email", "openid profile email"),
        ("require_auth_time", "yes", True),
        ("refresh_token_rotation", "False", False),
        ("access_token_lifetime", "600", 600),
        ("access_token_lifetime", "10m", 600),
        ("refresh_token_absolute", "14d", 1_209_600),
        ("claims_map", '{"dept": "department"}', {"dept": "department"}),
        ("jwks", '{"keys": []}', {"keys": []}),
        ("access_token_format", "jwt", "jwt"),
    ],
)
def test_R1_a_setting_is_read_from_the_command_line(key: str, given_text: str, value: Any) -> None:
    assert parse_setting(key, given_text) == value


@pytest.mark.parametrize(
    ("key", "given_text", "message"),
    [
        ("require_pkce", "maybe", "require_pkce: expected true or false"),
        ("access_token_lifetime", "soon", "access_token_lifetime: expected a number of seconds such as 600, or 10m"),
        ("claims_map", "{", "claims_map: expected an object in JSON"),
        ("redirect_uris", "[", "redirect_uris: expected a list in JSON"),
        ("acces_token_format", "jwt", "acces_token_format: unknown key; did you mean access_token_format?"),
        ("access-token-format", "jwt", "access-token-format: unknown key; did you mean access_token_format?"),
    ],
)
def test_R1_a_setting_that_cannot_be_read_is_refused_with_what_is_expected(
    key: str, given_text: str, message: str
) -> None:
    with pytest.raises(InvalidMetadata) as refused:
        parse_setting(key, given_text)
    assert str(refused.value).startswith(message)


# -- development ---------------------------------------------------------------------------------------------------


def test_S49_a_development_uri_needs_a_provider_on_loopback_and_is_flagged() -> None:
    said = {"redirect_uris": ["http://localhost:5001/cb"], "backchannel_logout_uri": "http://127.0.0.1:5001/logout"}
    assert set(problems("web", said)) == {"redirect_uris", "backchannel_logout_uri"}
    valid = validate("web", said, allow_loopback=True)
    assert [line for line in find_warnings("web", valid) if "for development only" in line]
    assert find_warnings("web", CALLBACK) == []


def test_S35_a_logo_from_another_host_is_allowed_with_a_warning() -> None:
    said = {**CALLBACK, "logo_uri": "https://cdn.example/logo.png", "policy_uri": "https://crm.example/policy"}
    assert find_warnings("web", validate("web", said)) == ["logo_uri is on another host than the redirect URIs"]


def test_a_client_without_pkce_gets_a_warning() -> None:
    assert any("PKCE" in line for line in find_warnings("legacy", CALLBACK))
