"""What the protocols issue."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from idp.config.section import Section


class Tokens(Section):
    """Lifetimes, in seconds, where a client does not set its own."""

    code: int = Field(60, ge=5, le=60, description="Authorization code (RFC 6749 §4.1.2).")
    pushed_request: int = Field(
        300, ge=5, le=599, description="Pushed authorization request, until it is used (RFC 9126 §2.2)."
    )
    device_code: int = Field(
        600, ge=60, le=1800, description="Code of a device, until somebody has approved it (RFC 8628 §3.2)."
    )
    backchannel_request: int = Field(
        300, ge=30, le=1800, description="Question to a person that an application began elsewhere (CIBA), at most."
    )
    access_token: int = Field(600, ge=30, le=86400, description="Access token.")
    id_token: int = Field(600, ge=30, le=86400, description="ID token.")
    refresh_idle: int = Field(1209600, ge=60, le=31536000, description="Refresh token, without use: 14 days.")
    refresh_absolute: int = Field(
        7776000, ge=60, le=31536000, description="Refresh token, in any case: 90 days. Rotation does not extend it."
    )
    refresh_grace: int = Field(
        20,
        ge=0,
        le=120,
        description="How long a rotated refresh token still gets the same answer, for a lost response or a second tab.",
    )


class OAuth(Section):
    """OAuth 2.0 and OpenID Connect. Each application may be held to more; this holds for all."""

    registration: Literal["off", "token", "open"] = Field(
        "token",
        description="Who may register applications at /oauth/register (RFC 7591): off, nobody; token, whoever has an initial access token of an admin; open, anybody, within the three settings below.",
    )
    open_registration_scope: str = Field(
        "openid profile email",
        description="What an application may ask for that came without a token. Its people are always asked.",
    )
    open_registration_resources: list[str] = Field(
        [], description="Resources that an application may ask tokens for that came without a token (RFC 8707)."
    )
    open_registration_per_hour: int = Field(
        100, ge=1, le=100000, description="Applications that may come without a token in an hour, whoever they are."
    )
    registration_unused_days: int = Field(
        90,
        ge=1,
        le=3650,
        description="Days after which an application that registered itself is removed when nobody uses it; one that came without a token after a day, until it is first used.",
    )

    client_id_documents: Literal["off", "hosts", "approval"] = Field(
        "off",
        description="Whether a client id may be the https address of a document that says what the application is (client-ID metadata documents): off, no; hosts, those of hosts that an admin allowed; approval, those too, and people may ask for other hosts.",
    )

    require_pushed_authorization_requests: bool = Field(
        False,
        description="Whether every application must push its authorization requests (RFC 9126 §5); else those registered so.",
    )
    dpop_nonces: bool = Field(
        False,
        description="Whether DPoP proofs must have a nonce of ours (RFC 9449 §8): one round more, and clients' clocks do not matter.",
    )
    encrypted_requests: bool = Field(
        False,
        description="Whether request objects may be encrypted for us (RFC 9101 §6.1); our JWKS has a key with use=enc then.",
    )
    client_certificates: Literal["", "nginx", "apache", "haproxy", "envoy", "rfc9440"] = Field(
        "",
        description="How your proxy writes the certificates of applications into a header (RFC 8705): nginx ($ssl_client_escaped_cert), apache (%{SSL_CLIENT_CERT}s), haproxy (%[ssl_c_der,base64]), envoy, rfc9440. Empty: none are taken. It is believed of server.trusted_proxies alone.",
    )
    client_certificate_header: str = Field(
        "",
        description="That header's name; the proxy must overwrite it. Empty: X-Forwarded-Client-Cert, for rfc9440 Client-Cert.",
    )
    client_certificate_ca: str = Field(
        "",
        description="A file with the certificates (PEM) of the authorities that prove applications registered with tls_client_auth, those in between too. Empty: no application can use it.",
    )
    mtls_origin: str = Field(
        "",
        description='The origin at which your proxy asks for certificates, such as "https://mtls.example.com", so that browsers are asked for none (mtls_endpoint_aliases). Empty: it does at the issuer.',
    )
    session_management: bool = Field(
        False,
        description="Whether applications may look in a frame whether somebody is still signed in (Session Management 1.0). It needs a cookie that scripts can read, and third-party cookies.",
    )
    fedcm: bool = Field(
        False,
        description="Whether browsers may sign people in by a dialog of their own (FedCM), to applications with fedcm = true. It needs a cookie that goes with requests of other sites.",
    )

    @field_validator("client_certificate_header")
    @classmethod
    def _header(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z0-9-]{1,60}", value):
            raise ValueError("expected the name of a header, such as X-Forwarded-Client-Cert")
        return value

    @field_validator("mtls_origin")
    @classmethod
    def _origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https://[a-z0-9.-]{1,253}(:[0-9]{1,5})?", value):
            raise ValueError("expected an origin in lower case, without a path: https://mtls.example.com")
        return value


class Saml(Section):
    """SAML 2.0. Each service provider may have its own attributes, signatures and encryption; this holds for all."""

    entity_id: str = Field(
        "",
        description="Our entityID, for taking over the name of an identity provider that was there before. Empty: the issuer with /saml/metadata.",
    )
    scope: str = Field(
        "",
        description='The domain behind the @ of scoped attributes, such as "example.com". Empty: the host of the issuer.',
    )
    skew_seconds: int = Field(180, ge=0, le=600, description="How far service providers' clocks may be off.")
    assertion_seconds: int = Field(300, ge=30, le=300, description="How long an assertion may be on its way.")
    want_requests_signed: bool = Field(
        False, description="Whether every service provider must sign its requests; else those whose metadata says so."
    )
    strict_relay_state: bool = Field(
        False, description="Whether a RelayState of more than 80 bytes is refused, as the specification has it."
    )
    blocked_algorithms: list[str] = Field(
        [], description="Algorithm URIs that are neither used nor accepted, beside MD5, SHA-1 and RSA 1.5."
    )
    metadata_days: int = Field(
        365, ge=1, le=3650, description="How long our metadata is valid for those who took it once (validUntil)."
    )
    technical_contact: str = Field(
        "", description="An e-mail address for the administrators of service providers; in our metadata."
    )
    error_url: str = Field("", description="A page of yours that explains errors to people; empty: our help page.")
    assurance: list[str] = Field(
        [], description='What you certify, such as ["https://refeds.org/sirtfi"]; in our metadata (entity attributes).'
    )
    entity_categories: list[str] = Field(
        [], description='What we are, such as ["http://refeds.org/category/hide-from-discovery"]; in our metadata.'
    )
    supported_categories: list[str] = Field(
        [], description="Categories of service providers whose attributes we release (entity-category-support)."
    )

    @field_validator("scope")
    @classmethod
    def _scope(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,125}[a-z0-9])?", value):
            raise ValueError("expected a domain in lower case, such as example.com")
        return value

    @field_validator("entity_id")
    @classmethod
    def _entity_id(cls, value: str) -> str:
        if value and not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]{1,1000}", value):
            raise ValueError("expected a URI, such as https://login.example.com/saml/metadata")
        return value
