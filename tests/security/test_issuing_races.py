"""A reset or a disabled account wins against whatever is issued at that moment, with many writers. S58.

The race is held still: the change stands in the middle of its transaction while the other side asks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
import pytest

from idp.accounts.person import Person
from tests.backends import Clock
from tests.provider import PASSWORD, Answer, Provider

pytestmark = pytest.mark.slow


@pytest.fixture
def grown(open_provider: Callable[..., Provider], postgresql_url: str) -> Iterator[Provider]:
    """A provider on PostgreSQL."""
    provider = open_provider(storage={"database_url": postgresql_url}, server={"issuer": "https://login.example"})
    yield provider
    provider.close()


class Held:
    """Runs a change of a person in a thread, and holds it before its end until somebody waits for it."""

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self._begun, self._go = threading.Event(), threading.Event()

    def record(self, tx: Any, action: str, detail: Mapping[str, Any]) -> None:
        """In the change's transaction: the person's row is locked, nothing is visible yet."""
        self._begun.set()
        assert self._go.wait(10)

    def against(self, change: Callable[[], Any], ask: Callable[[], Answer]) -> Answer:
        """The answer of `ask`, asked while `change` is under way, given when both are through."""
        answers: list[Answer] = []
        changing = threading.Thread(target=lambda: (change(), self.provider.services.db.close()))
        asking = threading.Thread(target=lambda: (answers.append(ask()), self.provider.services.db.close()))
        changing.start()
        assert self._begun.wait(10)
        asking.start()
        self._until_somebody_waits(asking)
        self._go.set()
        changing.join()
        asking.join()
        return answers[0]

    def _until_somebody_waits(self, asking: threading.Thread) -> None:
        with psycopg.connect(self.provider.settings.database_url, autocommit=True) as connection:
            for _ in range(300):
                waiting = connection.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
                if (waiting and waiting[0]) or not asking.is_alive():
                    return
                time.sleep(0.01)


def changes(provider: Provider, held: Held, ann: Person) -> dict[str, Callable[[], Any]]:
    directory, hashed = provider.services.directory, provider.services.passwords.hash("another long password")
    return {
        "reset": lambda: directory.store_password(ann.id, hashed, detail={}, record=held.record),
        "disable": lambda: directory.disable(ann.id, record=held.record),
    }


@pytest.mark.parametrize("what", ["reset", "disable"])
@pytest.mark.parametrize("scope", ["openid", "openid offline_access"])
def test_S58_a_code_redeemed_while_a_reset_or_disable_is_under_way_gives_nothing_that_lives(
    grown: Provider, clock: Clock, what: str, scope: str
) -> None:
    ann, crm = grown.add_person("ann"), grown.add_client("CRM", scope=scope)
    code = grown.sign_in(grown.browser(), crm, scope=scope).code
    clock.advance(1)
    held = Held(grown)
    answer = held.against(changes(grown, held, ann)[what], lambda: grown.redeem(crm, code))
    clock.advance(1)
    assert answer.error == "invalid_grant"
    assert grown.services.db.one(_families()).n == 0


@pytest.mark.parametrize("what", ["reset", "disable"])
def test_S58_a_refresh_while_a_reset_or_disable_is_under_way_gives_nothing_that_lives(
    grown: Provider, clock: Clock, what: str
) -> None:
    ann, crm = grown.add_person("ann"), grown.add_client("CRM", scope="openid offline_access")
    tokens = grown.tokens(crm, scope="openid offline_access")
    clock.advance(1)
    held = Held(grown)
    answer = held.against(changes(grown, held, ann)[what], lambda: grown.refresh(crm, tokens["refresh_token"]))
    later = answer.json if answer.status == 200 else tokens
    assert grown.introspect(crm, later["access_token"]) == {"active": False}
    assert grown.refresh(crm, later["refresh_token"]).error == "invalid_grant"


@pytest.mark.parametrize("what", ["reset", "disable"])
def test_S58_a_sign_in_while_a_reset_or_disable_is_under_way_opens_no_session(
    grown: Provider, clock: Clock, what: str
) -> None:
    ann, crm = grown.add_person("ann"), grown.add_client("CRM")
    browser = grown.browser()
    page = grown.authorize(browser, crm)
    clock.advance(1)
    held = Held(grown)
    answer = held.against(changes(grown, held, ann)[what], lambda: browser.log_in(page, "ann", PASSWORD))
    assert "code" not in answer.sent
    assert grown.authorize(browser, crm, prompt="none").error == "login_required"


def test_a_NUL_in_any_field_of_a_signed_in_persons_forms_is_no_crash_on_postgresql(grown: Provider) -> None:
    grown.add_person("ann")
    crm, browser = grown.add_client("CRM"), grown.browser()
    grown.sign_in(browser, crm)
    key = dict(browser.get("password").form.fields)["form_key"]
    forms: dict[str, dict[str, str]] = {
        "access": {"client_id": "a\0b"},
        "password": {"current": "\0", "password": "\0" * 20, "confirm": "\0" * 20},
        "login/consent": {"flow": "\0", "decision": "\0"},
        "login/account": {"flow": "\0", "account": "\0"},
        "login": {"flow": "\0", "login": "\0", "password": "\0"},
        "logout": {"x": "\0"},
        "oauth/logout": {"confirm": "1", "flow": "\0"},
        "help/reset-browser": {"x": "\0"},
    }
    for path, fields in forms.items():
        assert browser.post(path, {"form_key": key, **fields}).status < 500, path
    page = grown.authorize(grown.browser(), crm, login_hint="\0", state="\0", nonce="\0", ui_locales="\0")
    assert page.is_login_page
    assert grown.authorize(grown.browser(), crm, client_id="\0").status == 400
    other = grown.browser()
    assert other.log_in(grown.authorize(other, crm, nonce="a\0", state="a\0"), "b\0b").is_login_page
    tokens = grown.tokens(crm, other, nonce="a\0", state="a\0")
    assert grown.userinfo(tokens["access_token"]).status == 200


class _Slow:
    """A transaction that stays open a while before it commits."""

    def __init__(self, inner: Any, begun: threading.Event, go: threading.Event) -> None:
        self.inner, self.begun, self.go = inner, begun, go

    def __enter__(self) -> Any:
        return self.inner.__enter__()

    def __exit__(self, *error: Any) -> Any:
        self.begun.set()
        assert self.go.wait(10)
        return self.inner.__exit__(*error)


def _families() -> Any:
    from sqlalchemy import func, select

    from idp.oidc.ledger.store import families

    return select(func.count().label("n")).select_from(families).where(families.c.revoked_at.is_(None))


def test_X29_what_is_taken_back_while_a_code_is_being_redeemed_stays_taken_back(grown: Provider, clock: Clock) -> None:
    """The moment that counts is when the person agreed, not when the application came for the tokens."""
    grown.add_person("ann")
    crm, browser = grown.add_client("CRM", consent="explicit"), grown.browser()
    code = grown.sign_in(browser, crm).code
    access = browser.get("access")
    clock.advance(1)
    begun, go = threading.Event(), threading.Event()
    answers: dict[str, Answer] = {}
    original = grown.services.db.transaction

    def slow(*, durable: bool = True) -> Any:
        inner = original(durable=durable)
        return _Slow(inner, begun, go) if threading.current_thread() is revoking else inner

    grown.services.db.transaction = slow  # type: ignore[method-assign]
    form = next(i for i, form in enumerate(access.dom.forms) if form.action.endswith("/access"))
    revoking = threading.Thread(target=lambda: answers.update(revoked=browser.submit(access, None, form=form)))
    revoking.start()
    assert begun.wait(10)
    clock.advance(1)
    redeemed = grown.redeem(crm, code)  # the person's no is not there yet
    go.set()
    revoking.join()
    assert answers["revoked"].is_redirect
    assert redeemed.status == 200
    assert grown.introspect(crm, redeemed.json["access_token"]) == {"active": False}
    assert grown.refresh(crm, redeemed.json["refresh_token"]).error == "invalid_grant"
