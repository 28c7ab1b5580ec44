"""Second factors and passkeys, and who needs them."""

from __future__ import annotations

import ipaddress
import re
from datetime import date
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from idp.config.section import Section
from idp.public_suffixes import is_public_suffix


class FactorRule(Section):
    """Who needs more than a password, and from when. Every condition that is named must hold."""

    name: str = Field("", max_length=80, description="What it is called in the console; it says nothing to people.")
    need: Literal["second", "phishing-resistant", "none", "deny"] = Field(
        "second", description="A second factor, a passkey, nothing beside max_age_minutes, or no way in."
    )
    max_age_minutes: int = Field(
        0, ge=0, le=525600, description="Minutes after which a sign-in is too old here and is made anew; 0: never."
    )
    groups: list[str] = Field([], description="Members of one of these groups.")
    roles: list[Literal["owner", "admin", "app_admin", "help_desk", "auditor"]] = Field(
        [], description="Who has one of these roles in the administration."
    )
    apps: list[str] = Field([], description="On the way to one of these applications, by client id.")
    networks: list[str] = Field([], description="From one of these networks.")
    outside: list[str] = Field([], description="From anywhere but these networks.")
    device: Literal["any", "unknown"] = Field(
        "any", description="Any device, or those that the person has not had let off: see remember_days."
    )
    starts: str = Field("", description="The day it begins, as 2026-12-01; empty: at once.")
    grace_days: int = Field(0, ge=0, le=365, description="Days for which people without a factor may put it off.")
    why: str = Field("", max_length=300, description="The reason that people are told.")

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

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if self.need == "none" and not self.max_age_minutes:
            raise ValueError("need: it asks for nothing; expected second, phishing-resistant, deny, or max_age_minutes")
        if self.need == "deny" and (self.grace_days or self.max_age_minutes):
            raise ValueError("need: deny lets nobody in, so it has neither grace_days nor max_age_minutes")
        return self


class Factors(Section):
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


class Passkeys(Section):
    """Passkeys and security keys (WebAuthn). They belong to a host name, so an issuer with an IP address has none."""

    rp_id: str = Field(
        "",
        description="The domain that passkeys belong to. Empty: the issuer's host. A parent domain of it lets them move between its hosts. After a change of the host name: the old host, while it still leads here, with the new origin in related_origins. A change turns away every passkey made before; `doorward doctor` counts them.",
    )
    related_origins: list[str] = Field(
        [],
        description='Further origins where these passkeys may be used, such as ["https://login.example.org"]; browsers read them at /.well-known/webauthn.',
    )
    offer: Literal["automatic", "ask", "never"] = Field(
        "automatic",
        description="Whether somebody who has just signed in with a password is offered a passkey. automatic: browsers that can make one without a question do, where no rule asks this person for a second factor; elsewhere the person is asked. ask: always asked. never: people add one under Security.",
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


class AdminCodes(Section):
    """One-time codes that the help desk gives to somebody who has lost their second factor."""

    minutes: int = Field(60, ge=5, le=1440, description="How long such a code works.")
    second_approver: bool = Field(
        False, description="Whether a code works only after somebody else than its issuer has approved it."
    )
