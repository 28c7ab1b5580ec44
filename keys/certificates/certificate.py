"""A certificate as it is kept."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Certificate:
    """One certificate and its life so far. Times: epoch seconds. `der`: the X.509 certificate, base64."""

    kid: str
    use: str
    kind: str
    state: str
    der: str = field(repr=False)
    sealed: str = field(repr=False)
    created_at: float
    activated_at: float | None = None
    retired_at: float | None = None
