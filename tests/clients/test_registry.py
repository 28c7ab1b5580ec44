"""R5, R6, R7, S15, S18, S19 and rule 2 of performance: the registry over a real store."""

from __future__ import annotations

import re
import threading
from typing import Any

import pytest
from sqlalchemy import select, update

from clients import store
from clients.access import Access
from clients.errors import InvalidMetadata, UnknownClient
from clients.redirects import is_registered
from clients.registry import Draft, Registered, Registry
from clients.snippets import snippet
from idp.db import Database
from tests.backends import Clock
from tests.clients.conftest import CALLBACK, draft

DAY = 86_400.0


def statements(db: Database) -> list[str]:
    seen: list[str] = []
    db.observer = seen.append
    return seen


# -- registering ---------------------------------------------------------------------------------------------------


def test_R2_registering_gives_an_id_and_a_secret_that_opens_the_door(registry: Registry, crm: Registered) -> None:
    found = registry.get(crm.client.id)
    assert (found.name, found.profile, found.kind, found.enabled) == ("CRM", "web", "oidc", True)
    assert found.metadata["client_name"] == "CRM"
    assert crm.client_secret is not None
    assert found.find_secret(crm.client_secret, 0) is not None
    assert found.find_secret(crm.client_secret + "x", 0) is None
    assert found.find_secret("", 0) is None
    assert is_registered(CALLBACK, found.oidc)


def test_S15_a_client_id_is_ours_and_never_a_persons(registry: Registry) -> None:
    ids = {registry.register(draft()).client.id for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"c[a-z2-7]{24}", client_id) for client_id in ids)
    with pytest.raises(InvalidMetadata, match="client_id: unknown key"):
        registry.register(draft(client_id="u0001"))


def test_S18_secrets_are_stored_hashed(db: Database, registry: Registry, crm: Registered) -> None:
    second = registry.add_secret(crm.client.id, 60)
    assert len(second) >= 43  # 256 bits
    dump = repr([db.all(select(*table.c)) for table in store.metadata.sorted_tables])
    assert crm.client.id in dump
    assert crm.client_secret is not None
    assert crm.client_secret not in dump
    assert second not in dump
    assert crm.client_secret not in repr(crm)
    assert crm.client.secrets[0].hash not in repr(crm.client) + repr(crm.client.secrets)


def test_a_client_that_proves_itself_by_key_or_not_at_all_gets_no_secret(registry: Registry) -> None:
    by_key = registry.register(draft(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://crm.example/jwks"))
    spa = registry.register(draft("spa"))
    for made in (by_key, spa):
        assert made.client_secret is None
        assert made.client.secrets == ()
        with pytest.raises(InvalidMetadata, match="it has no secret"):
            registry.add_secret(made.client.id, 0)
    assert by_key.client.oidc.auth_methods == ("private_key_jwt",)
    assert (by_key.client.oidc.is_public, spa.client.oidc.is_public) == (False, True)


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_both_ways_to_send_a_secret_work_for_a_client_registered_for_one(registry: Registry, method: str) -> None:
    client = registry.register(draft(token_endpoint_auth_method=method)).client
    assert client.oidc.auth_methods == ("client_secret_basic", "client_secret_post")
    assert client.metadata["token_endpoint_auth_method"] == method


def test_R1_a_refused_registration_leaves_nothing_behind(db: Database, registry: Registry) -> None:
    for wrong in (draft(scope=5), draft(name=""), draft("no such profile")):
        with pytest.raises(InvalidMetadata):
            registry.register(wrong)
    assert registry.list() == []
    assert store.read_version(db) == 0


def test_S19_scopes_past_the_allowed_ones_are_taken_out(registry: Registry) -> None:
    client = registry.register(draft(scope="openid email")).client
    assert client.oidc.allowed_scope(["email", "admin", "openid", "email"]) == ("email", "openid")


def test_localized_texts_are_found_by_language(registry: Registry) -> None:
    client = registry.register(draft(**{"client_name#de": "Kunden"})).client
    assert client.localized("client_name", ["fr", "de-CH"]) == "Kunden"
    assert client.localized("client_name", ["fr"]) == "CRM"
    assert client.localized("policy_uri", ["de"]) is None


def test_S49_development_uris_are_taken_only_where_the_provider_itself_is_on_loopback(
    db: Database, registry: Registry
) -> None:
    local = draft(redirect_uris=["http://127.0.0.1:5001/cb"])
    with pytest.raises(InvalidMetadata):
        registry.register(local)
    made = Registry(db, allow_loopback=True).register(local)
    assert "for development only" in made.warnings[0]
    # S1: the port of a web client's URI never varies.
    assert not is_registered("http://127.0.0.1:5002/cb", made.client.oidc)


def test_S1_the_port_varies_for_a_native_client_as_registered(registry: Registry) -> None:
    made = registry.register(draft("native", redirect_uris=["http://127.0.0.1/cb"]))
    client = registry.get(made.client.id)
    assert is_registered("http://127.0.0.1:50123/cb", client.oidc)
    assert not is_registered("http://127.0.0.1:50123/other", client.oidc)


# -- changing ------------------------------------------------------------------------------------------------------


def test_R1_an_update_follows_the_same_rules(registry: Registry, crm: Registered) -> None:
    with pytest.raises(InvalidMetadata, match="redirect_uris"):
        registry.update(crm.client.id, {"redirect_uris": ["javascript:alert(1)"]})
    with pytest.raises(InvalidMetadata, match="client_name"):
        registry.update(crm.client.id, {}, name=" ")
    changed = registry.update(crm.client.id, {"access_token_format": "jwt", "scope": "openid"}, name="CRM 2")
    assert registry.get(crm.client.id).oidc.access_token_format == "jwt"
    assert changed.name == "CRM 2"
    assert changed.oidc.scopes == {"openid"}
    assert changed.secrets == crm.client.secrets
    back = registry.update(crm.client.id, {"access_token_format": None}, access=Access.only(groups=["sales"]))
    assert back.oidc.access_token_format == "opaque"
    assert back.name == "CRM 2"
    assert back.access.groups == {"sales"}
    assert is_registered(CALLBACK, back.oidc)


def test_R7_disabling_is_instant(registry: Registry, crm: Registered) -> None:
    assert registry.get(crm.client.id).enabled
    registry.disable(crm.client.id)
    assert not registry.get(crm.client.id).enabled
    registry.enable(crm.client.id)
    assert registry.get(crm.client.id).enabled


def test_R7_removing_is_undoable_for_30_days(registry: Registry, crm: Registered, clock: Clock) -> None:
    registry.remove(crm.client.id)
    assert registry.find(crm.client.id) is None
    assert registry.list() == []
    assert [entry.id for entry in registry.list(removed=True)] == [crm.client.id]
    for verb in (registry.remove, registry.disable, registry.enable):
        with pytest.raises(UnknownClient):
            verb(crm.client.id)
    with pytest.raises(UnknownClient):
        registry.add_secret(crm.client.id, 0)
    clock.advance(30 * DAY - 1)
    registry.sweep()
    back = registry.restore(crm.client.id)
    assert crm.client_secret is not None
    assert back.find_secret(crm.client_secret, clock()) is not None
    with pytest.raises(UnknownClient):
        registry.restore(crm.client.id)


def test_R7_after_30_days_a_removed_client_is_gone(db: Database, registry: Registry, clock: Clock) -> None:
    spa = registry.register(draft("spa")).client
    crm = registry.register(draft()).client
    registry.remove(spa.id)
    registry.remove(crm.id)
    clock.advance(30 * DAY + 1)
    with pytest.raises(UnknownClient, match="30 days"):
        registry.restore(crm.id)
    assert registry.sweep() == 2
    assert [db.all(select(*t.c)) for t in (store.clients, store.client_secrets, store.client_origins)] == [[], [], []]


def test_R6_secrets_overlap_until_the_old_ones_end(registry: Registry, crm: Registered, clock: Clock) -> None:
    old = crm.client_secret
    assert old is not None
    new = registry.add_secret(crm.client.id, keep_old_for=3600)
    client = registry.get(crm.client.id)
    assert client.find_secret(old, clock()) is not None
    assert client.find_secret(new, clock()) is not None
    clock.advance(3600)
    assert client.find_secret(old, clock()) is None
    assert client.find_secret(new, clock()) is not None


def test_R6_a_leaked_secret_ends_at_once_and_an_end_is_never_put_off(
    registry: Registry, crm: Registered, clock: Clock
) -> None:
    assert crm.client_secret is not None
    registry.add_secret(crm.client.id, keep_old_for=10)
    newest = registry.add_secret(crm.client.id, keep_old_for=1000)
    clock.advance(10)
    assert registry.get(crm.client.id).find_secret(crm.client_secret, clock()) is None
    last = registry.add_secret(crm.client.id, keep_old_for=0)
    client = registry.get(crm.client.id)
    assert client.find_secret(newest, clock()) is None
    assert client.find_secret(last, clock()) is not None


def test_R6_valid_secrets_are_bounded(registry: Registry, crm: Registered) -> None:
    for _ in range(9):
        registry.add_secret(crm.client.id, keep_old_for=1000)
    with pytest.raises(InvalidMetadata, match="10 are valid already"):
        registry.add_secret(crm.client.id, keep_old_for=1000)
    assert registry.add_secret(crm.client.id, keep_old_for=0)


def test_R6_the_last_use_of_a_secret_is_noted_once_a_minute(
    db: Database, registry: Registry, crm: Registered, clock: Clock
) -> None:
    used = crm.client.secrets[0].id
    seen = statements(db)
    start = clock()
    registry.touch_secret(used)
    clock.advance(59)
    registry.touch_secret(used)
    assert len(seen) == 1
    assert registry.list_secrets(crm.client.id)[0].last_used_at == start
    clock.advance(2)
    registry.touch_secret(used)
    assert registry.list_secrets(crm.client.id)[0].last_used_at == clock()


def test_ended_secrets_are_swept_after_30_days(registry: Registry, crm: Registered, clock: Clock) -> None:
    registry.add_secret(crm.client.id, keep_old_for=0)
    clock.advance(29 * DAY)
    assert registry.sweep() == 0
    clock.advance(2 * DAY)
    assert registry.sweep() == 1
    assert len(registry.list_secrets(crm.client.id)) == 1


def test_every_change_is_recorded_in_its_own_transaction(registry: Registry) -> None:
    events: list[tuple[str, dict[str, Any]]] = []

    def record(tx: Any, action: str, detail: dict[str, Any]) -> None:
        # The change is visible to the recorder's own statements: it is the same transaction.
        assert store.find_row(tx, detail["client_id"]) is not None
        events.append((action, detail))

    made = registry.register(draft(), record=record)
    client_id = made.client.id
    registry.update(client_id, {"scope": "openid"}, record=record)
    registry.update(client_id, {"scope": "openid"}, record=record)  # changes nothing: no event
    registry.disable(client_id, record=record)
    registry.enable(client_id, record=record)
    secret = registry.add_secret(client_id, 60, record=record)
    registry.remove(client_id, record=record)
    registry.restore(client_id, record=record)
    assert [action.partition(":")[2] for action, _ in events] == (
        ["register", "update", "disable", "enable", "secret", "remove", "restore"]
    )
    assert events[1][1]["changed"] == {"scope": [None, "openid"]}
    assert events[2][1]["changed"] == {"enabled": [True, False]}
    assert secret not in repr(events)
    assert str(made.client_secret) not in repr(events)


def test_a_change_that_cannot_be_recorded_does_not_happen(db: Database, registry: Registry, crm: Registered) -> None:
    def record(*_: Any) -> None:
        raise RuntimeError("the audit log is full")

    version = store.read_version(db)
    with pytest.raises(RuntimeError):
        registry.disable(crm.client.id, record=record)
    with pytest.raises(RuntimeError):
        registry.register(draft(), record=record)
    assert registry.get(crm.client.id).enabled
    assert len(registry.list()) == 1
    assert store.read_version(db) == version


def test_racing_updates_of_one_client_lose_nothing(db: Database, registry: Registry, crm: Registered) -> None:
    def add(number: int) -> None:
        registry.update(crm.client.id, {f"client_name#x{chr(97 + number)}": str(number)})
        db.close()

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = {k for k in registry.get(crm.client.id).metadata if k.startswith("client_name#")}
    assert len(names) == 8


# -- listing -------------------------------------------------------------------------------------------------------


def test_the_list_pages_by_key_and_shows_each_client_once(registry: Registry) -> None:
    apps = [registry.register(draft(name=f"App {n % 3}")).client for n in range(7)]
    made = sorted((app.name, app.id) for app in apps)
    seen, after = [], None
    while page := registry.list(after, limit=2):
        assert len(page) <= 2
        seen += [entry.key for entry in page]
        after = page[-1].key
    assert seen == made
    assert len(registry.list(limit=0)) == 1
    assert len(registry.list(limit=10**9)) == 7


@pytest.mark.parametrize(
    ("after", "found"),
    [(("zz'; DROP TABLE clients; --", "x"), 0), (("zzzz", ""), 0), (("", "' OR 1=1 --"), 1), (("CRM", "zz"), 0)],
)
def test_X16_a_forged_page_key_is_only_a_key(
    registry: Registry, crm: Registered, after: tuple[str, str], found: int
) -> None:
    assert len(registry.list(after)) == found
    assert [entry.id for entry in registry.list()] == [crm.client.id]


# -- the cache -----------------------------------------------------------------------------------------------------


def test_a_cached_client_costs_no_statement(db: Database, registry: Registry, crm: Registered) -> None:
    registry.find(crm.client.id)
    seen = statements(db)
    for _ in range(10):
        assert registry.find(crm.client.id) is registry.find(crm.client.id)
    assert seen == []


def test_an_unknown_client_is_asked_for_once_and_found_when_it_appears(
    db: Database, registry: Registry, clock: Clock
) -> None:
    other = Registry(db, clock)
    assert registry.find("cnobody") is None
    seen = statements(db)
    assert registry.find("cnobody") is None
    assert seen == []
    made = other.register(draft()).client
    assert registry.find(made.id) is not None


def test_made_up_ids_neither_grow_the_cache_nor_push_clients_out(db: Database, clock: Clock) -> None:
    registry = Registry(db, clock, cache_size=3)
    crm = registry.register(draft()).client
    registry.find(crm.id)
    for n in range(50):
        assert registry.find(f"c{n}") is None
    assert len(registry._unknown) == 3
    seen = statements(db)
    assert registry.find(crm.id) is not None
    assert seen == []


@pytest.mark.parametrize("client_id", ["", "c\x00", "c\ud800", "c" * 301, "c\n"])
def test_an_id_that_no_store_takes_is_unknown_without_a_statement(
    db: Database, registry: Registry, client_id: str
) -> None:
    seen = statements(db)
    assert registry.find(client_id) is None
    assert registry.find_origin(client_id) == frozenset()
    assert seen == []


def test_the_cache_keeps_the_most_recently_used(db: Database, clock: Clock) -> None:
    registry = Registry(db, clock, cache_size=2)
    one, two, three = (registry.register(draft()).client.id for _ in range(3))
    for client_id in (one, two, one, three):
        registry.find(client_id)
    assert len(registry._clients) == 2
    seen = statements(db)
    registry.find(one)
    registry.find(three)
    assert seen == []
    registry.find(two)
    assert len(seen) == 1


def test_a_change_elsewhere_is_seen_within_the_bound(db: Database, clock: Clock) -> None:
    here, there = Registry(db, clock, max_staleness=5.0), Registry(db, clock)
    client_id = there.register(draft()).client.id
    assert here.get(client_id).enabled
    there.disable(client_id)
    clock.advance(4.9)
    assert here.get(client_id).enabled  # the snapshot, as promised no older than 5 s
    clock.advance(0.1)
    assert not here.get(client_id).enabled
    there.remove(client_id)
    clock.advance(5)
    assert here.find(client_id) is None
    there.restore(client_id)
    clock.advance(5)
    assert here.find(client_id) is not None


def test_a_version_seen_on_the_way_drops_the_snapshots_without_a_statement(db: Database, clock: Clock) -> None:
    here, there = Registry(db, clock), Registry(db, clock)
    client_id = there.register(draft()).client.id
    assert here.get(client_id).enabled
    there.disable(client_id)
    seen = statements(db)
    here.refresh(there.version)
    assert seen == []
    assert not here.get(client_id).enabled
    assert here.version == there.version
    here.refresh(1)  # an answer that comes late changes nothing
    assert here.version == there.version


def test_refresh_asks_the_store(db: Database, clock: Clock) -> None:
    here, there = Registry(db, clock), Registry(db, clock)
    client_id = there.register(draft()).client.id
    here.find(client_id)
    there.disable(client_id)
    here.refresh()
    assert not here.get(client_id).enabled


def test_the_bound_holds_when_the_clock_is_set_back(db: Database, clock: Clock) -> None:
    here, there = Registry(db, clock), Registry(db, clock)
    client_id = there.register(draft()).client.id
    assert here.get(client_id).enabled
    there.disable(client_id)
    clock.advance(-3600)
    assert not here.get(client_id).enabled


def test_a_restored_store_with_a_lower_version_is_taken_over(db: Database, clock: Clock) -> None:
    registry = Registry(db, clock)
    client_id = registry.register(draft()).client.id
    registry.disable(client_id)
    registry.find(client_id)
    db.run(update(store.clients).values(enabled=1))
    db.run(update(store.clients_version).values(n=1))
    clock.advance(5)
    assert registry.get(client_id).enabled
    assert registry.version == 1


def test_a_snapshot_read_before_a_change_is_not_kept_after_it(db: Database, clock: Clock) -> None:
    """The reader is overtaken between its statement and the cache: what it read is old and must not stay."""
    there = Registry(db, clock)
    client_id = there.register(draft()).client.id

    class Overtaken:
        """The store, with another process's change right after one read."""

        one, run, transaction = db.one, db.run, db.transaction
        reads = 0

        def all(self, expression: Any, /, **params: Any) -> list[Any]:
            rows = db.all(expression, **params)
            self.reads += 1
            if self.reads == 1:
                there.disable(client_id)
                here.refresh(there.version)
            return rows

    slow = Overtaken()
    here = Registry(slow, clock)
    assert here.find(client_id) is not None
    assert slow.reads == 2
    assert not here.get(client_id).enabled


def test_many_threads_may_ask_while_one_changes(db: Database) -> None:
    registry = Registry(db, max_staleness=0)
    client_id = registry.register(draft()).client.id
    stop, failures = threading.Event(), []

    def ask() -> None:
        while not stop.is_set():
            if registry.find(client_id) is None:
                failures.append("lost")
        db.close()

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        registry.disable(client_id)
        if registry.get(client_id).enabled:
            failures.append("stale after disable")
        registry.enable(client_id)
        if not registry.get(client_id).enabled:
            failures.append("stale after enable")
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []


# -- origins -------------------------------------------------------------------------------------------------------


def test_S22_an_origin_belongs_to_the_enabled_clients_that_run_there(
    db: Database, registry: Registry, crm: Registered
) -> None:
    spa = registry.register(draft("spa", redirect_uris=["https://app.example/cb"]))
    origin = "https://app.example"
    assert registry.find_origin(origin) == {spa.client.id}
    assert registry.find_origin("https://crm.example") == frozenset()
    assert registry.find_origin("https://app.example.evil.test") == frozenset()
    assert registry.find_origin("null") == frozenset()
    seen = statements(db)
    registry.find_origin(origin)
    assert seen == []
    both = registry.update(crm.client.id, {"allowed_origins": [origin]})
    assert registry.find_origin(origin) == {spa.client.id, both.id}
    registry.disable(spa.client.id)
    assert registry.find_origin(origin) == {both.id}
    registry.remove(both.id)
    assert registry.find_origin(origin) == frozenset()
    registry.update(spa.client.id, {"redirect_uris": ["https://new.example/cb"]})
    registry.enable(spa.client.id)
    assert registry.find_origin(origin) == frozenset()
    assert registry.find_origin("https://new.example") == {spa.client.id}


# -- snippets ------------------------------------------------------------------------------------------------------


def test_R2_the_snippet_has_all_that_an_app_needs(registry: Registry, crm: Registered) -> None:
    text = snippet(crm.client, crm.client_secret, "https://login.example")
    for part in (
        "OIDC_ISSUER=https://login.example\n",
        "https://login.example/.well-known/openid-configuration",
        f"OIDC_CLIENT_ID={crm.client.id}",
        f"OIDC_CLIENT_SECRET={crm.client_secret}",
        f"OIDC_REDIRECT_URI={CALLBACK}",
        '"code_challenge_method": "S256"',
    ):
        assert part in text
    compile(text[text.index("import os") :], "snippet", "exec")  # the code is Python
    assert "shown once" in snippet(crm.client, None, "https://login.example")


@pytest.mark.parametrize(
    ("app", "part"),
    [
        (draft("machine", scope="api"), "grant_type=client_credentials"),
        (draft("spa"), "UserManager"),
        (draft("native", redirect_uris=["com.example.a:/cb"]), "AppAuth"),
        (draft("legacy"), "authlib"),
        (
            draft(token_endpoint_auth_method="private_key_jwt", jwks_uri="https://crm.example/jwks"),
            "client-authentication+jwt",
        ),
        (
            draft(token_endpoint_auth_method="tls_client_auth", tls_client_auth_san_dns="crm.example"),
            "mtls_endpoint_aliases",
        ),
        (
            draft("machine", token_endpoint_auth_method="tls_client_auth", tls_client_auth_san_dns="crm.example"),
            "curl --cert app.pem",
        ),
    ],
    ids=["machine", "spa", "native", "legacy", "private_key_jwt", "tls_client_auth", "machine by certificate"],
)
def test_R2_each_profile_has_its_snippet(registry: Registry, app: Draft, part: str) -> None:
    made = registry.register(app)
    text = snippet(made.client, made.client_secret, "https://login.example")
    assert part in text
    assert ("OIDC_CLIENT_SECRET" in text.partition("\n\n")[0]) == (made.client_secret is not None)


# -- what would be ----------------------------------------------------------------------------------------------------


def test_c5_a_change_is_shown_before_it_is_made(db: Database, registry: Registry, crm: Registered) -> None:
    seen = statements(db)
    before, after = registry.preview(crm.client.id, {"require_auth_time": True}, name="New", access=Access.only())
    assert (before.name, after.name, after.metadata["require_auth_time"]) == ("CRM", "New", True)
    assert (before.access.everyone, after.access.everyone) == (True, False)
    assert not any(sql.startswith(("INSERT", "UPDATE", "DELETE")) for sql in seen)
    assert registry.get(crm.client.id).name == "CRM"
    with pytest.raises(InvalidMetadata, match="redirect_uris"):
        registry.preview(crm.client.id, {"redirect_uris": ["http://evil.example/"]})
    with pytest.raises(UnknownClient):
        registry.preview("cnobody", {})


def test_c5_an_application_is_shown_before_it_is_registered(db: Database, registry: Registry) -> None:
    seen = statements(db)
    shown = registry.preview_new(draft(name="Soon"))
    assert (shown.name, registry.find(shown.id)) == ("Soon", None)
    assert not any(sql.startswith(("INSERT", "UPDATE", "DELETE")) for sql in seen)
    with pytest.raises(InvalidMetadata, match="redirect_uris"):
        registry.preview_new(Draft(name="Soon"))


def test_c5_an_id_from_another_installation_is_kept_and_never_one_that_is_taken(
    registry: Registry, crm: Registered
) -> None:
    kept = "c" + "a2" * 12
    assert registry.register(Draft(name="A", metadata={"redirect_uris": [CALLBACK]}, id=kept)).client.id == kept
    registry.remove(crm.client.id)
    for taken in (kept, crm.client.id):
        with pytest.raises(InvalidMetadata, match="id: another application has it"):
            registry.register(Draft(name="B", metadata={"redirect_uris": [CALLBACK]}, id=taken))
    for odd in ("wi ki", "/wiki", "New", "w" * 129, kept + "\n"):
        with pytest.raises(InvalidMetadata, match="id: expected"):
            registry.register(Draft(name="B", metadata={"redirect_uris": [CALLBACK]}, id=odd))
    # RFC 9700 §4.15
    for persons in (
        "u" + "a" * 26,
        "3f1c2a54-8b1e-4a52-9c51-6f1d7c9a0b11",
        "3F1C2A54-8B1E-4A52-9C51-6F1D7C9A0B11",
        "a" * 64,
    ):
        with pytest.raises(InvalidMetadata, match="a person's id"):
            registry.register(Draft(name="B", metadata={"redirect_uris": [CALLBACK]}, id=persons))
    assert registry.register(Draft(name="C", metadata={"redirect_uris": [CALLBACK]}, id="wiki.1-a_B")).client_secret
    given = registry.register(
        Draft(name="D", metadata={"redirect_uris": [CALLBACK]}, id="crm", secret="kept-from-there")
    )
    assert given.client_secret == "kept-from-there"


def test_c5_what_was_said_is_told_without_defaults(registry: Registry, crm: Registered) -> None:
    assert registry.registered(crm.client.id) == {"redirect_uris": [CALLBACK]}
    assert registry.find_removed(crm.client.id) is None
    registry.remove(crm.client.id)
    removed = registry.find_removed(crm.client.id)
    assert removed is not None
    assert (removed.id, removed.name) == (crm.client.id, "CRM")
    assert registry.registered(crm.client.id) == {"redirect_uris": [CALLBACK]}
    with pytest.raises(UnknownClient):
        registry.registered("cnobody")


# -- watched -------------------------------------------------------------------------------------------------------


def test_R3_every_registry_hears_within_seconds_whom_to_watch_and_until_when(
    db: Database, registry: Registry, clock: Clock
) -> None:
    one, two = registry.register(draft()).client, registry.register(draft(name="Wiki")).client
    other = Registry(db, clock)
    other.find(one.id)
    registry.watch(one.id, clock() + 900)
    registry.watch(two.id, clock() + 60)
    assert registry.watched == {one.id: clock() + 900, two.id: clock() + 60}
    assert not other.watched
    clock.advance(6)
    other.keep_fresh()
    assert other.watched == registry.watched
    clock.advance(100)
    registry.watch(one.id, None)  # and what has run out goes along
    assert not registry.watched
    other.refresh()
    assert not other.watched


def test_R3_of_many_who_are_watched_at_once_none_is_lost(db: Database, registry: Registry, clock: Clock) -> None:
    ids = [registry.register(draft(name=f"App {number}")).client.id for number in range(8)]
    workers = [threading.Thread(target=lambda one=one: Registry(db, clock).watch(one, clock() + 900)) for one in ids]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    registry.refresh()
    assert set(registry.watched) == set(ids)


def test_R3_whom_to_watch_costs_no_statement_of_its_own(db: Database, registry: Registry, crm: Registered) -> None:
    registry.find(crm.client.id)
    seen = statements(db)
    registry.find(crm.client.id)
    assert not registry.watched
    assert not seen
