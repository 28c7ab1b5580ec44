"""The same stories on PostgreSQL and Redis: what differs between the stores must not differ in the answers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.backends import Clock
from tests.oidc.consents import take_consent_back
from tests.provider import Provider, bearer

pytestmark = pytest.mark.slow


@pytest.fixture
def grown(open_provider: Callable[..., Provider], postgresql_url: str, redis_url: str) -> Provider:
    """A provider with both servers."""
    return open_provider(storage={"database_url": postgresql_url, "state_url": redis_url})


def test_the_whole_story_on_postgresql_and_redis(grown: Provider, clock: Clock) -> None:
    grown.add_person(groups=("sales",))
    app, robot = grown.add_client("Tool", consent="explicit"), grown.add_client("Robot", "machine", scope="a")
    browser = grown.browser()
    wrong = browser.log_in(grown.authorize(browser, app), "ann", "wrong one")
    answer = browser.submit(browser.log_in(wrong), "allow")
    tokens = grown.redeem(app, answer.code).json
    assert grown.userinfo(tokens["access_token"]).json["preferred_username"] == "ann"
    clock.advance(100)
    second = grown.refresh(app, tokens["refresh_token"]).json
    assert grown.another().refresh(app, tokens["refresh_token"]).json["refresh_token"] == second["refresh_token"]
    clock.advance(30)
    assert grown.refresh(app, tokens["refresh_token"]).error == "invalid_grant"
    assert grown.introspect(app, second["access_token"]) == {"active": False}
    again = grown.tokens(app, browser)
    clock.advance(1)
    take_consent_back(grown, browser, app)
    assert grown.userinfo(again["access_token"]).status == 401
    machine = grown.client_credentials(robot).json["access_token"]
    assert grown.revoke(robot, machine).status == 200
    assert grown.whoami(machine).status == 401
    browser.submit(browser.get("logout"), "confirm")
    assert grown.authorize(browser, app, prompt="none").error == "login_required"
    used = grown.redeem(app, answer.code)
    assert used.error == "invalid_grant"


@pytest.mark.parametrize(
    "odd", ["\x00", "dwc_0a\x00.x", "dwa_0a.\x00", "dwr_\x000a.x", "a\x00.b.c", "\ud7ff", "’", "x" * 5000]
)
def test_no_character_that_a_server_refuses_is_a_crash(grown: Provider, odd: str) -> None:
    grown.add_person()
    app, browser = grown.add_client(), grown.browser()
    for answer in (
        grown.redeem(app, odd), grown.refresh(app, odd), grown.post("oauth/introspect", app, {"token": odd}),
        grown.revoke(app, odd), grown.authorize(browser, app, client_id=odd), grown.authorize(browser, app, state=odd,
        nonce=odd),
        grown.authorize(browser, app, login_hint=odd), grown.post("oauth/revoke", None, {"client_id": odd,
        "token": odd}),
        grown.post("oauth/token", None, {"client_id": odd, "client_secret": odd, "grant_type": "client_credentials"}),
        browser.log_in(grown.authorize(browser, app), odd, odd), browser.get("oauth/userinfo",
        headers=bearer(odd.encode().decode("latin-1"))),
    ):  # fmt: skip
        assert answer.status < 500, answer.text[:300]
    browser.cookies["__Host-doorward_session"] = odd.encode().decode("latin-1")
    assert grown.authorize(browser, app, prompt="none").error in ("login_required", "invalid_request")
    odd_answer = grown.sign_in(grown.browser(), app, nonce=odd[:100], claims='{"userinfo":{"\\u0000\\ud800":null}}')
    assert grown.redeem(app, odd_answer.code).status == 200
