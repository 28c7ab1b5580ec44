"""The console, and who may do what there."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from idp.config.section import Section

#: The changes that `second_owner` may name.
SECOND_OWNER = ("key:promote", "key:withdraw", "role:grant:owner", "user:turn_off", "user:remove", "rule:change",
                "provider:change")  # fmt: skip


class Admin(Section):
    """The console at /admin."""

    second_factor: bool = Field(
        True,
        description="Whether the console asks for a second factor. Whoever has none is led through setting one up.",
    )
    session_hours: int = Field(
        12, ge=1, le=24, description="The console asks for a sign-in that is not older than this many hours."
    )
    break_glass_try_days: int = Field(
        90,
        ge=0,
        le=3650,
        description="Days after which the console reminds owners to try a break-glass account once more. 0: never.",
    )
    second_owner: list[
        Literal[
            "key:promote",
            "key:withdraw",
            "role:grant:owner",
            "user:turn_off",
            "user:remove",
            "rule:change",
            "provider:change",
        ]
    ] = Field(
        [],
        description="Changes that wait until another owner has approved them: key:promote, key:withdraw, role:grant:owner, user:turn_off, user:remove, rule:change, provider:change.",
    )
    second_owner_days: int = Field(
        7, ge=1, le=90, description="Days after which such a change is not waited for any more."
    )
    managed: Literal["note", "refuse"] = Field(
        "note",
        description="What happens when somebody changes by hand what a file of configuration manages: it is done with a note, as the next apply takes it back, or refused.",
    )
