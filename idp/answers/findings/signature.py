"""The signature of a SAML message: there or not, by which algorithm, by which certificate."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Final

from idp.answers.certificates import named
from idp.answers.facts import is_signed
from idp.answers.finding import Finding
from idp.answers.seen import Seen

#: Both begin at a tag, and none goes beyond it: what a stranger sends costs its length once.
_CERTIFICATE: Final = re.compile(rb"<(?:[\w.-]{1,60}:)?X509Certificate(?:\s[^<>]{0,300})?>([A-Za-z0-9+/=\s]{1,20000})<")
_ALGORITHM: Final = re.compile(
    rb"<(?:[\w.-]{1,60}:)?SignatureMethod\s[^<>]{0,300}?Algorithm=[\"']([^\"'<>]{1,200})[\"']"
)


def look(seen: Seen) -> Iterator[Finding]:
    """SDP-IDP04, SDP-IDP05."""
    if seen.code != "saml_bad_signature" or seen.client.saml is None:
        return
    provider, reason = seen.client.saml, seen.told("what")
    if not is_signed(seen):
        fix = "Switch on the signing of requests in the application, or take unsigned ones here: "
        fix += f"doorward client set {seen.client.id} require_signed_requests=false"
        yield Finding("unsigned", "application", "Signature", fix, "a signed request", "no signature")
        return
    algorithm = _algorithm(seen)
    if "sha1" in algorithm.lower():
        fix = "Set the signature algorithm in the application to RSA-SHA256; SHA-1 can be forged."
        yield Finding("signature_algorithm", "application", "SignatureMethod", fix, "rsa-sha256", algorithm)
        return
    known, used = _fingerprints(provider.signing_certificates), _used(seen)
    fix = (
        "It signs with another key than its metadata here has, which happens after a renewal: read its metadata again, "
    )
    fix += f"or register its new certificate. The reason: {reason}."
    if used and used in known:
        fix = f"The certificate is the registered one, but the message was changed on its way: {reason}."
    yield Finding("certificate", "application", "certificate", fix, ", ".join(known) or "(none is registered)",
                  used or "a signature that no registered certificate fits")  # fmt: skip


def _algorithm(seen: Seen) -> str:
    received = seen.received
    if received is None:
        return ""
    if received.signature is not None:
        return received.signature.algorithm[:200]
    found = _ALGORITHM.search(received.message)
    return found[1].decode("utf-8", "replace") if found else ""


def _used(seen: Seen) -> str:
    found = _CERTIFICATE.search(seen.received.message) if seen.received is not None else None
    return next(iter(_fingerprints([found[1].decode()])), "") if found else ""


def _fingerprints(certificates: Iterable[str]) -> list[str]:
    found = []
    for one in certificates:
        try:
            der = b64decode("".join(one.split()))
        except ValueError:
            continue
        found.append(named(one) or f"SHA-256 {sha256(der).hexdigest()[:16]}…")
    return found
