"""What each hop asks of the stores: performance.md, rules 1 and 6. Counted, not timed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from idp.accounts.person import Person
from idp.login.browser import loops
from tests.provider import App, Browser, Provider, bearer


def reads(sql: list[str]) -> list[str]:
    return [text for text in sql if text.lstrip().upper().startswith("SELECT")]


def writes(sql: list[str]) -> list[str]:
    return [text for text in sql if not text.lstrip().upper().startswith("SELECT")]


@pytest.fixture
def warm(provider: Provider, browser: Browser, crm: App) -> dict[str, Any]:
    """Everything has been asked for once: caches are full, and a session is there."""
    tokens = provider.tokens(crm, browser)
    browser.get("oauth/jwks")
    browser.get(".well-known/openid-configuration")
    provider.introspect(crm, tokens["access_token"])
    provider.userinfo(tokens["access_token"])
    return tokens


@pytest.mark.parametrize("mode", ["query", "fragment"])
def test_authorize_with_a_session_is_one_select_and_one_state_put(
    provider: Provider, browser: Browser, crm: App, warm: Any, mode: str
) -> None:
    sql, verbs, answer = provider.counted(lambda: provider.authorize(browser, crm, response_mode=mode))
    assert answer.code
    assert verbs == ["put"]
    assert len(reads(sql)) == 1
    assert len(writes(sql)) == 1  # the put itself: State is in the same database here
    assert "INSERT INTO state" in writes(sql)[0]


def test_authorize_without_a_session_writes_nothing(provider: Provider, crm: App, warm: Any) -> None:
    sql, verbs, answer = provider.counted(lambda: provider.authorize(provider.browser(), crm))
    assert answer.is_login_page
    assert (writes(sql), verbs) == ([], [])
    sql, verbs, answer = provider.counted(lambda: provider.authorize(provider.browser(), crm, prompt="none"))
    assert answer.error == "login_required"
    assert (writes(sql), verbs) == ([], [])


def test_redeeming_a_code_is_one_state_get_and_one_transaction(
    provider: Provider, browser: Browser, crm: App, warm: Any
) -> None:
    code = provider.authorize(browser, crm).code
    begun = transactions(provider)
    sql, verbs, answer = provider.counted(lambda: provider.redeem(crm, code))
    assert answer.status == 200
    assert verbs in (["get"], ["take"])
    assert len(begun) == 1
    assert len(reads(sql)) <= 2
    assert len(writes(sql)) == 2  # the family, the access token


def test_refresh_is_one_transaction(provider: Provider, crm: App, warm: Any) -> None:
    begun = transactions(provider)
    sql, verbs, answer = provider.counted(lambda: provider.refresh(crm, warm["refresh_token"]))
    assert answer.status == 200
    assert verbs == []
    assert len(begun) == 1
    assert len(reads(sql)) == 1
    assert len(writes(sql)) == 2


def transactions(provider: Provider) -> list[bool]:
    """Notes every transaction that begins from now on."""
    db, begun = provider.services.db, []
    original: Callable[..., Any] = db.transaction

    def noting(*, durable: bool = True) -> Any:
        begun.append(durable)
        return original(durable=durable)

    db.transaction = noting  # type: ignore[method-assign]
    return begun


def test_client_credentials_opaque_is_one_write(provider: Provider) -> None:
    app = provider.add_client("Batch", "machine", scope="x")
    provider.client_credentials(app)
    sql, verbs, answer = provider.counted(lambda: provider.client_credentials(app))
    assert answer.status == 200
    assert (len(sql), len(writes(sql)), verbs) == (1, 1, [])


def test_client_credentials_jwt_is_one_read(provider: Provider) -> None:
    app = provider.add_client("Batch", "machine", scope="x", access_token_format="jwt")
    provider.client_credentials(app)
    sql, verbs, _ = provider.counted(lambda: provider.client_credentials(app))
    assert (len(sql), len(reads(sql)), verbs) == (1, 1, [])


@pytest.mark.parametrize("format_", ["opaque", "jwt"])
@pytest.mark.parametrize("hop", ["userinfo", "introspect", "whoami"])
def test_looking_at_an_access_token_is_one_read(provider: Provider, ann: Person, format_: str, hop: str) -> None:
    app = provider.add_client("App", access_token_format=format_)
    token = provider.tokens(app)["access_token"]
    calls: dict[str, Callable[[], Any]] = {
        "userinfo": lambda: provider.userinfo(token).json["sub"],
        "introspect": lambda: provider.introspect(app, token)["active"],
        "whoami": lambda: provider.whoami(token).json["sub"],
    }
    calls[hop]()
    sql, verbs, result = provider.counted(calls[hop])
    assert result
    assert (len(sql), len(reads(sql)), verbs) == (1, 1, [])


def test_revocation_is_one_read_and_one_transaction(provider: Provider, crm: App, warm: Any) -> None:
    begun = transactions(provider)
    sql, verbs, answer = provider.counted(lambda: provider.revoke(crm, warm["refresh_token"]))
    assert answer.status == 200
    assert (len(reads(sql)), len(begun), verbs) == (1, 1, [])


@pytest.mark.parametrize("path", ["oauth/jwks", ".well-known/openid-configuration", "healthz", "brand.css"])
def test_made_documents_ask_nothing(provider: Provider, browser: Browser, warm: Any, path: str) -> None:
    sql, verbs, answer = provider.counted(lambda: browser.get(path))
    assert answer.status == 200
    assert (sql, verbs) == ([], [])


def test_a_made_up_token_costs_at_most_one_read(provider: Provider, crm: App, warm: Any) -> None:
    for token in ("x", "dwa_0a.x", "a.b.c", "dwr_0a.x"):
        for call in (
            lambda token=token: provider.userinfo(token),
            lambda token=token: provider.introspect(crm, token),
            lambda token=token: provider.refresh(crm, token),
        ):
            sql, verbs, _ = provider.counted(call)
            assert len(reads(sql)) <= 1, (token, sql)
            assert writes(sql) == []
            assert verbs == []


def test_a_session_is_noted_as_seen_once_a_minute_at_most(
    provider: Provider, browser: Browser, crm: App, clock: Any, warm: Any
) -> None:
    clock.advance(61)
    browser.get("oauth/jwks")
    provider.authorize(browser, crm)
    noted = provider.counted(lambda: provider.authorize(browser, crm))[0]
    assert not [text for text in noted if text.startswith("UPDATE sessions")]
    clock.advance(61)
    noted = provider.counted(lambda: provider.authorize(browser, crm))[0]
    assert len([text for text in noted if text.startswith("UPDATE sessions")]) == 1
    assert loops.TIMES  # programs are no browsers: they go round as often as they like


def test_hot_paths_are_answered_before_flask(provider: Provider, browser: Browser, crm: App, warm: Any) -> None:
    front = provider.app.wsgi_app

    def flask_asked(environ: Any, start_response: Any) -> Any:
        raise AssertionError(f"{environ['PATH_INFO']} went to Flask")

    front._fallback = flask_asked
    provider.authorize(browser, crm)
    provider.userinfo(warm["access_token"])
    provider.introspect(crm, warm["access_token"])
    provider.refresh(crm, warm["refresh_token"])
    provider.revoke(crm, warm["refresh_token"])
    for path in ("oauth/jwks", ".well-known/openid-configuration", "healthz", "readyz"):
        assert browser.get(path).status == 200
    with pytest.raises(AssertionError):
        browser.get("help", headers=bearer("x"))
