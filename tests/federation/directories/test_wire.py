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
from idp.federation.ldap import filters, groups, wire
from idp.federation.ldap.answers import Entry, Unreachable
from idp.federation.ldap.wire import Conversation
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


@pytest.mark.parametrize(("code", "is_known"), [(0, True), (4, False), (32, False)], ids=["all", "cut", "no-base"])
def test_i3_a_list_of_groups_that_was_cut_or_may_not_be_seen_is_not_taken_for_all(code: int, is_known: bool) -> None:
    connection = SimpleNamespace(search=lambda *_, **__: None, response=(), result={"result": code, "description": ""})
    one = checking.checked({**GIVEN, "groups_claim": "groups", "group_filter": "(cn=*)"})
    assert groups.of(Conversation(connection, time.monotonic() + 9), one, Entry("cn=a", {})) == (
        () if is_known else None
    )


def test_i7_a_group_is_known_by_all_of_its_name_where_the_table_says_so() -> None:
    member = [b"CN=Finance,OU=Real,DC=example", b"cn=finance, ou=Sandbox, dc=example", b"CN=Staff,OU=Groups,DC=example"]
    said = {**GIVEN, "groups_claim": "memberOf", "groups": {"cn=Finance,ou=real,dc=example": "Finance"}}
    entry = Entry("cn=a", {"memberof": member})
    assert groups.named_by(checking.checked(said), entry) == ("cn=Finance,ou=real,dc=example", "finance", "Staff")
    below = checking.checked({**said, "group_base": "ou=groups,dc=example"})
    assert groups.named_by(below, entry) == ("cn=Finance,ou=real,dc=example", "Staff")
