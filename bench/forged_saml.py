"""Requests of a registered service provider that somebody else signed, as large and as dear as may be. N10."""

from __future__ import annotations

import contextlib
import http.client
import threading
from base64 import b64encode
from multiprocessing.synchronize import Event
from urllib.parse import urlencode

from lxml import etree

from bench.provider import Installation
from clients.registry import Draft
from idp.saml.messages import names
from idp.saml.messages.signing import sign
from idp.saml.messages.xml import serialize
from tests.saml.pairs import rsa_pair
from tests.saml.relying import certificate, facts
from tests.saml.samples import authn_request

ENTITY = "https://sp.example.com/metadata"  # of `samples.authn_request`
KEYS = 12
ELEMENTS = 5200
CONNECTIONS = 4


def register(installation: Installation) -> None:
    """A service provider with keys to try."""
    keys = [certificate(rsa_pair(f"bench {number}")) for number in range(KEYS)]
    said = facts(ENTITY, "https://sp.example.com/acs", signing_certificates=keys)
    with installation.services() as services:
        services.registry.register(Draft(name="SP", kind="saml", metadata={"sp_metadata": said}))


def garbage_signatures(port: int, stop: Event) -> None:
    """Four connections, each with the next one as soon as the last was answered."""
    body = _body()
    threads = [threading.Thread(target=_send, args=(port, body, stop), daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _body() -> bytes:
    declared = " ".join(f'xmlns:n{n}="urn:n{n}"' for n in range(58))
    inside = "".join(f"<n{n % 58}:b/>" for n in range(ELEMENTS))
    root = authn_request()
    extensions = etree.SubElement(root, f"{{{names.SAMLP}}}Extensions")
    extensions.append(etree.fromstring(f"<x {declared}>{'<y>' * 50}{inside}{'</y>' * 50}</x>"))
    sign(root, rsa_pair("a stranger").signer())
    return urlencode({"SAMLRequest": b64encode(serialize(root)).decode()}).encode()


def _send(port: int, body: bytes, stop: Event) -> None:
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    while not stop.is_set():
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            while not stop.is_set():
                connection.request("POST", "/saml/sso", body, head)
                connection.getresponse().read()
