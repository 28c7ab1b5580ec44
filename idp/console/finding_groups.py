"""The group that an address of the console names."""

from __future__ import annotations

from idp.accounts import groups
from idp.accounts.groups import Group
from idp.errors import Explanation, Refused
from idp.protocols import Services
from idp.texts import N_
from idp.wire import Request


def find(services: Services, request: Request) -> Group | None:
    """The group of `/admin/groups/<id>…`, None where there is none of that id."""
    return groups.find_by_id(services.db, request.segment)


def group_of(services: Services, request: Request) -> Group:
    """The same. Errors: `Refused`, where there is none."""
    found = find(services, request)
    if found is None:
        raise Refused(
            "no_such_group", N_("There is no group with this id."), title=N_("Page not found"),
            advice=N_("Perhaps it was removed. The list has all that there are."),
            explanation=Explanation("person", "`doorward group list` has all that there are"), status=404,
        )  # fmt: skip
    return found
