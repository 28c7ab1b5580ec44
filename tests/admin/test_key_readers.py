"""Who has seen the new key, and who is signed for with the old one for a while. K2."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from joserfc import jws

from idp.accounts.roles import RoleGrant
from idp.admin import key_pins, key_readers, key_rollback, keys
from idp.admin.actor import Actor, NotAllowed, of_shell
from idp.admin.key_readers import BY_HAND, MISSING, PERHAPS, SEEN, TOLD, UNKNOWN, Reader, Report
from idp.readers import ITSELF, Readers, find_seen, noted, sweep
from keys.rotation import NoSuchKey
from tests.backends import Clock
from tests.provider import HOME, App, Provider, basic
from tests.saml import resolving
from tests.saml.relying import facts, register

SHELL = of_shell("cli:test")
WIKI, CRM = "198.51.100.7", "198.51.100.8"


class Server:
    """The machine that an application runs on."""

    def __init__(self, provider: Provider, address: str) -> None:
        self.provider, self.visitor = provider, provider.browser(address)

    def ask_as(self, app: App) -> None:
        """A token request: the code is wrong, yet the application has proven itself."""
        data, headers = self.provider.proof(app)
        data = [*data, ("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", app.redirect_uri)]
        self.visitor.open("POST", "oauth/token", data, headers, cookies=False)

    def fetch(self, path: str = "oauth/jwks", **headers: str) -> int:
        return self.visitor.open("GET", path, headers=headers, cookies=False).status


def _next(provider: Provider) -> str:
    (key,) = keys.rotate(provider.services, SHELL, ["RS256"]).keys
    return key.kid


def _report(provider: Provider, kid: str) -> Report:
    found = key_readers.report_of(provider.services, SHELL, kid)
    assert found is not None
    return found


def _reader(provider: Provider, kid: str, client_id: str) -> Reader:
    return next(one for one in _report(provider, kid).readers if one.client_id == client_id)


def _kid_of(token: str) -> str:
    return str(jws.extract_compact(token.encode()).headers()["kid"])


def test_k2_an_application_has_the_key_once_its_own_server_has_fetched_the_jwks_since(
    provider: Provider, clock: Clock
) -> None:
    app, server = provider.add_client("Wiki"), Server(provider, WIKI)
    server.ask_as(app)
    server.fetch()
    clock.advance(60)
    kid = _next(provider)
    before = _reader(provider, kid, app.id)
    assert (before.state, before.why) == (MISSING, "before")
    assert before.at == clock() - 60
    assert [one.client_id for one in _report(provider, kid).without] == [app.id]
    clock.advance(60)
    server.fetch()
    seen = _reader(provider, kid, app.id)
    assert (seen.state, seen.why, seen.at, seen.places) == (SEEN, "address", clock(), (WIKI,))
    assert _report(provider, kid).without == ()


def test_k2_a_fetch_that_is_answered_with_not_modified_is_one(provider: Provider, clock: Clock) -> None:
    app, server = provider.add_client("Wiki"), Server(provider, WIKI)
    server.ask_as(app)
    kid = _next(provider)
    clock.advance(10)
    assert server.fetch("oauth/jwks", **{"If-None-Match": provider.services.ring.etag}) == 304
    assert _reader(provider, kid, app.id).state == SEEN


def test_k2_who_proves_itself_when_it_fetches_is_no_guess_and_a_wrong_secret_is_nothing(provider: Provider) -> None:
    app, other = provider.add_client("Wiki"), provider.add_client("CRM")
    kid = _next(provider)
    server = Server(provider, "192.0.2.1")
    assert server.fetch("oauth/jwks", **basic(app.id, app.secret or "")) == 200
    assert server.fetch("oauth/jwks", **basic(other.id, "wrong")) == 200
    assert server.fetch("oauth/jwks", Authorization="Basic !!") == 200
    found = _reader(provider, kid, app.id)
    assert (found.state, found.why) == (SEEN, "itself")
    assert _reader(provider, kid, other.id).state == UNKNOWN


def test_k2_two_applications_at_one_address_are_told_apart_by_nothing(provider: Provider) -> None:
    wiki, crm, server = provider.add_client("Wiki"), provider.add_client("CRM"), Server(provider, WIKI)
    for app in (wiki, crm):
        server.ask_as(app)
    kid = _next(provider)
    server.fetch()
    found = _reader(provider, kid, wiki.id)
    assert (found.state, found.why, found.beside) == (PERHAPS, "shared", ("CRM",))
    # One that has been turned off stands beside nobody.
    provider.services.registry.disable(crm.id)
    assert _reader(provider, kid, wiki.id).state == SEEN


def test_k2_what_runs_on_peoples_devices_and_what_never_came_cannot_be_told(provider: Provider) -> None:
    provider.add_person()
    phone = provider.add_client("Phone", profile="spa", id_token_signed_response_alg="RS256")
    silent = provider.add_client("Silent")
    provider.tokens(phone)
    kid = _next(provider)
    assert _reader(provider, kid, phone.id).why == "devices"
    assert _reader(provider, kid, silent.id).why == "no_address"
    assert _report(provider, kid).counts[UNKNOWN] == 2
    assert find_seen(provider.services.db).came == {}, "no address of a person is kept"


def test_k2_a_browser_that_looks_at_the_document_is_nobody(provider: Provider) -> None:
    app, server = provider.add_client("Wiki"), Server(provider, WIKI)
    server.ask_as(app)
    kid = _next(provider)
    server.fetch("oauth/jwks", **{"Sec-Fetch-Mode": "navigate"})
    assert _reader(provider, kid, app.id).why == "never"


def test_k2_an_application_that_gets_nothing_signed_is_not_asked_about(provider: Provider) -> None:
    machine = provider.add_client("Nightly", profile="machine")
    elliptic = provider.add_client("Modern", id_token_signed_response_alg="ES256")
    kid = _next(provider)
    assert {one.client_id for one in _report(provider, kid).readers}.isdisjoint({machine.id, elliptic.id})


def test_k2_a_service_provider_that_fetches_no_metadata_must_be_told_by_hand_and_an_admin_says_so(
    provider: Provider, clock: Clock
) -> None:
    client = register(provider, "Wiki", facts("https://wiki.example/metadata"))
    certificate = provider.services.certificates.prepare("signing", "rsa")
    found = _reader(provider, certificate.kid, client.id)
    assert (found.state, found.why) == (BY_HAND, "no_fetch")
    key_pins.tell(provider.services, SHELL, client.id, certificate.kid)
    assert _reader(provider, certificate.kid, client.id).state == TOLD
    assert provider.events("key:told")[-1].detail["kid"] == certificate.kid
    key_pins.untell(provider.services, SHELL, client.id, certificate.kid)
    assert _reader(provider, certificate.kid, client.id).state == BY_HAND


def test_k2_a_service_provider_is_known_by_its_back_channel(provider: Provider, clock: Clock) -> None:
    provider.add_person()
    pair = resolving.add(provider, "wiki")
    _, sent = resolving.sign_in(provider, provider.browser(), pair)
    resolving.resolve(provider, pair, sent["SAMLart"])
    clock.advance(60)
    certificate = provider.services.certificates.prepare("signing", "rsa")
    entry = next(one for one in provider.services.registry.list() if one.name == "Wiki")
    assert _reader(provider, certificate.kid, entry.id).state == BY_HAND
    provider.browser().open("GET", "saml/metadata", cookies=False)
    assert _reader(provider, certificate.kid, entry.id).state == SEEN


@pytest.mark.parametrize(
    ("first", "second"),
    [("2001:db8::1", "2001:db8::ffff"), ("::ffff:198.51.100.9", "198.51.100.9")],
)
def test_k2_one_host_is_one_place_whatever_of_its_address_changes(provider: Provider, first: str, second: str) -> None:
    app = provider.add_client("Wiki")
    Server(provider, first).ask_as(app)
    kid = _next(provider)
    Server(provider, second).fetch()
    assert _reader(provider, kid, app.id).state == SEEN


def test_k2_neither_the_documents_nor_tokens_wait_for_the_store(provider: Provider) -> None:
    """What was noted is written by the background alone."""
    app, server = provider.add_client("Wiki"), Server(provider, WIKI)
    server.ask_as(app)
    server.fetch()
    server.fetch("saml/metadata")
    for call in (
        lambda: server.fetch(), lambda: server.fetch("saml/metadata"),
        lambda: server.fetch("oauth/jwks", **basic(app.id, "wrong")),
    ):  # fmt: skip
        sql, verbs, status = provider.counted(call)
        assert (sql, verbs, status) == ([], [], 200)
    sql, _, _ = provider.counted(lambda: server.ask_as(app))
    assert not [one for one in sql if "client_addresses" in one or "key_fetches" in one]


def test_k2_x19_made_up_credentials_keep_no_proven_fetch_out(provider: Provider, clock: Clock) -> None:
    """One stranger who sends any number of them, in many names or in this, is a few; the client's own is looked at."""
    own = Readers()
    for n in range(1000):
        own.fetched_as("jwks", f"c{n}", "203.0.113.9", clock(), lambda: False)
    own.fetched_as("jwks", "capp", "198.51.100.7", clock() + 1, lambda: True)
    assert own.flush(provider.services.db) == 1
    for n in range(4):
        own.fetched_as("jwks", "capp", "203.0.113.9", clock() + n, lambda: False)
    own.fetched_as("jwks", "capp", "198.51.100.7", clock() + 9, lambda: True)
    own.flush(provider.services.db)
    assert find_seen(provider.services.db).fetched["jwks", ITSELF + "capp"] == clock() + 9


def test_k2_what_is_noted_is_bounded_in_memory_and_in_the_database(
    provider: Provider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noted, "MAX_WAITING", 50)
    monkeypatch.setattr(noted, "MAX_STRANGERS", 10)
    monkeypatch.setattr(noted, "MAX_ADDRESSES", 3)
    db, own = provider.services.db, Readers()
    for n in range(200):
        own.fetched("jwks", f"10.0.{n}.1", clock() + n)
        own.fetched_as("jwks", f"c{n}", f"10.2.{n}.1", clock(), lambda: False)
    assert own.flush(db) == 50
    for n in range(6):
        own.came("capp", f"10.1.{n}.1", clock() + n)
    own.fetched("jwks", "10.1.5.1", clock() - 5)  # a client's own place outlives any number of strangers
    own.flush(db)
    sweep(db, clock())
    seen = find_seen(db)
    assert sorted(seen.came["capp"]) == ["10.1.3.1", "10.1.4.1", "10.1.5.1"]
    assert len(seen.fetched) == 11
    assert ("jwks", "10.1.5.1") in seen.fetched
    sweep(db, clock() + noted.KEPT + 300)
    assert find_seen(db).fetched == {}


def test_k2_processes_meet_in_the_database_and_the_latest_holds(provider: Provider, clock: Clock) -> None:
    db, processes = provider.services.db, [Readers() for _ in range(4)]
    for n, process in enumerate(processes):
        process.fetched("jwks", WIKI, clock() + n)
        process.came("capp", WIKI, clock() + n)
    writers = [threading.Thread(target=process.flush, args=(db,)) for process in reversed(processes)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    seen = find_seen(db)
    assert seen.fetched["jwks", WIKI] == clock() + 3
    assert seen.came["capp"][WIKI] == clock() + 3


def test_k2_what_cannot_be_written_waits_for_the_next_time(provider: Provider, clock: Clock) -> None:
    own = Readers()
    own.fetched("jwks", WIKI, clock())

    class Down:
        def transaction(self, durable: bool = True) -> None:
            raise OSError("down")

    with pytest.raises(OSError, match="down"):
        own.flush(Down())  # type: ignore[arg-type]
    assert own.flush(provider.services.db) == 1


def test_k2_a_pinned_application_is_signed_for_with_the_old_key_until_it_is_unpinned(
    provider: Provider, clock: Clock
) -> None:
    provider.add_person()
    slow, quick = provider.add_client("Slow"), provider.add_client("Quick")
    old = provider.services.ring.signer("RS256").kid
    key_pins.pin(provider.services, SHELL, slow.id, old)
    new = _next(provider)
    clock.advance(2 * 86_400)
    keys.promote(provider.services, SHELL, new)
    assert _kid_of(provider.tokens(slow)["id_token"]) == old
    assert _kid_of(provider.tokens(quick)["id_token"]) == new
    served = {key["kid"] for key in json.loads(provider.services.ring.jwks)["keys"]}
    assert {old, new} <= served
    # Long after it would have left, the key that somebody is signed for with is published.
    clock.advance(10 * 86_400)
    provider.services.ring.tick()
    assert _kid_of(provider.tokens(slow)["id_token"]) == old
    token = provider.tokens(slow)["id_token"]
    key_pins.unpin(provider.services, SHELL, slow.id, old)
    assert _kid_of(provider.tokens(slow)["id_token"]) == new
    provider.services.ring.tick()
    assert provider.services.ring.find_public(_kid_of(token)) is not None, "what it has just signed is believed"
    clock.advance(2 * 86_400)
    provider.services.ring.tick()
    assert provider.services.ring.find_public(old) is None
    assert [event.action for event in provider.events() if "pin" in event.action] == ["key:pin", "key:unpin"]


def test_k2_a_pin_ends_with_the_keys_time(provider: Provider, clock: Clock) -> None:
    app, ring = provider.add_client("Slow"), provider.services.ring
    old = ring.signer("RS256").kid
    key_pins.pin(provider.services, SHELL, app.id, old)
    new = _next(provider)
    clock.advance(2 * 86_400)
    ring.tick()
    assert ring.signer("RS256", app.id).kid == old
    clock.advance(ring.policy.rotate_after - 2 * 86_400)
    ring.tick()
    assert ring.signer("RS256", app.id).kid == old
    clock.advance(2 * 86_400)
    ring.tick()
    assert ring.signer("RS256", app.id).kid == new
    assert ring.pins() == ()


def test_k2_withdrawing_a_key_ends_its_pins(provider: Provider, clock: Clock) -> None:
    app, ring = provider.add_client("Slow"), provider.services.ring
    old = ring.signer("RS256").kid
    key_pins.pin(provider.services, SHELL, app.id, old)
    new = _next(provider)
    clock.advance(2 * 86_400)
    ring.tick()
    keys.withdraw(provider.services, SHELL, old)
    assert ring.pins() == ()
    assert ring.signer("RS256", app.id).kid == new


def test_k2_a_pinned_service_provider_gets_the_old_certificate(provider: Provider, clock: Clock) -> None:
    client = register(provider, "Wiki", facts("https://wiki.example/metadata"))
    ring = provider.services.certificates
    old = ring.active("signing").kid
    key_pins.pin(provider.services, SHELL, client.id, old)
    new = ring.prepare("signing", "rsa").kid
    ring.promote(new, force=True)
    assert ring.signing_for("https://wiki.example/metadata").kid == old
    assert ring.signing_for("https://other.example/metadata").kid == new
    key_pins.unpin(provider.services, SHELL, client.id, old)
    assert ring.signing_for("https://wiki.example/metadata").kid == new


def test_k2_a_promotion_is_rolled_back_and_does_not_come_back_by_itself(provider: Provider, clock: Clock) -> None:
    ring, old = provider.services.ring, provider.services.ring.signer("RS256").kid
    provider.add_person()
    app = provider.add_client("Wiki")
    new = _next(provider)
    clock.advance(2 * 86_400)
    keys.promote(provider.services, SHELL, new)
    token = provider.tokens(app)["access_token"]
    assert key_rollback.roll_back(provider.services, SHELL, "RS256") == old
    states = {key.kid: key.state for key in ring.list_keys()}
    assert (states[old], states[new]) == ("active", "next")
    assert provider.userinfo(token).status == 200
    for _ in range(30):  # a month of ticks
        clock.advance(86_400)
        ring.tick()
    assert ring.signer("RS256").kid == old
    with pytest.raises(keys.NotSeen):  # the application has proven itself, and fetched nothing since
        keys.promote(provider.services, SHELL, new)
    Server(provider, HOME).fetch()
    keys.promote(provider.services, SHELL, new)
    assert ring.signer("RS256").kid == new
    event = provider.events("key:rolled_back")[-1]
    assert (event.actor, event.detail["key"]) == ("cli:test", "RS256")


def test_k2_there_is_nothing_to_roll_back_before_the_first_promotion(provider: Provider) -> None:
    with pytest.raises(NoSuchKey):
        key_rollback.roll_back(provider.services, SHELL, "RS256")
    assert not provider.events("key:rolled_back")
    assert key_rollback.may_roll_back(provider.services) == frozenset()


def test_k2_a_certificate_is_rolled_back_the_same_way(provider: Provider) -> None:
    ring = provider.services.certificates
    old = ring.active("signing").kid
    new = ring.prepare("signing", "rsa").kid
    ring.promote(new, force=True)
    assert key_rollback.may_roll_back(provider.services) == {new}
    assert key_rollback.roll_back(provider.services, SHELL, new) == old
    assert {key.kid: key.state for key in ring.published("signing")} == {old: "active", new: "next"}
    assert provider.events("certificate:rolled_back")[-1].detail == {"kid": new}


@pytest.mark.parametrize("role", ["admin", "auditor"])
def test_k2_who_may_only_look_changes_nothing(provider: Provider, role: str) -> None:
    looker = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant(role),))
    app, kid = provider.add_client("Wiki"), provider.services.ring.signer("RS256").kid
    key_readers.reports(provider.services, looker)
    changes: list[Callable[[], object]] = [
        lambda: key_pins.pin(provider.services, looker, app.id, kid),
        lambda: key_pins.unpin(provider.services, looker, app.id, kid),
        lambda: key_pins.tell(provider.services, looker, app.id, kid),
        lambda: key_pins.untell(provider.services, looker, app.id, kid),
        lambda: key_rollback.roll_back(provider.services, looker, "RS256"),
    ]
    for change in changes:
        with pytest.raises(NotAllowed):
            change()


def test_k2_who_may_not_see_keys_sees_no_reader(provider: Provider) -> None:
    helper = Actor(kind="person", id="u1", name="person:u1", grants=(RoleGrant("help_desk"),))
    with pytest.raises(NotAllowed):
        key_readers.reports(provider.services, helper)
