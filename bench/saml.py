"""SAML: signed Responses a second, and whole hops with a session, beside what OpenSSL signs in the same seconds.

`python -m bench.saml` prints a table. All runs on one core, in one thread, without a network: the hop is the WSGI
application, called as the server calls it. A ratio of 100 % would mean that nothing but the RSA signatures costs time.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.machine import choose_cores, describe, signatures
from idp.saml import attributes, names, response
from idp.saml.bindings import deflate
from idp.saml.encryption import Recipient
from idp.saml.messages import NameID
from idp.saml.xml import child, element, serialize
from tests.provider import Provider, make_template
from tests.saml.pairs import ec_pair, rsa_pair
from tests.saml.relying import ACS, SP, register, sign_in

NOW = 1_800_000_000.0
ROUNDS = 7  # of half a second each; the median counts
KNOWN = {
    "email": "alice@example.com", "name": "Älice & <Bob>", "given_name": "Älice", "family_name": "Bob",
    "username": "alice", "scoped_username": "alice@example.com",
}  # fmt: skip


def answer(kind: str) -> Callable[[], bytes]:
    """Builds one Response, from values to the base64 of the form."""
    pair = ec_pair() if kind == "P-256, both" else rsa_pair("idp")
    key = pair.signer()
    about = response.Authentication(
        audience=SP,
        name_id=NameID("2j5qv7x4m3n6", names.NAMEID_PERSISTENT, "https://login.example/saml/metadata", SP),
        session_index="_s",
        authn_instant=NOW,
        context_class=names.AC_PASSWORD_PROTECTED,
        attributes=attributes.release(attributes.PRESETS["default"], KNOWN),
        not_before=NOW,
        not_on_or_after=NOW + 300,
        sign="assertion" if kind == "assertion only" else "both",
        recipient=Recipient(rsa_pair("sp").key.public_key()) if kind == "both, encrypted" else None,
    )
    envelope = response.Envelope("https://login.example/saml/metadata", ACS, "_request", NOW, key)
    return lambda: b64encode(serialize(response.build(envelope, about)))


def hop(folder: Path) -> Callable[[], None]:
    """One AuthnRequest by Redirect with a live session, through the WSGI application."""
    provider = Provider.open(
        folder, time.time, make_template(folder / "template"), server={"issuer": "https://login.example"}
    )
    provider.add_person("ann", claims={"given_name": "Ann", "family_name": "Example"})
    register(provider)
    browser = provider.browser()
    sign_in(browser, browser.get(f"/saml/sso?{next(_requests())}"))
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "GET", "PATH_INFO": "/saml/sso", "HTTP_COOKIE": cookies, "REMOTE_ADDR": "127.0.0.1",
        "HTTP_USER_AGENT": "bench", "SERVER_NAME": "login.example", "SERVER_PORT": "443", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(),
    }  # fmt: skip
    queries = _requests()

    def once() -> None:
        body = b"".join(provider.app({**environ, "QUERY_STRING": next(queries)}, lambda *_: None))
        assert b"SAMLResponse" in body, body[:300]

    return once


def _requests() -> Iterator[str]:
    while True:
        about = {
            "ID": "_" + os.urandom(16).hex(), "Version": "2.0", "IssueInstant": response.instant(time.time()),
            "Destination": "https://login.example/saml/sso", "AssertionConsumerServiceURL": ACS,
        }  # fmt: skip
        request = element(names.SAMLP, "AuthnRequest", about)
        child(request, names.SAML, "Issuer", None, SP)
        yield urlencode({"SAMLRequest": b64encode(deflate(serialize(request))).decode(), "RelayState": "x" * 80})


def rate(work: Callable[[], Any], seconds: float) -> float:
    """How often a second."""
    done, begun = 0, time.perf_counter()
    until = begun + seconds
    while time.perf_counter() < until:
        work()
        done += 1
    return done / (time.perf_counter() - begun)


def compare(
    work: Callable[[], Any], cost: Callable[[dict[str, float]], float], core: int
) -> tuple[float, float, float]:
    """(rate, what the signatures alone would allow, ratio): the median round, OpenSSL measured around each of them."""
    rounds = []
    work()
    before = signatures(core)
    for _ in range(ROUNDS):
        here = rate(work, 0.7)
        after = signatures(core)
        limit = 1 / cost({name: (before[name] + after[name]) / 2 for name in before})
        rounds.append((here / limit, here, limit))
        before = after
    ratio, here, limit = sorted(rounds)[len(rounds) // 2]
    return here, limit, ratio


def main() -> None:
    """Measure and print."""
    core = choose_cores().server
    os.sched_setaffinity(0, {core})
    for name, value in describe().items():
        print(f"{name}: {value}")
    one = lambda speed: 1 / speed["rsa2048"]  # noqa: E731
    two = lambda speed: 2 / speed["rsa2048"]  # noqa: E731
    kinds: list[tuple[str, Callable[[dict[str, float]], float], float | None]] = [
        ("RSA-2048, both", two, 0.75),
        ("assertion only", one, None),
        ("both, encrypted", two, None),
        ("P-256, both", lambda speed: 2 / speed["ecdsap256"], None),
    ]
    print(f"\n{'':18} {'a second':>10} {'signatures':>12} {'ratio':>7}  target")
    with tempfile.TemporaryDirectory() as folder:
        rows = [(name, answer(name), cost, target) for name, cost, target in kinds]
        rows.append(("whole hop", hop(Path(folder)), two, 0.50))
        missed = 0
        for name, work, cost, target in rows:
            here, limit, ratio = compare(work, cost, core)
            missed += target is not None and ratio < target
            print(f"{name:18} {here:10.0f} {limit:12.0f} {ratio:7.0%}  {'' if target is None else f'{target:.0%}'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
