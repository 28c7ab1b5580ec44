"""Who may do what: one table, role × permission (C1, C2).

A verb asks for one permission; every door (console, API, command line) is held by the same table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """What may be done, as `subject:verb`. Those of `apps` and `people` may be limited to some of them."""

    OVERVIEW = "overview:read"
    APPS_READ = "apps:read"
    APPS_CHANGE = "apps:change"  # metadata, access, off and on
    APPS_SECRETS = "apps:secrets"
    APPS_CREATE = "apps:create"
    APPS_REMOVE = "apps:remove"
    PEOPLE_FIND = "people:find"  # by name, to pick somebody for a form
    PEOPLE_READ = "people:read"
    PEOPLE_HELP = "people:help"  # unlock, issue a code, send a link, remove a lost factor
    PEOPLE_CHANGE = "people:change"
    PEOPLE_CREATE = "people:create"
    PEOPLE_TURN_OFF = "people:turn_off"
    PEOPLE_REMOVE = "people:remove"
    ROLES_GRANT = "roles:grant"
    ATTRIBUTES_READ = "attributes:read"  # what is defined of people, and values that the help desk may not see
    ATTRIBUTES_CHANGE = "attributes:change"  # whoever may decides which applications are told what
    GROUPS_READ = "groups:read"
    GROUPS_CHANGE = "groups:change"
    CASES_READ = "cases:read"
    CASES_WORK = "cases:work"
    KEYS_READ = "keys:read"
    KEYS_CHANGE = "keys:change"
    MESSAGES_READ = "messages:read"
    MESSAGES_CHANGE = "messages:change"
    ACTIVITY_READ = "activity:read"
    ACTIVITY_EXPORT = "activity:export"
    SETTINGS_READ = "settings:read"
    RULES_READ = "rules:read"  # what signing in takes
    RULES_CHANGE = "rules:change"
    PROVIDERS_READ = "providers:read"  # other providers, through which people come
    PROVIDERS_CHANGE = "providers:change"  # whoever may could come as anybody
    REVIEWS_READ = "reviews:read"  # access reviews, of an application or a group
    REVIEWS_DECIDE = "reviews:decide"  # who stays, where one is asked
    REVIEWS_START = "reviews:start"  # and end, stop, settle: what comes of it is done in their name


P = Permission

#: For these a sign-in must be younger than five minutes (C3).
SENSITIVE: Final = frozenset(
    (
        P.APPS_SECRETS,
        P.APPS_REMOVE,
        P.PEOPLE_TURN_OFF,
        P.PEOPLE_REMOVE,
        P.ROLES_GRANT,
        P.KEYS_CHANGE,
        P.RULES_CHANGE,
        P.PROVIDERS_CHANGE,
    )
)

_READ = frozenset(p for p in Permission if p.endswith(":read"))
_REVIEWER = frozenset((P.REVIEWS_READ, P.REVIEWS_DECIDE))
_APP = frozenset((P.OVERVIEW, P.APPS_READ, P.APPS_CHANGE, P.APPS_SECRETS, P.PEOPLE_FIND, P.ACTIVITY_READ,
                  P.REVIEWS_START)) | _REVIEWER  # fmt: skip
_HELP = (
    frozenset((P.OVERVIEW, P.PEOPLE_FIND, P.PEOPLE_READ, P.PEOPLE_HELP, P.CASES_READ, P.CASES_WORK, P.ACTIVITY_READ))
    | _REVIEWER
)

#: An admin does everything but what could make an owner of them, or take the company's keys.
TABLE: Final[Mapping[str, frozenset[Permission]]] = {
    "owner": frozenset(Permission),
    "admin": frozenset(Permission) - {P.ROLES_GRANT, P.KEYS_CHANGE, P.PROVIDERS_CHANGE},
    "app_admin": _APP,
    "help_desk": _HELP,
    "auditor": _READ | {P.PEOPLE_FIND, P.ACTIVITY_EXPORT},
}

#: What the limit of a role names, for each permission that a limit narrows; the others a limited role has wholly.
LIMITED_BY: Final[Mapping[str, frozenset[Permission]]] = {
    "app_admin": frozenset((P.APPS_READ, P.APPS_CHANGE, P.APPS_SECRETS, P.ACTIVITY_READ, P.REVIEWS_START)) | _REVIEWER,
    "help_desk": frozenset((P.PEOPLE_FIND, P.PEOPLE_READ, P.PEOPLE_HELP, P.CASES_READ, P.CASES_WORK, P.ACTIVITY_READ))
    | _REVIEWER,
}
