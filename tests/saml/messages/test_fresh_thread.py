"""Threat 15: what libxml2 keeps of documents, and what threads share, is in nobody's hands outside."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

import pytest

from idp.saml.messages import names
from idp.saml.messages.bindings import BadMessage, Received
from idp.saml.messages.fresh_thread import in_fresh_thread
from idp.saml.messages.signature_gate import BadSignature
from idp.saml.messages.signatures import open_message
from idp.saml.messages.soap import decode_soap
from idp.saml.messages.xml import BadXml, parse
from tests.saml.pairs import rsa_pair
from tests.saml.samples import authn_request, signed

ROUNDS = 300  # of 120 kB of names each
MOST = 8 * 1024 * 1024  # bytes; a fifth of what those names take


def resident() -> int:
    """Bytes of memory of this process."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def made_up(label: str) -> bytes:
    """Elements whose names nobody has used before."""
    return b"".join(f"<n{label}_{place}{'x' * 1000}/>".encode() for place in range(110))


def a_document(label: str) -> None:
    parse(b"<a>" + made_up(label) + b"</a>")


def a_broken_document(label: str) -> None:
    with pytest.raises(BadXml):
        parse(b"<a>" + made_up(label) + b"</b>")


def a_message_with_a_wrong_signature(label: str) -> None:
    forged = SIGNED.replace(b"</samlp:AuthnRequest>", b"<e>" + made_up(label) + b"</e></samlp:AuthnRequest>")
    with pytest.raises(BadSignature):
        open_message(Received(names.HTTP_POST, "SAMLRequest", forged), [rsa_pair().public])


def an_envelope(label: str) -> None:
    start = f'<S:Envelope xmlns:S="{names.SOAP}"><S:Body>'.encode()
    with pytest.raises(BadMessage):
        decode_soap(start + made_up(label) + b"</S:Body></S:Envelope>")


SIGNED = signed(authn_request())


@pytest.mark.spec("threat 15")
@pytest.mark.parametrize("send", [a_document, a_broken_document, a_message_with_a_wrong_signature, an_envelope])
def test_threat_15_names_that_strangers_make_up_do_not_stay_in_memory(send) -> None:  # type: ignore[no-untyped-def]
    for place in range(30):
        send(f"warm{place}")
    before = resident()
    for place in range(ROUNDS):
        send(f"{send.__name__}{place}")
    assert resident() - before < MOST


@pytest.mark.slow
@pytest.mark.spec("threat 2")
def test_threat_2_of_many_threads_none_misses_what_stands_in_its_document() -> None:
    """Threads at one set of names did: `find` answered None for elements that were there, a Signature for one."""
    missed: list[str] = []

    def read(thread: int) -> None:
        for turn in range(20):
            known = [f"n{thread}_{turn}_{place}" for place in range(3000)]
            root = parse(("<a>" + "".join(f"<{name}/>" for name in known) + "</a>").encode())
            missed.extend(name for name in known[::5] if root.find(name) is None)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []


def test_every_piece_of_work_has_a_thread_of_its_own() -> None:
    threads = in_fresh_thread(threading.get_ident), threading.get_ident()
    assert threads[0] != threads[1]


def test_what_goes_wrong_there_is_raised_here() -> None:
    with pytest.raises(ZeroDivisionError):
        in_fresh_thread(lambda: 1 // 0)
