"""J5: Device Bound Session Credentials (W3C draft), by a stand-in that does what the draft asks of a browser.

Debian's Chromium 156 has the names of these headers in it, but could not be brought to register a key, with software
keys switched on: it sent no request. So no browser has been tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.backends import Clock
from tests.provider import Answer, App, Browser, Provider

LASTS, SOON, UNDER_WAY = 600, 300, 60  # seconds
REGISTRATION = re.compile(r'\(ES256 RS256\);path="([^"]+)";challenge="([^"]+)"')
CHALLENGE = re.compile(r'"([^"]+)";id="([^"]+)"')


class Device:
    """What a browser that knows the draft keeps of one session."""

    def __init__(self, browser: Browser, key: Any = None, alg: str = "ES256") -> None:
        self.browser, self.alg = browser, alg
        self.key = ECKey.generate_key("P-256") if key is None else key
        self.id = self.refresh_url = self.challenge = ""

    def proof(self, challenge: str, *, jwk: bool, **claims: Any) -> str:
        header = {"alg": self.alg, "typ": "dbsc+jwt", **({"jwk": self.key.as_dict(private=False)} if jwk else {})}
        return '"' + jwt.encode(header, {"jti": challenge, **claims}, self.key, algorithms=[self.alg]) + '"'

    def register(self, offered: str, **claims: Any) -> Answer:
        """§8.4."""
        found = REGISTRATION.fullmatch(offered)
        assert found, offered
        headers = {"Secure-Session-Response": self.proof(found[2], jwk=True, **claims)}
        answer = self.browser.post(found[1], headers=headers)
        if answer.status == 200:
            self.id, self.refresh_url = answer.json["session_identifier"], answer.json["refresh_url"]
            self.challenge = self._challenge(answer)
        return answer

    def refresh(self, proof: str = "") -> Answer:
        """§8.5: with the challenge that is known; where that is too old, once more with the one that came."""
        known = {"Sec-Secure-Session-Id": f'"{self.id}"'}
        sent = {"Secure-Session-Response": proof or self.proof(self.challenge, jwk=False)}
        answer = self.browser.post(self.refresh_url, headers={**known, **sent})
        if answer.status == 403 and not proof:
            sent = {"Secure-Session-Response": self.proof(self._challenge(answer), jwk=False)}
            answer = self.browser.post(self.refresh_url, headers={**known, **sent})
        if answer.status == 200 and answer.json.get("continue", True):
            self.challenge = self._challenge(answer)
        return answer

    def _challenge(self, answer: Answer) -> str:
        found = CHALLENGE.fullmatch(answer.headers["Secure-Session-Challenge"])
        assert found
        assert found[2] == self.id
        return found[1]


@pytest.fixture
def provider(open_provider: Callable[..., Provider]) -> Provider:
    made = open_provider(session={"device_bound": True})
    made.add_person("ann")
    return made


@pytest.fixture
def crm(provider: Provider) -> App:
    return provider.add_client("CRM")


@pytest.fixture
def offered(provider: Provider, crm: App, browser: Browser) -> str:
    """What goes with the answer to the sign-in."""
    return str(browser.log_in(provider.authorize(browser, crm)).headers["Secure-Session-Registration"])


@pytest.fixture
def device(browser: Browser, offered: str) -> Device:
    made = Device(browser)
    assert made.register(offered).status == 200
    return made


def silently(provider: Provider, crm: App, browser: Browser) -> Answer:
    return provider.authorize(browser, crm, prompt="none")


def copy_of(browser: Browser) -> Browser:
    made = Browser(browser.app, browser.issuer, browser.address)
    made.cookies, made.headers = dict(browser.cookies), dict(browser.headers)
    return made


@pytest.mark.spec("DBSC 8.3")
def test_j5_a_session_that_begins_offers_to_be_bound_and_no_other_answer_does(
    provider: Provider, crm: App, browser: Browser, offered: str
) -> None:
    assert "Secure-Session-Registration" not in silently(provider, crm, browser).headers
    assert "Secure-Session-Registration" not in browser.get("profile").headers


@pytest.mark.spec("DBSC 8.4", "DBSC 9")
def test_j5_the_browser_is_told_which_cookie_it_needs(device: Device, browser: Browser) -> None:
    answer = browser.answers[-1].json
    (credential,) = answer["credentials"]
    assert browser.cookies[credential["name"]]
    assert (credential["type"], credential["attributes"]) == ("cookie", "Path=/; HttpOnly; SameSite=Lax; Secure")
    assert answer["scope"] == {"origin": browser.origin, "include_site": False, "scope_specification": []}
    assert any(line.startswith(credential["name"]) and "Max-Age=600" in line for line in browser.set_cookies)


@pytest.mark.spec("DBSC 8.5")
def test_j5_a_copy_of_all_cookies_ends_with_the_short_lived_one(
    provider: Provider, crm: App, browser: Browser, device: Device, clock: Clock
) -> None:
    assert silently(provider, crm, browser).code
    thief = copy_of(browser)
    assert silently(provider, crm, thief).code  # for minutes
    for _ in range(3):
        clock.advance(LASTS + 1)
        assert device.refresh().status == 200
        assert silently(provider, crm, browser).code
    assert silently(provider, crm, thief).error == "login_required"
    stolen = Device(thief)
    stolen.id, stolen.refresh_url, stolen.challenge = device.id, device.refresh_url, device.challenge
    assert stolen.refresh().status == 403


def test_j5_without_the_cookie_nobody_is_signed_in_and_with_it_again(
    provider: Provider, crm: App, browser: Browser, device: Device, clock: Clock
) -> None:
    assert silently(provider, crm, browser).code
    clock.advance(LASTS + 1)
    assert silently(provider, crm, browser).error == "login_required"
    assert device.refresh().status == 200
    assert silently(provider, crm, browser).code


def test_j5_an_answer_that_is_lost_and_requests_under_way_sign_nobody_out(
    provider: Provider, crm: App, browser: Browser, offered: str, clock: Clock
) -> None:
    without = copy_of(browser)
    assert Device(browser).register(offered).status == 200
    clock.advance(LASTS * 3)
    assert silently(provider, crm, without).code  # the answer never came
    on_time = copy_of(browser)
    bound = Device(on_time)
    assert bound.register(offered).status in (400, 403)  # one key, once
    provider.sign_in(browser, crm, prompt="login")
    again = Device(browser)
    assert again.register(next(h for h in _offers(browser))).status == 200
    under_way = copy_of(browser)
    under_way.cookies = {name: value for name, value in browser.cookies.items() if "_bound_" not in name}
    assert silently(provider, crm, browser).code
    assert silently(provider, crm, under_way).code
    clock.advance(UNDER_WAY)
    assert silently(provider, crm, under_way).error == "login_required"


def _offers(browser: Browser) -> list[str]:
    found = [one.headers.get("Secure-Session-Registration", "") for one in reversed(browser.answers)]
    return [one for one in found if one]


def test_j5_a_proof_is_for_one_session_once_and_young(
    provider: Provider, crm: App, browser: Browser, device: Device, clock: Clock
) -> None:
    used = device.proof(device.challenge, jwk=False)
    assert device.refresh(used).status == 200
    assert device.refresh(used).status == 403
    other = Device(browser)
    other.id, other.refresh_url = device.id, device.refresh_url
    assert device.refresh(other.proof(device.challenge, jwk=False)).status == 403
    assert device.refresh(device.proof("1.made-up", jwk=False)).status == 403
    assert device.refresh(device.proof(device.challenge, jwk=False, aud="https://elsewhere.example/")).status == 403
    late = device.challenge
    clock.advance(SOON)
    assert device.refresh(device.proof(late, jwk=False)).status == 403
    assert device.refresh().status == 200


@pytest.mark.parametrize("said", ["", "x", '"a.b.c"', '"' + "e30." * 9000 + '"'])
def test_j5_what_is_no_proof_binds_nothing(
    provider: Provider, crm: App, browser: Browser, offered: str, said: str
) -> None:
    assert browser.post("login/device/register", headers={"Secure-Session-Response": said}).status == 400
    assert browser.post("login/device/refresh", headers={"Secure-Session-Response": said}).json["continue"] is False
    assert silently(provider, crm, browser).code


def test_j5_nobody_binds_a_session_of_somebody_else(
    provider: Provider, crm: App, browser: Browser, offered: str
) -> None:
    provider.add_person("bob")
    other = provider.browser()
    provider.sign_in(other, crm, "bob")
    assert Device(other).register(offered).status == 400
    assert Device(provider.browser()).register(offered).status == 403


def test_j5_whoever_has_no_cookie_of_the_device_may_sign_out(
    provider: Provider, crm: App, browser: Browser, device: Device, clock: Clock
) -> None:
    assert silently(provider, crm, browser).code
    clock.advance(LASTS + 1)
    assert browser.get("profile").is_redirect or browser.answers[-1].is_login_page
    browser.submit(browser.get("logout"), "confirm")
    assert device.refresh().json["continue"] is False


def test_j5_rs256_and_no_weaker_key(provider: Provider, browser: Browser, offered: str) -> None:
    weak = Device(browser, RSAKey.generate_key(1024), "RS256")
    assert weak.register(offered).status == 400
    assert Device(browser, RSAKey.generate_key(2048), "RS256").register(offered).status == 200


@pytest.mark.spec("DBSC 9.3")
def test_j5_the_browser_forgets_a_session_that_has_ended(browser: Browser, device: Device) -> None:
    browser.submit(browser.get("logout"), "confirm")
    assert device.refresh().json == {"session_identifier": device.id, "continue": False}


def test_j5_a_key_is_not_asked_for_without_end(browser: Browser, device: Device) -> None:
    answers = [browser.post(device.refresh_url, headers={"Sec-Secure-Session-Id": device.id}) for _ in range(31)]
    assert [one.status for one in answers[-3:]] == [403, 429, 429]
    browser.address = "198.51.100.4"
    assert device.refresh().status == 200


def test_j5_it_costs_a_store_nothing_more(provider: Provider, crm: App, browser: Browser, device: Device) -> None:
    assert silently(provider, crm, browser).code
    sql, verbs, answer = provider.counted(lambda: silently(provider, crm, browser))
    assert (len(sql), verbs, bool(answer.code)) == (2, ["put"], True)


def test_j5_off_by_default(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider()
    provider.add_person("ann")
    browser = provider.browser()
    provider.sign_in(browser, provider.add_client("CRM"))
    assert _offers(browser) == []
    assert browser.post("login/device/refresh").status == 404
