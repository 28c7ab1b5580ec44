"""What is written down."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

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
    access_history_days: int = Field(
        1100,
        ge=30,
        le=3650,
        description="For so many days it can be said who could open an application, also when the events of then are gone.",
    )
    errors_per_minute: int = Field(
        120,
        ge=1,
        le=100000,
        description="Error pages recorded per process and minute; past it they are only logged, so that nobody can fill the store.",
    )

    syslog: str = Field(
        "",
        description='Where the record is sent as it happens, such as "syslog+tls://logs.example:6514". Empty: nowhere.',
    )
    syslog_ca: str = Field("", description="A file of CA certificates to trust for it, in place of the system's.")
    webhook: str = Field("", description="An https address that is sent the record too, signed (Standard Webhooks).")
    webhook_secret: str = Field(
        "",
        description="What signs it: at least 24 characters, better in the environment as DOORWARD_AUDIT_WEBHOOK_SECRET.",
    )
    stream_format: Literal["jsonl", "cef", "ocsf"] = Field(
        "jsonl", description="How both are written: jsonl, cef, ocsf."
    )

    @field_validator("syslog")
    @classmethod
    def _syslog(cls, value: str) -> str:
        if value and not re.fullmatch(r"syslog\+tls://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?/?", value):
            raise ValueError(
                "expected syslog+tls://host or syslog+tls://host:6514: what people do is not sent in clear"
            )
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _secret(cls, value: str) -> str:
        if value.startswith("whsec_") and not re.fullmatch(
            r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", value[6:]
        ):
            raise ValueError("expected base64 behind whsec_")
        return value

    @model_validator(mode="after")
    def _signed(self) -> Self:
        if self.webhook and len(self.webhook_secret) < 24:
            raise ValueError(
                "a webhook needs a webhook_secret of 24 characters or more, such as `openssl rand -base64 24`"
            )
        return self

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
