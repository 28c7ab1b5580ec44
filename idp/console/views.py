"""The paths of the console. A page that is not in `PAGES` does not exist, so none is without its permission (S59)."""

from __future__ import annotations

from idp.admin.permissions import Permission
from idp.console import (
    activity,
    approvals,
    attributes,
    break_glass,
    cases,
    details_types,
    directories,
    group_history,
    groups,
    guard,
    kept,
    key_readers,
    messages,
    overview,
    own_tokens,
    record,
    registration,
    searching,
    settings,
    signing_keys,
)
from idp.console.apps import shared_check, shared_error
from idp.console.apps.pages import PAGES as APPS
from idp.console.pages import ConsolePage
from idp.console.people.pages import PAGES as PEOPLE
from idp.console.providers.pages import PAGES as PROVIDERS
from idp.console.reviews.pages import PAGES as REVIEWS
from idp.console.rules.pages import PAGES as RULES

PAGES: tuple[ConsolePage, ...] = (
    *overview.PAGES,
    *searching.PAGES,
    *APPS,
    *PEOPLE,
    *groups.PAGES,
    *group_history.PAGES,
    *RULES,
    *PROVIDERS,
    *directories.PAGES,
    *cases.PAGES,
    *REVIEWS,
    *signing_keys.PAGES,
    *key_readers.PAGES,
    *activity.PAGES,
    *record.PAGES,
    *messages.PAGES,
    *own_tokens.PAGES,
    *registration.PAGES,
    *attributes.PAGES,
    *details_types.PAGES,
    *settings.PAGES,
    *break_glass.PAGES,
    *approvals.PAGES,
    ConsolePage(kept.PATH, kept.resume, Permission.OVERVIEW),
)

ROUTES = (*(guard.route(page) for page in PAGES), *shared_check.ROUTES, *shared_error.ROUTES)
