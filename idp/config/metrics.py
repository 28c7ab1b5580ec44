"""Who may watch."""

from __future__ import annotations

from pydantic import Field, field_validator

from idp.config.section import Section

LEAST = 24  # characters: it is never typed, and guessed for as long as somebody likes


class Metrics(Section):
    """Metrics for Prometheus at /metrics. See docs/monitoring.md."""

    token: str = Field(
        "",
        description="Who shows it (Authorization: Bearer …) may read them; 24 characters and more, better in the environment as DOORWARD_METRICS_TOKEN. Empty: there are none.",
    )

    @field_validator("token")
    @classmethod
    def _long(cls, value: str) -> str:
        if value and (len(value) < LEAST or not value.isascii() or not value.isprintable() or " " in value):
            raise ValueError(f"expected {LEAST} characters or more, such as `openssl rand -hex 24` makes")
        return value
