"""What is written down."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from idp.config.section import Section


class Log(Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error.")
    format: Literal["auto", "json", "text"] = Field("auto", description="json, text, or auto: text on a terminal.")


class Audit(Section):
    """The record of who did what."""

    retention_days: int = Field(400, ge=1, le=3650, description="Events older than this are swept.")
    errors_per_minute: int = Field(
        120,
        ge=1,
        le=100000,
        description="Error pages recorded per process and minute; past it they are only logged, so that nobody can fill the store.",
    )
