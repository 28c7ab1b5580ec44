"""Typed settings from one TOML file and the environment.

Order: environment over file over default. A wrong key, type or value is named with its file, line and what is expected.
`config.example.toml` is written from these very fields (`example()`), so it cannot drift.
"""

from __future__ import annotations

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator, model_validator

from idp.public_suffixes import is_public_suffix
from idp.texts import N_

#: Environment variables that override a setting.
ENVIRONMENT: Mapping[str, tuple[str, str]] = {
    "DOORWARD_ISSUER": ("server", "issuer"),
    "DOORWARD_DATA_DIR": ("storage", "data_dir"),
    "DOORWARD_DATABASE_URL": ("storage", "database_url"),
    "DOORWARD_STATE_URL": ("storage", "state_url"),
    "DOORWARD_OUTBOUND_ALLOW": ("outbound", "allow"),
    "DOORWARD_OUTBOUND_CA": ("outbound", "ca"),
    "DOORWARD_MASTER_KEY": ("keys", "master_key"),
    "DOORWARD_MAIL_PASSWORD": ("mail", "password"),
    "DOORWARD_SMS_TOKEN": ("sms", "token"),
}


class ConfigError(Exception):
    """The settings cannot be used; the message says where and what to write instead."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Server(_Section):
    """Where people and applications find Doorward."""

    issuer: str = Field(
        "http://127.0.0.1:8000",
        description="The public URL, exactly as applications write it: https, no trailing slash. http is taken on a loopback host only. Left out: http://127.0.0.1 with the port below.",
    )
    host: str = Field("127.0.0.1", description="The address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="The port to listen on.")
    workers: int = Field(1, ge=1, le=256, description="Server processes; one per core is right.")
    threads: int = Field(4, ge=1, le=64, description="Threads per process.")
    trusted_proxies: list[str] = Field(
        [],
        description='Networks whose X-Forwarded-For is believed, such as ["10.0.0.0/8"]. Nothing else a proxy says is used.',
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

    @property
    def issuer_path(self) -> str:
        """The issuer's path, which stands before every path of ours; often ''."""
        return urlsplit(self.issuer).path


class Storage(_Section):
    """Where things are kept. The embedded default needs no other server; grow by two URLs."""

    data_dir: str = Field(
        "var", description="The folder of the embedded database and the master key; relative to this file."
    )
    database_url: str = Field("", description="Empty: SQLite in data_dir. Grown: postgresql://user:password@host/name")
    state_url: str = Field("", description="Codes and counters. Empty: in the database. Grown: redis://host:6379/0")

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not re.match(r"(sqlite|postgresql(\+psycopg)?|postgres)://", value):
            raise ValueError("expected empty, sqlite:///path or postgresql://user:password@host/name")
        return re.sub(r"^postgres://", "postgresql://", value)

    @field_validator("state_url")
    @classmethod
    def _state(cls, value: str) -> str:
        if value and not re.match(r"(rediss?|unix)://", value):
            raise ValueError("expected empty or redis://host:6379/0 (rediss:// for TLS)")
        return value


class Brand(_Section):
    """What people see."""

    company: str = Field("Doorward", description="The company's name on every page.")
    logo: str = Field(
        "", description="A picture file (SVG, PNG) beside this file, shown in place of the name's first letter."
    )
    accent: str = Field(
        "#3b5bdb", pattern=r"^#[0-9a-fA-F]{6}$", description="The colour of buttons and links, as #rrggbb."
    )
    login_hint: str = Field(
        N_("E-mail address, username or employee number"), description="The text beside the name field."
    )
    support: str = Field(
        "", description="Who helps when somebody cannot sign in: an address, a phone number, a sentence."
    )
    status_url: str = Field("", description='A page that says whether services are up; linked from "I can\'t sign in".')
    imprint_url: str = Field("", description="Your imprint, linked at the foot of every page.")
    privacy_url: str = Field("", description="Your privacy notice, linked at the foot of every page.")
    footer: str = Field("", description="A line of your own at the foot of every page.")
    background: str = Field(
        "",
        description="A picture file (JPEG, PNG, WebP, SVG) beside this file, behind the sign-in page on wide screens.",
    )
    texts: dict[str, dict[str, str]] = Field(
        {},
        description='Texts of this section in other languages: company, login_hint, support, status_url, imprint_url, privacy_url and footer, such as {de = {login_hint = "Ihre Personalnummer"}}.',
    )
    language: Literal["en", "de", "fr", "es", "zh-Hans"] = Field(
        "en", description="What people get whose browser asks for no language that there is, and mail without a choice."
    )

    @field_validator("texts")
    @classmethod
    def _texts(cls, value: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for tag, texts in value.items():
            if tag not in _LANGUAGES:
                raise ValueError(f"expected languages of {', '.join(_LANGUAGES)}; there is no {tag}")
            for name in texts:
                if name not in _SPOKEN:
                    raise ValueError(f"expected some of {', '.join(_SPOKEN)}; {name} is the same in every language")
        return value

    def spoken(self, locale: str) -> dict[str, Any]:
        """What pages in that language say of the company."""
        return {**self.model_dump(exclude={"texts"}), "logo": bool(self.logo), **self.texts.get(locale, {})}


_LANGUAGES = ("en", "de", "fr", "es", "zh-Hans")
_SPOKEN = ("company", "login_hint", "support", "status_url", "imprint_url", "privacy_url", "footer")


class Session(_Section):
    """How long a sign-in lasts."""

    idle_minutes: int = Field(60, ge=1, le=43200, description="A sign-in ends after this long without use.")
    absolute_hours: int = Field(12, ge=1, le=720, description="A sign-in ends after this long in any case.")
    stay_days: int = Field(14, ge=0, le=30, description='The same for "stay signed in"; 0 takes the box off the page.')


class Passwords(_Section):
    """Passwords and their hashes (NIST SP 800-63B-4, OWASP)."""

    min_length: int = Field(
        15, ge=8, le=64, description="The shortest password taken, in characters, while it is the only factor."
    )
    min_length_with_second: int = Field(
        8, ge=8, le=64, description="The same where a rule of [factors] demands a second factor at every sign-in."
    )
    memory_kib: int = Field(19456, ge=8192, le=4194304, description="argon2id memory per hash.")
    time_cost: int = Field(2, ge=1, le=20, description="argon2id passes.")
    threads: int = Field(
        0,
        ge=0,
        le=64,
        description="Hashes computed at once per process; 0: half the cores. They run niced, beside tokens.",
    )
    queue: int = Field(
        16,
        ge=1,
        le=512,
        description="Sign-ins that may wait for a hash; past it people are asked to try again in a moment.",
    )
    blocklist: str = Field(
        "", description="A file of refused passwords, one a line, added to the built-in list of common ones."
    )
    expire_days: dict[str, int] = Field(
        {},
        description='Days after which a password must be changed, by group, such as {"Finance" = 90}; "*" is everybody. NIST SP 800-63B-4 §3.1.1.2 says: do not.',
    )
    history: int = Field(0, ge=0, le=24, description="How many earlier passwords may not be chosen again.")

    @field_validator("expire_days")
    @classmethod
    def _days(cls, value: dict[str, int]) -> dict[str, int]:
        if any(not 1 <= days <= 3650 for days in value.values()):
            raise ValueError("expected days between 1 and 3650 for each group")
        return value


class Recovery(_Section):
    """Forgotten passwords and usernames, and the addresses that help then. Needs [mail]."""

    reset_by_mail: bool = Field(
        True, description="Whether people set a forgotten password by a link to the address of their account."
    )
    link_minutes: int = Field(30, ge=5, le=60, description="How long the link works.")
    code_minutes: int = Field(10, ge=2, le=10, description="How long the code in the same mail works.")
    invitation_hours: int = Field(
        72,
        ge=1,
        le=720,
        description='How long the link of a mailed invitation works; afterwards "Forgot password?" does.',
    )
    mails_per_hour: int = Field(3, ge=1, le=20, description="Mails for one account, or to one address, in an hour.")
    asks_per_network: int = Field(
        60,
        ge=5,
        le=10000,
        description="Forms sent from one address range in ten minutes; then people are asked to wait.",
    )
    review_days: int = Field(
        180,
        ge=0,
        le=3650,
        description="How often people are asked whether their recovery address and number are still right; 0: never.",
    )
    undo_hours: int = Field(
        72, ge=1, le=720, description="How long a change of them can be undone by the link in its mail."
    )


class Throttle(_Section):
    """What happens after wrong passwords."""

    failures: int = Field(5, ge=3, le=50, description="Wrong passwords before the first pause.")
    pauses_minutes: list[float] = Field([1, 5, 15, 30], description="The pauses, in minutes; the last one repeats.")
    max_consecutive: int = Field(
        100,
        ge=10,
        le=100,
        description="Wrong passwords in a row after which an admin must unlock (NIST SP 800-63B-4 §3.2.2).",
    )

    @field_validator("pauses_minutes", mode="before")
    @classmethod
    def _numbers(cls, value: Any) -> Any:
        if (
            isinstance(value, list)
            and value
            and all(isinstance(v, (int, float)) and not isinstance(v, bool) and v > 0 for v in value)
        ):
            return [float(v) for v in value]
        raise ValueError("expected a list of minutes such as [1, 5, 15, 30]")


class FactorRule(_Section):
    """Who needs more than a password, and from when. Every condition that is named must hold."""

    need: Literal["second", "phishing-resistant"] = Field("second", description="A second factor, or a passkey.")
    groups: list[str] = Field([], description="Members of one of these groups.")
    apps: list[str] = Field([], description="On the way to one of these applications, by client id.")
    networks: list[str] = Field([], description="From one of these networks.")
    outside: list[str] = Field([], description="From anywhere but these networks.")
    device: Literal["any", "unknown"] = Field(
        "any", description="Any device, or those that the person has not had let off: see remember_days."
    )
    starts: str = Field("", description="The day it begins, as 2026-12-01; empty: at once.")
    grace_days: int = Field(0, ge=0, le=365, description="Days for which people without a factor may put it off.")
    why: str = Field("", description="The reason that people are told.")

    @field_validator("starts")
    @classmethod
    def _day(cls, value: str) -> str:
        try:
            if value:
                date.fromisoformat(value)
        except ValueError:
            raise ValueError("expected a day such as 2026-12-01") from None
        return value

    @field_validator("networks", "outside")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for entry in value:
            ipaddress.ip_network(entry)
        return value


class Factors(_Section):
    """Second factors and passkeys. Rules are tables of their own: see docs/people.md."""

    personal: Literal["always", "unknown-device", "never"] = Field(
        "always",
        description="When somebody is asked for the second factor that they set up and no rule demands: always, on unknown devices only, or never.",
    )
    remember_days: int = Field(
        30,
        ge=0,
        le=365,
        description="For how many days people may have a device of their own let off, where personal or a rule says unknown devices only; 0: never. A new password, another authenticator or one less, and signing out everywhere else end it on all devices.",
    )
    email_is_second: bool = Field(
        False,
        description="Whether a code by e-mail lets in where a rule demands a second factor. Applications are not told that it is one (NIST SP 800-63B-4 §3.1.3.1). Who has the mailbox has both the reset and this step then.",
    )
    rules: list[FactorRule] = Field(
        [],
        description='Who needs more, such as [{need = "second", groups = ["finance"], starts = "2026-12-01", grace_days = 14, why = "Finance handles payments."}]',
    )


class Passkeys(_Section):
    """Passkeys and security keys (WebAuthn). They belong to a host name, so an issuer with an IP address has none."""

    rp_id: str = Field(
        "",
        description="The domain that passkeys belong to. Empty: the issuer's host. A parent domain of it lets them move between its hosts. After a change of the host name: the old host, while it still leads here, with the new origin in related_origins. A change turns away every passkey made before; `doorward doctor` counts them.",
    )
    related_origins: list[str] = Field(
        [],
        description='Further origins where these passkeys may be used, such as ["https://login.example.org"]; browsers read them at /.well-known/webauthn.',
    )
    aaguids: list[str] = Field(
        [], description="The models that people may enrol, by AAGUID. Empty: any, and none has to tell what it is."
    )
    attestation_roots: str = Field(
        "",
        description="A PEM file with the makers' root certificates, which must vouch for those models. Empty: authenticators are believed.",
    )

    @field_validator("rp_id")
    @classmethod
    def _domain(cls, value: str) -> str:
        if value and not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+", value):
            raise ValueError("expected a domain in lower case, such as example.com")
        if value.replace(".", "").isdigit():
            raise ValueError("expected a host name: passkeys cannot belong to an IP address")
        if value and is_public_suffix(value):
            raise ValueError(
                f"{value} is a domain under which strangers have theirs, so no browser lets passkeys belong to it; "
                "expected your own domain, or nothing for the issuer's host"
            )
        return value

    @field_validator("related_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        for origin in value:
            if not re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?", origin):
                raise ValueError("expected origins such as https://login.example.org, without a slash at the end")
        return value

    @field_validator("aaguids")
    @classmethod
    def _models(cls, value: list[str]) -> list[str]:
        for aaguid in value:
            if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", aaguid):
                raise ValueError("expected AAGUIDs such as 2fc0579f-8113-47ea-b116-bb5a8db9202a")
        return value


class AdminCodes(_Section):
    """One-time codes that the help desk gives to somebody who has lost their second factor."""

    minutes: int = Field(60, ge=5, le=1440, description="How long such a code works.")
    second_approver: bool = Field(
        False, description="Whether a code works only after somebody else than its issuer has approved it."
    )


class Tokens(_Section):
    """Lifetimes, in seconds, where a client does not set its own."""

    code: int = Field(60, ge=5, le=60, description="Authorization code (RFC 6749 §4.1.2).")
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


class Saml(_Section):
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


class Keys(_Section):
    """Signing keys and the master key that seals them."""

    master_key: str = Field(
        "", description="The master key itself, base64url of 32 bytes; meant for DOORWARD_MASTER_KEY."
    )
    master_key_file: str = Field(
        "", description="A file that holds it, mode 0600. Empty: master.key in data_dir, made by `doorward init`."
    )
    master_key_command: str = Field("", description="A command that prints it, for a vault; run once at start.")
    algorithms: list[str] = Field(
        ["RS256", "ES256"],
        description="Algorithms with a key from the first day: RS256, PS256, ES256, EdDSA and the 384/512 forms. Others get one when a client registers for them.",
    )
    rotate_days: int = Field(90, ge=1, le=3650, description="Age at which a signing key is replaced.")
    publish_hours: int = Field(
        24, ge=1, le=720, description="How long the next key stands in the JWKS before it signs."
    )


class Outbound(_Section):
    """Requests that Doorward makes itself (jwks_uri and the like): https and public addresses only, but for these."""

    allow: list[str] = Field(
        [], description='Origins let through although private or plain http, such as ["https://intranet.example"].'
    )
    ca: str = Field("", description="A file of CA certificates to trust in place of the system's.")


class Mail(_Section):
    """The mail server. Without one, and on this machine only, mail is kept in an outbox to read at /dev/outbox."""

    host: str = Field("", description="The SMTP server's name, as its TLS certificate has it. Empty: none.")
    port: int = Field(587, ge=1, le=65535, description="587 for starttls, 465 for tls.")
    tls: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="starttls, tls from the first byte, or none: for a server on this machine."
    )
    username: str = Field("", description="The name to sign in to the mail server with. Empty: it asks for none.")
    password: str = Field("", description="Its password; better in the environment as DOORWARD_MAIL_PASSWORD.")
    sender: str = Field(
        "",
        description='Who mail comes from, such as "Example <login@example.com>". Empty: the company, no-reply@ the issuer\'s host.',
    )
    reply_to: str = Field("", description="Where answers go, such as the help desk's address. Empty: to the sender.")
    ca: str = Field("", description="A file of CA certificates to trust for the mail server, in place of the system's.")
    timeout: int = Field(20, ge=1, le=120, description="Seconds that the mail server may take for each step.")

    @field_validator("sender", "reply_to")
    @classmethod
    def _address(cls, value: str) -> str:
        from idp import mailbox

        try:
            if value:
                mailbox.read(value)
        except ValueError as error:
            raise ValueError(
                f'{error}: expected an address such as login@example.com or "Example, Inc. <login@example.com>"'
            ) from None
        return value

    @model_validator(mode="after")
    def _in_clear(self) -> Self:
        if self.host and self.tls == "none" and not is_loopback(self.host):
            raise ValueError(
                "codes and links are secrets: set tls to starttls or tls; none is taken for a mail server on this machine"
            )
        return self


class Sms(_Section):
    """Text messages with sign-in codes."""

    sender: Literal["", "webhook", "smpp", "console"] = Field(
        "", description="webhook, smpp, or console (the outbox of a development machine). Empty: no text messages."
    )
    url: str = Field(
        "",
        description="webhook: the https URL that each message is posted to as JSON. smpp: smpps://host:port or smpp://host:port.",
    )
    token: str = Field(
        "",
        description="webhook: sent as a bearer token. smpp: the password. Better in the environment as DOORWARD_SMS_TOKEN.",
    )
    username: str = Field("", description="smpp: the system_id.")
    originator: str = Field("", description="The number or name that messages come from, where the provider wants one.")

    @field_validator("url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not re.fullmatch(r"(https?|smpps?)://[^\s@]+", value):
            raise ValueError("expected https://… for a webhook, smpps://host:port for SMPP")
        return value

    @model_validator(mode="after")
    def _where(self) -> Self:
        schemes = {"webhook": ("https:", "http:"), "smpp": ("smpps:", "smpp:")}.get(self.sender)
        if schemes and not self.url.startswith(schemes):
            raise ValueError(f"the sender {self.sender} needs a url that starts with {schemes[0]}//")
        if self.sender == "smpp" and (len(self.token) > 8 or len(self.username) > 15):
            # SMPP 3.4 §4.1.1: no longer ones fit into the protocol.
            raise ValueError("SMPP has room for 8 characters of password (token) and 15 of username")
        return self


#: Claims that people may be let change themselves (OpenID Connect Core §5.1): never who they are, or what they may.
EDITABLE = (
    "name", "given_name", "family_name", "middle_name", "nickname", "gender", "birthdate", "website", "profile",
    "phone_number", "locale", "zoneinfo",
)  # fmt: skip


class Portal(_Section):
    """People's own pages."""

    editable: list[str] = Field(
        ["nickname", "website", "locale", "zoneinfo"],
        description="What people may change on their profile: " + ", ".join(EDITABLE) + ".",
    )
    geoip: str = Field(
        "",
        description="A GeoIP file (.mmdb, cities or countries), so that sign-ins show a place; needs the extra geoip. Empty: they show the network.",
    )

    @field_validator("editable")
    @classmethod
    def _claims(cls, value: list[str]) -> list[str]:
        for claim in value:
            if claim not in EDITABLE:
                raise ValueError(f"expected some of {', '.join(EDITABLE)}; {claim} is not for people to change")
        return value


class Log(_Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error.")
    format: Literal["auto", "json", "text"] = Field("auto", description="json, text, or auto: text on a terminal.")


class Audit(_Section):
    """The record of who did what."""

    retention_days: int = Field(400, ge=1, le=3650, description="Events older than this are swept.")
    errors_per_minute: int = Field(
        120,
        ge=1,
        le=100000,
        description="Error pages recorded per process and minute; past it they are only logged, so that nobody can fill the store.",
    )


class Settings(_Section):
    """Everything that can be set."""

    server: Server = Server()
    storage: Storage = Storage()
    brand: Brand = Brand()
    session: Session = Session()
    passwords: Passwords = Passwords()
    recovery: Recovery = Recovery()
    throttle: Throttle = Throttle()
    factors: Factors = Factors()
    admin_codes: AdminCodes = AdminCodes()
    passkeys: Passkeys = Passkeys()
    tokens: Tokens = Tokens()
    saml: Saml = Saml()
    keys: Keys = Keys()
    outbound: Outbound = Outbound()
    mail: Mail = Mail()
    sms: Sms = Sms()
    portal: Portal = Portal()
    log: Log = Log()
    audit: Audit = Audit()
    #: The file's folder; relative paths start there.
    base_dir: str = Field(".", exclude=True)

    @field_validator("passkeys")
    @classmethod
    def _relying_party(cls, value: Passkeys, info: ValidationInfo) -> Passkeys:
        """WebAuthn §5.1.2: the issuer's host or a parent of it; another domain only where browsers are told of us."""
        server = info.data.get("server")
        parts = urlsplit(server.issuer if server is not None else "")
        if (
            server is not None
            and value.rp_id
            and not f".{parts.hostname}".endswith(f".{value.rp_id}")
            and f"{parts.scheme}://{parts.netloc}" not in value.related_origins
        ):
            raise ValueError(
                f"rp_id must be {parts.hostname} or a parent domain of it, or the issuer's origin must stand in "
                f"related_origins, for passkeys that were made under another host name"
            )
        return value

    @property
    def data_dir(self) -> Path:
        """The data folder, absolute."""
        return self.path(self.storage.data_dir)

    @property
    def database_url(self) -> str:
        """The store's URL; SQLite in the data folder by default."""
        return self.storage.database_url or f"sqlite:///{self.data_dir / 'doorward.db'}"

    @property
    def saml_entity_id(self) -> str:
        """Our SAML entityID."""
        return self.saml.entity_id or f"{self.server.issuer}/saml/metadata"

    @property
    def saml_scope(self) -> str:
        """The scope of scoped attributes."""
        return self.saml.scope or (urlsplit(self.server.issuer).hostname or "").lower()

    @property
    def is_https(self) -> bool:
        """Whether cookies may be `Secure` and `__Host-`."""
        return self.server.issuer.startswith("https:")

    @property
    def has_host_name(self) -> bool:
        """Whether passkeys are possible: their relying party is a host name, never an address (WebAuthn §5.1.2)."""
        host = urlsplit(self.server.issuer).hostname or ""
        return not re.fullmatch(r"[\d.]+|.*:.*", host) and (self.is_https or is_loopback(host))

    def path(self, value: str) -> Path:
        """A path of the settings, absolute."""
        return (Path(self.base_dir) / value).resolve()


def is_loopback(host: str) -> bool:
    """Whether a host name is this machine: localhost, 127.0.0.0/8, ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load(
    file: Path | None, environ: Mapping[str, str] = os.environ, options: Mapping[str, Any] = MappingProxyType({})
) -> Settings:
    """Read the settings. `file` None: defaults and environment; `options`: keys of [server] from the command line.

    Errors: `ConfigError`.
    """
    text, values = "", {}
    if file is not None:
        try:
            text = file.read_text("utf-8")
            values = tomllib.loads(text)
        except OSError as error:
            raise ConfigError(f"{file}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: not TOML: {error}") from error
    origins: dict[tuple[str, ...], str] = {}
    given: list[tuple[str, str, Any, str]] = [
        (
            section,
            key,
            environ[variable].split() if key == "allow" else environ[variable],
            f"environment variable {variable}",
        )
        for variable, (section, key) in ENVIRONMENT.items()
        if variable in environ
    ]
    given += [("server", key, value, f"option --{key}") for key, value in options.items()]
    for section, key, value, place in given:
        target = values.setdefault(section, {})
        if isinstance(target, dict):
            target[key] = value
            origins[(section, key)] = place
    server = values.setdefault("server", {})
    if isinstance(server, dict) and type(server.get("port")) is int:
        server.setdefault("issuer", f"http://127.0.0.1:{server['port']}")  # on this machine it follows the port
    try:
        return Settings(**values, base_dir=str(file.parent if file is not None else Path.cwd()))
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e, file, text, origins) for e in error.errors())) from error


def _explain(problem: Any, file: Path | None, text: str, origins: Mapping[tuple[str, ...], str]) -> str:
    where = tuple(str(part) for part in problem["loc"])
    key = ".".join(where)
    if where[:2] in origins:
        place = origins[where[:2]]
    else:
        place = f"{file}:{_line(text, where)}"
    if problem["type"] == "extra_forbidden":
        known = _known(where[:-1])
        return f"{place}: unknown key {key}; expected one of: {', '.join(known)}"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "model_type":
        message = f"expected a section: [{key}] on a line of its own"
    told = f"{message[0].lower()}{message[1:]}"
    if isinstance(problem["input"], dict):  # two settings that do not fit together; all of a section may hold a secret
        return f"{place}: {key}: {told}"
    # A database's URL holds its password.
    secret = "key" in where[-1] or where[-1] in ("password", "token")
    shown = "…" if secret else re.sub(r"(?<=://)[^@]*(?=@)", "…", repr(problem["input"]))
    return f"{place}: {key} = {shown}: {told}"


def _known(where: tuple[str, ...]) -> list[str]:
    model: Any = Settings
    for part in where:
        model = model.model_fields[part].annotation if part in model.model_fields else Settings
    return sorted(name for name in model.model_fields if name != "base_dir")


def _line(text: str, where: tuple[str, ...]) -> int:
    """The line on which a key stands, 1-based; the section's line where the key is not found, else 1."""
    section, best = "", 1
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if match := re.match(r"\[\s*([\w.\"-]+)\s*\]", stripped):
            section = match[1].strip('"')
            if section == where[0]:
                best = number
        elif match := re.match(r"([\w.\"-]+)\s*=", stripped):
            full = ".".join(filter(None, (section, match[1].strip('"'))))
            if full == ".".join(where[:2]) or full == where[0]:
                return number
    return best


def example() -> str:
    """The text of `config.example.toml`: every setting with its default and reason."""
    lines = [
        "# Every setting of Doorward with its default. Copy what you change to doorward.toml; leave out the rest.",
        "# Environment variables win over this file: " + ", ".join(ENVIRONMENT) + ".",
    ]
    for name, field in Settings.model_fields.items():
        section: Any = field.annotation
        if name == "base_dir":
            continue
        lines += ["", f"# {section.__doc__}", f"[{name}]"]
        for key, setting in section.model_fields.items():
            lines += [f"# {setting.description}", f"{key} = {_toml(setting.default)}"]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, list):
        return "[" + ", ".join(_toml(v) for v in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml(k)} = {_toml(v)}" for k, v in value.items()) + "}"
    return str(value)
