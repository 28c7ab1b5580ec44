"""Who may make an account of their own, and what comes of it."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from idp.config.section import Section

#: What may be asked beside the full name.
Asked = Literal["username", "given_name", "family_name", "nickname", "phone_number", "reason"]
_DOMAIN = re.compile(r"\*|(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def read_domains(value: list[str]) -> list[str]:
    """Domains in the form in which addresses are compared. Errors: `ValueError`."""
    from idp import mailbox

    found = []
    for given in value:
        domain = given.strip().removesuffix(".")
        try:
            domain = domain.lower() if domain.isascii() else mailbox.ascii_domain(domain)
        except mailbox.TwoReadings as error:
            raise ValueError(f"“{given}”: {error}") from None
        except UnicodeError:
            domain = ""
        if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
            raise ValueError(
                f"“{given}” is no domain; expected some such as example.com, *.example.com for its subdomains, or * for any"
            )
        found.append(domain)
    return found


class RegisteringApp(Section):
    """What is otherwise for those who come from one application. What is left out is as in [self_registration]."""

    client_id: str = Field(min_length=1, description="The application.")
    domains: list[str] | None = Field(None, description="Domains of addresses.")
    approval: bool | None = Field(None, description="Whether an admin must approve.")
    fields: list[Asked] | None = Field(None, description="What is asked beside the name.")
    groups: list[str] | None = Field(None, description="Groups of new people.")

    @field_validator("domains")
    @classmethod
    def _domains(cls, value: list[str] | None) -> list[str] | None:
        return None if value is None else read_domains(value)


class SelfRegistration(Section):
    """People make an account themselves, once they have shown that an address is theirs. Needs [mail]."""

    enabled: bool = Field(False, description='Whether the sign-in page offers "Create an account".')
    domains: list[str] = Field(
        [],
        description='Whose addresses may: ["example.com"], ["*.example.com"] for its subdomains, ["*"] for any. Must be said, here or for each application.',
    )
    refused_domains: list[str] = Field(
        [],
        description="Domains whose addresses may not, with their subdomains; beside well-known ones of throw-away addresses.",
    )
    approval: bool = Field(
        True, description="Whether an admin must approve each account; otherwise it is there at once."
    )
    fields: list[Asked] = Field(
        [],
        description="What is asked beside the full name: username, given_name, family_name, nickname, phone_number, reason (told to who approves). Without username the address is what they sign in with; with it, somebody can learn which usernames are taken.",
    )
    groups: list[str] = Field([], description="The groups that new people are put in.")
    apps: list[RegisteringApp] = Field(
        [], description="Applications for which it is otherwise, as tables of their own: see docs/self-registration.md."
    )
    only_apps: bool = Field(
        False, description="Whether it is offered only to who comes from one of those applications."
    )
    reserved_names: list[str] = Field(
        [], description="Usernames that nobody may take, beside admin, root, support and the like."
    )
    notify: list[str] = Field(
        [],
        description="Addresses that are mailed when somebody waits for approval, once an hour at most; empty: those of all owners.",
    )
    link_minutes: int = Field(60, ge=10, le=1440, description="How long the link in the first mail works.")
    asks_per_network: int = Field(
        40, ge=4, le=10000, description="Forms from one address range in an hour; then people are asked to wait."
    )
    mails_per_hour: int = Field(
        200,
        ge=10,
        le=100000,
        description="Mails to people who ask, in an hour, whoever asks; then people are asked to wait.",
    )
    keep_days: int = Field(30, ge=1, le=365, description="Days after which a request that nobody answered is dropped.")

    @field_validator("domains", "refused_domains")
    @classmethod
    def _domains(cls, value: list[str]) -> list[str]:
        return read_domains(value)

    @field_validator("notify")
    @classmethod
    def _addresses(cls, value: list[str]) -> list[str]:
        for one in value:
            if not re.fullmatch(r"[^\s@<>,;]+@[^\s@<>,;]+", one):
                raise ValueError(f"“{one}” is no address; expected some such as help@example.com")
        return value

    @model_validator(mode="after")
    def _says_whose(self) -> Self:
        ids = [one.client_id for one in self.apps]
        if len({*ids}) != len(ids):
            raise ValueError("apps: an application stands there twice")
        if self.only_apps and not self.apps:
            raise ValueError("only_apps: there are no apps; add [[self_registration.apps]] with a client_id")
        without = [one.client_id for one in self.apps if not (self.domains if one.domains is None else one.domains)]
        if self.enabled and (without or not (self.domains or self.only_apps)):
            of_what = f" of the application {without[0]}" if without else ""
            raise ValueError(f'domains{of_what}: say whose addresses may: ["example.com"], or ["*"] for any')
        return self
