"""The dates in a service provider's certificates: they decide nothing, and are a reason to ask (IIP-MD12)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

from cryptography import x509

from clients.client import Client
from idp.protocols import Services
from idp.saml.metadata.lexical import day_of


def find_doubts(services: Services, client: Client) -> list[str]:
    """A sentence for each certificate that is over or not valid yet; none where it is no service provider.

    Nothing is refused for it: a certificate carries a key, and some products refuse the same one.
    """
    provider, now = client.saml, services.clock()
    if provider is None:
        return []
    to_encrypt = [key.certificate for key in provider.encryption_keys]
    return [
        *_doubts(provider.signing_certificates, "signs with", now),
        *_doubts((one for one in to_encrypt if one not in provider.signing_certificates), "decrypts with", now),
    ]


def _subject(certificate: x509.Certificate) -> str:
    """Whose it says it is. The name is read by itself, and may be what no name can be."""
    try:
        return certificate.subject.rfc4514_string()[:120]
    except ValueError:
        return "its name cannot be read"


def _doubts(certificates: Iterator[str] | tuple[str, ...], does: str, now: float) -> Iterator[str]:
    for one in certificates:
        try:
            read = x509.load_der_x509_certificate(b64decode(one))
            begins, ends = read.not_valid_before_utc.timestamp(), read.not_valid_after_utc.timestamp()
            subject = _subject(read)
        except ValueError:  # a kind that is not read is told of elsewhere
            continue
        if begins <= now < ends:
            continue
        when = f"ran out on {day_of(ends)}" if ends <= now else f"is valid from {day_of(begins)} on"
        yield (
            f"a certificate that it {does} {when} ({subject}): its key is used all the "
            "same (SAML takes certificates as bare keys); ask the application whether it is the right one"
        )
