"""Q2: the rules as a table: what was counted, and what it is called. Pure values, no provider."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clients.client import Client
from idp.answers.symptoms.evidence import Count, Evidence, Key, Refusal
from idp.answers.symptoms.judging import judge
from idp.answers.symptoms.rules import RULES
from tests.provider import Provider
from tests.saml.relying import register

NOW = 1_800_001_800.0  # half past
HOUR, DAY = 3600.0, 86_400.0
#: What an application does with which nothing is wrong.
WELL = {"code": 50, "authorization_code": 50, "userinfo": 50, "refresh_token": 40, "logout": 5}


def counted(**many: int) -> Mapping[str, Count]:
    """So many of each kind in each of the last two hours... the first a month ago."""
    slots = [int(NOW // HOUR) - 1, int(NOW // HOUR)]
    return {
        kind: Count(n, NOW - 30 * DAY, NOW - 60, {slots[0]: n // 2, slots[1]: n - n // 2})
        for kind, n in many.items() if n
    }  # fmt: skip


def refusal(code: str, times: int = 5, **more: Any) -> Refusal:
    return replace(Refusal(code, code, "E-22222-22222", times, NOW - HOUR, NOW - 10, "198.51.100.20"), **more)


KEY = Key("k2", True, "missing", NOW - DAY)
#: A symptom, and the least that shows it beside an application that is well.
SHOWN: Mapping[str, dict[str, Any]] = {
    "codes_never_redeemed": {"counts": {"authorization_code": 0, "userinfo": 0, "refresh_token": 0}},
    "some_codes_unredeemed": {"counts": {"authorization_code": 40}},
    "pkce_in_some": {"refusals": (refusal("pkce_verifier", 1),)},
    "pkce_in_all": {"counts": {"authorization_code": 0, "code": 0}, "refusals": (refusal("pkce_verifier"),)},
    "codes_twice": {"refusals": (refusal("code_used"),)},
    "sign_in_loop": {"counts": {"loop": 4}},
    "refresh_token_reused": {"counts": {"refresh_reused": 1}},
    "refresh_from_two_addresses": {"counts": {"refresh_two_places": 3}},
    "signed_out_at_token_end": {"counts": {"at_end": 5, "refresh_token": 0}},
    "silent_without_cookie": {"counts": {"silent_no_cookie": 5}},
    "silent_signed_out": {"counts": {"silent_no_session": 20}},
    "key_not_fetched": {"keys": (KEY,)},
    "old_secret_in_use": {"old_secret": (NOW - 60, NOW + 2 * DAY)},
    "introspects_others": {"counts": {"introspected_other": 3}},
    "artifacts_unresolved": {"counts": {"artifact": 3}},
    "logout_untold": {"refusals": (refusal("logout_not_delivered"),)},
    "only_errors": {
        "refusals": (refusal("secret_wrong", since=NOW - 30),), "now": NOW + 700,
        "changes": ((NOW - 65, "update client_secret"),),
    },
    "userinfo_never": {"counts": {"userinfo": 0}},
    "refreshes_too_often": {"counts": {"refresh_early": 30}},
    "offline_access_unused": {"counts": {"offline": 5, "refresh_token": 0}},
    "tokens_not_kept": {"counts": {"client_credentials": 400}},
    "asks_anew_always": {"counts": {"anew": 50}},
    "documents_not_kept": {"counts": {"discovery": 50}},
    "ends_at_consent": {"counts": {"consent_page": 10, "agreed": 2}},
    "logout_never": {"counts": {"logout": 0}},
}  # fmt: skip


@pytest.fixture
def client(provider: Provider) -> Client:
    return provider.add_client("CRM").client


def evidence(client: Client, counts: Mapping[str, int] | None = None, **more: Any) -> Evidence:
    found = Evidence(
        client=client, now=NOW, counts=counted(**{**WELL, **(counts or {})}), issuer="https://login.example"
    )
    return replace(found, **more)


def test_Q2_an_application_that_is_well_has_no_symptom(client: Client) -> None:
    assert judge(evidence(client)) == ()
    assert judge(replace(evidence(client), counts={})) == ()


def test_Q2_each_symptom_is_shown_by_the_least_that_makes_it_and_says_what_to_do(client: Client) -> None:
    for code, shown in SHOWN.items():
        found = {one.code: one for one in judge(evidence(client, **shown))}
        assert code in found, (code, found.keys())
        one = found[code]
        assert one.causes, code
        assert all(len(part) > 2 for cause in one.causes for part in (cause.what, cause.tell, cause.fix)), code
        assert (one.side, bool(one.field), one.times > 0, one.since > 0) == (one.side, True, True, True), code
        assert one.last_at >= one.since, code


@pytest.mark.parametrize(
    ("counts", "more"),
    [
        ({"authorization_code": 48}, {}),  # two people closed the tab
        ({"code": 2, "authorization_code": 0}, {}),  # two are none yet
        ({"loop": 2}, {}), ({"at_end": 2}, {}), ({"refresh_two_places": 2}, {}), ({"introspected_other": 2}, {}),
        ({"silent_no_cookie": 5, "silent_code": 5}, {}),  # most do find a session
        ({"silent_no_cookie": 500, "code": 0, "authorization_code": 0, "userinfo": 0, "refresh_token": 0}, {}),
        ({"client_credentials": 90}, {}), ({"consent_page": 10, "agreed": 9}, {}), ({"anew": 5}, {}),
        ({"refresh_early": 5}, {}), ({"artifact": 5, "resolved": 5}, {}), ({"discovery": 10}, {}),
        ({}, {"keys": (replace(KEY, state="seen"),)}), ({}, {"keys": (replace(KEY, is_active=False),)}),
        ({}, {"refusals": (refusal("secret_wrong"),)}),  # strangers, beside people who get in
        ({}, {"refusals": (refusal("pkce_verifier", last_at=NOW - 2 * DAY),)}),
    ],
)  # fmt: skip
def test_Q2_what_is_too_little_or_has_a_harmless_reason_is_no_symptom(
    client: Client, counts: dict[str, int], more: dict[str, Any]
) -> None:
    assert judge(evidence(client, counts, **more)) == ()


def test_Q2_what_began_just_now_may_be_under_way(client: Client) -> None:
    young = {"code": Count(9, NOW - 10, NOW - 1, {int(NOW // HOUR): 9})}
    assert judge(replace(evidence(client), counts=young)) == ()
    old = {"code": Count(9, NOW - 40, NOW - 1, {int(NOW // HOUR): 9})}
    assert [one.code for one in judge(replace(evidence(client), counts=old))] == ["codes_never_redeemed"]


def test_Q2_some_that_were_lost_yesterday_are_no_symptom_when_it_is_well_again(client: Client) -> None:
    hour = int(NOW // HOUR)
    counts = {
        "code": Count(60, NOW - DAY, NOW, {hour - 5: 30, hour: 30}),
        "authorization_code": Count(45, NOW - DAY, NOW, {hour - 5: 15, hour: 30}),
        "userinfo": Count(45, NOW - DAY, NOW, {hour: 45}),
    }
    assert "some_codes_unredeemed" not in {one.code for one in judge(replace(evidence(client), counts=counts))}


def test_Q2_a_service_provider_that_loops_is_told_by_what_we_know_of_its_certificate(provider: Provider) -> None:
    wiki = register(provider)
    seen = replace(evidence(wiki), counts=counted(response=30, loop=5, logout=3))
    found = {one.code: one for one in judge(seen)}
    assert found["saml_loop"].field == "audience"  # both are signed, and nobody knows more
    found = {one.code: one for one in judge(replace(seen, keys=(KEY,)))}
    assert found["saml_loop"].field == "certificate"
    assert "last fetched our metadata at" in found["saml_loop"].got
    (clock,) = [one for one in judge(replace(seen, sent={"clock": "4 minutes behind"})) if one.code == "saml_loop"]
    assert clock.field == "clock"
    assert "4 minutes behind" in clock.causes[0].what


def test_Q2_every_symptom_has_its_rule_in_the_table_and_its_words_in_the_document() -> None:
    room = Path(__file__).parents[3] / "idp" / "answers" / "symptoms" / "rules"
    text = "".join(file.read_text() for file in room.glob("*.py"))
    codes = {*re.findall(r'code="([a-z_0-9]+)"', text), "refresh_token_reused", "refresh_from_two_addresses"}
    document = (Path(__file__).parents[3] / "docs" / "symptoms.md").read_text()
    assert codes == set(re.findall(r"^## (\w+)$", document, re.MULTILINE))
    assert codes - SHOWN.keys() == {"origin_unknown", "saml_loop"}  # these have tests of their own
    assert len(RULES) == len(set(RULES))


def test_Q2_each_command_of_a_fix_takes_what_it_is_told(client: Client, provider: Provider) -> None:
    """The options that are whole are registered as they stand."""
    wiki = register(provider)
    cases = [evidence(client, **shown) for shown in SHOWN.values()]
    cases.append(replace(evidence(wiki), counts=counted(response=30, loop=5)))
    tried = set()
    for seen in cases:
        for cause in (cause for one in judge(seen) for cause in one.causes):
            for words in re.findall(rf"doorward client set {seen.client.id} ([^;.,…]+=[^;.…]*)", cause.fix):
                for name, value in re.findall(r"(\w+)\+?=(\S+?)(?=[,.]?(?:\s|$))", words):
                    given = {"true": True, "false": False}.get(value, value)
                    given = int(value) if value.isdigit() else given
                    given = value.split(",") if name in ("grant_types", "resources", "allowed_origins") else given
                    provider.services.registry.preview(seen.client.id, {name: given})
                    tried.add(name)
    assert {"id_token_claims", "access_token_lifetime", "consent", "refresh_token_rotation"} <= tried
