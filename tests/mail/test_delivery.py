"""The way of a message: sealed in the queue, tried again for a day, sent once, and never a page's trouble."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp import mail
from idp.accounts.person import Person
from idp.jobs import store as statements
from idp.mail import delivery
from tests.backends import Clock
from tests.mail.conftest import deliver
from tests.mail.server import MailServer, make_certificate
from tests.provider import Provider

RESET = {"link": "https://login.example/setup/dwl_s3cret", "code": "13579024", "minutes": 30, "name": "Ann Example"}


def waiting(provider: Provider) -> list[Any]:
    return [job for job in provider.services.jobs.pending() if job.name in ("mail", "sms")]


def reset(provider: Provider, to: str = "ann@example.com") -> None:
    mail.send(provider.services, to, "reset_password", "en", RESET)


def test_S14_a_queued_message_is_sealed(provider: Provider, ann: Person) -> None:
    reset(provider)
    mail.tell(provider.services, ann, "factor_added", {"kind": "totp", "label": "Blue phone"})
    for job in waiting(provider):
        text = json.dumps(job.payload)
        assert set(job.payload) == {"id", "sealed"}
        assert not [word for word in ("ann", "s3cret", "13579024", "reset", "Blue", "not-me") if word in text]
    stored = "".join(repr(row) for row in provider.services.db.all(statements.LIST))
    assert "sealed" in stored
    assert "example.com" not in stored
    assert "13579024" not in stored


def test_F4_what_became_of_a_mail_is_in_the_audit_log_and_names_nobody(
    provider: Provider, server: MailServer, ann: Person
) -> None:
    server.answers["ann@example.com"] = "550 5.1.1 <ann@example.com>: no such mailbox"
    mail.tell(provider.services, ann, "password_changed")
    assert deliver(provider) == 0  # never again: the server will not change its mind
    mail.send(provider.services, "bob@example.com", "test", "en")
    server.answers["ann@example.com"] = "250 OK"
    provider.services.jobs.perform("mail", waiting(provider)[-1].payload)
    (failed,) = provider.events("mail:failed")
    assert failed.person_id == ann.id
    assert {**failed.detail, "findings": ()} == {
        "message": "password_changed", "to": "a…@example.com", "findings": (), "final": True,
        "reason": "the mail server answered 550 5.1.1 <a…@example.com>: no such mailbox",
    }  # fmt: skip
    assert "ann@" not in str(failed.detail["findings"])
    (sent,) = provider.events("mail:sent")
    assert sent.detail == {"message": "test", "to": "b…@example.com", "said": "250 2.0.0 Ok: queued as 0001"}


def test_a_mail_that_the_server_puts_off_is_tried_again_and_told_once(
    provider: Provider, server: MailServer, ann: Person
) -> None:
    server.answers["ann@example.com"] = "451 4.7.1 greylisted, come back later"
    reset(provider)
    assert [deliver(provider) for _ in range(3)] == [1, 1, 1]
    (event,) = provider.events("mail:failed")
    assert event.detail["reason"] == "the mail server answered 451 4.7.1 greylisted, come back later; trying again"
    server.answers.clear()
    assert deliver(provider) == 0
    assert len(server.received) == 1


def test_a_mail_is_sent_once_although_its_job_is_run_again(provider: Provider, server: MailServer) -> None:
    reset(provider)
    deliver(provider)
    deliver(provider)  # as after a worker was killed between the server's OK and the queue's
    assert len(server.received) == 1


def test_a_code_that_comes_too_late_stays_here(provider: Provider, server: MailServer, clock: Clock) -> None:
    mail.send(provider.services, "ann@example.com", "sign_in_code", "en", {"code": "135790", "minutes": 10})
    clock.advance(601)
    assert deliver(provider) == 0
    assert server.received == []
    assert [event.detail["reason"] for event in provider.events("mail:failed")] == ["it came too late to be of use"]


def test_L7_a_message_to_nobody_takes_the_same_way_and_ends_with_the_worker(
    provider: Provider, server: MailServer
) -> None:
    reset(provider, "")
    (job,) = waiting(provider)
    assert set(job.payload) == {"id", "sealed"}
    assert deliver(provider) == 0
    assert server.received == []
    assert provider.events("mail:failed") == []


def test_n26_the_address_that_an_admin_gave_is_told_before_it_is_confirmed(
    provider: Provider, server: MailServer
) -> None:
    told = mail.tell(provider.services, provider.add_person("cy"), "password_changed")
    assert told == mail.Told(("cy@example.com",))
    deliver(provider)
    assert [got.to for got in server.received] == [["cy@example.com"]]


def test_somebody_without_an_address_is_told_nothing_and_nobody_says_otherwise(
    provider: Provider, server: MailServer
) -> None:
    bob = provider.add_person("bob", email=None)
    assert mail.tell(provider.services, bob, "password_changed") == mail.Told(why="the person has no address")
    assert deliver(provider) == 0
    assert server.received == []
    (event,) = provider.events("mail:failed")
    assert (event.person_id, event.detail["reason"]) == (bob.id, "the person has no address")
    mail.tell(provider.services, bob, "recovery_address_changed", {"what": "email"}, also=["old@example.org"])
    deliver(provider)
    assert [got.to for got in server.received] == [["old@example.org"]]


def test_without_a_mail_server_pages_go_on_and_the_help_desk_sees_why(open_provider: Callable[..., Provider]) -> None:
    provider = open_provider()
    assert not mail.is_ready(provider.services)
    mail.tell(provider.services, provider.add_person("ann", email_verified=True), "password_changed")
    assert waiting(provider) == []
    assert [e.detail["reason"] for e in provider.events("mail:failed")] == ["no mail server is set: give [mail] a host"]


def test_a_queue_that_is_down_fails_no_page(provider: Provider, ann: Person) -> None:
    provider.services.db.close()
    with contextlib.closing(sqlite3.connect(provider.settings.data_dir / "doorward.db")) as file:
        file.execute("ALTER TABLE jobs RENAME TO jobs_away")
    mail.tell(provider.services, ann, "password_changed")
    assert [e.detail["reason"] for e in provider.events("mail:failed")] == ["the queue could not be reached"]


def test_a_server_that_says_nothing_is_given_up(open_provider: Callable[..., Provider]) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings = {"host": "127.0.0.1", "port": silent.getsockname()[1], "tls": "none", "timeout": 1}
        provider = open_provider(mail=settings)
        reset(provider)
        begun = time.monotonic()
        assert deliver(provider) == 1
        assert time.monotonic() - begun < 2
    assert "did not answer in time" in provider.events("mail:failed")[0].detail["reason"]


@pytest.mark.slow
def test_mail_waits_for_a_server_that_is_down_and_leaves_once_it_is_up(
    open_provider: Callable[..., Provider], server: MailServer, clock: Clock
) -> None:
    server.stop()
    provider = open_provider(mail=server.settings)
    reset(provider)
    provider.services.jobs.start()
    try:
        _until(lambda: waiting(provider)[0].tries > 0)
        assert "cannot be reached" in provider.events("mail:failed")[0].detail["reason"]
        server.start()
        clock.advance(delivery.BEFORE_RETRY + 1)
        _until(lambda: len(server.received) == 1)
        _until(lambda: not waiting(provider))
    finally:
        provider.services.jobs.stop()
    assert server.received[0].to == ["ann@example.com"]


def _until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_tries_go_on_for_a_day() -> None:
    waits = [min(delivery.BEFORE_RETRY * 2**tries, 3600.0) for tries in range(delivery.RETRIES)]
    assert 86400 <= sum(waits) < 90000


# -- encryption ------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    return make_certificate(tmp_path)


@pytest.fixture(params=["starttls", "tls"])
def encrypted(request: pytest.FixtureRequest, certificate: tuple[Path, Path]) -> Iterator[MailServer]:
    made = MailServer(certificate[0], request.param, password="swordfish").start()
    yield made
    made.stop()


def sends(open_provider: Callable[..., Provider], server: MailServer, **settings: Any) -> str:
    """What the audit log says of one mail."""
    provider = open_provider(mail={**server.settings, "username": "doorward", "password": "swordfish", **settings})
    reset(provider)
    deliver(provider)
    events = provider.events("mail:sent") + provider.events("mail:failed")
    assert "swordfish" not in json.dumps([dict(event.detail) for event in events])
    return str(events[0].detail.get("said") or events[0].detail["reason"])


def test_mail_travels_encrypted_and_signed_in(
    open_provider: Callable[..., Provider], encrypted: MailServer, certificate: tuple[Path, Path]
) -> None:
    assert sends(open_provider, encrypted, ca=str(certificate[1])).startswith("250")
    assert encrypted.received[0].was_encrypted


def test_a_certificate_that_is_not_trusted_gets_no_mail(
    open_provider: Callable[..., Provider], encrypted: MailServer
) -> None:
    assert "certificate was not accepted" in sends(open_provider, encrypted)
    assert encrypted.received == []


def test_a_certificate_of_another_host_gets_no_mail(open_provider: Callable[..., Provider], tmp_path: Path) -> None:
    pem, ca = make_certificate(tmp_path, "mail.elsewhere.example")
    server = MailServer(pem, "starttls").start()
    assert "certificate was not accepted" in sends(open_provider, server, ca=str(ca))
    assert server.received == []
    server.stop()


def test_a_server_without_starttls_gets_no_mail_in_clear(
    open_provider: Callable[..., Provider], server: MailServer
) -> None:
    said = sends(open_provider, server, tls="starttls")
    assert said == "the mail server cannot do what is set: STARTTLS extension not supported by server.; trying again"
    assert server.received == []


def test_a_wrong_password_is_told_without_it(
    open_provider: Callable[..., Provider], encrypted: MailServer, certificate: tuple[Path, Path]
) -> None:
    said = sends(open_provider, encrypted, ca=str(certificate[1]), password="wr0ng")
    assert said.startswith("the mail server refused our name and password: 535")
    assert "wr0ng" not in said
    assert encrypted.received == []


# -- addresses -------------------------------------------------------------------------------------------------------


def test_addresses_of_all_scripts_are_written_to(provider: Provider, server: MailServer) -> None:
    for to in ("jörg@example.com", "ann@bücher.example", "o'neil+x@example.com"):
        mail.send(provider.services, to, "test", "en")
    assert deliver(provider) == 0
    assert [got.to for got in server.received] == [
        ["jörg@example.com"], ["ann@xn--bcher-kva.example"], ["o'neil+x@example.com"]
    ]  # fmt: skip


def test_sender_and_reply_address_are_settings(open_provider: Callable[..., Provider], server: MailServer) -> None:
    provider = open_provider(
        mail={**server.settings, "sender": "Zürich Login <login@example.org>", "reply_to": "help@example.org"}
    )
    mail.send(provider.services, "ann@example.com", "test", "en")
    deliver(provider)
    (got,) = server.received
    assert got.sender == "login@example.org"
    assert str(got.message["From"]) == "Zürich Login <login@example.org>"
    assert got.message["Reply-To"] == "help@example.org"
