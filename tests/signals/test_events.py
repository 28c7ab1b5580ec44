"""Y4: what ends and changes here is told to the applications that know the person, and to no other (CAEP, RISC)."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from sqlalchemy import func, select

from idp.accounts import factors
from idp.accounts.factors import totp, webauthn
from idp.accounts.signalled.store import signal_notes
from idp.admin import sessions
from idp.cli.installation import shell
from idp.login.browser import sessions as login_sessions
from idp.oidc import ending
from idp.oidc.scopes import SIGNALS
from idp.signals import event_types
from idp.signals.event_types import SESSION_REVOKED
from tests.provider import App, Browser, Provider
from tests.receiver import Receiver
from tests.signals.conftest import POLL, Listener, Told, work


def come(listener: Listener, login: str = "ann", browser: Browser | None = None) -> dict[str, Any]:
    """Somebody signs in to the application: the claims of its ID token."""
    tokens = listener.provider.tokens(listener.app, browser, login)
    listener.provider.services.uses.flush()
    part = tokens["id_token"].split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def told(listener: Listener, stream: dict[str, Any]) -> list[Told]:
    """What is new for it, taken."""
    work(listener.provider)
    found = listener.poll(stream)
    listener.poll(stream, ack=list(found), maxEvents=0)
    return list(found.values())


def kinds(found: list[Told]) -> list[str]:
    return [one.type for one in found]


@pytest.mark.spec("CAEP 3.1", "SSF 3.2", "RFC9493 3.2.3")
def test_y4_a_session_that_an_admin_ends_is_told_by_the_names_of_its_id_token(listener: Listener) -> None:
    ann, stream = listener.provider.add_person(), listener.make(POLL)
    known = come(listener)
    (one,) = login_sessions.open_of(listener.provider.services, ann.id)
    sessions.end(listener.provider.services, shell(), ann, one.id)
    (event,) = told(listener, stream)
    assert event.type == "session-revoked"
    assert event.about == {
        "format": "complex",
        "user": {"format": "iss_sub", "iss": listener.provider.issuer, "sub": known["sub"]},
        "session": {"format": "opaque", "id": known["sid"]},
    }
    assert event.body["initiating_entity"] == "admin"
    assert event.body["reason_admin"]["en"]
    assert event.claims["txn"]
    assert event.claims["jti"]
    assert told(listener, stream) == []  # taken, once


def test_y4_every_way_in_which_a_session_ends_is_told(listener: Listener) -> None:
    services, ann = listener.provider.services, listener.provider.add_person()
    stream = listener.make(POLL, events_requested=[SESSION_REVOKED])
    browser = listener.provider.browser()
    come(listener, browser=browser)
    browser.submit(browser.get("logout"))
    found = told(listener, stream)
    assert kinds(found) == ["session-revoked"]
    assert found[0].body["initiating_entity"] == "user"
    for end in (
        lambda: ending.end_all(services, ann.id, record=lambda *_: None),
        lambda: services.directory.disable(ann.id),
    ):
        come(listener), come(listener)
        end()
        assert kinds(told(listener, stream)) == ["session-revoked"] * 2
    services.directory.enable(ann.id)
    come(listener)
    services.directory.remove(ann.id)
    assert kinds(told(listener, stream)) == ["session-revoked"]


def test_y4_a_session_without_the_application_is_not_told_to_it(listener: Listener, transmitter: Provider) -> None:
    ann, stream = transmitter.add_person(), listener.make(POLL)
    come(listener)
    other = transmitter.add_client("Other")
    browser = transmitter.browser()
    transmitter.tokens(other, browser)
    (one, *_) = login_sessions.open_of(transmitter.services, ann.id)  # the latest: the one of the other application
    sessions.end(transmitter.services, shell(), ann, one.id)
    assert told(listener, stream) == []


@pytest.mark.spec("RISC 2.3", "RISC 2.4", "RISC 2.2")
def test_y4_an_account_off_on_and_gone(listener: Listener, transmitter: Provider) -> None:
    ann, stream = transmitter.add_person(), listener.make(POLL)
    sub = come(listener)["sub"]
    transmitter.add_person("bob")  # whom this application does not know
    work(transmitter)
    listener.poll(stream, ack=list(listener.poll(stream)), maxEvents=0)
    transmitter.services.directory.disable(ann.id)
    found = told(listener, stream)
    assert sorted(kinds(found)) == ["account-disabled", "session-revoked"]
    off = next(one for one in found if one.type == "account-disabled")
    assert off.about == {"format": "iss_sub", "iss": transmitter.issuer, "sub": sub}
    assert off.body == {}
    transmitter.services.directory.enable(ann.id)
    assert kinds(told(listener, stream)) == ["account-enabled"]
    for name in ("ann", "bob"):
        found_person = transmitter.services.directory.find_named(name)
        assert found_person is not None
        transmitter.services.directory.remove(found_person.id)
    (gone,) = told(listener, stream)
    assert gone.type == "account-purged"
    assert gone.about["sub"] == sub


@pytest.mark.spec("CAEP 3.3")
def test_y4_other_credentials(listener: Listener, transmitter: Provider) -> None:
    services, ann = transmitter.services, transmitter.add_person()
    stream = listener.make(POLL, events_requested=[event_types.CREDENTIAL_CHANGE])
    come(listener)
    with services.db.transaction() as tx:
        made = factors.add(tx, services.clock(), ann.id, totp.KIND, "Phone")
        factors.add(tx, services.clock(), ann.id, webauthn.KIND, "Key", data={"transports": ["usb"]})
    with services.db.transaction() as tx:
        factors.remove(tx, ann.id, made.id)
        assert not factors.remove(tx, ann.id, made.id)
    services.directory.store_password(ann.id, "$argon2id$new", detail={})
    found = [(one.body["credential_type"], one.body["change_type"]) for one in told(listener, stream)]
    assert found == [("app", "create"), ("fido2-roaming", "create"), ("app", "delete"), ("password", "update")]


@pytest.mark.spec("RISC 2.5")
def test_y4_another_address_is_told_to_whom_may_see_it(listener: Listener, transmitter: Provider) -> None:
    ann, stream = transmitter.add_person(), listener.make(POLL)
    come(listener)
    transmitter.services.directory.update(ann.id, email="ann@new.example")
    (event,) = told(listener, stream)
    assert event.type == "identifier-changed"
    assert event.about == {"format": "email", "email": "ann@example.com"}
    assert event.body == {"new-value": "ann@new.example"}


def test_y4_an_address_is_told_to_whom_its_owner_agreed(transmitter: Provider, server: Receiver) -> None:
    app = transmitter.add_client(
        "Asks", grant_types=["authorization_code", "client_credentials"], consent="explicit",
        scope=" ".join(["openid", "email", *SIGNALS]),
    )  # fmt: skip
    listener, ann = Listener(transmitter, app, server), transmitter.add_person()
    stream, browser = listener.make(POLL), transmitter.browser()
    for agreed, told_now in (("openid", []), ("openid email", ["identifier-changed"])):
        page = transmitter.authorize(browser, app, scope=agreed)
        page = browser.log_in(page) if page.is_login_page else page
        assert page.is_consent_page
        browser.submit(page, press="allow")
        transmitter.services.uses.flush()
        transmitter.services.directory.update(ann.id, email=f"ann@{len(told_now)}.example")
        assert kinds(told(listener, stream)) == told_now


def test_y4_what_did_not_happen_is_not_told(listener: Listener, transmitter: Provider) -> None:
    ann, stream = transmitter.add_person(), listener.make(POLL)
    come(listener)

    def undone() -> None:
        with transmitter.services.db.transaction() as tx:
            login_sessions.end_all(tx, ann.id, transmitter.clock(), "rolled back")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert told(listener, stream) == []


@pytest.mark.spec("SSF 8.1.3")
def test_y4_a_receiver_names_people(listener: Listener, transmitter: Provider) -> None:
    ann, bob = transmitter.add_person(), transmitter.add_person("bob")
    stream, found = listener.make(POLL), listener.found()

    def name(endpoint: str, subject: dict[str, Any]) -> int:
        return listener.call("POST", found[endpoint], {"stream_id": stream["stream_id"], "subject": subject}).status

    sub = come(listener)["sub"]
    of_ann = {"format": "iss_sub", "iss": transmitter.issuer, "sub": sub}
    assert name("remove_subject_endpoint", of_ann) == 204
    assert name("add_subject_endpoint", {"format": "email", "email": "bob@example.com"}) == 200
    for person in (ann, bob):
        transmitter.services.directory.disable(person.id)
    assert [one.about["sub"] for one in told(listener, stream)] == [bob.id]
    assert name("add_subject_endpoint", of_ann) == 200
    transmitter.services.directory.enable(ann.id)
    assert kinds(told(listener, stream)) == ["account-enabled"]
    # §10.1: nobody learns by the answer whom there is.
    for subject in ({"format": "email", "email": "nobody@example.com"}, {**of_ann, "sub": "nobody"}):
        assert name("add_subject_endpoint", subject) == 200
    assert name("add_subject_endpoint", {"format": "phone_number", "phone_number": "+12065550100"}) == 400


def test_y4_pairwise_names_are_the_receivers_own(transmitter: Provider, listener: Listener) -> None:
    app = transmitter.add_client(
        "HR", grant_types=["authorization_code", "client_credentials"], scope="openid ssf.manage ssf.read",
        subject_type="pairwise",
    )  # fmt: skip
    other = Listener(transmitter, app, listener.server)
    ann, stream = transmitter.add_person(), other.make(POLL)
    known = come(other)
    assert known["sub"] != ann.id
    (one,) = login_sessions.open_of(transmitter.services, ann.id)
    sessions.end(transmitter.services, shell(), ann, one.id)
    (event,) = told(other, stream)
    assert event.about["user"]["sub"] == known["sub"]
    assert event.about["session"]["id"] == known["sid"]
    assert ann.id not in str(event.claims)
    assert one.id not in str(event.claims)


def test_y4_where_nobody_listens_nothing_is_written(provider: Provider, crm_app: App) -> None:
    ann, browser = provider.add_person(), provider.browser()
    provider.tokens(crm_app, browser)
    sql, _, _ = provider.counted(lambda: browser.submit(browser.get("logout")))
    assert len([one for one in sql if "signal_" in one]) == 1
    provider.services.directory.disable(ann.id)
    assert provider.services.db.one(select(func.count().label("many")).select_from(signal_notes)).many == 0


def test_y4_hot_paths_ask_nothing_more(provider: Provider, crm_app: App) -> None:
    provider.add_person()
    browser = provider.browser()
    provider.tokens(crm_app, browser)
    sql, _, _ = provider.counted(lambda: provider.tokens(crm_app, browser, state="other"))
    assert not [one for one in sql if "signal_" in one]


@pytest.fixture
def crm_app(provider: Provider) -> App:
    return provider.add_client("CRM")
