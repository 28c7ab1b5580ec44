"""How long a sign-in lasts, and what failed ones lead to."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from idp.config.section import Section


class Session(Section):
    """How long a sign-in lasts."""

    idle_minutes: int = Field(60, ge=1, le=43200, description="A sign-in ends after this long without use.")
    absolute_hours: int = Field(12, ge=1, le=720, description="A sign-in ends after this long in any case.")
    stay_days: int = Field(14, ge=0, le=30, description='The same for "stay signed in"; 0 takes the box off the page.')
    remember_account_days: int = Field(
        90,
        ge=0,
        le=365,
        description="How long a device that is not shared greets whoever signed in last by name on the sign-in page; 0: never.",
    )
    name_first: bool = Field(
        False,
        description="Whether the sign-in page asks for the name alone first, and for the password on the next page, the same for names that exist and others. For companies whose people mostly use passkeys.",
    )
    copied: Literal["end", "tell", "off"] = Field(
        "end",
        description='What happens where the cookie of a sign-in is used in two places: "end" ends the sign-in, with a message; "tell" sends the message alone; "off": nobody looks.',
    )
    turn_minutes: int = Field(
        10,
        ge=0,
        le=1440,
        description="While a sign-in is used, its cookie gets a new secret this often (5 or more), so that a copy grows old; 0: only with a new proof.",
    )

    device_bound: bool = Field(
        False,
        description="Whether browsers that know Device Bound Session Credentials bind a sign-in to a key of the device (a W3C draft; browsers that do not know it notice nothing).",
    )

    @field_validator("turn_minutes")
    @classmethod
    def _longer_than_what_is_under_way(cls, value: int) -> int:
        if 0 < value < 5:
            raise ValueError("expected 0, or 5 and more: requests under way are taken for five minutes")
        return value


class Throttle(Section):
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
