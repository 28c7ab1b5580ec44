"""What may be registered of an application that proves itself by a certificate (RFC 8705 §2). S28."""

from __future__ import annotations

from typing import Any

import pytest

from clients.certificate_names import NAMES, read_dn
from clients.profiles import PROFILES, complete
from clients.rules import find_warnings, validate
from tests.clients.test_rules import problems
from tests.oidc.certificates import pair
from tests.provider import new_key, public_jwk

HOME = {"redirect_uris": ["https://crm.example/cb"]}
DN = "tls_client_auth_subject_dn"
BY_NAME = {**HOME, "token_endpoint_auth_method": "tls_client_auth"}
BY_KEY = {**HOME, "token_endpoint_auth_method": "self_signed_tls_client_auth"}


@pytest.mark.spec("RFC 8705 2.1.2")
def test_S28_exactly_one_name_is_registered_and_only_where_it_counts() -> None:
    assert "one of tls_client_auth_subject_dn" in problems("web", BY_NAME)[DN]
    both = {**BY_NAME, DN: "CN=app", "tls_client_auth_san_dns": "app.example"}
    assert "there already" in problems("web", both)["tls_client_auth_san_dns"]
    assert "only has a meaning" in problems("web", {**HOME, DN: "CN=app"})[DN]
    assert "only has a meaning" in problems("web", {**BY_KEY, "jwks_uri": "https://x.example/j", DN: "CN=app"})[DN]
    for field, name in zip(NAMES, ("CN=app", "app.example", "spiffe://x/y", "192.0.2.7", "a@b.example"), strict=True):
        assert validate("machine", {"token_endpoint_auth_method": "tls_client_auth", field: name})[field] == name


@pytest.mark.spec("RFC 8705 2.2")
def test_S28_a_self_signed_certificate_needs_keys_and_none_other_an_algorithm() -> None:
    assert "self_signed_tls_client_auth needs" in problems("web", BY_KEY)["jwks"]
    assert validate("web", {**BY_KEY, "jwks_uri": "https://crm.example/jwks"})
    signing = {**BY_KEY, "jwks_uri": "https://crm.example/jwks", "token_endpoint_auth_signing_alg": "ES256"}
    assert problems("web", signing)["token_endpoint_auth_signing_alg"] == "only has a meaning with private_key_jwt"


#: What people paste, and a word of what they are told.
PASTED = {
    "/C=DE/O=Example/CN=app": "-nameopt RFC2253",
    "C = DE, O = Example, CN = app": "-nameopt RFC2253",
    "subject=CN=app": "subject is no attribute",
    "CN=app,O=Example, Inc.": "cannot be read",
    "CN=app,foo=bar": "foo is no attribute",
    "CN=app,C=Germany": "cannot be read",
    "app.example": "cannot be read",
    "CN=": "cannot be read",
}


@pytest.mark.parametrize("said", PASTED)
def test_S28_a_name_that_no_certificate_could_match_is_told_at_once(said: str) -> None:
    assert PASTED[said] in problems("web", {**BY_NAME, DN: said})[DN]


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("tls_client_auth_san_dns", "https://app.example"), ("tls_client_auth_san_dns", "app.example:443"),
        ("tls_client_auth_san_dns", "bücher.example"), ("tls_client_auth_san_uri", "app.example"),
        ("tls_client_auth_san_ip", "10.0.0.0/8"), ("tls_client_auth_san_ip", "app.example"),
        ("tls_client_auth_san_email", "app.example"),
    ],
)  # fmt: skip
def test_S28_other_names_have_their_form_too(field: str, said: str) -> None:
    assert field in problems("web", {**BY_NAME, field: said})


@pytest.mark.spec("RFC 4514 3")
def test_S28_one_name_may_be_written_in_many_ways() -> None:
    plain = read_dn("CN=a\\, b,OU=x+UID=y,emailAddress=a@b.example")
    for said in (
        "cn=a\\, b, ou=x+uid=y, E=a@b.example",
        "2.5.4.3=a\\2c b,UID=y+OU=x,1.2.840.113549.1.9.1=a@b.example",
        " CN=a\\, b, OU=x + UID=y, EMAILADDRESS=a@b.example ".replace(" + ", "+ "),
    ):
        assert read_dn(said) == plain
    assert read_dn("CN=A") != read_dn("CN=a")


def test_S28_a_name_in_openssls_order_is_worth_a_second_look() -> None:
    assert any("reverse order" in one for one in find_warnings("web", {**BY_NAME, DN: "C=DE,O=Example,CN=app"}))
    assert not any("reverse" in one for one in find_warnings("web", {**BY_NAME, DN: "CN=app,O=Example,C=DE"}))


@pytest.mark.parametrize("x5c", ["MII", [], ["-----BEGIN CERTIFICATE-----"], ["_-_-"], [5], ["aGVsbG8="]])
def test_S28_an_x5c_that_is_none_is_refused_when_it_is_registered(x5c: Any) -> None:
    key = {**public_jwk(new_key()), "x5c": x5c}
    assert "x5c" in problems("web", {**BY_KEY, "jwks": {"keys": [key]}})["jwks"]
    assert validate("web", {**BY_KEY, "jwks": {"keys": [pair().jwk()]}})


@pytest.mark.spec("FAPI 2.0 SP 5.3.2")
def test_S53_fapi2_is_bound_by_a_proof_or_a_certificate_and_by_one_at_least() -> None:
    keys = {**HOME, "jwks_uri": "https://crm.example/jwks"}
    bound = "tls_client_certificate_bound_access_tokens"
    for method in ("private_key_jwt", "self_signed_tls_client_auth"):
        assert validate("fapi2", {**keys, "token_endpoint_auth_method": method, bound: True})
    assert validate("fapi2", {**BY_NAME, DN: "CN=app", bound: True, "dpop_bound_access_tokens": True})
    told = problems("fapi2", {**keys, bound: False, "dpop_bound_access_tokens": False})
    assert bound in told["dpop_bound_access_tokens"]
    assert complete(PROFILES["fapi2"], keys)["dpop_bound_access_tokens"] is True
    assert complete(PROFILES["fapi2"], {**keys, bound: True})["dpop_bound_access_tokens"] is False
