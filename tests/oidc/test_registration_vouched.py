"""What an admin says by an initial access token of all that comes by it, and none can say of itself. S35, S31, S42."""

from __future__ import annotations

import json
from typing import Any

import pytest

from clients.errors import InvalidMetadata
from clients.self_registered.policy import LEGACY, Policy
from tests.oidc.test_client_auth import by_assertion
from tests.oidc.test_registration import GOOD, app_of, initial, manage, registered, send
from tests.oidc.test_request_objects import Texts, ask, made, outside, texts
from tests.provider import App, Provider, new_key, public_jwk

__all__ = ["outside", "texts"]


def keyed(provider: Provider, token: str, **more: Any) -> tuple[App, dict[str, Any]]:
    """An application that registered itself with a key; and what it was told."""
    key = new_key()
    said = {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [public_jwk(key)]}, **more}
    told = registered(provider, token, **said)
    return App(app_of(provider, told).client, None, key), {**GOOD, **said, **told}


@pytest.mark.spec("RFC10070 aud")
def test_s35_s31_only_a_token_lets_old_assertions_in(provider: Provider) -> None:
    """The request itself cannot ask for it, at its registration or later."""
    for allowed, expected in (((), 401), (("client_assertion_audience",), 400)):
        token = initial(provider, legacy=allowed)
        app, told = keyed(provider, token, client_assertion_audience="legacy")
        for _ in range(2):  # and again once it has changed itself (RFC 7592 §2.2)
            old = provider.assertion(app, aud=provider.issuer + "/oauth/token")
            answer = by_assertion(provider, old)  # its grant is another: 400 says that it proved itself
            assert answer.status == expected, answer.text
            body = {key: value for key, value in told.items() if key in (*GOOD, "client_id", "jwks")}
            body |= {"token_endpoint_auth_method": "private_key_jwt", "client_assertion_audience": "legacy"}
            changed = manage(provider, told, "PUT", {**body, "client_name": "Other"})
            assert changed.status == 200, changed.text
            told = {**told, **changed.json}


def test_s35_what_comes_by_a_vouched_token_is_no_stranger_and_stays_none(provider: Provider) -> None:
    for vouched in (False, True):
        told = registered(provider, initial(provider, vouched=vouched))
        changes = {**GOOD, "client_id": told["client_id"], "redirect_uris": ["https://shop.example/new"]}
        for _ in range(2):
            metadata = provider.services.registry.get(told["client_id"]).metadata
            assert bool(metadata.get("self_registered")) is not vouched
            assert metadata["consent"] == "explicit"  # people are asked all the same
            told = manage(provider, told, "PUT", changes).json


def test_s35_s42_an_address_inside_is_called_where_an_admin_vouches_and_has_let_it_be_called(
    outside: Provider, texts: Texts
) -> None:
    uri = texts.origin + "/request"
    for vouched in (False, True):
        token = initial(outside, vouched=vouched, hosts=("*.example",))
        app, _ = keyed(outside, token, request_uris=[uri], request_object_signing_alg="ES256")
        texts.text = made(outside, app, redirect_uri=GOOD["redirect_uris"][0], scope="openid")
        answer = ask(outside.browser(), app, request_uri=uri, redirect_uri=GOOD["redirect_uris"][0])
        assert answer.is_login_page is vouched, answer.text
        assert texts.asked == int(vouched)  # X4


@pytest.mark.spec("OIDC-Registration 5")
def test_s48_the_list_of_a_sector_is_read_for_each_that_registers(outside: Provider, texts: Texts) -> None:
    """What it said a moment ago to another says nothing now."""
    token, uri = initial(outside, vouched=True, hosts=("*.example",)), texts.origin + "/sector"
    for listed, status in (([*GOOD["redirect_uris"]], 201), (["https://other.example/cb"], 400)):
        texts.text = json.dumps(listed)
        answer = send(outside, token, {**GOOD, "subject_type": "pairwise", "sector_identifier_uri": uri})
        assert answer.status == status, answer.text
    assert answer.error == "invalid_client_metadata"


@pytest.mark.spec("OIDC-Core 6.2")
def test_a_hash_that_is_not_of_what_stands_there_is_passed_over_for_old_libraries_alone(
    outside: Provider, texts: Texts
) -> None:
    uri = f"{texts.origin}/request#{'A' * 43}"
    for switch in ("checked", "ignored"):
        app = outside.add_client(switch, key=new_key(), request_uris=[uri], request_uri_hash=switch)
        outside.clock.advance(61)
        texts.text = made(outside, app)
        answer = ask(outside.browser(), app, request_uri=uri, redirect_uri=app.redirect_uri)
        assert answer.is_login_page is (switch == "ignored")
    # It must still be signed by the application.
    outside.clock.advance(61)
    texts.text = made(outside, app, key=new_key("other"))
    assert ask(outside.browser(), app, request_uri=uri, redirect_uri=app.redirect_uri).error == "invalid_request_object"


@pytest.mark.parametrize("wrong", [{"legacy": ("require_pkce",)}, {"legacy": tuple(LEGACY), "profiles": ("fapi2",)}])
def test_s53_nothing_else_is_let_in_and_nothing_for_fapi2(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidMetadata, match="legacy"):
        Policy(**wrong).checked()
    assert Policy(legacy=tuple(LEGACY)).checked()
