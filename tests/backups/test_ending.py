"""D1: what `--end-all-tokens` ends, and what must outlast it: pauses of who guesses, and marks of what was used."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

import idp
from idp.accounts import links
from idp.accounts.recovery import contacts
from idp.db import Database, Unavailable
from idp.db.unhurried import unhurried
from idp.installation.backups import ending
from idp.installation.backups.ending import end_all_tokens
from idp.installation.backups.store import reading
from idp.state import State, is_like
from idp.state.memory import MemoryState
from idp.state.redis import RedisState
from idp.state.sealed import SealedState
from idp.state.sql import SqlState, metadata
from keys.sealing import Sealer
from tests.backends import Clock, create_tables
from tests.oidc.test_registration import GOOD, initial, manage, registered, send
from tests.provider import Provider, new_key
from tests.recovery.post import MAIL, collect


@pytest.mark.spec("RFC 7523 §3")
def test_d1_a_used_client_assertion_stays_used(provider: Provider, clock: Clock) -> None:
    robot = provider.add_client("Robot", "machine", key=new_key())
    shown = {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
             "client_assertion": provider.assertion(robot), "grant_type": "client_credentials"}  # fmt: skip
    assert provider.post("oauth/token", None, shown).status == 200
    clock.advance(2)
    end_all_tokens(provider.services, "test")
    assert provider.post("oauth/token", None, shown).error == "invalid_client"


def test_d1_who_is_held_up_for_guessing_stays_so(provider: Provider) -> None:
    provider.add_person("ann")
    browser, app = provider.browser(), provider.add_client()
    page = provider.authorize(browser, app)
    for number in range(12):
        page = browser.log_in(page, "ann", f"wrong password no. {number}")
    assert "wait" in page.text.lower() or "pause" in page.text.lower()
    keys = [row for row in _keys(provider) if row.startswith("~throttle:")]
    assert any(key.startswith("~throttle:pause:") for key in keys)
    end_all_tokens(provider.services, "test")
    assert [row for row in _keys(provider) if row.startswith("~throttle:")] == keys


def test_d1_however_many_there_are_to_end(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty million tokens end in one statement, which takes longer than a page may."""
    said: list[str] = []

    @contextlib.contextmanager
    def spied(db: Database) -> Iterator[None]:
        said.append("begun")
        with unhurried(db):
            yield
        said.append("ended")

    monkeypatch.setattr(ending, "unhurried", spied)
    monkeypatch.setattr(ending.ledger, "revoke_everything", lambda *_: said.append("revoked") or 0)
    end_all_tokens(provider.services, "test")
    assert said == ["begun", "revoked", "ended"]


@pytest.mark.slow
def test_d1_a_command_has_time_and_a_page_does_not(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.db.postgresql.STATEMENT_MS", 100)
    db, long = Database(postgresql_url), select(func.pg_sleep(0.4).label("slept"))
    with pytest.raises(Unavailable):
        db.one(long)
    with unhurried(db):
        assert db.one(long) is not None
    with pytest.raises(Unavailable):
        db.one(long)
    db.close()


def test_d1_links_end_and_the_tries_at_them_are_still_counted(provider: Provider) -> None:
    token = links.make(provider.services.state, provider.add_person("ann"), "reset", 600.0)
    provider.services.state.count("link:tries:x", 600.0)
    end_all_tokens(provider.services, "test")
    assert links.peek(provider.services.state, token) is None
    assert provider.services.state.count("link:tries:x", 600.0, 0) == 1


def test_d1_a_jwt_that_an_application_got_for_itself_is_dead_to_us(provider: Provider, clock: Clock) -> None:
    """It stands in no table, so that no row could end it."""
    robot = provider.add_client("Robot", "machine", access_token_format="jwt")
    token = provider.client_credentials(robot).json["access_token"]
    assert provider.introspect(robot, token)["active"]
    clock.advance(1)
    end_all_tokens(provider.services, "test")
    later = provider.another()
    assert not later.introspect(robot, token)["active"]
    clock.advance(2)
    assert later.introspect(robot, later.client_credentials(robot).json["access_token"])["active"]


def test_d1_tokens_of_registration_end_and_the_clients_stay(provider: Provider, clock: Clock) -> None:
    token = initial(provider)
    told = registered(provider, token)
    assert manage(provider, told).status == 200
    clock.advance(1)
    end_all_tokens(provider.services, "test")
    assert send(provider, token, GOOD).status == 401
    assert manage(provider, told).status == 401
    assert provider.services.registry.get(told["client_id"]).enabled
    assert send(provider, initial(provider), GOOD).status == 201
    (event,) = provider.events("backup:tokens_ended")
    assert event.detail["registration_tokens"] == 2


def test_d1_a_link_that_takes_back_a_change_of_recovery_opens_nothing(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider(mail=MAIL)
    contacts.change(provider.services, provider.add_person("ann"), contacts.EMAIL, "ann@home.example", {})
    (link,) = [mail.link for mail in collect(provider, "recovery_address_changed")]
    assert provider.browser().get(link).status == 200
    end_all_tokens(provider.services, "test")
    assert provider.browser().get(link).dom.find("button", id="undo") == []
    assert provider.events("backup:tokens_ended")[0].detail["codes"] >= 1


#: Where a part of the name is put in.
MADE_OF = {
    "webauthn:create*": "webauthn:{ceremony}:", "webauthn:get:*": "webauthn:{ceremony}:",
    "sent:*:code": "sent:{kind}:", "check-link*": "{self.kind}-link", "error-link*": "{self.kind}-link",
    "signout:*": "signout:{",
}  # fmt: skip


def test_d1_what_is_ended_has_the_name_by_which_it_is_kept() -> None:
    """A name that changes where it is kept, and not in the list, would live through every ending."""
    rooms = [file.read_text() for file in Path(idp.__file__).parent.rglob("*.py") if file != Path(ending.__file__)]
    for name in ending.OPENS:
        made_of = MADE_OF.get(name) or '"' + name.removesuffix("*")
        assert any(made_of in text for text in rooms), name


@pytest.fixture(params=["memory", "sql", pytest.param("redis", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> State:
    """Each place where State is kept."""
    if request.param == "memory":
        return MemoryState(clock)
    if request.param == "redis":
        return RedisState(request.getfixturevalue("redis_url"))
    create_tables(url := f"sqlite:///{tmp_path / 'state.db'}", metadata)
    return SqlState(Database(url), clock)


def test_d1_every_store_forgets_by_name_what_it_was_told_to_and_nothing_else(store: State, clock: Clock) -> None:
    state = SealedState(store, Sealer(b"r" * 32), clock)
    for key in ("code:a", "code:b%", "code-used:a", "sent:mail:x:code", "sent:mail:x:used", "link:a", "pausecode:a"):
        assert state.add(key, 1, 600.0)
    state.count("link:tries:a", 600.0)
    assert state.forget("code:*") == 2
    assert state.forget("sent:*:code") == 1
    assert state.forget("link:*", "link:tries:*") == 1
    assert [state.get(key) for key in ("code:a", "code:b%", "sent:mail:x:code", "link:a")] == [None] * 4
    assert [state.get(key) for key in ("code-used:a", "sent:mail:x:used", "pausecode:a")] == [1] * 3
    assert state.count("link:tries:a", 600.0, 0) == 1
    for name in ("code[x]:*", "c?de-used:*", "code_used:*", "code%", "code-used:a:*:b"):
        assert state.forget(name) == 0


@pytest.mark.parametrize(
    ("key", "name", "like"),
    [("a:b", "a:*", True), ("a:", "a:*", True), ("a", "a:*", False), ("xa:b", "a:*", False), ("ab", "ab", True),
     ("sent:x:code", "sent:*:code", True), ("sent:code", "sent:*:code", False), ("a1b2c", "a*b*c", True),
     ("acb", "a*b*c", False), ("", "", True), ("a", "", False)],
)  # fmt: skip
def test_a_name_with_stars_is_what_it_says(key: str, name: str, like: bool) -> None:
    assert is_like(key, name) is like


def _keys(provider: Provider) -> list[str]:
    with reading(provider.settings.database_url) as rows:
        (table,) = [one for one in rows.tables() if one.name == "state"]
        return sorted(row[table.columns.index("key")] for batch in rows.read(table) for row in batch)
