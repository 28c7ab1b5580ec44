"""What applications that registered themselves make us do and read: little, and nothing inside. S35, S42, X4."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from idp import reach
from idp.http import Outbound
from idp.oidc import encryption
from idp.oidc.registration.registering import CHANGES_AN_HOUR, TRIES_A_MINUTE
from tests.backends import Clock
from tests.oidc.test_registration import GOOD, initial, manage, registered, send
from tests.provider import Provider, new_key, public_jwk

READS: dict[str, Any] = {
    "jwks_uri": "https://10.0.0.1/jwks", "id_token_encrypted_response_alg": "RSA-OAEP-256",
}  # fmt: skip


def test_s35_tries_of_a_registration_token_are_paced_by_address(provider: Provider) -> None:
    told = registered(provider)
    for _ in range(TRIES_A_MINUTE):
        last = manage(provider, told, token="dwc_wrong")
    assert last.status == 429
    assert last.headers["Retry-After"] == "60"
    assert manage(provider, told).status == 429  # before anything is looked up


def test_s35_changes_of_one_application_are_paced(provider: Provider, clock: Clock) -> None:
    """Each has every process read all applications anew."""
    told = registered(provider)
    for n in range(CHANGES_AN_HOUR + 1):
        answer = manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"], "client_name": f"Shop {n}"})
        if answer.status == 200:
            told = answer.json
    assert (answer.status, answer.headers["Retry-After"]) == (429, "3600")
    assert manage(provider, told).json["client_name"] == f"Shop {CHANGES_AN_HOUR - 1}"
    clock.advance(3601)
    assert manage(provider, told, "PUT", {**GOOD, "client_id": told["client_id"]}).status == 200


@pytest.mark.parametrize("read", [READS, {"subject_type": "pairwise", "sector_identifier_uri": "https://10.0.0.1/x"}])
def test_s35_two_registrations_at_a_time_are_read_for_and_the_next_may_come_again(
    provider: Provider, read: dict[str, Any]
) -> None:
    slots = provider.services.part(reach.Slots)
    token, told = initial(provider), registered(provider)
    before = len(provider.events("client:register"))
    assert [slots.take() for _ in range(reach.AT_ONCE)] == [True] * reach.AT_ONCE
    answers = [
        send(provider, token, {**GOOD, **read}),
        manage(provider, told, "PUT", {**GOOD, **read, "client_id": told["client_id"]}),
    ]
    for answer in answers:
        assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
    assert len(provider.events("client:register")) == before
    assert send(provider, token, GOOD).status == 201  # what reads nothing takes no place
    for _ in range(reach.AT_ONCE):
        slots.give_back()
    for _ in range(reach.AT_ONCE + 1):  # each gives its place back, also where it was refused
        assert send(provider, token, {**GOOD, **read}).status in (201, 400)


def test_s42_a_stranger_is_not_waited_for_and_the_settings_exceptions_are_not_theirs() -> None:
    ours = Outbound(["http://127.0.0.1:9"], timeout=60, resolver=lambda *_: ["127.0.0.1"])
    assert ours.for_strangers._timeout < 2
    assert not ours.for_strangers._allow
    assert Outbound(timeout=0.1).for_strangers._timeout == 0.1


def test_s35_what_a_stranger_publishes_is_read_once_in_a_while(provider: Provider, clock: Clock) -> None:
    asked: list[str] = []
    outbound = Outbound(resolver=lambda host, port: asked.append(host) or [])  # type: ignore[func-returns-value]
    services = replace(provider.services, outbound=outbound)
    values = {**READS, "jwks_uri": "https://shop.example/jwks"}
    for _ in range(3):
        list(encryption.problems(services, {**values, "self_registered": True}))
    assert asked == ["shop.example"]
    clock.advance(31)
    list(encryption.problems(services, {**values, "self_registered": True}))
    assert len(asked) == 2
    for _ in range(2):  # an admin's look is another's, and asks each time: it may have been mended since
        list(encryption.problems(services, values))
    assert len(asked) == 4


def test_s35_of_a_key_what_no_standard_knows_is_left_out(provider: Provider) -> None:
    key = public_jwk(new_key())
    told = registered(
        provider, token_endpoint_auth_method="private_key_jwt", jwks={"keys": [{**key, "junk": "x" * 5000}], "more": 1}
    )
    assert told["jwks"] == {"keys": [key]}
    shown = send(provider, initial(provider), {**GOOD, "jwks": {"keys": [{**key, "d": "AAAA"}]}})
    assert "private parts" in shown.json["error_description"]
