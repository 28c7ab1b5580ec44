"""Every row of the API. What is not in `OPERATIONS` does not exist, so none is without its permission (S59)."""

from __future__ import annotations

from typing import Final

from idp.api import about, signing_keys
from idp.api.applications.rows import OPERATIONS as APPLICATIONS
from idp.api.operations import Operation

OPERATIONS: Final[tuple[Operation, ...]] = (
    *about.OPERATIONS,
    *APPLICATIONS,
    *signing_keys.OPERATIONS,
)
