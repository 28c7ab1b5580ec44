"""The address, the processes, and requests of our own."""

from __future__ import annotations

import ipaddress
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from idp.config.hosts import is_loopback
from idp.config.section import Section


class Server(Section):
    """Where people and applications find Doorward."""

    issuer: str = Field(
        "http://127.0.0.1:8000",
        description="The public URL, exactly as applications write it: https, no trailing slash. http is taken on a loopback host only. Left out: http://127.0.0.1 with the port below.",
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
    tls_certificate: str = Field(
        "",
        description="A PEM file: the certificate for https of our own, then those in between. Read again when it changes, without a stop. Empty: plain http, for a proxy in front.",
    )
    tls_key: str = Field("", description="A PEM file: the key of that certificate, without a passphrase.")
    workers: int = Field(1, ge=1, le=256, description="Server processes; one per core is right.")
    threads: int = Field(4, ge=1, le=64, description="Threads per process.")
    trusted_proxies: list[str] = Field(
        [],
        description='Networks whose X-Forwarded-For is believed, such as ["10.0.0.9/32"]: the proxies alone. Nothing else a proxy says is used.',
    )
    head_seconds: int = Field(
        10,
        ge=1,
        le=300,
        description="How long a new connection may take to send the head of its first request; then it is closed.",
    )
    body_seconds: int = Field(
        20,
        ge=1,
        le=300,
        description="How long the body of a request may take to arrive (128 kB at most); then 408. No thread waits for it.",
    )
    idle_seconds: int = Field(
        75,
        ge=5,
        le=3600,
        description="How long a connection is kept for another request. Longer than your proxy keeps it (nginx: 60), so that no request meets its end.",
    )
    drain_seconds: int = Field(
        0,
        ge=0,
        le=20,
        description="How long it goes on taking requests after SIGTERM, while /readyz says 503, so that a balancer sends it no more. 0: it ends at once.",
    )
    connections: int = Field(
        4096,
        ge=64,
        le=65536,
        description="Connections that one process keeps open. When three quarters are taken, those that do nothing are closed, the longest silent first.",
    )
    connections_per_address: int = Field(
        256,
        ge=8,
        le=65536,
        description="The same for one address that is no trusted proxy: an office has dozens, an attacker thousands.",
    )

    time_server: str = Field(
        "",
        description="The time server (SNTP) that `doorward doctor` compares this machine's clock with. Empty: the one that this machine's own settings name, if any.",
    )

    @field_validator("issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.query
            or parts.fragment
            or parts.username
        ):
            raise ValueError("expected a URL such as https://login.example.com, without user, query or fragment")
        if value.endswith("/"):
            raise ValueError("expected no slash at the end: applications compare the issuer byte for byte")
        if value != value.strip() or parts.netloc != parts.netloc.lower():
            raise ValueError("expected a lower-case host and no spaces: applications compare the issuer byte for byte")
        if parts.scheme == "http" and not is_loopback(parts.hostname):
            raise ValueError("expected https: plain http is taken on 127.0.0.1, ::1 and localhost only")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for entry in value:
            ipaddress.ip_network(entry)
        return value

    @model_validator(mode="after")
    def _certificate_and_key(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            missing = "tls_key" if self.tls_certificate else "tls_certificate"
            raise ValueError(f"{missing} is missing: TLS takes a certificate and its key")
        if self.tls_certificate and not self.issuer.startswith("https:"):
            raise ValueError("issuer: expected https, as tls_certificate is set: browsers would be sent to plain http")
        return self

    @property
    def issuer_path(self) -> str:
        """The issuer's path, which stands before every path of ours; often ''."""
        return urlsplit(self.issuer).path


class Outbound(Section):
    """Requests that Doorward makes itself (jwks_uri and the like): https and public addresses only, but for these."""

    allow: list[str] = Field(
        [],
        description='Origins let through although private or plain http, such as ["https://intranet.example", "ldaps://dc1.corp.example:636"].',
    )
    ca: str = Field("", description="A file of CA certificates to trust in place of the system's.")
