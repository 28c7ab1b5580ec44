"""O1: the record is sent as it happens, by syslog over TLS and a signed webhook; nothing is lost while one is away."""

from __future__ import annotations

import hmac
import json
import re
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.admin import streams
from idp.audit import Event, record
from idp.audit.chain import sealing
from idp.audit.streaming import delivery, syslog, webhook
from idp.config import ConfigError
from tests.audit.conftest import Record
from tests.backends import Clock
from tests.mail.server import make_certificate
from tests.provider import Provider, make_settings
from tests.receiver import Receiver

SECRET = "a-secret-of-24-characters"


class SyslogServer:
    """A receiver of RFC 5425 on 127.0.0.1: reads each connection to its end, and answers its end."""

    def __init__(self, folder: Path) -> None:
        own, self.ca = make_certificate(folder)
        self._streams: list[bytes] = []
        self._came = threading.Condition()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(own)
        self._listener = tls.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.url = f"syslog+tls://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:  # one that trusts us not, say
                if self._listener.fileno() == -1:
                    return
                continue
            with connection:
                read = b""
                try:
                    while chunk := connection.recv(65536):
                        read += chunk
                    with self._came:
                        self._streams.append(read)
                        self._came.notify_all()
                    connection.unwrap()
                except OSError:
                    continue

    def messages(self, many: int) -> list[str]:
        """The messages of all frames, once so many connections came to their end."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._streams) >= many, 60)
            found = []
            for stream in self._streams:
                while stream:
                    length, _, rest = stream.partition(b" ")
                    found.append(rest[: int(length)].decode())
                    stream = rest[int(length) :]
            return found

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def syslog_server(tmp_path: Path) -> Iterator[SyslogServer]:
    """A receiver of syslog."""
    server = SyslogServer(tmp_path)
    yield server
    server.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver of the webhook."""
    made = Receiver()
    yield made
    made.close()


def happen(provider: Provider, *actions: str) -> None:
    """Events, sealed."""
    for action in actions:
        record(provider.services.db, Event(action, actor="cli:root", detail={"said": "Ärzte\nx"}), provider.clock())
    sealing.seal_all(provider.services.db, provider.clock)


@pytest.mark.spec("RFC 5425 §4.3.1")
@pytest.mark.spec("RFC 5424 §6")
def test_o1_events_are_sent_by_syslog_over_tls(
    open_provider: Callable[..., Provider], syslog_server: SyslogServer
) -> None:
    audit = {"syslog": syslog_server.url, "syslog_ca": str(syslog_server.ca), "stream_format": "ocsf"}
    provider = open_provider(audit=audit)
    happen(provider, "thing:before")
    streams.send_all(provider.services)
    happen(provider, "thing:done", "session:failed", "range:alarm")
    streams.send_all(provider.services)
    streams.send_all(provider.services)
    messages = syslog_server.messages(1)
    assert [message.split(" ")[0] for message in messages] == ["<110>1", "<108>1", "<105>1"]
    head = re.compile(
        r"<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z login\.example doorward - thing:done - \ufeff(\{.*\})",
        re.DOTALL,
    )
    found = head.fullmatch(messages[0])
    assert found, messages[0]
    assert json.loads(found[1])["unmapped"]["detail"] == {"said": "Ärzte\nx"}


def test_o1_a_syslog_server_that_nobody_vouches_for_gets_nothing(
    open_provider: Callable[..., Provider], syslog_server: SyslogServer
) -> None:
    provider = open_provider(audit={"syslog": syslog_server.url})
    streams.send_all(provider.services)
    happen(provider, "thing:done")
    streams.send_all(provider.services)
    assert syslog_server.messages(0) == []
    trouble = delivery.trouble(provider.services.db, f"syslog:{syslog_server.url}")
    assert trouble is not None
    assert "not trusted" in trouble[1]


def test_o1_a_webhook_is_signed_and_a_receiver_that_was_away_gets_everything_in_order(
    open_provider: Callable[..., Provider], receiver: Receiver
) -> None:
    provider = open_provider(
        outbound={"allow": [receiver.origin]}, audit={"webhook": f"{receiver.origin}/audit", "webhook_secret": SECRET}
    )
    name = f"webhook:{receiver.origin}/audit"
    streams.send_all(provider.services)
    receiver.status = 503
    happen(provider, "thing:1", "thing:2")
    streams.send_all(provider.services)
    happen(provider, "thing:3")
    streams.send_all(provider.services)
    assert delivery.trouble(provider.services.db, name) == (provider.clock(), "it answered with 503")
    receiver.status = 204
    refused = len(receiver.bodies)
    streams.send_all(provider.services)
    taken = receiver.bodies[refused:]
    events = [json.loads(line) for body in taken for line in body.splitlines()]
    assert [event["action"] for event in events] == ["thing:1", "thing:2", "thing:3"]
    assert delivery.trouble(provider.services.db, name) is None
    headers = receiver.headers[refused]
    assert headers["webhook-id"] == receiver.headers[0]["webhook-id"], "what is sent again has the same id"
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + taken[0]
    expected = b64encode(hmac.digest(SECRET.encode(), signed, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


def test_S18_the_log_says_which_receiver_fails_and_nothing_of_its_address_but_the_host(
    open_provider: Callable[..., Provider], receiver: Receiver, capfd: pytest.CaptureFixture[str]
) -> None:
    provider = open_provider(
        log={"level": "info", "format": "json"},
        outbound={"allow": [receiver.origin]},
        audit={"webhook": f"{receiver.origin}/T0/sesame?key=sesame", "webhook_secret": SECRET},
    )
    streams.send_all(provider.services)
    receiver.status = 503
    happen(provider, "thing:1")
    streams.send_all(provider.services)
    said = "".join(capfd.readouterr())
    assert "audit_stream_failed" in said
    assert receiver.origin.partition("//")[2] in said
    assert "sesame" not in said


def test_o1_one_receiver_that_is_away_does_not_hold_up_the_other(
    open_provider: Callable[..., Provider], syslog_server: SyslogServer, receiver: Receiver
) -> None:
    syslog_server.close()
    audit = {"syslog": syslog_server.url, "webhook": receiver.origin, "webhook_secret": SECRET}
    provider = open_provider(outbound={"allow": [receiver.origin]}, audit=audit)
    streams.send_all(provider.services)
    happen(provider, "thing:done")
    streams.send_all(provider.services)
    assert len(receiver.bodies) == 1
    assert delivery.trouble(provider.services.db, f"syslog:{syslog_server.url}") is not None


def test_o1_what_commits_late_is_sent_too_and_two_senders_move_the_mark_once(record_of: Record) -> None:
    got: list[str] = []

    def send(id: str, events: list[Event]) -> None:
        got.extend(event.action for event in events)

    late = record_of.clock()
    record_of.write(1)
    assert delivery.deliver(record_of.db, "x", send, record_of.clock) == 0
    record_of.write(2)
    record(record_of.db, Event("thing:late"), late)
    assert sealing.seal(record_of.db, record_of.clock())

    def send_twice(id: str, events: list[Event]) -> None:
        delivery.deliver(record_of.db, "x", send, record_of.clock)
        send(id, events)

    delivery.deliver(record_of.db, "x", send_twice, record_of.clock)
    assert got[:3] == ["thing:done", "thing:done", "thing:late"]
    assert delivery.deliver(record_of.db, "x", send, record_of.clock) == 0


def test_o1_a_receiver_is_served_for_a_time_and_goes_on_the_next(chain: Record) -> None:
    chain.write(1)
    delivery.deliver(chain.db, "x", lambda id, events: None, chain.clock)
    for _ in range(3):
        chain.write(1)
    assert [delivery.deliver(chain.db, "x", lambda id, events: None, chain.clock, seconds=0) for _ in range(4)] == [
        1, 1, 1, 0,
    ]  # fmt: skip


@pytest.mark.spec("RFC 5424 §6.2.7")
def test_o1_a_syslog_head_is_ascii_whatever_an_action_is() -> None:
    said = syslog.message(Event("thïng: x" + "y" * 60, at=5.0), "x\n", "login.example")
    head = said.partition(b"\xef\xbb\xbf")[0].decode("ascii")
    assert head.split(" ")[5] == ("th_ng:_x" + "y" * 60)[:32]


def test_o1_a_secret_may_be_written_as_standard_webhooks_has_it() -> None:
    assert webhook.key_of("whsec_" + b64encode(b"x" * 24).decode()) == b"x" * 24
    assert webhook.key_of(SECRET) == SECRET.encode()


@pytest.mark.parametrize(
    "settings",
    [{"syslog": "udp://logs.example"}, {"syslog": "syslog+tls://"}, {"webhook": "https://w.example"},
     {"webhook": "https://w.example", "webhook_secret": "short"},
     {"webhook": "https://w.example", "webhook_secret": "whsec_" + "?" * 30}],
)  # fmt: skip
def test_o1_a_stream_that_cannot_work_is_told_at_the_start(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises((ConfigError, ValueError), match="audit"):
        make_settings(tmp_path, audit=settings)


def test_o1_the_clock_of_a_stream_is_the_installation_s(clock: Clock, chain: Record) -> None:
    def send(id: str, events: list[Event]) -> None:
        raise delivery.NotReceived("away")

    chain.write(1)
    delivery.deliver(chain.db, "x", send, clock)
    chain.write(1)
    with pytest.raises(delivery.NotReceived):
        delivery.deliver(chain.db, "x", send, clock)
    assert delivery.trouble(chain.db, "x") == (clock(), "away")
