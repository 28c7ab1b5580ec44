"""How proxies write a certificate into a header: one row each.

Doorward speaks plain HTTP behind a proxy (docs/decisions/certificates-by-the-proxy.md), so the proxy is who saw it.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

MAX_TEXT: Final = 24_000  # characters of a header that is read
#: What proxies write where no certificate came: nothing, Apache's word, a byte sequence without a byte.
_NONE: Final = ("", "(null)", "::", "-")
_PEM: Final = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*")


@dataclass(frozen=True, slots=True)
class Format:
    """`header`: where it stands, unless the settings say otherwise; `read`: the DER, or `ValueError`."""

    header: str
    read: Callable[[str], bytes]


def der_of(named: str, text: str) -> bytes | None:
    """The certificate in a header's value; None where it says that none came. Errors: `ValueError`."""
    text = text.strip()
    if text in _NONE:
        return None
    if len(text) > MAX_TEXT:
        raise ValueError(f"it has {len(text)} characters")
    return FORMATS[named].read(text)


def looks_like(text: str) -> str:
    """The format that a value seems to have been written in, '' for none."""
    return next((name for start, name in _STARTS if text.strip().startswith(start)), "")


def _pem(text: str) -> bytes:
    """RFC 7468 §5; line breaks may have become spaces."""
    found = _PEM.fullmatch(text.strip())
    if found is None:
        many = text.count("-----BEGIN")
        raise ValueError(f"there are {many} certificates in it" if many > 1 else "it is no certificate in PEM")
    return _base64("".join(found[1].split()))


def _escaped_pem(text: str) -> bytes:
    return _pem(unquote(text))


def _base64(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except ValueError:
        raise ValueError("it is no base64") from None


def _byte_sequence(text: str) -> bytes:
    """RFC 9440 §2.2, RFC 9651 §3.3.5."""
    if len(text) < 2 or text[0] != ":" or text[-1] != ":":
        raise ValueError("it is no byte sequence of RFC 9651, as it does not stand between two colons")
    return _base64(text[1:-1])


def _forwarded(text: str) -> bytes:
    """Envoy's elements: `By=…;Hash=…;Cert="…";Subject="…"`; one alone, which is the proxy's own."""
    elements = re.findall(r'(?:"(?:\\.|[^"\\])*"|[^",])+', text)
    if len(elements) != 1:
        raise ValueError(f"it has {len(elements)} elements: the proxy must overwrite what came, not add to it")
    pairs = re.findall(r'([A-Za-z]+)=("(?:\\.|[^"\\])*"|[^;]*)(?:;|$)', text)
    certificates = [value.strip('"') for name, value in pairs if name.lower() == "cert"]
    if len(certificates) != 1:
        raise ValueError("its Cert is missing: the proxy passes a hash or a name on, and not the certificate")
    return _escaped_pem(certificates[0])


#: By the value of the setting `oauth.client_certificates`.
FORMATS: Final[Mapping[str, Format]] = {
    "nginx": Format("X-Forwarded-Client-Cert", _escaped_pem),  # $ssl_client_escaped_cert
    "apache": Format("X-Forwarded-Client-Cert", _pem),  # %{SSL_CLIENT_CERT}s
    "haproxy": Format("X-Forwarded-Client-Cert", lambda text: _base64(unquote(text))),  # %[ssl_c_der,base64]
    "envoy": Format("X-Forwarded-Client-Cert", _forwarded),
    "rfc9440": Format("Client-Cert", _byte_sequence),
}
_STARTS: Final = (
    ("-----BEGIN%20", "nginx"), ("-----BEGIN+", "nginx"), ("-----BEGIN ", "apache"), (":MII", "rfc9440"),
    ("MII", "haproxy"), ("By=", "envoy"), ("Hash=", "envoy"), ("Cert=", "envoy"), ("Subject=", "envoy"),
)  # fmt: skip
#: Names that a certificate comes under at proxies of other people; the advice names them.
HEADERS: Final = (
    "X-Forwarded-Client-Cert", "Client-Cert", "X-Client-Cert", "X-SSL-Client-Cert", "SSL-Client-Cert", "X-SSL-Cert",
    "X-ARR-ClientCert", "X-Forwarded-Tls-Client-Cert", "X-Client-Certificate", "X-Amzn-Mtls-Clientcert",
)  # fmt: skip
