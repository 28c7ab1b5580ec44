"""A store goes away and comes back: what stands and falls with it, and nothing that needs a restart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.backends import PostgreSQL, Redis
from tests.provider import Answer, App, Browser, new_key
from tests.server import HttpBrowser, Server, race, running, unique

pytestmark = pytest.mark.slow

SLOWEST = 5.0  # seconds: an answer that comes later is no answer to a person who waits


@dataclass
class House:
    """A provider on PostgreSQL and Redis with somebody signed in, and somebody who was thrown out."""

    server: Server
    redis: Redis
    database: PostgreSQL
    app: App
    name: str
    browser: HttpBrowser
    tokens: dict[str, Any]
    dead: list[dict[str, Any]]  # tokens that were ended, each in another way
    signed_out: HttpBrowser


@pytest.fixture
def house(run_pid: int, own_postgresql: PostgreSQL, own_postgresql_url: str, own_redis: Redis) -> Iterator[House]:
    storage = {"database_url": own_postgresql_url, "state_url": own_redis.url}
    with running(run_pid, workers=2, storage=storage) as server:
        app, name = server.add_client(unique("CRM"), redirect_uris=["http://127.0.0.1:4180/cb"]), unique("ann")
        server.add_person(name)
        browser, signed_out = server.browser(), server.browser()
        assert isinstance(browser, HttpBrowser)
        assert isinstance(signed_out, HttpBrowser)
        revoked, left = server.tokens(app, login=name), server.tokens(app, signed_out, name)
        assert server.revoke(app, revoked["refresh_token"]).status == 200
        signed_out.get(f"oauth/logout?id_token_hint={left['id_token']}")
        other = unique("bob")
        server.add_person(other)
        disabled = server.tokens(app, login=other)
        assert server.cli("user", "disable", other).returncode == 0
        tokens = server.tokens(app, browser, name)
        time.sleep(1)  # a database that crashes may forget codes and sessions of its last moments, and nothing else
        dead = [revoked, left, disabled]
        yield House(server, own_redis, own_postgresql, app, name, browser, tokens, dead, signed_out)


def _timed(ask: Callable[[], Answer]) -> Answer:
    begun = time.monotonic()
    answer = ask()
    assert time.monotonic() - begun < SLOWEST
    return answer


def _is_refusal_page(answer: Answer) -> bool:
    """A page for people: what to do, when to come back, and an id for the help desk."""
    assert answer.status == 503, (answer.status, answer.text[:300])
    assert "Please try again in a moment" in answer.dom.text
    assert "Nothing of yours is lost" in answer.dom.text
    return bool(answer.headers["Retry-After"]) and answer.is_error_page


def _is_refusal(answer: Answer) -> bool:
    """The same for a program."""
    assert answer.status == 503, (answer.status, answer.text[:300])
    return answer.error == "temporarily_unavailable" and bool(answer.headers["Retry-After"])


def _try_to_sign_in(house: House, browser: Browser) -> Answer:
    """The login page stores nothing, so it may be shown; the password is not taken then."""
    page = _timed(lambda: house.server.authorize(browser, house.app))
    return _timed(lambda: browser.log_in(page, house.name)) if page.status == 200 else page


def _check_nothing_lives_again(house: House) -> None:
    for tokens in house.dead:
        assert house.server.introspect(house.app, tokens["access_token"]) == {"active": False}
        assert house.server.userinfo(tokens["access_token"]).status == 401
        assert house.server.refresh(house.app, tokens["refresh_token"]).error == "invalid_grant"


def _check_all_is_well(house: House) -> None:
    server, app = house.server, house.app
    assert server.authorize(house.browser, app, prompt="none").code  # the old session, without a password
    assert server.authorize(house.signed_out, app, prompt="none").error == "login_required"
    answers = race([lambda: server.introspect(app, house.tokens["access_token"])["active"]] * 50)
    assert answers == [True] * 50
    assert server.userinfo(server.tokens(app, login=house.name)["access_token"]).status == 200
    _check_nothing_lives_again(house)


@pytest.mark.parametrize("how", ["gone", "silent"])
def test_without_redis_sign_in_is_refused_and_tokens_go_on(house: House, how: str) -> None:
    server, app = house.server, house.app
    robot = server.add_client(unique("Robot"), "machine", key=new_key(), scope="jobs")
    page = server.authorize(server.browser(), app)
    spent = server.sign_in(house.browser, app).code
    first = server.redeem(app, spent).json
    unspent = server.sign_in(house.browser, app).code
    somebody = server.browser()
    (house.redis.stop if how == "gone" else house.redis.freeze)()

    shown = _try_to_sign_in(house, somebody)
    assert _is_refusal_page(shown)
    assert _is_refusal_page(_timed(lambda: server.authorize(house.browser, app)))
    assert _is_refusal(_timed(lambda: server.redeem(app, unspent)))
    assert _is_refusal(_timed(lambda: server.client_credentials(robot)))  # whether the assertion is new, nobody knows
    assert server._machine.get("healthz").status == 200
    assert server._machine.get("readyz").json == {"status": "unavailable", "failing": ["state"]}
    # An admin reads the id of the page, while it lasts.
    told = server.cli_json("audit", "show", shown.error_id, "--json")
    assert (told["code"], told["side"]) == ("store_unavailable", "doorward")

    assert server.introspect(app, house.tokens["access_token"])["active"] is True
    assert server.userinfo(house.tokens["access_token"]).status == 200
    house.tokens = _timed(lambda: server.refresh(app, house.tokens["refresh_token"])).json
    assert server.introspect(app, house.tokens["access_token"])["active"] is True
    gone = server.refresh(app, first["refresh_token"]).json
    assert server.revoke(app, gone["refresh_token"]).status == 200
    house.dead.append(gone)
    _check_nothing_lives_again(house)

    (house.redis.start if how == "gone" else house.redis.thaw)()
    _check_all_is_well(house)
    assert page.is_login_page  # a page from before the outage is still good
    assert server.redeem(app, spent).error == "invalid_grant"
    if how == "gone":  # what Redis forgot asks for one more click, and no code works twice
        assert server.redeem(app, unspent).error == "invalid_grant"


@pytest.mark.spec("RFC6749 4.1.2")
def test_a_code_used_before_redis_forgot_it_still_revokes_at_its_second_use(house: House) -> None:
    server, app = house.server, house.app
    code = server.sign_in(house.browser, app).code
    tokens = server.redeem(app, code).json
    house.redis.stop()
    house.redis.start()
    assert server.introspect(app, tokens["access_token"])["active"] is True
    assert server.redeem(app, code).error == "invalid_grant"
    assert server.introspect(app, tokens["access_token"]) == {"active": False}


def test_X14_without_the_database_every_token_path_fails_closed_and_comes_back_by_itself(house: House) -> None:
    server, app, tokens = house.server, house.app, house.tokens
    origin = {"Origin": "http://127.0.0.1:4180"}
    code = server.sign_in(house.browser, app).code
    for _ in range(2):  # every thread has a connection that will be dead
        race([lambda: server.introspect(app, tokens["access_token"])] * 50)
    paths: list[Callable[[], Answer]] = [
        lambda: server.userinfo(tokens["access_token"]),
        lambda: server.userinfo(tokens["access_token"], **origin),
        lambda: server.whoami(tokens["access_token"]),
        lambda: server.post("oauth/introspect", app, {"token": tokens["access_token"]}),
        lambda: server.post("oauth/introspect", app, {"token": tokens["refresh_token"]}, **origin),
        lambda: server.refresh(app, tokens["refresh_token"]),
        lambda: server.redeem(app, code),
        lambda: server.revoke(app, tokens["access_token"]),
        lambda: server.revoke(app, tokens["refresh_token"]),
    ]
    house.database.stop()
    try:
        for number, path in enumerate(paths * 3):
            assert _is_refusal(_timed(path)), number
        assert _is_refusal_page(_timed(lambda: server.authorize(house.browser, app)))
        assert _is_refusal_page(_try_to_sign_in(house, server.browser()))
        time.sleep(5.5)  # also when the registry's snapshots have run out
        for number, path in enumerate(paths):
            assert _is_refusal(_timed(path)), number
        assert _is_refusal_page(_timed(lambda: server.authorize(house.browser, app)))
        assert server._machine.get("healthz").status == 200
        assert server._machine.get("readyz").json["failing"][0] == "database"
    finally:
        house.database.start()
    # At once, on every connection, reading or writing: nobody restarts anything.
    refreshed = race([lambda: server.refresh(app, tokens["refresh_token"])] * 50)
    assert [a.status for a in refreshed] == [200] * 50
    assert server.introspect(app, refreshed[0].json["access_token"])["active"] is True  # no revocation was claimed
    _check_all_is_well(house)


def test_a_database_that_restarts_between_two_requests_costs_nobody_an_error(house: House) -> None:
    """Each thread finds its connection dead, and opens another before anything has been asked on it."""
    server, app = house.server, house.app
    pages = [(browser := server.browser(), server.authorize(browser, app)) for _ in range(4)]
    held = [server.tokens(app, house.browser, house.name) for _ in range(8)]
    race([lambda: server.introspect(app, house.tokens["access_token"])] * 50)
    time.sleep(1)
    for _ in range(3):
        house.database.stop()
        house.database.start()
        held = [a.json for a in race([lambda t=t: server.refresh(app, t["refresh_token"]) for t in held])]  # type: ignore[misc]
        assert all("access_token" in answer for answer in held), held
    house.database.stop()
    house.database.start()
    assert all(a.code for a in race([lambda b=b, p=p: b.log_in(p, house.name) for b, p in pages]))  # type: ignore[misc]
    house.database.stop()
    house.database.start()
    assert server.revoke(app, held[0]["refresh_token"]).status == 200
    _check_all_is_well(house)
