"""What people see, and their own pages."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from idp.attributes import ATTRIBUTES
from idp.config.section import Section
from idp.texts import N_


class Brand(Section):
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
    status_url: str = Field(
        "",
        description='A page of yours that says whether services are up, linked from "I can\'t sign in". Empty: our own at /status, which knows of Doorward alone.',
    )
    imprint_url: str = Field("", description="Your imprint, linked at the foot of every page.")
    privacy_url: str = Field("", description="Your privacy notice, linked at the foot of every page.")
    security_contact: str = Field(
        "",
        pattern=r"^((mailto:|https://|tel:)[\x21-\x7e]+)?$",
        description='Where strangers report a weakness, told at /.well-known/security.txt: an address such as "mailto:security@example.com", or https:// or tel:.',
    )
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

    @property
    def has_looks(self) -> bool:
        """Whether pages look otherwise than they do by themselves: else nobody need fetch how (`/brand.css`)."""
        return self.accent.lower() != type(self).model_fields["accent"].default or bool(self.background)

    def spoken(self, locale: str) -> dict[str, Any]:
        """What pages in that language say of the company."""
        own = {"logo": bool(self.logo), "has_looks": self.has_looks, **self.texts.get(locale, {})}
        return {**self.model_dump(exclude={"texts"}), **own}


_LANGUAGES = ("en", "de", "fr", "es", "zh-Hans")
_SPOKEN = ("company", "login_hint", "support", "status_url", "imprint_url", "privacy_url", "footer")


#: Claims that people may be let change themselves (OpenID Connect Core §5.1): never who they are, or what they may.
EDITABLE = tuple(one.name for one in ATTRIBUTES if one.editable)


class Portal(Section):
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
