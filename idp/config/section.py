"""What every section is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Settings that stand under one name. A key that there is not is refused, and so is a value of another type."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
