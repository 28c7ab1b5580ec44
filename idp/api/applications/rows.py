"""The rows of applications."""

from __future__ import annotations

from typing import Final

from idp.admin.permissions import Permission
from idp.api.applications import finding
from idp.api.applications.models import ListedPage, Search
from idp.api.operations import Operation

_TAG: Final = "Applications"

OPERATIONS: Final = (
    Operation(
        method="GET", path="/applications", id="listApplications", permission=Permission.APPS_READ, tag=_TAG,
        summary="Find applications", handler=finding.search, query=Search, gives=ListedPage,
    ),
)  # fmt: skip
