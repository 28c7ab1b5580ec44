"""Checks of the way from people to here: the address, the proxy before it, the certificate that they see."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from idp.installation.checks.findings import Finding, Found

if TYPE_CHECKING:
    from idp.config import Settings
    from idp.protocols import Services

#: A network that is larger holds strangers: what they write into X-Forwarded-For would be believed.
LARGEST = {4: 8, 6: 7}
SIGN_INS = ("session:started", "session:failed")
SLACK_OUTSIDE = 5.0  # seconds: a Date has whole ones, and was made some time ago
LOOKED_AT, FEWEST = 200, 10  # sign-ins


def examine_address(settings: Settings) -> Found:
    """What the settings alone say about the address and the proxies."""
    from idp.config import is_loopback

    server = settings.server
    issuer, host = server.issuer, urlsplit(server.issuer).hostname or ""
    if settings.is_https and is_loopback(host):
        yield Finding("issuer", "warning", f"{issuer} is for this machine only",
                      "set server.issuer to the address that others use")  # fmt: skip
    elif settings.is_https:
        yield Finding("issuer", "ok", issuer)
    else:
        text = f"{issuer} is for this machine only"
        yield Finding("issuer", "warning", text, "set server.issuer to your https address before others use it")
        if not is_loopback(server.host):
            yield Finding(
                "issuer", "error", f"server.host is {server.host}, so others reach it, and server.issuer is {issuer}: "
                "whoever comes by another address is sent to their own machine, and nobody signs in",
                "set server.issuer to the https address that others use, or server.host to 127.0.0.1",
            )  # fmt: skip
    if settings.is_https and not server.trusted_proxies and not server.tls_certificate:
        yield Finding(
            "proxy", "warning", "server.trusted_proxies is empty: TLS ends at a proxy, and none is trusted, so all "
            "requests seem to come from it",
            "name its network in server.trusted_proxies, so that pauses and the audit log know people apart",
        )  # fmt: skip
    for entry in server.trusted_proxies:
        yield from _too_wide(entry)


def _too_wide(entry: str) -> Found:
    network = ipaddress.ip_network(entry)
    is_wide = network.prefixlen < LARGEST[network.version] or (network.is_global and network.num_addresses > 2**16)
    if is_wide:
        yield Finding(
            "proxy", "error", f"server.trusted_proxies has {entry}: people's own addresses are among them, so anybody "
            "may choose the address that pauses and the record know them by",
            "name the proxies' own addresses or networks alone, such as 10.0.0.0/24",
        )  # fmt: skip


def examine_traffic(services: Services) -> Found:
    """What the pages of the last day, and the sign-ins in the record, tell of the proxy."""
    from idp import arrivals

    found = arrivals.patterns(services)
    for pattern in found:
        told = arrivals.told(services, pattern)
        text = f"{told.field}: expected {told.expected}; came {told.got}, in {pattern.times} of {pattern.pages} pages"
        yield Finding("proxy", "warning", text, told.fix)
    if not found:
        yield from _one_address(services)


def _one_address(services: Services) -> Found:
    """The record has it, too: whoever signs in, from wherever, has one private address."""
    from idp.arrivals import is_private, trust_it
    from idp.audit.searching import Wanted, latest

    if not services.settings.is_https:
        return
    events = [one for action in SIGN_INS for one in latest(services.db, Wanted(action=action), LOOKED_AT // 2)]
    addresses = {one.address for one in events if one.address}
    people = {one.person_id for one in events if one.person_id}
    if len(events) >= FEWEST and len(people) > 1 and len(addresses) == 1 and is_private(address := addresses.pop()):
        text = (
            f"server.trusted_proxies: the last {len(events)} sign-ins of {len(people)} people all came from {address}"
        )
        fix = f"{trust_it(services, address)} If it is trusted already, have it send X-Forwarded-For."
        yield Finding("proxy", "warning", text, fix)


#: What OpenSSL's number for a failed check means (openssl-verification-options(1)), and what to do.
_CERTIFICATES = {
    10: ("has run out", "renew it, and have the proxy read it again"),
    9: ("is not valid yet", "set the clock by NTP, here or where it was made"),
    62: ("is for another name", "have one made that names the host of server.issuer"),
    64: ("is for another address", "have one made that names the host of server.issuer"),
    18: ("is signed by itself", "applications refuse it: take one of an authority, or let this machine trust yours"),
    19: ("is of an authority that is not known", "let this machine and the applications trust your authority"),
    20: ("comes without the one between it and its authority, or that is not known",
         "have the proxy send the whole chain (fullchain.pem)"),
    21: ("comes without the one between it and its authority", "have the proxy send the whole chain (fullchain.pem)"),
}  # fmt: skip


def of_answer(issuer: str, error: OSError, reason: object) -> Finding | None:
    """Why the issuer's own address does not answer as it should; None where just nothing is there."""
    import socket
    import ssl
    from urllib.error import HTTPError

    host = urlsplit(issuer).hostname or ""
    if isinstance(error, HTTPError):
        fix = "see the proxy's log: is its upstream server.host and server.port, and does it pass the path on whole?"
        return Finding("server", "error", f"{issuer} answers {error.code} {error.reason}: not Doorward", fix)
    if isinstance(reason, ssl.SSLCertVerificationError):
        what, fix = _CERTIFICATES.get(reason.verify_code, ("is not trusted", "take one of a known authority"))
        text = f"server.issuer: the certificate of {host} {what} ({reason.verify_message})"
        return Finding("server", "error", text, fix)
    if isinstance(reason, ssl.SSLError):
        fix = "have the proxy speak https at that port; Doorward itself speaks http"
        return Finding("server", "error", f"server.issuer: no TLS at {issuer} ({reason.reason})", fix)
    if isinstance(reason, socket.gaierror):
        fix = "make the name in DNS, or correct server.issuer"
        return Finding("server", "warning", f"server.issuer: no address was found for {host}", fix)
    return None


def clock_of(date: str) -> Found:
    """Whether the clock of what stands before the issuer agrees with ours. `date`: as RFC 9110 §6.6.1 has it."""
    from email.utils import parsedate_to_datetime

    try:
        apart = time.time() - parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError):
        return
    if abs(apart) > SLACK_OUTSIDE:
        text = f"clock: this machine's is {apart:+.0f} s from that of the server at server.issuer"
        yield Finding("clock", "warning", text, "run NTP on both (chrony, timedatectl)")
