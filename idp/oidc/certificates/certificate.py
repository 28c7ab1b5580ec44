"""One certificate of a client: what it is known by, whose it says it is, and how long it holds."""

from __future__ import annotations

import ipaddress
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from clients.certificate_names import read_dn


@dataclass(frozen=True, slots=True)
class Certificate:
    """`thumbprint`: of RFC 8705 §3.1, `x5t#S256`. Times are epoch seconds."""

    der: bytes
    thumbprint: str
    parsed: Any

    @property
    def subject(self) -> str:
        """As RFC 4514 writes it; '' where it has none."""
        return str(self.parsed.subject.rfc4514_string())

    @property
    def issuer(self) -> str:
        """Who signed it, by its own word."""
        return str(self.parsed.issuer.rfc4514_string())

    @property
    def begins(self) -> float:
        """The first second that it holds."""
        return float(self.parsed.not_valid_before_utc.timestamp())

    @property
    def ends(self) -> float:
        """The last second that it holds."""
        return float(self.parsed.not_valid_after_utc.timestamp())

    @property
    def spki(self) -> bytes:
        """Its public key in DER (RFC 5280 §4.1.2.7)."""
        return bytes(self.parsed.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))

    @property
    def is_self_issued(self) -> bool:
        """Whether it says that it signed itself."""
        return bool(self.parsed.subject == self.parsed.issuer)

    def names(self, field: str) -> list[str]:
        """Its names of the sort that a metadata field is for (RFC 8705 §2.1.2)."""
        if field == "tls_client_auth_subject_dn":
            return [self.subject] if self.subject else []
        return self._alternative(field.removeprefix("tls_client_auth_san_"))

    def has_name(self, field: str, registered: str) -> bool:
        """Whether it has this very name."""
        if field == "tls_client_auth_subject_dn":
            return bool(self.parsed.subject == read_dn(registered))
        return _plain(field, registered) in [_plain(field, one) for one in self.names(field)]

    def _alternative(self, sort: str) -> list[str]:
        kinds = {
            "dns": x509.DNSName, "uri": x509.UniformResourceIdentifier, "ip": x509.IPAddress, "email": x509.RFC822Name,
        }  # fmt: skip
        try:
            found = self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        except x509.ExtensionNotFound:
            return []
        return [str(one) for one in found.value.get_values_for_type(kinds[sort])]


def _plain(field: str, name: str) -> str:
    """RFC 5280 §7.2, §7.5: the case of hosts does not count; that of a URI and of a local part does."""
    if field.endswith("_dns"):
        return name.lower().rstrip(".")
    if field.endswith("_email"):
        local, _, host = name.rpartition("@")
        return f"{local}@{host.lower()}"
    if field.endswith("_ip"):
        return str(ipaddress.ip_address(name))
    return name


#: What the reading of a made-up or an unusual certificate raises: a version, an extension, a kind of key.
_UNREADABLE: Final = (
    ValueError, TypeError, x509.InvalidVersion, x509.UnsupportedGeneralNameType, x509.DuplicateExtension,
    UnsupportedAlgorithm,
)  # fmt: skip


def read(der: bytes) -> Certificate:
    """The certificate. Errors: `ValueError`."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        _ = parsed.subject, parsed.issuer, parsed.extensions, parsed.not_valid_after_utc, parsed.public_key()
    except _UNREADABLE as error:
        raise ValueError(f"it is no certificate that can be read ({str(error)[:100]})") from None
    return Certificate(der, urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode(), parsed)


def day(at: float) -> str:
    """For people."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
