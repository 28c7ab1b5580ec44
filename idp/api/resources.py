"""Every row of the API. What is not in `OPERATIONS` does not exist, so none is without its permission (S59)."""

from __future__ import annotations

from typing import Final

from idp.api import about, activity, cases, groups, overview, signing_keys
from idp.api.applications.rows import OPERATIONS as APPLICATIONS
from idp.api.operations import Operation
from idp.api.people.rows import OPERATIONS as PEOPLE

OPERATIONS: Final[tuple[Operation, ...]] = (
    *about.OPERATIONS,
    *APPLICATIONS,
    *PEOPLE,
    *groups.OPERATIONS,
    *cases.OPERATIONS,
    *activity.OPERATIONS,
    *overview.OPERATIONS,
    *signing_keys.OPERATIONS,
)
