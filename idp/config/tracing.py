"""Who is told what took how long."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from idp.config.section import Section


class Tracing(Section):
    """Traces for an OpenTelemetry collector. See docs/monitoring.md."""

    endpoint: str = Field(
        "",
        description="Where spans are posted to (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces. Empty: nothing is traced. Needs pip install 'doorward[otel]'.",
    )
    sample: float = Field(0.1, ge=0, le=1, description="The share of sign-ins and requests that are traced.")
    token: str = Field(
        "", description="Shown to the collector (Authorization: Bearer …); meant for DOORWARD_TRACING_TOKEN."
    )
    service: str = Field("doorward", min_length=1, max_length=100, description="Our name there (service.name).")

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/@]+/\S*", value):
            raise ValueError("expected http://host:4318/v1/traces, or https://")
        return value
