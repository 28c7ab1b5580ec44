"""Certificates of clients as tests need them, and how proxies write them into a header."""

from __future__ import annotations

import ipaddress
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64encode

from tests.provider import Answer, App, Browser, Provider

PROXY = "10.0.0.9"
HEADER = "X-Forwarded-Client-Cert"
NAMES: tuple[x509.GeneralName, ...] = (
    x509.DNSName("app.example"), x509.UniformResourceIdentifier("spiffe://example/App"),
    x509.IPAddress(ipaddress.ip_address("2001:db8::7")), x509.RFC822Name("App@app.example"),
)  # fmt: skip


@dataclass
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def thumbprint(self) -> str:
        return urlsafe_b64encode(sha256(self.der).digest()).decode()

    def jwk(self, *, x5c: bool = True) -> dict[str, Any]:
        """As it is registered (RFC 8705 §2.2.2)."""
        plain = dict(ECKey.import_key(self.key.public_key()).as_dict(private=False))
        return {**plain, **({"x5c": [b64encode(self.der).decode()]} if x5c else {})}


def pair(
    subject: str = "CN=app,O=Example,C=DE", by: Pair | None = None, *, now: float = 0.0, days: int = 30,
    starts: int = -1, ca: bool = False, names: tuple[x509.GeneralName, ...] = (),
    usage: Any = ExtendedKeyUsageOID.CLIENT_AUTH, more: tuple[x509.ExtensionType, ...] = (),
) -> Pair:  # fmt: skip
    """A certificate by an authority, or by itself. `starts`, `days`: from `now`; `more`: extensions."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name.from_rfc4514_string(subject)
    begins = datetime.fromtimestamp(now, UTC) + timedelta(days=starts) if now else datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(by.certificate.subject if by else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
    )
    if names:
        made = made.add_extension(x509.SubjectAlternativeName(names), critical=False)
    if not ca:
        made = made.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    for one in more:
        made = made.add_extension(one, critical=True)
    return Pair(made.sign(by.key if by else key, hashes.SHA256()), key)


#: How each proxy writes it.
WRITTEN: Mapping[str, Callable[[Pair], str]] = {
    "nginx": lambda one: quote(one.pem, safe=""),
    "apache": lambda one: one.pem.replace("\n", " "),
    "haproxy": lambda one: b64encode(one.der).decode(),
    "envoy": lambda one: (
        f'By=spiffe://x/y;Hash={sha256(one.der).hexdigest()};Cert="{quote(one.pem, safe="")}";'
        'Subject="CN=a, \\"b\\",O=c"'
    ),
    "rfc9440": lambda one: f":{b64encode(one.der).decode()}:",
}


def settings(folder: Path, authority: Pair | None = None, named: str = "nginx", **oauth: Any) -> dict[str, Any]:
    """Sections of a provider behind a proxy that hands certificates on."""
    if authority is not None:
        (folder / "authorities.pem").write_text(authority.pem)
        oauth["client_certificate_ca"] = str(folder / "authorities.pem")
    return {
        "server": {"issuer": "https://login.example", "trusted_proxies": [f"{PROXY}/32"]},
        "oauth": {"client_certificates": named, **oauth},
    }


def send(
    provider: Provider, path: str, shown: Pair | None = None, data: Mapping[str, str] | None = None, *,
    method: str = "POST", address: str = PROXY, named: str = "nginx", header: str = HEADER, text: str | None = None,
    host: str | None = None, **headers: str,
) -> Answer:  # fmt: skip
    """One request as the proxy hands it on. `text`: what it writes, in place of the certificate."""
    written = text if text is not None else WRITTEN[named](shown) if shown is not None else None
    sent = {**headers, **({header: written} if written is not None else {})}
    browser = Browser(provider.app, provider.issuer, address)
    return browser.open(method, path, data if method == "POST" else None, sent, cookies=False, host=host)


def token(provider: Provider, app: App, shown: Pair | None = None, **over: Any) -> Answer:
    """A token for the application itself."""
    form = {"grant_type": "client_credentials", "client_id": app.id}
    return send(provider, "oauth/token", shown, form, **over)


def key_usage(*named: str) -> x509.KeyUsage:
    """A certificate's key usage with these alone."""
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{one: one in named for one in every})
