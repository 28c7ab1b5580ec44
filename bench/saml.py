"""SAML: signed Responses a second, and whole hops with a session, beside what OpenSSL signs in the same seconds.

`python -m bench.saml` prints a table. All runs on one core, in one thread, without a network: the hop is the WSGI
application, called as the server calls it. Both sides are counted in processor time. A ratio of 100 % would mean that
nothing but the RSA signatures costs time.
"""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.machine import choose_cores, describe
from idp.saml.assertions import attribute_catalogue, attributes, response
from idp.saml.messages import names, schema_types
from idp.saml.messages.encryption import Recipient
from idp.saml.messages.http_redirect import deflate
from idp.saml.messages.name_id import NameID
from idp.saml.messages.xml import child, element, serialize
from tests.provider import Provider, make_template
from tests.saml.pairs import ec_pair, rsa_pair
from tests.saml.relying import ACS, SP, register, sign_in

NOW = 1_800_000_000.0
ROUNDS = 7  # of half a second each; the median counts
KNOWN = {
    "email": "alice@example.com", "name": "Älice & <Bob>", "given_name": "Älice", "family_name": "Bob",
    "username": "alice", "scoped_username": "alice@example.com",
}  # fmt: skip


#: Makes ready for so many, and answers a function that does them.
Work = Callable[[int], Callable[[], None]]


def answers(kind: str) -> Work:
    """Responses, from values to the base64 of the form."""
    pair = ec_pair() if kind == "P-256, both" else rsa_pair("idp")
    key = pair.signer()
    about = response.AssertionContent(
        audience=SP,
        name_id=NameID("2j5qv7x4m3n6", names.NAMEID_PERSISTENT, "https://login.example/saml/metadata", SP),
        session_index="_s",
        authn_instant=NOW,
        context_class=names.AC_PASSWORD_PROTECTED,
        attributes=attributes.release(attribute_catalogue.PRESETS["default"], KNOWN),
        not_before=NOW,
        not_on_or_after=NOW + 300,
        sign="assertion" if kind == "assertion only" else "both",
        recipient=Recipient(rsa_pair("sp").key.public_key()) if kind == "both, encrypted" else None,
    )
    envelope = response.ResponseHeader("https://login.example/saml/metadata", ACS, "_request", NOW, key)

    def make(many: int) -> Callable[[], None]:
        def work() -> None:
            for _ in range(many):
                b64encode(serialize(response.build(envelope, about)))

        return work

    return make


def hops(folder: Path) -> Work:
    """AuthnRequests by Redirect with a live session, through the WSGI application."""
    template = make_template(folder / "template")
    provider = Provider.open(folder / "site", time.time, template, server={"issuer": "https://login.example"})
    provider.add_person("ann", claims={"given_name": "Ann", "family_name": "Example"})
    register(provider)
    browser = provider.browser()
    sign_in(browser, browser.get(f"/saml/sso?{query()}"))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/saml/sso", "HTTP_COOKIE": cookies, "REMOTE_ADDR": "127.0.0.1",
        "HTTP_USER_AGENT": "bench", "SERVER_NAME": "login.example", "SERVER_PORT": "443", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }  # fmt: skip

    def make(many: int) -> Callable[[], None]:
        requests = [{**environ, "QUERY_STRING": query()} for _ in range(many)]

        def work() -> None:
            for request in requests:
                body = b"".join(provider.app(request, lambda *_: None))
                assert b"SAMLResponse" in body, body[:300]

        return work

    return make


def query() -> str:
    """A fresh AuthnRequest on its way."""
    about = {
        "ID": "_" + os.urandom(16).hex(), "Version": "2.0", "IssueInstant": schema_types.instant(time.time()),
        "Destination": "https://login.example/saml/sso", "AssertionConsumerServiceURL": ACS,
    }  # fmt: skip
    request = element(names.SAMLP, "AuthnRequest", about)
    child(request, names.SAML, "Issuer", None, SP)
    return urlencode({"SAMLRequest": b64encode(deflate(serialize(request))).decode(), "RelayState": "x" * 80})


def seconds_of(work: Callable[[], None]) -> float:
    """Processor time: what others do on the machine meanwhile counts less."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def openssl() -> dict[str, float]:
    """Seconds of processor time for one signature by `openssl speed`."""
    command = ["openssl", "speed", "-seconds", "1", "rsa2048", "ecdsap256"]
    done = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rsa = re.search(r"^rsa +2048 bits +\S+ +\S+ +([\d.]+)", done, re.MULTILINE)
    ecdsa = re.search(r"^ *256 bits ecdsa \(nistp256\) +\S+ +\S+ +([\d.]+)", done, re.MULTILINE)
    assert rsa is not None, done
    assert ecdsa is not None, done
    return {"rsa2048": 1 / float(rsa[1]), "ecdsap256": 1 / float(ecdsa[1])}


def compare(make: Work, key: str, signatures: int) -> tuple[float, float, float]:
    """(a second, what the signatures alone would allow, ratio): the median round, OpenSSL measured around each."""
    make(3)()
    many = max(10, int(0.5 / (seconds_of(make(20)) / 20)))
    rounds, before = [], openssl()
    for _ in range(ROUNDS):
        each = seconds_of(make(many)) / many
        after = openssl()
        least = signatures * (before[key] + after[key]) / 2
        rounds.append((least / each, 1 / each, 1 / least))
        before = after
    ratio, here, limit = sorted(rounds)[len(rounds) // 2]
    return here, limit, ratio


def main() -> None:
    """Measure and print."""
    os.sched_setaffinity(0, {choose_cores().server})
    for name, value in describe().items():
        print(f"{name}: {value}")
    print(f"\n{'':18} {'a second':>10} {'signatures':>12} {'ratio':>7}  target")
    cases = [
        ("RSA-2048, both", "rsa2048", 2, 0.75), ("assertion only", "rsa2048", 1, None),
        ("both, encrypted", "rsa2048", 2, None), ("P-256, both", "ecdsap256", 2, None),
        ("whole hop", "rsa2048", 2, 0.50),
    ]  # fmt: skip
    missed = False
    with tempfile.TemporaryDirectory() as folder:
        for name, key, count, target in cases:
            make = hops(Path(folder)) if name == "whole hop" else answers(name)
            here, limit, ratio = compare(make, key, count)
            missed |= target is not None and ratio < target
            print(f"{name:18} {here:10.0f} {limit:12.0f} {ratio:7.0%}  {'' if target is None else f'{target:.0%}'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
