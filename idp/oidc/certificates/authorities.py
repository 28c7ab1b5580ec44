"""The authorities whose certificates prove a client (tls_client_auth): a file of theirs, which the operator keeps.

A certificate that an application shows comes alone: what stands between it and its authority belongs into the file,
and is looked at as such: it proves nothing once the authority that issued it has run out (RFC 5280 §6.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.oidc.certificates.certificate import Certificate
from idp.protocols import Services


@dataclass(frozen=True, slots=True)
class Authorities:
    """Those of one file. `edition`: what tells that it was written anew."""

    certificates: tuple[x509.Certificate, ...]
    edition: tuple[int, int] = (0, 0)

    @property
    def names(self) -> list[str]:
        """As RFC 4514 writes them."""
        return [one.subject.rfc4514_string() for one in self.certificates]


class _Kept:
    """Read once, and again when the file was written anew; an unreadable one leaves what there was."""

    def __init__(self) -> None:
        self.authorities = Authorities(())


def of(services: Services) -> Authorities:
    """Those that hold now. Errors: `OSError`, `ValueError` where the file was never good."""
    kept, file = services.part(_Kept), services.settings.path(services.settings.oauth.client_certificate_ca)
    try:
        found = file.stat()
        edition = found.st_mtime_ns, found.st_size
        if edition != kept.authorities.edition:
            kept.authorities = Authorities(read(file), edition)
    except (OSError, ValueError) as error:
        if not kept.authorities.certificates:
            raise
        services.log.error("client_authorities_unreadable", file=str(file), reason=str(error)[:200])
    return kept.authorities


def read(file: Path) -> tuple[x509.Certificate, ...]:
    """The certificates of a file, one at least. Errors: `OSError`, `ValueError`."""
    octets = file.read_bytes()
    if b"PRIVATE KEY-----" in octets:
        raise ValueError("it has a private key: the authorities' certificates alone belong there")
    try:
        return tuple(x509.load_pem_x509_certificates(octets))
    except x509.InvalidVersion as error:
        raise ValueError(str(error)) from None


def is_authority(one: x509.Certificate) -> bool:
    """Whether it says that it may issue others (RFC 5280 §4.2.1.9)."""
    try:
        return bool(one.extensions.get_extension_for_class(x509.BasicConstraints).value.ca)
    except x509.ExtensionNotFound:
        return False


def _anchors(found: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """Those that nobody else of the file issued; all, where each was issued by another one (cross-signed)."""
    names = {one.subject for one in found}
    return [one for one in found if one.issuer == one.subject or one.issuer not in names] or list(found)


def check(authorities: Authorities, shown: Certificate, now: float) -> None:
    """RFC 5280 §6: a chain from one of these to the certificate. Errors: `ValueError` that says what is missing."""
    at = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    anchors = _anchors(authorities.certificates)
    between = [one for one in authorities.certificates if one not in anchors]
    builder = verification.PolicyBuilder().store(verification.Store(anchors)).time(at)
    builder = builder.extension_policies(ca_policy=_OF_AUTHORITIES, ee_policy=_OF_CLIENTS)
    try:
        builder.build_client_verifier().verify(shown.parsed, between)
    except verification.VerificationError as error:
        raise ValueError(_why(authorities, shown, now, str(error))) from None


def _why(authorities: Authorities, shown: Certificate, now: float, said: str) -> str:
    if shown.parsed.version != x509.Version.v3:
        return "it is of X.509 version 1, as openssl makes them without -extfile or -addext: make one of version 3"
    signers = [one for one in authorities.certificates if one.subject == shown.parsed.issuer]
    if not signers:
        return "it is signed by itself" if shown.is_self_issued else f"its authority {shown.issuer} is none of ours"
    for one in signers:
        try:
            shown.parsed.verify_directly_issued_by(one)
        except Exception:  # noqa: S112  whatever is wrong with this one, the next may have signed it
            continue
        if one.not_valid_after_utc.timestamp() < now:
            return f"its authority {shown.issuer} has itself run out"
        if above := _run_out(authorities, one, now):
            return f"{above}, which stands above its authority {shown.issuer}, has run out"
        return said.partition(" (encountered")[0].removeprefix("validation failed: ")
    return f"another authority has the name {shown.issuer}: its key is not the one that signed it"


def _run_out(authorities: Authorities, one: x509.Certificate, now: float) -> str:
    """The name of the first above it that has run out; ''."""
    for _ in authorities.certificates:
        above = [each for each in authorities.certificates if each.subject == one.issuer and each != one]
        if not above:
            return ""
        one = max(above, key=lambda each: each.not_valid_after_utc)
        if one.not_valid_after_utc.timestamp() < now:
            return str(one.subject.rfc4514_string())
    return ""


def _is_authority(_: Any, __: Any, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an authority's certificate says that it is none (CA:FALSE)")


def _may_sign(_: Any, __: Any, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.key_cert_sign:
        raise ValueError("an authority's key may not sign certificates (keyCertSign)")


def _is_no_authority(_: Any, __: Any, constraints: x509.BasicConstraints | None) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("it is an authority's own certificate (CA:TRUE), not an application's")


def _may_prove(_: Any, __: Any, usage: x509.KeyUsage | None) -> None:
    """RFC 5246 §7.4.6, RFC 8446 §4.4.2.3."""
    if usage is not None and not usage.digital_signature:
        raise ValueError("its key may not prove anybody: its key usage lacks digitalSignature")


def _for_clients(_: Any, __: Any, usage: x509.ExtendedKeyUsage | None) -> None:
    allowed = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if usage is not None and not any(one in usage for one in allowed):
        raise ValueError("it is not for clients: its extended key usage lacks clientAuth")


_ANY = verification.Criticality.AGNOSTIC
_OF_AUTHORITIES = (
    verification.ExtensionPolicy.permit_all()
    .require_present(x509.BasicConstraints, _ANY, _is_authority)
    .may_be_present(x509.KeyUsage, _ANY, _may_sign)
)
_OF_CLIENTS = (
    verification.ExtensionPolicy.permit_all()
    .may_be_present(x509.BasicConstraints, _ANY, _is_no_authority)
    .may_be_present(x509.KeyUsage, _ANY, _may_prove)
    .may_be_present(x509.ExtendedKeyUsage, _ANY, _for_clients)
)
