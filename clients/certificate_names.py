"""The names in a certificate that an application may be known by: one of five (RFC 8705 §2.1.2).

A distinguished name is compared as its parts are, however its text is escaped or spaced (RFC 4514); its values are
compared to the letter.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from clients.values import EMAIL, Kind, text

if TYPE_CHECKING:
    from cryptography import x509

#: Short names of attributes (RFC 4514 §3, and those that certificates of today have), in upper case.
_ATTRIBUTES: Final = {
    "CN": "2.5.4.3", "SN": "2.5.4.4", "SERIALNUMBER": "2.5.4.5", "C": "2.5.4.6", "L": "2.5.4.7", "ST": "2.5.4.8",
    "S": "2.5.4.8", "STREET": "2.5.4.9", "O": "2.5.4.10", "OU": "2.5.4.11", "TITLE": "2.5.4.12",
    "BUSINESSCATEGORY": "2.5.4.15", "POSTALCODE": "2.5.4.17", "GN": "2.5.4.42", "GIVENNAME": "2.5.4.42",
    "DNQUALIFIER": "2.5.4.46", "PSEUDONYM": "2.5.4.65", "ORGANIZATIONIDENTIFIER": "2.5.4.97",
    "UID": "0.9.2342.19200300.100.1.1", "DC": "0.9.2342.19200300.100.1.25", "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1", "EMAILADDRESS": "1.2.840.113549.1.9.1",
    "JURISDICTIONC": "1.3.6.1.4.1.311.60.2.1.3", "JURISDICTIONCOUNTRYNAME": "1.3.6.1.4.1.311.60.2.1.3",
}  # fmt: skip
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,62}(?:\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*)?")
_ONE_LINE: Final = (
    "write it as RFC 4514 has it, the most specific part first: CN=app,O=Example,C=DE. The command "
    "`openssl x509 -in cert.pem -noout -subject -nameopt RFC2253` prints it so"
)


def read_dn(said: str) -> x509.Name:
    """A distinguished name out of its text. Errors: `ValueError` that says how it is written."""
    from cryptography import x509

    if said.startswith("/") or re.search(r"^\w+\s+=|,\s*\w+\s+=", said):  # as openssl shows it, the other way round
        raise ValueError(_ONE_LINE)
    tight = re.sub(r"(?<!\\)([,+])\s+(?=[A-Za-z0-9.-]+=)", r"\1", said.strip())
    by_number = re.sub(r"(^|(?<!\\)[,+])([A-Za-z][A-Za-z0-9-]*)=", _as_oid, tight)
    try:
        found = x509.Name.from_rfc4514_string(by_number)
    except ValueError as error:
        raise ValueError(f"cannot be read{f' ({error})' if str(error) else ''}; {_ONE_LINE}") from None
    if not list(found):
        raise ValueError(_ONE_LINE)
    return found


def _as_oid(found: re.Match[str]) -> str:
    """An attribute by its number; case does not count (RFC 4512 §1.4). Errors: `ValueError`."""
    oid = _ATTRIBUTES.get(found[2].upper())
    if oid is None:
        raise ValueError(f"{found[2][:40]} is no attribute that is known here; write its OID in its place")
    return f"{found[1]}{oid}="


def _dn(value: Any, allow_loopback: bool) -> str:
    said = str(text(500).check(value, allow_loopback))
    read_dn(said)
    return said


def _dns(value: Any, allow_loopback: bool) -> str:
    said = str(text(300).check(value, allow_loopback))
    if not _HOST.fullmatch(said):
        raise ValueError("expected a host name such as app.example.com, in ASCII")
    return said.lower()


def _uri(value: Any, allow_loopback: bool) -> str:
    said = str(text(2000).check(value, allow_loopback))
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+", said):
        raise ValueError("expected a URI such as spiffe://example.com/app")
    return said


def _ip(value: Any, allow_loopback: bool) -> str:
    try:
        return str(ipaddress.ip_address(str(text(60).check(value, allow_loopback))))
    except ValueError:
        raise ValueError("expected an IP address such as 192.0.2.7 or 2001:db8::7") from None


#: By metadata field.
NAMES: Final[Mapping[str, Kind]] = {
    "tls_client_auth_subject_dn": Kind(_dn, str.strip),
    "tls_client_auth_san_dns": Kind(_dns, str.strip),
    "tls_client_auth_san_uri": Kind(_uri, str.strip),
    "tls_client_auth_san_ip": Kind(_ip, str.strip),
    "tls_client_auth_san_email": EMAIL,
}


def said(line: str) -> dict[str, Any]:
    """A name as people write it in one line: `tls_client_auth_san_dns=app.example.com`; without a field, a subject."""
    field, _, value = line.partition("=")
    return {field.strip(): value.strip()} if field.strip() in NAMES else {"tls_client_auth_subject_dn": line.strip()}


def is_same(field: str, one: str, other: str) -> bool:
    """Whether two names of a field may be those of one certificate."""
    if field == "tls_client_auth_subject_dn":
        return read_dn(one) == read_dn(other)
    return one.casefold() == other.casefold()
