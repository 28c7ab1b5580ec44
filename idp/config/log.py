"""What is written down."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator

from idp.config.section import Section


class Log(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error.")
    format: Literal["auto", "json", "text"] = Field("auto", description="json, text, or auto: text on a terminal.")


class Audit(Section):
    """The record of who did what."""

    retention_days: int = Field(400, ge=1, le=3650, description="Events older than this are swept.")
    retention_by_kind: dict[str, int] = Field(
        {},
        description='Other days for events by what their action begins with, such as {"error" = 60, "client" = 3650}.',
    )
    errors_per_minute: int = Field(
        120,
        ge=1,
        le=100000,
        description="Error pages recorded per process and minute; past it they are only logged, so that nobody can fill the store.",
    )

    @field_validator("retention_by_kind")
    @classmethod
    def _kinds(cls, value: dict[str, int]) -> dict[str, int]:
        if any(not 1 <= days <= 3650 for days in value.values()):
            raise ValueError("expected days between 1 and 3650 for each kind")
        if any(not re.fullmatch(r"[a-z][a-z_]{0,39}", kind) for kind in value):
            raise ValueError("expected what actions begin with, such as error or client, without the colon")
        return value

    def days_of(self, action: str) -> int:
        """For how many days an event is kept, by its action."""
        return self.retention_by_kind.get(action.partition(":")[0], self.retention_days)
