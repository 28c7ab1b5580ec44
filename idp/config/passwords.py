"""Passwords, and what helps who forgot theirs."""

from __future__ import annotations

from pydantic import Field, field_validator

from idp.config.section import Section


class Passwords(Section):
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


class Recovery(Section):
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
