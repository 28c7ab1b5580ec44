"""What lies on the disk and in the log after a whole story: no secret in clear. S17, S18, X27."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backends import Clock
from tests.provider import PASSWORD, VERIFIER, Provider, new_key

#: Parts of a bearer value that name a row and open nothing.
PREFIXES = ("dwc_", "dwa_", "dwr_")


def whole_story(provider: Provider, clock: Clock) -> dict[str, str]:
    """Everything that makes or takes a secret, once; answers each secret by what it is."""
    secrets: dict[str, str] = {"password": PASSWORD, "verifier": VERIFIER}
    provider.add_person()
    browser = provider.browser()
    web = provider.add_client("Web", consent="explicit", scope="openid profile offline_access")
    jwt_app = provider.add_client("Jwt", access_token_format="jwt")
    robot = provider.add_client("Robot", "machine", scope="a", key=new_key())
    secrets["client secret"] = web.secret or ""
    secrets["second client secret"] = provider.services.registry.add_secret(web.id, keep_old_for=3600)
    page = provider.authorize(browser, web, scope="openid offline_access")
    page = browser.log_in(page, "ann", "wrong-password-typed")
    secrets["wrong password"] = "wrong-password-typed"
    answer = browser.submit(browser.log_in(page, stay="1"), "allow")
    secrets["code"] = answer.code
    secrets["session"] = browser.cookie("session")
    secrets["browser"] = browser.cookie("browser")
    secrets["device"] = browser.cookie("device")
    provider.redeem(web, answer.code, code_verifier="w" * 50)  # fails, and must leave nothing either
    tokens = provider.redeem(web, answer.code).json
    secrets |= {f"first {name}": str(tokens[name]) for name in ("access_token", "refresh_token", "id_token")}
    clock.advance(40)
    renewed = provider.refresh(web, tokens["refresh_token"]).json
    secrets |= {f"second {name}": str(renewed[name]) for name in ("access_token", "refresh_token", "id_token")}
    secrets["unused code"] = provider.authorize(browser, web, scope="openid").code
    secrets["jwt access token"] = provider.tokens(jwt_app, browser)["access_token"]
    secrets["assertion"] = provider.assertion(robot)
    from tests.provider import assertion_form

    form = assertion_form(secrets["assertion"])
    for _ in range(2):
        provider.post("oauth/token", None, {"grant_type": "client_credentials", **form})
    provider.userinfo(renewed["access_token"])
    provider.userinfo(renewed["access_token"] + "x")
    provider.introspect(web, renewed["refresh_token"])
    provider.refresh(web, tokens["refresh_token"])  # reuse: revokes, with an event
    provider.redeem(web, answer.code)
    provider.revoke(web, renewed["refresh_token"])
    provider.post(
        "oauth/token", None, {"grant_type": "client_credentials", "client_id": web.id, "client_secret": web.secret}
    )
    provider.authorize(browser, web, redirect_uri="https://evil.example/")
    browser.submit(browser.get("logout"), "confirm")
    return secrets


def parts_of(value: str) -> list[str]:
    """The parts of a value that alone would be enough for a thief."""
    if value.count(".") == 2:
        return [value, value.rpartition(".")[0], value.rpartition(".")[2]]
    return [value, value.rpartition(".")[2]]


def test_S17_S18_no_secret_lies_in_clear_on_the_disk(provider: Provider, clock: Clock) -> None:
    secrets = whole_story(provider, clock)
    path = Path(str(provider.services.db.url).removeprefix("sqlite:///"))
    files = [file.read_bytes() for file in path.parent.iterdir() if file.name != "master.key"]
    dump = "\n".join(sqlite3.connect(path).iterdump()).encode()
    assert b"session:started" in dump  # the story is there
    for what, value in secrets.items():
        for part in parts_of(value):
            assert len(part) >= 16 or what in ("wrong password",), what
            assert part.encode() not in dump, what
            assert not [file for file in files if part.encode() in file], what


def test_S18_neither_secrets_nor_hashes_travel_in_what_is_shown_of_a_client(provider: Provider) -> None:
    app = provider.add_client("Web")
    hashes = [secret.hash for secret in app.client.secrets]
    assert hashes
    shown = repr(provider.services.registry.get(app.id)) + repr(provider.services.registry.list())
    assert not [value for value in [*hashes, app.secret or ""] if value in shown]


def test_no_secret_reaches_the_log_at_any_level(
    open_provider: Callable[..., Provider],
    clock: Clock,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = open_provider(log={"level": "debug", "format": "json"})
    secrets = whole_story(provider, clock)
    handler = provider.services.registry

    def broken(*args: object) -> None:
        raise ZeroDivisionError

    # An unexpected error in the middle of a request that carries secrets: its trace is logged.
    monkeypatch.setattr(handler, "touch_secret", broken)
    app = provider.add_client("Late")
    answer = provider.redeem(app, secrets["unused code"])
    assert answer.status == 500
    assert "ZeroDivisionError" not in answer.text
    logged = "".join(capfd.readouterr())
    assert "token_error" in logged
    assert "ZeroDivisionError" in logged
    for what, value in [*secrets.items(), ("late secret", app.secret or "")]:
        for part in parts_of(value):
            assert part not in logged, what


def test_a_one_time_link_reaches_neither_log_nor_events(
    open_provider: Callable[..., Provider], capfd: pytest.CaptureFixture[str]
) -> None:
    from idp.accounts import links

    provider = open_provider(log={"level": "debug", "format": "json"})
    token = links.make(provider.services.state, provider.add_person(password=None), "reset")
    browser = provider.browser()
    browser.get(f"setup/{token}")
    browser.post(f"setup/{token}", {"password": "x", "confirm": "x"})  # without its anti-forgery key: an error page
    browser.open("PUT", f"setup/{token}")
    browser.get(f"setup/{token}/more")
    browser.post(f"setup/{token}", b"\xff", headers={"Content-Type": "application/x-www-form-urlencoded"})
    path = Path(str(provider.services.db.url).removeprefix("sqlite:///"))
    assert provider.events("error:stale_form")
    assert token not in "\n".join(sqlite3.connect(path).iterdump())
    assert token not in "".join(capfd.readouterr())
