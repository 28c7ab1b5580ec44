"""I3, S54: what goes over the wire to a directory, byte for byte, and how long it is waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ldap3.operation.search import compile_filter, parse_filter
from pyasn1.codec.ber import encoder

from idp.federation import checking
from idp.federation.ldap import filters, wire
from idp.federation.ldap.wire import Conversation, Unreachable
from tests.provider import Provider

GIVEN = {
    "name": "Company", "kind": "ldap", "servers": ["ldaps://dc1.example.com"], "base_dn": "dc=example",
    "subject": ["objectGUID"], "all_names": True,
}  # fmt: skip
ODD = ("so\u00adft", "a\tb", "a\x00b", "\ue000", "\u05d0b", "a\u00a0b", "\ufb01sh", " blanks ")


@pytest.mark.spec("RFC4513 5.1.1")
@pytest.mark.parametrize("password", ODD, ids=range(len(ODD)))
def test_s54_a_password_is_sent_exactly_as_it_was_typed(password: str) -> None:
    heard: list[Any] = []
    connection = SimpleNamespace(rebind=lambda **said: heard.append(said["password"]), result={"result": 49})
    assert not Conversation(connection, time.monotonic() + 9).bind("cn=a", password).ok
    assert heard == [password.encode("utf-8")]


def sent(filter: str) -> bytes:
    """As the library writes it."""
    read = parse_filter(filter, None, False, False, None, False)
    made: bytes = encoder.encode(compile_filter(read.elements[0]))
    return made


@pytest.mark.spec("RFC4515 3")
@pytest.mark.parametrize("key", [b" " + b"x" * 15, b"x" * 15 + b" ", b" " * 16, bytes(range(16))], ids=range(4))
def test_i3_a_key_is_looked_for_with_all_its_octets(key: bytes) -> None:
    assert b"\x04\x10" + key in sent(filters.of_subject(checking.checked(GIVEN), key))


def test_i3_blanks_around_a_typed_name_are_part_of_it() -> None:
    assert b"\x04\x05 bea " in sent(f"(uid={filters.escaped(' bea ')})")


@pytest.fixture
def dripping() -> Iterator[int]:
    """A server that answers StartTLS with the beginning of a long message, byte by byte. Its port."""
    listening, stop = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def run() -> None:
        taken, _ = listening.accept()
        with taken:
            taken.recv(4096)
            for byte in b"\x30\x82\x10\x00" + b"\x02" * 40:
                if stop.wait(0.2):
                    return
                try:
                    taken.sendall(bytes((byte,)))
                except OSError:
                    return

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield listening.getsockname()[1]
    stop.set()
    thread.join(5)
    listening.close()


def test_i10_a_server_that_drips_its_answer_before_tls_is_left_in_time(
    open_provider: Callable[..., Provider], dripping: int
) -> None:
    server = f"ldap://localhost:{dripping}"
    services = open_provider(outbound={"allow": [server]}).services
    one = checking.checked({**GIVEN, "servers": [server]})
    began = time.monotonic()
    with pytest.raises(Unreachable), wire.connected(services, one, server, 0.7):
        pass
    assert time.monotonic() - began < 4  # of 8.8 seconds that it drips
